"""A contact sheet: one photo through every kernel that has a name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from pellucid import memory
from pellucid.errors import ArgumentError, say
from pellucid.figures.film import Film
from pellucid.figures.style import DPI, FAINT, matplotlib
from pellucid.language import chosen, text
from pellucid.numbers import as_array
from pellucid.signal import filter_image

_WHERE = "filter_sheet"

Pixels = NDArray[np.uint8]

# Row by row; kernels of one family stand side by side, and None leaves room for what is said about the photo.
_ROWS: tuple[tuple[tuple[str, str] | None, ...], ...] = (
    (
        ("identity", "filters.identity"),
        ("box", "filters.box"),
        ("gaussian", "filters.gaussian"),
        ("motion", "filters.motion"),
    ),
    (
        ("emboss", "filters.emboss"),
        ("sharpen", "filters.sharpen"),
        ("unsharp", "filters.unsharp"),
        None,
    ),
    (
        ("outline", "filters.outline"),
        ("sobel-x", "filters.sobel_x"),
        ("sobel-y", "filters.sobel_y"),
        ("sobel-magnitude", "filters.sobel"),
    ),
    (
        ("laplacian", "filters.laplacian"),
        ("prewitt-x", "filters.prewitt_x"),
        ("prewitt-y", "filters.prewitt_y"),
        ("prewitt-magnitude", "filters.prewitt"),
    ),
    (
        ("ridge", "filters.ridge"),
        ("scharr-x", "filters.scharr_x"),
        ("scharr-y", "filters.scharr_y"),
        ("scharr-magnitude", "filters.scharr"),
    ),
)
_BORDERS = {
    "reflect": "filters.reflect",
    "replicate": "filters.replicate",
    "zero": "filters.zero",
    "wrap": "filters.wrap",
}
# In pixels: a picture's longer side, what lies between and above, how wide labels are.
_SIDE, _GAP, _LABEL, _TITLE, _WORDS = 420, 22, 34, 78, 350


@memory.enough("figures")
def filter_sheet(
    photo: ArrayLike, border: str = "reflect", *, strength: float = 1.0, lang: str | None = None
) -> Film:
    """Show a photo through every kernel by name, labelled, as one frame.

    The photo is made as small as it is shown, then filtered, so that a kernel of three pixels is three pixels wide on
    the sheet. What is transparent lies on white.

    Args:
        photo: (H,W) or (H,W,1 to 4), uint8 or uint16: an array, or a tensor that NumPy reads.
        border: as in `pellucid.signal.filter_image`, and so is `strength`.
        lang: the labels' language.

    Raises: ArgumentError for arrays that are no photo; what `filter_image` raises; PellucidError, when it is drawn,
        without matplotlib or a font.
    """
    lang = chosen(lang)
    pixels = as_array(_WHERE, "photo", photo)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    _check(pixels)
    small = _small(pixels)
    names = [entry[0] for row in _ROWS for entry in row if entry]
    pictures = {kernel: _shown(filter_image(small, kernel, border, strength=strength)) for kernel in names}
    facts = (
        text("filters.size", lang, width=pixels.shape[1], height=pixels.shape[0]),
        text("filters.filtered", lang, width=small.shape[1], height=small.shape[0]),
        text("filters.border", lang, border=text(_BORDERS[border], lang)),
        text("filters.strength", lang, strength=f"{strength:g}"),
    )
    title = text("filters.title", lang)

    def draw(_: int) -> Any:
        return _drawn(pictures, title, facts, lang)

    return Film((f"{title}: {', '.join(facts)}",), 0, lang, draw)


def _check(pixels: NDArray[Any]) -> None:
    """Raises: ArgumentError for what is no photo, or has a type of which it is not known which number is white."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim in (2, 3) and 1 <= channels <= 4 and pixels.size and pixels.dtype in (np.uint8, np.uint16):
        return
    expected = "(H,W) or (H,W,1 to 4) of uint8 or uint16"
    got = say("{shape} of {dtype}", shape=pixels.shape, dtype=pixels.dtype)
    hint = None
    if pixels.dtype.kind == "f":
        hint = "where white is 1, use np.rint(255 * photo.clip(0, 1)).astype(np.uint8)"
    elif pixels.dtype not in (np.uint8, np.uint16):
        hint = "where white is 255, use np.uint8(photo)"
    raise ArgumentError(_WHERE, "this is no photo", expected=expected, got=got, hint=hint)


def _small(photo: NDArray[Any]) -> NDArray[Any]:
    """The photo reduced to the size of its picture on the sheet; 16 bits become 8."""
    if photo.dtype == np.uint16:
        photo = np.rint(photo / np.float32(257)).astype(np.uint8)
    picture = Image.fromarray(photo[..., 0] if photo.ndim == 3 and photo.shape[2] == 1 else photo)
    if picture.mode in ("LA", "RGBA"):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _shown(pixels: Pixels) -> Pixels:
    """A small picture, each pixel as a square of pixels."""
    times = max(1, _SIDE // max(pixels.shape[:2]))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def _drawn(pictures: dict[str, Pixels], title: str, facts: tuple[str, ...], lang: str) -> Any:
    """A figure on which one dot is one pixel of a picture."""
    height, width, _ = next(iter(pictures.values())).shape
    across = max(width, _WORDS)
    step_x, step_y = across + _GAP, height + _LABEL + _GAP
    columns = max(len(row) for row in _ROWS)
    total_x, total_y = columns * step_x + _GAP, _TITLE + len(_ROWS) * step_y
    figure = matplotlib("figure").Figure(figsize=(total_x / DPI, total_y / DPI), dpi=DPI, facecolor="white")

    def write(x: float, y: float, words: str, **more: Any) -> None:
        figure.text(x / total_x, 1 - y / total_y, words, va="baseline", **more)

    write(_GAP, 0.6 * _TITLE, title, size=17, weight="bold")
    for i, row in enumerate(_ROWS):
        for j, entry in enumerate(row):
            left, top = _GAP + j * step_x, _TITLE + i * step_y
            if entry is None:
                for k, fact in enumerate(facts):
                    write(left, top + 0.6 * _LABEL + 30 * k, fact, size=11, color=FAINT)
                continue
            kernel, key = entry
            write(left, top + 0.6 * _LABEL, text(key, lang), size=12)
            write(
                left + across,
                top + 0.6 * _LABEL,
                kernel,
                size=9,
                color=FAINT,
                ha="right",
                family="DejaVu Sans Mono",
            )
            figure.figimage(pictures[kernel], left, total_y - top - _LABEL - height, origin="upper")
    return figure
