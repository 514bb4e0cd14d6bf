"""A picture of any size and colours as one of a given size, grey or RGB.

Pictures of 8 bits are fitted in Pillow's own arithmetic, which rounds to 8 bits after each step; others in floats, so
that none of their bits is dropped on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.data.pictures.samples import Samples, white_of
from pellucid.errors import DataError, say

FITS = ("crop", "pad", "stretch")
_LUMA = (0.299, 0.587, 0.114)  # grey of red, green, blue (ITU-R BT.601), as Pillow weighs 8 bits


def fitted(pixels: Samples, channels: int, height: int, width: int, fit: str) -> NDArray[Any]:
    """A photo's pixels, seen on white, as (H,W,1 or 3): uint8 of 8 bits, else float32 in [0,1].

    Args:
        pixels: as of a `Photo`.
        channels: 1, the result is grey, or 3, which may leave grey in one channel.
        height: of the result.
        width: of the result.
        fit: one of `FITS`, which `Preprocessing` describes.

    Example:
        >>> fitted(np.array([[0, 100, 200, 50]], np.uint8), 1, 1, 2, "crop")[..., 0]
        array([[100, 200]], dtype=uint8)
        >>> fitted(np.array([[0, 100]], np.uint8), 1, 2, 2, "pad")[..., 0]
        array([[  0, 100], [  0,   0]], dtype=uint8)
    """
    as_it_is = pixels.reshape(*pixels.shape[:2], -1)
    if pixels.dtype == np.uint8 and as_it_is.shape == (height, width, channels):
        return as_it_is
    planes = _of_eight_bits(pixels, channels) if pixels.dtype == np.uint8 else _of_more_bits(pixels, channels)
    result = np.dstack([np.asarray(_resized(plane, height, width, fit)) for plane in planes])
    return result if pixels.dtype == np.uint8 else result.clip(0, 1)


def check_range(where: str, pixels: Samples) -> None:
    """Raises: DataError for floats that are darker than black, lighter than white or no numbers."""
    if pixels.dtype.kind == "f" and not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is neither
        rule = "floats must lie between 0, black, and 1, white"
        got = say("{low:g} to {high:g}", low=pixels.min(), high=pixels.max())
        raise DataError(where, rule, got=got, hint="divide them by what is white")


def is_grey(pixels: Samples) -> bool:
    """Whether a photo has no colours but greys, of which its file speaks, whatever its pixels are."""
    return pixels.ndim == 2 or pixels.shape[2] == 2


def _of_eight_bits(pixels: Samples, channels: int) -> list[Image.Image]:
    picture = Image.fromarray(pixels)
    if picture.mode in ("LA", "RGBA"):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return [picture.convert("L" if channels == 1 else "RGB")]


def _of_more_bits(pixels: Samples, channels: int) -> list[Image.Image]:
    """Of each channel a picture of its own."""
    dtype = np.dtype(np.float32 if pixels.dtype == np.uint16 else np.float64)
    values: Samples = pixels.reshape(*pixels.shape[:2], -1).astype(dtype)
    values /= white_of(pixels)
    if values.shape[2] in (2, 4):
        alpha = values[..., -1:]
        values = values[..., :-1] * alpha + (1 - alpha)
    if channels == 1 and values.shape[2] == 3:
        red, green, blue = (values[..., i] * values.dtype.type(weight) for i, weight in enumerate(_LUMA))
        values = (red + green + blue)[
            ..., np.newaxis
        ]  # the same bits everywhere, which BLAS does not promise
    return [Image.fromarray(np.ascontiguousarray(values[..., i], np.float32)) for i in range(values.shape[2])]


def _resized(picture: Image.Image, height: int, width: int, fit: str) -> Image.Image:
    """By averaging (antialiased bilinear), after the middle is cut out or before black is laid around."""
    if picture.size == (width, height):
        return picture
    inside, outside = _middle(*picture.size, width, height), (width, height)
    if fit == "pad":
        inside, outside = picture.size, _middle(width, height, *picture.size)
    elif fit == "stretch":
        inside = picture.size
    left, top = ((whole - part) // 2 for whole, part in zip(picture.size, inside, strict=True))
    box = (left, top, left + inside[0], top + inside[1])
    picture = picture.crop(box).resize(outside, Image.Resampling.BILINEAR)  # nothing outside the box counts
    if outside == (width, height):
        return picture
    ground = Image.new(picture.mode, (width, height))
    ground.paste(picture, ((width - outside[0]) // 2, (height - outside[1]) // 2))
    return ground


def _middle(width: int, height: int, across: int, down: int) -> tuple[int, int]:
    """The largest size within width×height that has the proportions across:down, to the nearest pixel."""
    if width * down > height * across:
        return max(1, (2 * height * across + down) // (2 * down)), height
    return width, max(1, (2 * width * down + across) // (2 * across))
