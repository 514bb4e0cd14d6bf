"""HTML for notebooks: elements whose text is escaped, in a frame that needs nothing from elsewhere.

No output has an id, so that any number of them, and copies of one, can stand in a page. Colours are shades of the
page's own ink, so that they suit a light page and a dark one, whatever the operating system prefers. Where the class
is said twice, a rule outweighs those of notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """
.pellucid { --pc-line: #8887; --pc-mark: #ffd23f; --pc-row: #ffd23f59;
  --pc-mono: ui-monospace, Menlo, Consolas, monospace; font: 14px/1.45 system-ui, sans-serif; color: inherit;
  max-width: 100%; overflow-x: auto; padding: 2px }
.pellucid p { margin: .3em 0 } .pellucid.pellucid code { font: 12.5px/1.5 var(--pc-mono); color: inherit;
  background: none; padding: 0; white-space: normal; overflow-wrap: anywhere }
.pellucid small { font-size: 12px; opacity: .78 } .pellucid summary { cursor: pointer }
.pellucid table.pc-list { border-collapse: collapse; margin: .4em 0; font-size: 13px; table-layout: auto; border: none }
.pellucid table.pc-list :is(th, td) { border: none; border-bottom: 1px solid var(--pc-line); padding: .2em .6em;
  text-align: left; vertical-align: baseline; white-space: normal; background: none; color: inherit }
.pellucid table.pc-list .pc-number { text-align: right; white-space: nowrap }
.pellucid table.pc-list td.pc-number { font: 12.5px/1.5 var(--pc-mono) }
"""


_EMPTY = ("img",)  # elements that have no content and no end


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def tag(name: str, *content: str, **attributes: str | int | None) -> Markup:
    """An element. Text is escaped unless it is markup; an attribute that is None is left out, `class_` is class.

    Example:
        >>> tag("td", "a < b", tag("b", "!"), class_="x")
        '<td class="x">a &lt; b<b>!</b></td>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in _EMPTY else f"{joined(content)}</{name}>"
    return Markup(f"<{name}{written}>{end}")


def joined(content: Sequence[str]) -> Markup:
    """Pieces in a row, those that are no markup escaped."""
    return Markup("".join(piece if isinstance(piece, Markup) else escape(piece) for piece in content))


def frame(*content: str, lang: str = "en", style: str = "") -> str:
    """An output of its own, with the style that all outputs have and its own rules."""
    return str(tag("div", tag("style", Markup(_STYLE + style)), *content, class_="pellucid", lang=lang))


def page(title: str, content: str, lang: str = "en") -> str:
    """A file with an output in it."""
    style = ":root { color-scheme: light dark } body { margin: 1.5em; background: Canvas; color: CanvasText }"
    head = joined(
        (
            tag("title", title),
            Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
            tag("style", Markup(style)),
        )
    )
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', Markup(content)), lang=lang)}\n"
