"""What `pellucid train --history` writes: a table of the epochs, all of it, or its curves."""

from __future__ import annotations

from pathlib import Path

from pellucid.cli import output
from pellucid.errors import ArgumentError, say
from pellucid.formats.file import check_writable
from pellucid.train import History

_FORMATS = (".csv", ".json", ".png", ".svg")


def check(path: Path) -> None:
    """Look before training whether such a file can be written.

    Raises: ArgumentError for a name with another ending, FormatError for a place that cannot be written, PellucidError
        for a picture without matplotlib.
    """
    if path.suffix.lower() not in _FORMATS:
        expected = say("one of {names}", names=", ".join(_FORMATS))
        rule = "the file's name must say its format"
        raise ArgumentError("--history", rule, expected=expected, got=f"'{path}'")
    check_writable(_where(path), path)
    if path.suffix.lower() in (".png", ".svg"):
        from pellucid.figures.style import matplotlib

        matplotlib("figure")


def write(path: Path, history: History) -> None:
    """Write it; a file that exists is replaced.

    Raises: FormatError when it cannot be written.
    """
    if path.suffix.lower() == ".csv":
        output.write(_where(path), path, f"{history.csv()}\n")
    elif path.suffix.lower() == ".json":
        output.write(_where(path), path, f"{history.json()}\n")
    else:
        history.plot(path)


def _where(path: Path) -> str:
    return say("history '{path}'", path=path)
