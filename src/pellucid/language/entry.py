"""One text of the catalogue."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Entry(NamedTuple):
    """The same sentence in every language, with the same `{placeholders}`."""

    en: str
    ko: str


# The texts of one area by key; a key begins with the area's name and a dot.
Area: TypeAlias = dict[str, Entry]
