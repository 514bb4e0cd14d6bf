"""What commands give out."""

from __future__ import annotations

import json
import tempfile
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from pellucid.errors import FormatError
from pellucid.explain.columns import Columns, wrapped

if TYPE_CHECKING:
    from rich.table import Table

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


def write(where: str, path: Path, text: str) -> None:
    """Put a text into a file, which appears complete or not at all; one that exists is replaced.

    Raises: FormatError when the file cannot be written.
    """
    from pellucid.formats.file import write_whole

    write_whole(where, path, [text.encode()])


def table(columns: Columns) -> Table:
    """Columns as Rich draws them. Where they do not fit, it is the second column that is cut off."""
    from rich import box
    from rich.table import Table

    drawn = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for number, head in enumerate(columns.heads):
        drawn.add_column(
            head,
            justify="left" if number < columns.words else "right",
            no_wrap=number != 1,
            overflow="ellipsis",
        )
    for row in columns.rows:
        drawn.add_row(*map(Text, row))
    return drawn


def tree(drawn: str, width: int) -> Text:
    """A tree of lines in at most so many columns: what goes on below a line hangs between the same branches."""
    lines = []
    for line in drawn.splitlines():
        said = line.lstrip("│├└─ ")
        branches = line[: len(line) - len(said)]
        below = branches.replace("├", "│").replace("└", " ").replace("─", " ") + "  "
        lines.append(wrapped(said, width, branches, below))
    return Text("\n".join(lines))


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
