"""Which fonts can show a language's letters. A letter that no font has would be an empty box: that is never drawn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pellucid.errors import PellucidError

_LATIN = "DejaVu Sans"  # comes with matplotlib
_HANGUL = "가힣ㄱ"
_BOXES = "Last Resort"  # comes with matplotlib, too: its glyphs say only which script a letter is of
_FAVOURITES = (  # plain faces first
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Noto Sans CJK JP",  # all that older versions of matplotlib see of the first one's file
)


@cache
def families(font_manager: Any, lang: str) -> list[str]:
    """The fonts to draw a language with, the first that has a letter drawing it.

    Raises: PellucidError when the language needs Hangul and no font on this machine has it.
    """
    if lang != "ko":
        return [_LATIN]
    name = next(_with_hangul(font_manager), None)
    if name is None:
        raise PellucidError(
            "figures",
            "no font on this machine can show Hangul",
            hint="install one, such as Noto Sans CJK KR or NanumGothic, or use lang='en' (--lang en)",
        )
    return [_LATIN, name]


def _with_hangul(font_manager: Any) -> Iterator[str]:
    """Names of the fonts that have Hangul, favourites first; those that were installed lately last."""
    known = font_manager.fontManager
    entries = sorted(known.ttflist, key=lambda entry: (_rank(entry.name), entry.name))
    letters = (entry for entry in entries if not entry.name.startswith(_BOXES))
    yield from (entry.name for entry in letters if _has_hangul(font_manager, entry.fname))
    listed = {entry.fname for entry in known.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - listed):  # matplotlib keeps its list for long
        if _has_hangul(font_manager, path):
            known.addfont(path)
            yield known.ttflist[-1].name


def _rank(name: str) -> int:
    return _FAVOURITES.index(name) if name in _FAVOURITES else len(_FAVOURITES)


def _has_hangul(font_manager: Any, path: str) -> bool:
    try:
        face = font_manager.get_font(path)
    except (OSError, RuntimeError):  # gone since it was listed, or broken
        return False
    return all(face.get_char_index(ord(letter)) for letter in _HANGUL)
