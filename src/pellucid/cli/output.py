"""What commands give out."""

from __future__ import annotations

import json
import tempfile
from math import isfinite
from pathlib import Path
from typing import Any

from rich.console import Console

from pellucid.errors import FormatError

_UNLIMITED = 10_000  # columns: nothing is wrapped or cut for a pipe or a file


def screen(json_wanted: bool) -> Console:
    """Where people read: stdout, or stderr when stdout is kept for a JSON document."""
    console = Console(stderr=json_wanted, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNLIMITED
    return console


def check_writable(where: str, path: Path) -> None:
    """Find out before the work, not after it, that its result has no place.

    Raises: FormatError when the file could not be written.
    """
    if path.is_dir():
        raise FormatError(where, "this is a folder")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise FormatError(where, "the file cannot be written", got=error.strerror) from None


def print_json(document: dict[str, Any]) -> None:
    """The one document that a command with --json writes."""
    print(json.dumps(_standard(document), indent=2, allow_nan=False))


def _standard(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become the texts "nan", "inf" and "-inf"."""
    if isinstance(value, dict):
        return {key: _standard(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_standard(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value
