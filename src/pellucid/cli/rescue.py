"""A trained network outlives a path that cannot be written: there is another one, and at last a new file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import typer

from pellucid.columns import printable
from pellucid.errors import FormatError
from pellucid.language import text


def saved(path: Path, save: Callable[[Path], None]) -> Path:
    """Save to a path; where that fails, to the first one that stdin gives and that can be written.

    Returns: the path that was written.
    Raises: typer.Exit with code 2 at the end of stdin; then it is in a new file of the system's temporary folder.
    """
    while True:
        try:
            save(path)
            return path
        except FormatError as error:
            print(printable(f"{text('training.unsaved')} {error}"), file=sys.stderr)
        if (answer := _asked()) is None:
            break
        path = Path(answer)
    _save_anywhere(save)
    raise typer.Exit(2)


def _asked() -> str | None:
    """A line from stdin that says something; None when there is none, or nobody wants to answer."""
    with suppress(KeyboardInterrupt):
        while sys.stdin is not None:
            print(text("training.ask"), end=" ", file=sys.stderr, flush=True)
            if not (line := sys.stdin.buffer.readline()):
                break
            if answer := os.fsdecode(line).strip():
                return answer
    print(file=sys.stderr)
    return None


def _save_anywhere(save: Callable[[Path], None]) -> None:
    """To a new file in the system's temporary folder; where that has no room, at home, and at last here.

    Raises: FormatError when there is room nowhere.
    """
    temporary, *others = tempfile.gettempdir(), os.path.expanduser("~"), os.curdir
    try:
        path, key = _new_file(temporary, save), "training.rescued"
    except (FormatError, OSError) as error:
        for folder in others:
            with suppress(FormatError, OSError):
                path, key = _new_file(folder, save), "training.rescued_elsewhere"
                break
        else:
            raise error from None
    print(printable(text(key, path=path)), file=sys.stderr)


def _new_file(folder: str, save: Callable[[Path], None]) -> Path:
    """A file that nobody else can read, with the network."""
    with tempfile.NamedTemporaryFile(
        prefix="pellucid-", suffix=".safetensors", dir=folder, delete=False
    ) as file:
        path = Path(file.name)
    try:
        save(path)
    except FormatError:
        path.unlink()
        raise
    return path
