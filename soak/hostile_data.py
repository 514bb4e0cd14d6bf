"""Hostile data sets, pictures, settings, checkpoints: each ends in one error and exit code 2, or in the right result.

    python soak/hostile_data.py [--every N] [--only WORD]

Each case of soak/strange/ goes through the real command line in a process of its own: a forked one, every so many-th
time a new one. No case may take much memory or long, write or remove a file, run anything, or end in a traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this is run as a script

import numpy as np

from pellucid.cli import main as command_line
from soak.strange import archives, arrays, checkpoints, images, texts
from soak.strange.case import Case, pets

_MOST_MEGABYTES, _MOST_SAID = 600, 5_000
_MOST_SECONDS, _MOST_WAITING = 60, 300  # of the processor, and of a clock
_BEFORE = ("warning: ", "Training has ended early")  # lines before the last one
_IN_PROCESSES = 25  # every so many-th command line is a new process
_NETWORK = "conv 4 k3; bn; relu; flatten; dense"
_TRAIN = ["train", "--epochs", "1", "--batch-size", "4", "--model", _NETWORK, "--quiet", "--data"]
_RUN = ["--lr", "0.01", "--ema", "0.9", "--early-stopping", "9", "--schedule", "cosine", "--epochs", "3"]


class Ended(NamedTuple):
    """How a command line ended: exit code, negative for a signal; what it said; memory and seconds that it took."""

    code: int
    out: str
    err: str
    megabytes: float
    seconds: float


def ended(line: list[str], place: Path, *, new: bool) -> Ended:
    """Run a command line in a folder, in a process of its own."""
    said = [place.parent / name for name in ("stdout", "stderr")]
    if not (child := os.fork()):
        code = 99
        try:
            _begin(said, place)
            if new:
                call = "import sys; from pellucid.cli import main; main(sys.argv[1:])"
                os.execv(sys.executable, [sys.executable, "-W", "ignore", "-c", call, *line])
            command_line(line)
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    out, err = (path.read_text("utf-8", "replace") for path in said)
    seconds = used.ru_utime + used.ru_stime
    return Ended(os.waitstatus_to_exitcode(status), out, err, used.ru_maxrss / 1024, seconds)


def _begin(said: list[Path], place: Path) -> None:
    """What a child does first."""
    for stream, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(place)
    signal.setitimer(signal.ITIMER_PROF, _MOST_SECONDS)
    signal.alarm(_MOST_WAITING)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Place:
    """A folder with good data, a good model and a good run, and beside it the hostile case."""

    def __init__(self, root: Path) -> None:
        self.root = root
        good = root / "good"
        for name, content in pets().items():
            (good / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
            (good / "pets" / name).write_bytes(content)
        labels = np.arange(24) % 3
        pixels = np.clip(
            np.random.default_rng(0).normal(60 + 70 * labels[:, None, None], 40, (24, 12, 12)), 0, 255
        )
        np.savez(good / "data.npz", images=pixels.astype(np.uint8), labels=labels)
        for line in (
            [*_TRAIN, "good/pets", "--out", "good/model"],
            [*_TRAIN, "good/data.npz", *_RUN, "--checkpoint", "good/run", "--out", "good/whole"],
        ):
            found = ended(line, root, new=False)
            assert found.code == 0, found
        with (
            contextlib.chdir(root),
            contextlib.redirect_stdout(io.StringIO()),
        ):  # what children need is loaded once
            for line in ([*_TRAIN, "good/pets"], ["predict", "good/model", "good/pets/cat/0.png"]):
                with contextlib.suppress(SystemExit):
                    command_line(line)
        max((good / "run").glob("step-*")).unlink()  # the finished run
        self.whole = (good / "whole").read_bytes()

    def lines(self, case: Case, number: int) -> list[list[str]]:
        """The command lines that get a case."""
        given = os.path.join("case", case.given) if case.given else "case"
        if case.kind == "data":
            rows = [[*_TRAIN, given, "--size", "8"], ["evaluate", "good/model", "--data", given]]
            return rows if case.legal is False else rows[:1]
        if case.kind == "picture":
            return [["predict", "good/model", given], [*_TRAIN, "case", "--size", "8"]][number % 2 :][:1]
        if case.kind == "settings":
            return [["train", "--data", "good/data.npz", "--quiet", "--config", given]]
        line = ["train", "--config", "good/run/config.toml", "--checkpoint", given, "--resume"]
        return [[*line, "--quiet", "--out", "out"]]

    def lay(self, case: Case, number: int) -> None:
        """Put a case where it belongs; a picture among good ones."""
        shutil.rmtree(self.root / "case", ignore_errors=True)
        (self.root / "case").mkdir()
        (self.root / "out").unlink(missing_ok=True)
        others = pets() if case.kind == "picture" and number % 2 else {}
        with contextlib.chdir(self.root / "case"):
            for name, content in {**others, **case.files}.items():
                path = Path(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content) if isinstance(content, bytes) else content(path)

    def listed(self, case: Case) -> dict[str, tuple[int, ...]]:
        """All that is there but what may change."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = os.path.join(folder, name)
                if not (
                    case.kind == "checkpoint"
                    and os.path.dirname(path) in (str(self.root), f"{self.root}/case")
                ):
                    status = os.lstat(path)
                    found[path] = (
                        status.st_mode,
                        status.st_size,
                        status.st_ino,
                        status.st_mtime_ns * ("/" in name),
                    )
        return found


def fault(case: Case, found: Ended, place: Place) -> str | None:
    """What is wrong with how a command line has met a case; None when nothing is."""
    lines = [line for line in found.err.splitlines() if not line.startswith("pellucid: compiled")]
    warned, last = lines[:-1], lines[-1] if lines else ""
    told = f"exit code {found.code}, stdout {found.out[:100]!r}, stderr {found.err[-400:]!r}"
    if "Traceback" in found.err or len(found.err) > _MOST_SAID or found.code not in (0, 2):
        return told
    if found.code == 2 and not (
        last.startswith("error: ") and all(line.startswith(_BEFORE) for line in warned)
    ):
        return told
    if case.legal is not None and found.code != (0 if case.legal else 2):
        return f"it should {'go' if case.legal else 'be refused'}: {told}"
    if case.kind == "checkpoint" and case.legal and (place.root / "out").read_bytes() != place.whole:
        return f"other bytes: {told}"
    if (place.root / "pwned").exists() or (place.root / "case" / "pwned").exists():
        return f"IT RAN: {told}"
    if found.megabytes > _MOST_MEGABYTES or found.seconds > _MOST_SECONDS:
        return f"{found.megabytes:.0f} MB, {found.seconds:.1f} s: {told}"
    return None


def all_cases(place: Place) -> Iterator[Case]:
    """Of all modules."""
    for module in (images, archives, arrays, texts):
        yield from module.cases()
    yield from checkpoints.cases(place.root / "good" / "run")


def main() -> int:
    """Try all, and say what was met badly."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="try only every so many-th")
    parser.add_argument("--only", default="", help="try only those with this word")
    options = parser.parse_args()
    met, refused, wrong = Counter[str](), Counter[str](), 0
    most: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, ""))
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory(prefix="pellucid-hostile-") as folder:
        root = Path(folder, "place")
        root.mkdir()
        place, count = Place(root), 0
        for number, case in enumerate(all_cases(place)):
            if number % options.every or options.only not in f"{case.kind} {case.what}":
                continue
            for line in place.lines(case, number):
                count += 1
                place.lay(case, number)
                before = place.listed(case)
                found = ended(line, root, new=count % _IN_PROCESSES == 0)
                said = fault(case, found, place)
                if place.listed(case) != before:
                    said = f"{said or ''}; files have changed"
                if said:
                    wrong += 1
                    print(f"{case.kind}, {case.what}, {line[0]}: {said}", flush=True)
                met[case.kind] += 1
                refused[case.kind] += found.code == 2
                most[case.kind] = max(most[case.kind], (found.megabytes, case.what))
                slowest = max(slowest, (found.seconds, case.what))
    print("| kind | command lines | refused | read | most memory | of |\n|---|---|---|---|---|---|")
    for kind, total in met.items():
        megabytes, what = most[kind]
        print(
            f"| {kind} | {total} | {refused[kind]} | {total - refused[kind]} | {megabytes:.0f} MB | {what} |"
        )
    print(
        f"{met.total()} command lines: {wrong} met badly; the slowest took {slowest[0]:.1f} s ({slowest[1]})"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
