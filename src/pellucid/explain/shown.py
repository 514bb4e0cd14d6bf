"""How answers of a recording show themselves: one line in a list, their text in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pellucid.language import chosen
from pellucid.markup import frame, tag


class Shown(ABC):
    """Something with a text of many lines."""

    lang: str | None = None

    @abstractmethod
    def text(self, lang: str | None = None) -> str:
        """All of it, in a language."""

    @abstractmethod
    def summary(self) -> str:
        """What it is of, in a few words."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary()})"

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        lang = chosen(self.lang)
        return frame(tag("pre", self.text(lang)), lang=lang)
