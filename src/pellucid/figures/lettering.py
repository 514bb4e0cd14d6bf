"""Somebody else's words in pictures: names of classes and of files, in whatever letters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pellucid.columns import cut
from pellucid.errors import PellucidError
from pellucid.figures.fonts import families
from pellucid.figures.style import matplotlib

_FIRST_ASIAN = "\u1100"  # of the letters that the Latin font does not have, the first


def spoken(lang: str, names: Iterable[str]) -> str:
    """The language whose fonts show these names as well: Korean's, where one has such letters and there is a font."""
    if lang == "ko" or all(letter < _FIRST_ASIAN for name in names for letter in name):
        return lang
    try:
        families(matplotlib("font_manager"), "ko")
    except PellucidError:  # then such letters are written as numbers
        return lang
    return "ko"


def lettered(name: object, width: int, lang: str) -> str:
    """A name in at most so many columns; a letter that no font has is written as its number.

    Raises: PellucidError when matplotlib is missing, or no font has the language's letters.
    """
    manager = matplotlib("font_manager")
    faces = [_face(manager, family) for family in families(manager, lang)]
    known = (c if any(face.get_char_index(ord(c)) for face in faces) else f"U+{ord(c):X}" for c in str(name))
    return cut("".join(known), width)


def _face(manager: Any, family: str) -> Any:
    return manager.get_font(manager.findfont(manager.FontProperties(family=[family])))
