"""A plan's listing as text and as HTML: step by step its loops, then the totals and the arena as a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from pellucid.columns import Columns, cells, wrapped
from pellucid.engine.listed import Listed, Place, Row
from pellucid.language import chosen, text
from pellucid.markup import Markup, frame, tag

_HEADS = ("plan.makes", "plan.read", "plan.written", "plan.multiply_adds", "plan.chunks", "plan.place")
_WAYS = {
    "forward": "plan.forward",
    "backward": "plan.backward",
    "sum": "plan.sum",
    "norm": "plan.norm",
    "update": "plan.update",
}
_WIDTH, _NAME = 80, 25  # columns of a line, and of what a loop makes
_MAP_COLUMNS, _MAP_ROWS = 64, 16


def plan_text(listing: Listed, lang: str | None = None) -> str:
    """The listing in 80 columns."""
    lang = chosen(lang)
    heads = tuple(text(head, lang) for head in _HEADS)
    lines: list[tuple[str, ...]] = []
    headings: dict[int, str] = {}
    for heading, rows in _steps(listing, lang):
        headings[len(lines)] = heading
        lines += [_cells(row) for row in rows]
    table = str(Columns(heads, tuple(lines), 1)).splitlines()
    if excess := max(0, max(map(cells, table)) - _WIDTH):  # large numbers take their room from the names
        narrow = tuple((_cut(name, _NAME - excess), *numbers) for name, *numbers in lines)
        table = str(Columns(heads, narrow, 1)).splitlines()
    out = [table[0]]
    for i, line in enumerate(table[1:]):
        out += [wrapped(headings[i], _WIDTH, "", "    ")] if i in headings else []
        out.append(line)
    sums = [wrapped(line, _WIDTH) for line in totals(listing, lang)]
    return "\n".join([*out, "", *sums, "", *arena_map(listing, lang)])


def plan_html(listing: Listed, lang: str | None = None) -> str:
    """The listing as a table for notebooks."""
    lang = chosen(lang)
    rows = [tag("tr", *(tag("th", text(head, lang)) for head in _HEADS))]
    for heading, some in _steps(listing, lang):
        rows.append(tag("tr", tag("th", heading, colspan=len(_HEADS))))
        rows += [_html_row(_cells(row, cut=False)) for row in some]
    foot = [tag("p", line) for line in totals(listing, lang)]
    arena = tag("pre", "\n".join(arena_map(listing, lang)))
    return frame(tag("table", *rows, class_="pc-list"), *foot, arena, lang=lang)


def _html_row(row: tuple[str, ...]) -> Markup:
    name, *numbers = row
    return tag(
        "tr", tag("td", tag("code", name.strip())), *(tag("td", n, class_="pc-number") for n in numbers)
    )


def _steps(listing: Listed, lang: str) -> Iterator[tuple[str, list[Row]]]:
    """Loops that belong to one step, with a line that says what the step is."""
    for _, group in groupby(listing.rows, key=lambda row: (row.way, row.path, row.ops)):
        rows = list(group)
        yield _heading(rows[0], lang), rows


def _heading(row: Row, lang: str) -> str:
    """The step's layer and ops, and by which rules they were fused."""
    if not row.way:
        return text("plan.around", lang)
    said = f"{text(_WAYS[row.way], lang)}  {row.path}  {' + '.join(dict.fromkeys(row.ops))}"
    if len(row.ops) > 3 and row.way == "update":
        said = f"{text('plan.update', lang)}  {row.ops[0]} × {len(row.ops)}"
    rules = [text(rule_key(rule), lang) for rule in dict.fromkeys(row.rules)]
    details = [row.algorithm, *rules] if row.algorithm else rules
    if row.decayed:
        details.append(text("plan.decayed", lang, count=row.decayed, all=len(row.ops)))
    return said + (f"  ({', '.join(details)})" if details else "")


def rule_key(rule: str) -> str:
    """The key of what a rule of fusion is called in a plan.

    Example:
        >>> text(rule_key("mask in gradient"), "en")
        'mask in gradient'
    """
    return f"plan.{rule.lower().replace(' ', '_')}"


def _cells(row: Row, *, cut: bool = True) -> tuple[str, ...]:
    name = f"  {row.name.replace(f'{row.path}.', '')}" if row.path else f"  {row.name}"
    return (
        _cut(name, _NAME) if cut else name,
        size(row.read_bytes),
        size(row.written_bytes),
        f"{row.multiply_adds:,}" if row.multiply_adds else "",
        f"{row.chunks}",
        "" if row.start is None else f"{row.start:,}",
    )


def _cut(name: str, columns: int) -> str:
    """The end of a long name says what is made; its beginning gives way."""
    if cells(name) <= columns:
        return name
    return f"  …{name[len(name) - columns + 3 :]}"


def size(size_bytes: int) -> str:
    """Bytes in the largest unit in which they are 1 or more.

    Example:
        >>> size(999), size(2048), size(3_500_000)
        ('999 B', '2.0 kB', '3.5 MB')
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} B" if size_bytes else ""


def totals(listing: Listed, lang: str) -> list[str]:
    """The sums of all loops, to the last byte and multiply–add."""
    return [
        text(
            "plan.totals",
            lang,
            loops=len(listing.rows),
            multiply_adds=f"{listing.multiply_adds:,}",
            read=f"{listing.read_bytes:,}",
            written=f"{listing.written_bytes:,}",
        ),
        text(
            "plan.arena",
            lang,
            arena=f"{listing.arena_bytes:,}",
            blocks=len(listing.places),
            apart=f"{listing.block_bytes:,}",
            scratch=f"{listing.scratch_bytes:,}",
        ),
    ]


def arena_map(listing: Listed, lang: str) -> list[str]:
    """The arena from left to right, the run from top to bottom: where a block lives, and where nothing does."""
    if not listing.arena_bytes or not listing.rows:
        return []
    bands = _bands(len(listing.rows))
    lines = [wrapped(text("plan.map", lang), _WIDTH)]
    for first, last in bands:
        lines.append(f"{first + 1:>5}–{last + 1:<5} {_band(listing, first, last)}")
    return lines


def _bands(rows: int) -> list[tuple[int, int]]:
    count = min(rows, _MAP_ROWS)
    cuts = [i * rows // count for i in range(count + 1)]
    return [(a, b - 1) for a, b in pairwise(cuts)]


def _band(listing: Listed, first: int, last: int) -> str:
    """One line of the map: each column the share of its bytes in which something lives."""
    width = listing.arena_bytes / _MAP_COLUMNS
    alive = [place for place in listing.places if place.first <= last and place.last >= first]
    return "".join(_shade(alive, column * width, (column + 1) * width) for column in range(_MAP_COLUMNS))


def _shade(places: Sequence[Place], start: float, end: float) -> str:
    filled = sum(max(0.0, min(end, p.start + p.size_bytes) - max(start, p.start)) for p in places)
    return " ░▒▓█"[min(4, round(4 * filled / (end - start)))]
