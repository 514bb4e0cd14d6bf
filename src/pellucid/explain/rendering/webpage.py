"""A trace as HTML: formula, numbers, the window and the terms side by side, the certificate.

Pointing at a term, or moving to it with the tab key, shows the planes that it reads and marks its cells; pointing at a
cell marks its terms. That takes style alone, no script: a term and its cells have one class, t0, t1, … in the order of
the list, and `:has` finds what is pointed at. Where styles are taken away, all planes stand below one another.
"""

from __future__ import annotations

from pellucid.explain.answer import Answer, noted
from pellucid.explain.rendering import figures
from pellucid.explain.rendering.picture import Plane, Scene, result_plane, scenes
from pellucid.language import chosen, text, worded
from pellucid.markup import Markup, frame, joined, tag

_TOP = 12  # terms in the table
_LIMIT = (14, 14)  # rows and columns of a plane
_ROW_LIMIT = (1, 24)  # of an array without planes
_WITH_NUMBERS = 9  # columns of cells wide enough for numbers

_MARK = "background: var(--pc-mark) !important; color: #000; opacity: 1; box-shadow: inset 0 0 0 2px #000"

_STYLE = """
.pellucid .pc-facts { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em; margin: .4em 0 .8em;
  font-size: 13px } .pellucid :is(dt, dd) { margin: 0; padding: 0; float: none; width: auto; text-align: left;
  font-weight: normal } .pellucid dt { opacity: .75 }
.pellucid .pc-body { display: flex; flex-wrap: wrap; gap: .6em 2.5em; align-items: flex-start }
.pellucid .pc-body > :first-child { max-width: 100% } .pellucid .pc-body > :last-child { flex: 1 1 34em; min-width: 0 }
.pellucid .pc-scenes { display: grid } .pellucid .pc-scenes > * { grid-area: 1 / 1; visibility: hidden }
.pellucid .pc-scenes > :first-child { visibility: visible }
.pellucid figure { margin: 0 0 .7em; padding: 0 } .pellucid figcaption { font-size: 12px; line-height: 1.4; margin: 0 }
.pellucid table.pc-plane { border-collapse: separate; border-spacing: 1px; margin: .1em 0; border: none;
  table-layout: auto; width: auto }
.pellucid table.pc-plane tr { background: none }
.pellucid table.pc-plane :is(th, td) { font: 10.5px/1 var(--pc-mono); color: inherit; text-align: center;
  vertical-align: middle; white-space: nowrap; border: none; max-width: none }
.pellucid table.pc-plane th { font-size: 9.5px; font-weight: normal; opacity: .7; padding: 0 3px; background: none;
  max-width: 15px; overflow: visible }
.pellucid table.pc-plane td { box-sizing: border-box; height: 15px; min-width: 15px; padding: 0 }
.pellucid table.pc-wide td { height: 23px; min-width: 44px; padding: 0 3px }
.pellucid .pc-plane td { box-shadow: inset 0 0 0 1px var(--pc-line) }
.pellucid .pc-wide td { box-shadow: inset 0 0 0 1px currentColor }
.pellucid .pc-plane td:is(.pc-out, .pc-none) { opacity: .78; box-shadow: none }
.pellucid td.pc-pad { background-image: repeating-linear-gradient(45deg, transparent 0 3px, var(--pc-line) 3px 5px) }
.pellucid .pc-plane td.pc-key { box-shadow: inset 0 0 0 3px currentColor }
.pellucid.pellucid .pc-list code { white-space: nowrap }
.pellucid .pc-legend { font-size: 12px; opacity: .8; max-width: 24em }
.pellucid .pc-list tr[tabindex]:is(:hover, :focus) { outline: none;
  background: var(--pc-row) }
"""


def trace_html(trace: Answer, lang: str | None = None) -> str:
    """A trace as a piece of HTML."""
    lang = chosen(lang)
    terms = figures.leading(trace, _TOP)
    seen = [] if not terms else _scenes(trace, terms)
    facts = {
        "trace.formula": tag("code", worded(trace.formula, lang)),
        "trace.numbers": tag("code", trace.numbers(lang)),
        "trace.note": noted(trace.account, lang),
    }
    said = f" = {trace.digits(trace.value)} "
    return frame(
        tag("p", tag("b", tag("code", trace.address)), tag("code", said), tag("small", trace.dtype)),
        tag(
            "dl",
            *[part for key, fact in facts.items() if fact for part in _fact(text(key, lang), fact)],
            class_="pc-facts",
        ),
        tag("div", *_pictures(trace, seen, lang), _table(trace, terms, lang), class_="pc-body"),
        tag("p", figures.certificate(trace, lang)),
        lang=lang,
        style=_STYLE + _pointing(seen, len(terms)),
    )


def _scenes(trace: Answer, terms: list[int]) -> list[Scene]:
    """With more columns for arrays that have no planes."""
    found = scenes(trace, terms, _LIMIT)
    rows = all(plane.is_row for scene in found for plane in scene.planes)
    return scenes(trace, terms, _ROW_LIMIT) if rows else found


def _fact(name: str, content: str) -> tuple[Markup, Markup]:
    return tag("dt", name), tag("dd", content)


def _pointing(seen: list[Scene], terms: int) -> str:
    """The rules that show what is pointed at: one for each term, and one for each of the scenes but the first."""
    rules = []
    for rank in range(terms):
        at = f".pellucid:has(.t{rank}:is(:hover, :focus))"
        rules.append(f"{at} .pc-plane td.t{rank} {{ {_MARK} }}")
        rules.append(f"{at} tr.t{rank} {{ background: var(--pc-row) }}")
    for number, scene in enumerate(seen[1:], 1):
        rows = ", ".join(f"tr.t{rank}" for rank in scene.ranks)
        at = f".pellucid:has(:is({rows}):is(:hover, :focus)) .pc-scenes >"
        rules.append(f"{at} * {{ visibility: hidden }}")
        rules.append(f"{at} .s{number} {{ visibility: visible }}")
    return "\n".join(rules)


def _pictures(trace: Answer, seen: list[Scene], lang: str) -> list[Markup]:
    """The planes of the terms, those that belong together in one scene, and the result's."""
    result = result_plane(trace, (5, 5))
    if result is None and not seen:
        return []
    parts = [
        tag("div", *[_figure(plane, lang) for plane in scene.planes], class_=f"pc-scene s{number}")
        for number, scene in enumerate(seen)
    ]
    content = [tag("div", *parts, class_="pc-scenes")] if parts else []
    if result is not None:
        content.append(_figure(result, lang, f"{text('rendering.result', lang)}: "))
    planes = [plane for scene in seen for plane in scene.planes] + ([result] if result else [])
    return [tag("div", *content, tag("p", _legend(planes, bool(parts), lang), class_="pc-legend"))]


def _legend(planes: list[Plane], pointing: bool, lang: str) -> str:
    keys = ["rendering.sign", "rendering.read"]
    if any((plane.read & ~plane.inside).any() for plane in planes):
        keys.append("rendering.padding")
    if pointing:
        keys.append("rendering.hover")
    return "; ".join(text(key, lang) for key in keys)


def _figure(plane: Plane, lang: str, before: str = "") -> Markup:
    """A plane as a table with the positions of rows and columns at its sides."""
    texts, unit = figures.cell_texts(plane)
    wide = plane.numbers.shape[1] <= _WITH_NUMBERS and plane.step == (1, 1)
    caption: list[str] = [tag("b", before + plane.label)] if before else [plane.label]
    if wide and unit:
        caption.append(f" ({text('rendering.scale', lang, unit=unit)})")
    if plane.step != (1, 1):
        rows, columns = plane.step
        caption.append(f" ({text('rendering.step', lang, rows=rows, columns=columns)})")
    head = [tag("th", "")] if not plane.is_row else []
    head += [
        tag("th", _position(plane, 1, c) if wide or c % 4 == 0 else "") for c in range(plane.numbers.shape[1])
    ]
    rows_ = [tag("tr", *head)]
    parts = figures.shades(plane)
    for r, row in enumerate(texts):
        side = [] if plane.is_row else [tag("th", _position(plane, 0, r))]
        cells = [_cell(plane, (r, c), number, parts[r, c], wide) for c, number in enumerate(row)]
        rows_.append(tag("tr", *side, *cells))
    kind = "pc-plane pc-wide" if wide else "pc-plane"
    return tag("figure", tag("figcaption", *caption), tag("table", *rows_, class_=kind))


def _position(plane: Plane, axis: int, cell: int) -> str:
    return str(plane.origin[axis] + cell * plane.step[axis])


def _cell(plane: Plane, at: tuple[int, int], number: str, part: float, wide: bool) -> Markup:
    inside, read = bool(plane.inside[at]), bool(plane.read[at])
    if not inside and not read:
        return tag("td", "", class_="pc-none")
    kinds = [
        "" if read else "pc-out",
        "" if inside else "pc-pad",
        "pc-key" if at == plane.key else "",
        *(f"t{rank}" for rank in plane.marks.get(at, ())),
    ]
    return tag(
        "td",
        number if wide else "",
        class_=" ".join(kind for kind in kinds if kind) or None,
        style=_shade(part),
        title=str(plane.numbers[at]) if inside and plane.step == (1, 1) else None,
    )


def _shade(part: float) -> str | None:
    """Blue for positive and orange for negative numbers, as strong as they are large, over the page's own colour."""
    strength = round(0.7 * abs(part), 2)
    colour = "0,120,195" if part > 0 else "222,100,0"
    return f"background-color:rgba({colour},{strength})" if strength else None


def _table(trace: Answer, terms: list[int], lang: str) -> Markup:
    """The largest terms, each with its place in the sum."""
    select = trace.kind == "select"
    heads = ["rendering.candidate" if select else "rendering.term"]
    heads += ["rendering.value" if select else "rendering.product"]
    heads += ["rendering.factors"]
    kinds = ("pc-number", "pc-number", None)
    rows = [
        tag("tr", *[tag("th", text(key, lang), class_=kind) for key, kind in zip(heads, kinds, strict=True)])
    ]
    start = figures.start_row(trace, lang)
    if start is not None:
        rows.append(tag("tr", *_columns(start)))
    for rank, row in enumerate(figures.term_rows(trace, terms, lang)):
        rows.append(tag("tr", *_columns(row), class_=f"t{rank}", tabindex=0))
    return tag(
        "div", tag("small", figures.heading(trace, len(terms), lang)), tag("table", *rows, class_="pc-list")
    )


def _columns(row: figures.Row) -> list[Markup]:
    factors = [tag("code", f"{address} {value}".strip()) for address, value in row.factors]
    between = [piece for factor in factors for piece in (Markup(" · "), factor)][1:]
    return [
        tag("td", row.place, class_="pc-number"),
        tag("td", row.product, class_="pc-number"),
        tag("td", joined(between)),
    ]
