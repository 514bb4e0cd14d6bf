"""What every piece of HTML must be: whole, by itself, and without a way out of its text."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser

from PIL import Image

_ATTRIBUTES = {"class", "lang", "style", "tabindex", "title", "open"}


class Page(HTMLParser):
    """Reads HTML, and fails where an element is not closed or something would be loaded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.style = ""
        self.feed(html)
        self.close()
        assert not self.open
        for word in ("http", "url(", "@import", "//"):
            assert word not in self.style

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe", "a", "form")
        assert {name for name, _ in attrs} <= _ATTRIBUTES
        self.open.append(tag)
        self.tags.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        raise AssertionError(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] == "style":
            self.style += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def classes(self, tag: str) -> list[list[str]]:
        """Those of each element of this kind."""
        return [(attributes.get("class") or "").split() for name, attributes in self.tags if name == tag]


_SVG = {"viewBox", "role", "aria-label", "d", "x", "y", "cx", "cy", "r", "text-anchor"}
_ALLOWED = {
    "class",
    "lang",
    "style",
    "title",
    "src",
    "alt",
    "width",
    "height",
    "scope",
    "name",
    "content",
    "charset",
}


class Report(Page):
    """A page that may also have pictures, which are part of it, and SVG."""

    def __init__(self, html: str) -> None:
        self.pictures: list[Image.Image] = []
        super().__init__(html)

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "iframe", "a", "form", "object", "image", "use")
        assert {name for name, _ in attrs} <= {name.lower() for name in _ALLOWED | _SVG}
        self.tags.append((tag, dict(attrs)))
        if tag == "img":
            source = dict(attrs)["src"].removeprefix("data:image/png;base64,")
            self.pictures.append(Image.open(io.BytesIO(base64.b64decode(source, validate=True))))
        elif tag != "meta":
            self.open.append(tag)

    def handle_data(self, data):
        if self.open:  # else between and behind elements
            super().handle_data(data)
