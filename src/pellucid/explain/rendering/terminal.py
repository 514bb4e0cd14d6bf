"""A trace for the terminal, by Rich: formula, numbers, the window of the largest term, terms and certificate.

Every cell says by its characters what it is, so that the picture can be read without colour too. With numbers, [1.5] is
read, (0) is padding, <1.5> the result or a selection's winner, and what has no brackets lies around. A plane too wide
for numbers has two characters for a cell: ░▒▓█ by magnitude, with a minus sign where it is negative, · for what is not
read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pellucid.explain.answer import Answer, noted
from pellucid.explain.rendering import figures
from pellucid.explain.rendering.picture import Plane, result_plane, scenes
from pellucid.language import chosen, text, worded

_LIMIT = (14, 14)  # rows and columns of a plane
_GAP = 3  # columns between planes
_LEVELS = "░▒▓█"
_WIDEST = 120  # columns of a panel; longer lines are hard to read
_NARROW = 64  # columns below which a term's factors stand below its product


def rich_trace(trace: Answer, top: int = 12, lang: str | None = None) -> RenderableType:
    """A trace as something that Rich prints at any width.

    Args:
        trace: the explanation.
        top: how many terms are listed.
        lang: "en" or "ko"; None for the environment's `PELLUCID_LANG`, else English.

    Raises: ArgumentError for a language that there are no texts in.
    """
    return _Rendered(trace, top, chosen(lang))


@dataclass(frozen=True)
class _Rendered:
    """A trace that is laid out when the width is known."""

    trace: Answer
    top: int
    lang: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, _WIDEST)
        inner = width - 4  # of a panel
        terms = figures.leading(self.trace, self.top)
        parts: list[RenderableType] = [self._facts()]
        if picture := self._picture(console, terms, inner):
            parts += ["", *picture]
        if terms or self.trace.start is not None:
            parts += ["", self._terms(terms, inner)]
        style = "green" if self.trace.certified else "bold red"
        parts.append(Text(figures.certificate(self.trace, self.lang), style))
        title = Text(
            f"{self.trace.address} = {self.trace.digits(self.trace.value)}", "bold", overflow="ellipsis"
        )
        yield Panel(Group(*parts), title=title, title_align="left", box=ROUNDED, width=width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = min(options.max_width, _WIDEST)
        return Measurement(width, width)

    def _facts(self) -> Table:
        """Formula, numbers and note."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        facts = {
            "trace.formula": worded(self.trace.formula, self.lang),
            "trace.numbers": self.trace.numbers(self.lang),
            "trace.note": noted(self.trace.account, self.lang),
        }
        for key, fact in facts.items():
            if fact:
                table.add_row(Text(text(key, self.lang)), Text(fact))
        return table

    def _picture(self, console: Console, terms: list[int], width: int) -> list[Text]:
        """The planes of the first term and the result's, side by side as far as there is room."""
        found = scenes(self.trace, terms, _LIMIT)
        if found and all(plane.is_row for plane in found[0].planes):
            found = scenes(self.trace, terms, (1, width // 2))
        planes = list(found[0].planes) if found else []
        labels = [plane.label for plane in planes]
        result = result_plane(self.trace, (5, 5))
        if result is not None:
            planes.append(result)
            labels.append(f"{text('rendering.result', self.lang)}: {result.label}")
        if not planes:
            return []
        blocks = [
            _block(console, plane, label, width, self.lang)
            for plane, label in zip(planes, labels, strict=True)
        ]
        keys = ["rendering.legend_numbers"]
        if not all(_has_numbers(plane, width) for plane in planes):
            keys.append("rendering.legend_shades")
        return [*_beside(blocks, width), *(Text(text(key, self.lang), "dim") for key in keys)]

    def _terms(self, terms: list[int], width: int) -> Table:
        """The terms; where there is little room, with the factors below the product."""
        narrow = width < _NARROW
        table = Table(box=SIMPLE_HEAD, padding=(0, 1), title_justify="left", title_style="dim")
        table.title = figures.heading(self.trace, len(terms), self.lang)
        keys = ["rendering.term", "rendering.product", "rendering.factors"]
        if self.trace.kind == "select":
            keys = ["rendering.candidate", "rendering.value", "rendering.factors"]
        heads = [text(key, self.lang) for key in keys]
        table.add_column(heads[0], justify="right", no_wrap=True)
        if narrow:
            table.add_column(f"{heads[1]} = {heads[2]}", overflow="fold")
        else:
            table.add_column(heads[1], justify="right", no_wrap=True)
            table.add_column(heads[2], overflow="fold")
        start = figures.start_row(self.trace, self.lang)
        for row in [*([start] if start else []), *figures.term_rows(self.trace, terms, self.lang)]:
            factors = [f"{address} {value}".strip() for address, value in row.factors]
            cells = ["\n".join([row.product, *factors])] if narrow else [row.product, " · ".join(factors)]
            table.add_row(Text(row.place), *map(Text, cells))
        return table


def _has_numbers(plane: Plane, width: int) -> bool:
    """Whether there is room for the plane's numbers."""
    return plane.step == (1, 1) and _side(plane) + plane.numbers.shape[1] * (_digits(plane) + 3) <= width


def _digits(plane: Plane) -> int:
    """The characters of the longest number."""
    return max(len(number) for row in figures.cell_texts(plane)[0] for number in row)


def _side(plane: Plane) -> int:
    """The columns that the rows' positions take."""
    return 0 if plane.is_row else max(len(str(x)) for x in _positions(plane, 0)) + 1


def _block(console: Console, plane: Plane, label: str, width: int, lang: str) -> list[Text]:
    """A plane as lines of one width."""
    texts, unit = figures.cell_texts(plane)
    digits, side, with_numbers = _digits(plane), _side(plane), _has_numbers(plane, width)
    if with_numbers and unit:
        label += f" ({text('rendering.scale', lang, unit=unit)})"
    if plane.step != (1, 1):
        rows, columns = plane.step
        label += f" ({text('rendering.step', lang, rows=rows, columns=columns)})"
    cells = list(_numbers(plane, texts, digits) if with_numbers else _shades(plane))
    lines = [Text(" " * side).append(_head(plane, digits + 3 if with_numbers else 2), "dim")]
    for position, row in zip(_positions(plane, 0), cells, strict=True):
        name = "" if plane.is_row else f"{position:>{side - 1}} "
        lines.append(Text().append(name, "dim").append_text(row))
    widest = max(line.cell_len for line in lines)
    room = min(width, max(widest, len(plane.label) + 8))
    lines = [*Text(label, "cyan").wrap(console, room), *lines]
    for line in lines:
        line.pad_right(room - line.cell_len)
    return lines


def _positions(plane: Plane, axis: int) -> list[int]:
    return [plane.origin[axis] + i * plane.step[axis] for i in range(plane.numbers.shape[axis])]


def _head(plane: Plane, width: int) -> str:
    """The columns' positions: above each cell that is wide enough, else above every fourth one."""
    columns = [str(x) for x in _positions(plane, 1)]
    if width > max(map(len, columns)) and width > 2:
        return "".join(column.center(width - 1) + " " for column in columns)
    return "".join(column.ljust(4 * width) for column in columns[::4])[: width * len(columns)]


def _numbers(plane: Plane, texts: list[list[str]], digits: int) -> Iterator[Text]:
    parts = figures.shades(plane)
    for r, row in enumerate(texts):
        line = Text()
        for c, number in enumerate(row):
            at = (r, c)
            inside, read = plane.inside[at], plane.read[at]
            left, right = "[]" if inside else "()"
            if not read:
                left = right = " "
            elif plane.key == at:
                left, right = "<>"
            shown = number.rjust(digits) if inside or read else " " * digits
            line.append(f"{left}{shown}{right}", _style(parts[at]) if read else "dim").append(" ")
        yield line


def _shades(plane: Plane) -> Iterator[Text]:
    parts = figures.shades(plane)
    for r in range(parts.shape[0]):
        line = Text()
        for c in range(parts.shape[1]):
            at, part = (r, c), parts[r, c]
            if not plane.read[at]:
                line.append("· " if plane.inside[at] else "  ", "dim")
            elif not plane.inside[at]:
                line.append("()", "dim")
            else:
                level = _LEVELS[min(int(abs(part) * len(_LEVELS)), len(_LEVELS) - 1)]
                line.append("<>" if plane.key == at else level + ("-" if part < 0 else level), _ink(part))
        yield line


def _style(part: float) -> str:
    """White on blue for positive and on orange for negative numbers, as strong as they are large."""
    if part == 0:
        return ""
    full = (0, 100, 175) if part > 0 else (180, 72, 0)
    red, green, blue = (round(45 + (x - 45) * abs(part)) for x in full)
    return f"rgb(255,255,255) on rgb({red},{green},{blue})"


def _ink(part: float) -> str:
    return "" if part == 0 else "blue" if part > 0 else "yellow"


def _beside(blocks: Iterable[list[Text]], width: int) -> list[Text]:
    """Blocks next to each other, in as many rows as the width asks for."""
    rows: list[list[list[Text]]] = []
    for block in blocks:
        used = sum(other[0].cell_len + _GAP for other in rows[-1]) if rows else width
        if rows and used + block[0].cell_len <= width:
            rows[-1].append(block)
        else:
            rows.append([block])
    lines: list[Text] = []
    for row in rows:
        lines += [Text()] if lines else []
        for i in range(max(map(len, row))):
            line = Text()
            for block in row:
                line.append_text(block[i] if i < len(block) else Text(" " * block[0].cell_len))
                line.append(" " * _GAP)
            line.rstrip()
            lines.append(line)
    return lines
