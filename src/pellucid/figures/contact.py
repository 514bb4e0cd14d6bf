"""A contact sheet: small pictures in rows, each with lines of text below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.figures.film import Film
from pellucid.figures.lettering import lettered, spoken
from pellucid.figures.style import DPI, FAINT, RESULT, matplotlib

Pixels = NDArray[np.uint8]
_ACROSS = 6  # pictures in a row
_SIDE, _GAP, _LINE, _TITLE = 150, 20, 17, 46  # pixels
_COLUMNS = 21  # of a line of text


def contact_sheet(
    title: str, pictures: Sequence[Pixels], captions: Sequence[Sequence[str]], lang: str
) -> Film:
    """Show pictures with their captions as one frame.

    Args:
        title: what stands above.
        pictures: (H,W,3) each.
        captions: lines for each, equally many; the first is in faint letters.
        lang: the language that they are in.
    """
    letters = spoken(lang, (line for lines in captions for line in lines))
    return Film((title,), 0, letters, lambda _: _drawn(title, pictures, captions, letters))


def fitted(picture: Pixels, side: int = _SIDE) -> Pixels:
    """A picture as large as fits into a square: small ones have each pixel as a square of pixels."""
    longest = max(picture.shape[:2])
    if longest <= side:
        times = side // longest
        return picture.repeat(times, axis=0).repeat(times, axis=1)
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _drawn(title: str, pictures: Sequence[Pixels], captions: Sequence[Sequence[str]], lang: str) -> Any:
    """A figure on which one dot is one pixel of a picture."""
    lines = max((len(caption) for caption in captions), default=0)
    step = _SIDE + _GAP, _SIDE + lines * _LINE + _GAP
    rows, across = -(-len(pictures) // _ACROSS), min(_ACROSS, max(3, len(pictures)))
    width, height = across * step[0] + _GAP, _TITLE + rows * step[1]
    figure = matplotlib("figure").Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")

    def write(x: float, y: float, words: str, **look: Any) -> None:
        figure.text(x / width, 1 - y / height, words, va="baseline", parse_math=False, **look)

    write(_GAP, 0.65 * _TITLE, title, size=13, weight="bold")
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(number, _ACROSS)
        left, top, shown = _GAP + column * step[0], _TITLE + row * step[1], fitted(picture)
        figure.figimage(shown, left, height - top - shown.shape[0], origin="upper")
        for i, line in enumerate(caption):
            said = lettered(line, _COLUMNS, lang)
            write(left, top + _SIDE + (i + 0.9) * _LINE, said, size=8, color=RESULT if i else FAINT)
    return figure
