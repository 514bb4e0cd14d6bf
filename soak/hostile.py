"""Hostile files: models, recordings and output paths that lie, break off, are damaged or are no files at all.

    python soak/hostile.py [--count N] [--seed S]

Each must give one clear line and exit code 2 (a recording, which no command reads: one FormatError), in little memory,
and leave every good file and everything that is no regular file as it was.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pc
from pellucid.cli import main as command_line
from pellucid.errors import FormatError

_MOST_KILOBYTES = 400_000  # a header of 8 MiB of brackets takes the most
_MOST_SAID = 3_000  # characters
_IN_PROCESSES = 40  # every so many-th command line has a process of its own
_ZEROS = b'"' + b"0" * 64 + b'"'

Case = tuple[str, str, Callable[[Path], object]]  # model, recording or output; what it is; what makes it


def built(header: Any, data: bytes, *, seal: bool = True) -> bytes:
    """A container with this header, by default with the right checksum."""
    if seal and "sha256" in header.get("__metadata__", {}):
        header = {**header, "__metadata__": {**header["__metadata__"], "sha256": "0" * 64}}
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + data
    return (
        content.replace(_ZEROS, f'"{hashlib.sha256(content).hexdigest()}"'.encode(), 1) if seal else content
    )


def taken_apart(content: bytes) -> tuple[dict[str, Any], bytes]:
    """A container's header and its arrays' bytes."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def damaged(kind: str, good: bytes, dice: random.Random) -> Iterator[Case]:
    """A good file with something broken."""

    def case(what: str, content: bytes) -> Case:
        return kind, what, lambda path: path.write_bytes(content)

    for percent in range(100):
        yield case(f"cut at {percent} %", good[: len(good) * percent // 100])
    for more in (b"\0", b"x" * 4096):
        yield case(f"{len(more)} bytes more", good + more)
    for length in (0, 1, 7, 2**20 + 1, 2**24 + 1, len(good), 2**31, 2**63, 2**64 - 1):
        yield case(f"a header of {length} bytes", length.to_bytes(8, "little") + good[8:])
    deep = 10**5
    for text in (
        *(b"[" * deep, b'{"a":' * deep, b"[" * deep + b"]" * deep, b"9" * deep, b'"' * deep, b" " * deep),
        *(
            b"",
            b"null",
            b"[]",
            b"{}",
            b"\xff\xfe",
            b"NaN",
            b'{"a":1e999}',
            b'{"a":{},"a":{}}',
            b'{"\\ud800":{}}',
        ),
        b'{"__metadata__":{"format":"pellucid","format":"pellucid"}}',
        b"[" + b"[]," * 2**18 + b"[]]",
        b"[" + b"[]," * (2**23 // 3 - 2) + b"[]]",
    ):
        yield case(f"a header {text[:20]!r} of {len(text)} bytes", len(text).to_bytes(8, "little") + text)
    header, data = taken_apart(good)
    name = next(key for key in header if key != "__metadata__")
    for key, value in (
        *(("dtype", value) for value in ("F16", "BF16", "I8", "BOOL", "C64", "F128", "", None, 5, ["F32"])),
        *(
            ("shape", value)
            for value in ([-1], [2**62, 2**62], [0, 2**62], [1] * 64, [True], [1.5], "1", None, {})
        ),
        *(
            ("data_offsets", v)
            for v in ([0], [-8, 0], [0, 2**63], [2**70, 2**71], [8, 0], [0, 1, 2], None, "")
        ),
        ("more", 1),
    ):
        yield case(f"{key} {value!r:.40}", built({**header, name: {**header[name], key: value}}, data))
    yield case("an array twice", built({**header, "again": header[name]}, data))
    yield case("no array", built({"__metadata__": header["__metadata__"]}, b""))
    yield case(
        "no metadata", built({key: item for key, item in header.items() if key != "__metadata__"}, data)
    )
    empty = {f"a{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(10**5)}
    yield case("10⁵ arrays", built({**header, **empty}, data))
    for key, value in (
        ("version", "0"),
        ("version", "3"),
        ("version", "2" * 10**5),
        ("format", "pt"),
        ("sha256", ""),
    ):
        changed = {**header["__metadata__"], key: value}
        yield case(f"{key} {value:.10}", built({**header, "__metadata__": changed}, data, seal=False))
    for value in (5, None, [], {"a": 1}):
        yield case(f"metadata {value!r}", built({**header, "__metadata__": value}, data, seal=False))
    for size in (2**30, 2**33, 2**40):
        yield kind, f"a sparse file of {size} bytes", lambda path, size=size: _sparse(path, good, size)
        yield (
            kind,
            f"one sparse array of {size} bytes",
            lambda path, size=size: _sparse_array(path, header, size),
        )
    while True:
        content = bytearray(good)
        place = dice.choice((dice.randrange(len(good)), dice.randrange(len(good) - len(data))))
        content[place] ^= 1 << dice.randrange(8)
        yield case(f"a flipped bit in byte {place}", bytes(content))


def _sparse(path: Path, start: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def _sparse_array(path: Path, header: dict[str, Any], size: int) -> None:
    item = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    content = built({"__metadata__": header["__metadata__"], "input": item}, b"")
    _sparse(path, content, len(content) + size)


def lying_models(good: bytes) -> Iterator[Case]:
    """Models that are whole but not what they say."""
    header, data = taken_apart(good)
    for key, value in (
        *(("model", value) for value in ("", "os.system", "__class__", "resnet20", "alexnet", "x" * 10**5)),
        *(
            ("settings", v)
            for v in ("", "[]", "[" * 10**5, '{"in_channels":1e9}', '{"in_channels":0}', '{"x":1}')
        ),
        *(
            ("settings", v)
            for v in ('{"num_classes":1000000000}', '{"num_classes":11}', '{"num_classes":NaN}')
        ),
        ("settings", '{"num_classes":10,"num_classes":10}'),
    ):
        changed = {**header, "__metadata__": {**header["__metadata__"], key: value}}
        yield "model", f"{key} {value:.30}", lambda path, c=changed: path.write_bytes(built(c, data))
    for value in (np.nan, np.inf, -np.inf):
        numbers = np.frombuffer(data, "<f4").copy()
        numbers[len(numbers) // 2] = value
        yield "model", f"a {value}", lambda path, n=numbers: path.write_bytes(built(header, n.tobytes()))


def lying_recordings(good: bytes, dice: random.Random) -> Iterator[Case]:
    """Recordings in whose descriptions something else stands somewhere."""
    header, data = taken_apart(good)
    values = (
        None,
        -1,
        0,
        2**31 - 1,
        2**70,
        10**400,
        0.5,
        1e308,
        "",
        "x" * 1000,
        [],
        {},
        [[[]]],
        {"a": {}},
        "input",
    )
    for _ in range(400):
        description = json.loads(header["__metadata__"]["description"])
        at: Any = description
        while True:
            key = dice.choice(list(at) if isinstance(at, dict) else range(len(at)))
            if not (isinstance(at[key], dict | list) and at[key] and dice.random() < 0.9):
                break
            at = at[key]
        before, at[key] = at[key], dice.choice(values)
        if before != at[key]:
            texts = {**header["__metadata__"], "description": json.dumps(description)}
            changed = {**header, "__metadata__": texts}
            yield (
                "recording",
                f"{key}: {at[key]!r:.30}",
                lambda path, c=changed: path.write_bytes(built(c, data)),
            )


def no_files(kind: str, *, output: bool) -> Iterator[Case]:
    """Paths that lead to no regular file; those that lead nowhere are good ones for an output."""

    def linked(to: str) -> Callable[[Path], object]:
        return lambda path: path.symlink_to(to)

    def bound(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))

    yield kind, "a named pipe", os.mkfifo
    yield kind, "a folder", Path.mkdir
    yield kind, "a socket", bound
    yield kind, "a link to itself", lambda path: path.symlink_to(path.name)
    yield kind, "a link to a folder", linked("/")
    yield kind, "a link into a missing folder", linked("gone/file")
    if not output:
        yield kind, "a link to nothing", linked("gone")
        yield kind, "nothing", os.fspath


def run(arguments: list[str], *, own_process: bool) -> tuple[object, str, str]:
    """A command line: exit code, stdout, stderr."""
    if own_process:
        line = [sys.executable, "-c", "from pellucid.cli import main; main()", *arguments]
        done = subprocess.run(
            line, capture_output=True, text=True, errors="replace", check=False, timeout=120
        )
        return done.returncode, done.stdout, done.stderr
    code: object = None
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            command_line(arguments)
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def fault(kind: str, path: Path, number: int) -> str | None:
    """What is wrong with how a case is met; None when nothing is."""
    if kind == "recording":
        try:
            pc.load_recording(path)
        except FormatError as error:
            return None if len(str(error)) < _MOST_SAID else f"too long an error: {str(error)[:200]}"
        return "believed"
    lines = {
        "model": [
            ["predict", str(path), "mnist:1"],
            ["summary", str(path)],
            ["certify", str(path)],
            ["export", str(path)],
        ],
        "output": [
            ["train", "--out", str(path)],
            ["show", "slide", "--input", "0 1; 2 3", "--kernel", "1", "-o", str(path)],
            ["explain", "lenet5", "--html", str(path)],
            ["bench", "--markdown", str(path)],
        ],
    }[kind]
    code, out, err = run(lines[number % len(lines)], own_process=number % _IN_PROCESSES == 0)
    good = (
        code == 2 and not out and err.startswith("error: ") and err.count("\n") == 1 and len(err) < _MOST_SAID
    )
    return None if good else f"exit code {code}, stdout {out[:200]!r}, stderr {err[:300]!r}"


def listed(folder: Path) -> dict[str, object]:
    """What is in a folder, by type and content."""
    return {
        path.name: (path.lstat().st_mode, path.lstat().st_size if path.is_file() else 0, path.lstat().st_ino)
        for path in folder.iterdir()
    }


def cases(model: bytes, recording: bytes, count: int, dice: random.Random) -> list[Case]:
    """So many cases: all of the fixed ones first, the rest flipped bits."""
    found = [*lying_models(model), *lying_recordings(recording, dice)]
    for kind in ("model", "recording"):
        found += no_files(kind, output=False)
    for _ in range(6):
        found += no_files("output", output=True)
    flips = [damaged("model", model, dice), damaged("recording", recording, dice)]
    fixed = 400  # of each kind of `damaged`, flips at the end of them included
    found += [next(endless) for endless in flips for _ in range(fixed)]
    found += [next(dice.choice(flips)) for _ in range(count - len(found))]
    return found if count >= len(found) else dice.sample(found, count)


def main() -> int:
    """Try all, and say what was met badly."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, wrong, met, slowest = random.Random(options.seed), 0, Counter[str](), (0.0, "")
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        good, folder = Path(place, "good"), Path(place, "hostile")
        good.mkdir()
        pc.seed(0)
        network = pc.Sequential(
            pc.Conv2d(1, 2, 3), pc.BatchNorm2d(2), pc.ReLU(), pc.Flatten(), pc.Linear(8, 3)
        )
        pc.save_model(good / "model", "lenet5", {}, pc.models.lenet5())
        step = pc.TrainStep(network, pc.SGD(0.1, 0.9))
        step.record(np.ones((2, 1, 4, 4), np.float32), np.array([0, 2])).save(good / "recording")
        contents = [(good / name).read_bytes() for name in ("model", "recording")]
        run(["predict", str(good / "model"), "mnist:1"], own_process=False)
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number, (kind, what, make) in enumerate(cases(*contents, options.count, dice)):
            folder.mkdir()
            name = dice.choice(
                ["file.png", "a b.png", "\udcff\udcfe.png", "new\nline.png", "n" * 251 + ".png"]
            )
            path = folder / ("s.png" if what == "a socket" else name)  # a socket's path is short
            make(path)
            before, begin = listed(folder), time.monotonic()
            try:
                said = fault(kind, path, number)
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"[:300]
            slowest = max(slowest, (time.monotonic() - begin, f"{kind}, {what}"))
            if listed(folder) != before:
                said = f"{said or ''}; the folder has changed"
            if said:
                wrong += 1
                print(f"{kind}, {what}: {said}")
            met[kind] += 1
            subprocess.run(["rm", "-rf", folder], check=True)
        kept = [(good / name).read_bytes() for name in ("model", "recording")] == contents
        kept &= sorted(os.listdir(good)) == ["model", "recording"]
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
        os.chdir("/")
    print(
        f"{met.total()} hostile cases ({', '.join(f'{count} {kind}s' for kind, count in met.items())}): "
        f"{wrong} met badly; {more // 1000} MB more memory at most; the slowest took {slowest[0]:.1f} s "
        f"({slowest[1]}); good files {'kept' if kept else 'LOST'}"
    )
    return int(bool(wrong) or not kept or more > _MOST_KILOBYTES)


if __name__ == "__main__":
    sys.exit(main())
