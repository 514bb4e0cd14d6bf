"""Text in columns, as a terminal counts them: a Korean letter fills two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """A table as plain texts.

    Attributes:
        heads: what stands above the columns.
        rows: one text for each column.
        words: how many columns, the first ones, hold words; the others hold numbers and end at the right.

    Example:
        >>> print(Columns(("층", "mean"), (("conv1", "0.5"), ("fc", "-12")), 1))
        층     mean
        conv1   0.5
        fc      -12
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int

    def __str__(self) -> str:
        lines = [self.heads, *self.rows]
        widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
        return "\n".join(self._line(line, widths) for line in lines)

    def _line(self, line: Sequence[str], widths: Sequence[int]) -> str:
        padded = [
            text + " " * (width - cells(text)) if number < self.words else " " * (width - cells(text)) + text
            for number, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()


def cells(text: str) -> int:
    """How many columns of a terminal a text fills."""
    from rich.cells import cell_len

    return cell_len(text)


def printable(text: object) -> str:
    """Somebody else's text in one line, what a terminal would obey written as an escape.

    Example:
        >>> printable("cat\\x1b[2J\\ndog")
        'cat\\\\x1b[2J dog'
    """
    line = " ".join(str(text).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def cut(text: object, width: int) -> str:
    """Somebody else's text in at most so many columns, "…" where something is left out.

    Example:
        >>> cut("고양이와 강아지", 9), cut("cat", 9)
        ('고양이와…', 'cat')
    """
    line = printable(text)
    if cells(line) <= width:
        return line
    while line and cells(line) >= width:
        line = line[:-1]
    return f"{line.rstrip()}…"


def wrapped(text: str, width: int, first: str = "", others: str = "") -> str:
    """The words of a text in lines of at most `width` columns, unless a single word is longer.

    Args:
        text: the words.
        width: columns of a line, what it begins with included.
        first: what the first line begins with.
        others: what the other lines begin with.

    Example:
        >>> print(wrapped("순전파와 역전파를 기록합니다", 12, "- ", "  "))
        - 순전파와
          역전파를
          기록합니다
    """
    lines, line = [], first
    empty = True
    for word in text.split():
        if not empty and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line, empty = others, True
        line += word if empty else f" {word}"
        empty = False
    return "\n".join([*lines, line.rstrip()])
