"""What commands give out."""

from __future__ import annotations

import json
import os
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from pellucid.columns import Columns, cells, wrapped

if TYPE_CHECKING:
    from rich.table import Table

_CUT_OFF = 8  # columns below which a cut-off text says nothing
_UNLIMITED = 10_000  # columns: nothing is wrapped or cut for a pipe or a file


def screen(json_wanted: bool, *, quiet: bool = False) -> Console:
    """Where people read: stdout, or stderr when stdout is kept for a JSON document."""
    console = Console(stderr=json_wanted, quiet=quiet, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = _UNLIMITED
    return console


def write(where: str, path: Path, text: str) -> None:
    """Put a text into a file, which appears complete or not at all; one that exists is replaced.

    Raises: FormatError when the file cannot be written.
    """
    from pellucid.formats.file import write_whole

    write_whole(where, path, [text.encode()])


def table(columns: Columns, width: int) -> Table:
    """Columns as Rich draws them in so much room: the second one is cut off or left out, then names are folded."""
    from rich import box
    from rich.table import Table

    widths = [max(map(cells, column)) + 2 for column in zip(columns.heads, *columns.rows, strict=True)]
    others = sum(widths) - widths[1]  # all but the second column
    shown = [i for i in range(len(widths)) if i != 1 or width - others >= min(widths[1], _CUT_OFF)]
    drawn = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for i in shown:
        drawn.add_column(
            columns.heads[i],
            justify="left" if i < columns.words else "right",
            no_wrap=i > 1 or (i == 0 and others <= width),
            overflow="fold" if i == 0 else "ellipsis",
        )
    for row in columns.rows:
        drawn.add_row(*(Text(row[i]) for i in shown))
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
