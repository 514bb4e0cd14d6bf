"""An overview as HTML: what looks wrong, and the table of layers."""

from __future__ import annotations

from pellucid.explain.layers import Layers
from pellucid.language import chosen
from pellucid.markup import Markup, frame, tag

_STYLE = ".pellucid .pc-suspicious { border-left: 3px solid var(--pc-mark); padding-left: .6em }"


def overview_html(overview: Layers, lang: str | None = None) -> str:
    """An overview as a piece of HTML."""
    lang = chosen(lang)
    kind = "pc-suspicious" if overview.suspicions else None
    found = [tag("p", finding, class_=kind) for finding in overview.findings(lang)]
    columns = overview.table(lang)

    def line(name: str, texts: tuple[str, ...]) -> Markup:
        kinds = [None if number < columns.words else "pc-number" for number in range(len(texts))]
        return tag("tr", *[tag(name, text, class_=kind) for text, kind in zip(texts, kinds, strict=True)])

    rows = [line("th", columns.heads), *(line("td", row) for row in columns.rows)]
    title = tag("p", tag("b", overview.title(lang)))
    return frame(title, *found, tag("table", *rows, class_="pc-list"), lang=lang, style=_STYLE)
