"""Lists, settings and folders: texts that are none, and paths that are no files."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from soak.strange.case import Case, Content, drawn, pets


def cases() -> Iterator[Case]:
    """All."""
    yield from _lists()
    yield from _settings()
    yield from _folders()


def bound(path: Path) -> None:
    """A socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


def _lists() -> Iterator[Case]:
    rows = b"".join(b"%s,%s\n" % (name.encode(), name.split("/")[0].encode()) for name in pets())
    for what, content, legal in (
        ("", rows, True),
        ("with a mark of byte order", b"\xef\xbb\xbf" + rows, True),
        ("with carriage returns", rows.replace(b"\n", b"\r\n"), True),
        ("in UTF-16", rows.decode().encode("utf-16"), False),
        ("with bytes that are no UTF-8", rows + b"\xff\xfe,cat\n", False),
        ("with a NUL", rows + b"cat/\0.png,cat\n", False),
        ("with a quote that never ends", rows + b'"cat/0.png,cat\n', False),
        ("with quotes inside", rows + b'cat/"0".png,cat\n', False),
        ("with a field of a megabyte", rows + b"cat/" + b"n" * 2**20 + b".png,cat\n", False),
        ("with a formula as a class", rows.replace(b",cat", b",=cmd|' /C calc'!A0"), True),
        ("with an escape as a class", rows.replace(b",cat", b",\x1b[2J"), None),
        ("with a class of two lines", rows.replace(b",cat", b',"c\na\nt"'), None),
        ("with a path upwards", rows + b"../good/data.npz,cat\n", False),
        ("with an absolute path", rows + b"/etc/hostname,cat\n", False),
        ("with a path of a disk", rows + b"c:\\cat.png,cat\n", False),
        ("with a missing picture", rows + b"cat/gone.png,cat\n", False),
        ("with a folder", rows + b"cat,cat\n", False),
        ("with itself", rows + b"list.csv,cat\n", False),
        ("with a picture twice", rows + rows, False),
        ("of one column", b"ant/0.png\nant/1.png\n", False),
        ("of three columns", rows.replace(b",", b",x,"), False),
        ("with an empty class", rows.replace(b",cat", b","), None),
        ("of a header", b"path,label\n", False),
        ("of nothing", b"", False),
        ("of 2·10⁶ commas", b"," * 2_000_000, False),
        ("of 300,000 missing pictures", b"".join(b"%d.png,a\n" % i for i in range(300_000)), False),
    ):
        yield Case("data", f"csv {what}", {**pets(), "list.csv": content}, "list.csv", legal)
    for what, make in {"a named pipe": os.mkfifo, "a folder": Path.mkdir, "a socket": bound}.items():
        yield Case("data", f"csv that is {what}", {"l.csv": make}, "l.csv")
        yield Case("data", f"npz that is {what}", {"l.npz": make}, "l.npz")
        yield Case("data", f"tar that is {what}", {"l.tar": make}, "l.tar")


_WRONG = (
    "-1", "0", "1.5", "1e400", "nan", "inf", "-inf", '""', '"x"', "true", "[]", '["a"]', "[1]", "{a=1}", "1979-05-27",
    "99999999999999999999999999", '"\\u0000"', '"\\u001b[31m"', f'"{"x" * 10_000}"',
)  # fmt: skip
_NAMES = (
    "model", "size", "channels", "fit", "validation", "augment", "batch-size", "optimizer", "lr", "momentum",
    "weight-decay", "schedule", "warmup", "clip-norm", "ema", "label-smoothing", "early-stopping", "from", "freeze",
    "seed", "skip-bad", "class-weights",
)  # fmt: skip


def _settings() -> Iterator[Case]:
    def case(what: str, content: Content, legal: bool | None = False) -> Case:
        return Case("settings", f"settings {what}", {"run.toml": content}, "run.toml", legal)

    yield case("", b"epochs = 1\nseed = 3\n", True)
    for number, name in enumerate(_NAMES):
        for value in _WRONG[number % 2 :: 2]:
            yield case(f"with {name} = {value:.20}", f"{name} = {value}".encode(), None)
    for value in _WRONG:
        if not value.startswith("9"):  # so many epochs can be asked for, and last
            yield case(f"with epochs = {value:.20}", f"epochs = {value}".encode(), None)
    for name in (
        "out",
        "checkpoint",
        "report",
        "threads",
        "resume",
        "json",
        "config",
        "__class__",
        "\\u0000",
        "a b",
    ):
        yield case(f"with {name}", f'"{name}" = "pwned"'.encode())
    for what, content in {
        "of 10⁵ brackets": b"a = " + b"[" * 10**5,
        "of 10⁵ tables": b"a = " + b"{a=" * 10**5,
        "of a key of 10⁵ parts": b".".join([b"a"] * 10**5) + b" = 1",
        "of 3,000 tables in each other": b"".join(
            b"[" + b".".join([b"a"] * i) + b"]\n" for i in range(1, 600)
        ),
        "of a number of 10⁵ digits": b"epochs = " + b"9" * 10**5,
        "of 2 MiB": b"#" * 2**21,
        "with a key twice": b"seed = 1\nseed = 2\n",
        "with a NUL": b"seed = 1\0\n",
        "in UTF-16": "seed = 1\n".encode("utf-16"),
        "with bytes that are no UTF-8": b'model = "\xff"',
        "with surrogates": b'model = "\\ud800"',
        "of a text without end": b'model = """' + b"x" * 10**5,
        "with Python code": b'model = "evil.py:Net"',
        "with a network of 10⁹ channels": b'model = "conv 999999 k99 p99; flatten; dense"',
        "with a network of 3,000 layers": b'model = "' + b"relu; " * 3000 + b'flatten; dense"',
        "with pictures of 99,999×99,999": b'size = "99999x99999"',
        "with a batch of 2⁶³": b"batch-size = 9223372036854775808",
        "that is a picture": drawn(0),
    }.items():
        yield case(what, content, None if what.startswith("with pictures") or "batch" in what else False)
    for name, make in {"a named pipe": os.mkfifo, "a folder": Path.mkdir, "a socket": bound,
                       "a link to itself": lambda path: path.symlink_to(path.name)}.items():  # fmt: skip
        yield case(f"that are {name}", make)


def _folders() -> Iterator[Case]:
    def case(what: str, files: dict[str, Content], legal: bool | None = False) -> Case:
        return Case("data", f"folder {what}", {**pets(), **files}, "", legal)

    yield case("", {}, True)
    for what, make in {"a named pipe": os.mkfifo, "a socket": bound, "a folder": Path.mkdir}.items():
        yield case(f"with {what} as a picture", {"cat/s.png": make}, None)
    yield case("with a link to itself", {"cat/s.png": lambda path: path.symlink_to(path.name)})
    yield case("with a link to nothing", {"cat/s.png": lambda path: path.symlink_to("gone")})
    yield case("that contains itself", {"cat/more": lambda path: path.symlink_to("..")})
    yield case("with a name that is no UTF-8", {"cat/\udcff.png": drawn(1)})
    yield case("with a name of two lines", {"cat/a\nb.png": drawn(1)}, True)
    yield case("with escapes in a class", {"\x1b[2J/a.png": drawn(1)}, True)
    yield case("with classes that differ in case", {"CAT/a.png": drawn(1)})
    yield case("with a picture outside", {"a.png": drawn(1)})
    yield case("with a picture that is text", {"cat/x.png": b"text"})
    yield case("100 folders deep", {"cat/" + "d/" * 100 + "a.png": drawn(1)}, True)
    yield case("with hidden files", {"cat/.x.png": b"text", ".git/x.png": b"text"}, True)
    yield Case("data", "folder of one class", {"cat/a.png": drawn(1), "cat/b.png": drawn(2)}, "", None)
    yield Case("data", "folder of nothing", {"empty": Path.mkdir}, "")
    yield Case("data", "folder that is not there", {}, "gone")
    yield Case("data", "folder with a name of 300 signs", {}, "n" * 300)
    yield Case("data", "folder with a name of 4,000 signs", {}, "n" * 4_000)
