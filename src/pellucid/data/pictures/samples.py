"""What numbers of a file mean: black, white, visible."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import DataError

Samples = NDArray[Any]


def scaled(numbers: Samples, white: int) -> Samples:
    """Whole numbers from 0 to `white` as uint8 up to 255, as uint16 up to 65,535, else as float64 in [0,1].

    Fewer bits are stretched, white to white, to the nearest number.

    Example:
        >>> scaled(np.array([0, 1, 2, 3], np.uint8), 3)
        array([  0,  85, 170, 255], dtype=uint8)
        >>> scaled(np.array([0, 4095], np.uint16), 4095)
        array([    0, 65535], dtype=uint16)
        >>> scaled(np.array([0, 2**31, 2**32 - 1], np.uint32), 2**32 - 1).tolist()
        [0.0, 0.5000000001164153, 1.0]
    """
    if white > 65535:
        fractions: Samples = numbers / white
        return fractions
    full, dtype = (255, np.uint8) if white <= 255 else (65535, np.uint16)
    if white == full:
        return numbers.astype(dtype, copy=False)
    return np.take(np.rint(np.arange(white + 1) * (full / white)).astype(dtype), numbers)


def white_of(pixels: Samples) -> int:
    """The number that means white, or wholly visible."""
    return 1 if pixels.dtype.kind == "f" else int(np.iinfo(pixels.dtype).max)


def with_alpha(pixels: Samples, alpha: Samples) -> Samples:
    """Pixels (H,W) or (H,W,C) with alpha (H,W) as one more channel."""
    return np.dstack([pixels, alpha])


def with_transparent(pixels: Samples, colour: tuple[int, ...]) -> Samples:
    """Pixels with an alpha channel: nothing is seen of those that have exactly this colour."""
    channels = pixels.reshape(*pixels.shape[:2], -1)
    white = white_of(pixels)
    return with_alpha(pixels, np.where((channels == colour).all(axis=2), 0, white).astype(pixels.dtype))


def from_inks(inks: Samples) -> Samples:
    """Cyan, magenta, yellow, black (…,4) as red, green, blue (…,3): red = (1 − cyan)·(1 − black).

    No profile of a printer is applied.

    Example:
        >>> from_inks(np.array([[255, 0, 102, 51]], np.uint8))
        array([[  0, 204, 122]], dtype=uint8)
    """
    white = white_of(inks)
    light: Samples = white - inks
    if inks.dtype.kind == "f":
        return np.multiply(light[..., :3], light[..., 3:])
    product: Samples = light[..., :3].astype(np.uint32) * light[..., 3:]
    product += white // 2
    product //= white
    return product.astype(inks.dtype)


def check_finite(pixels: Samples) -> None:
    """Raises: DataError for floats that are no numbers, or infinite."""
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        wrong = pixels[~np.isfinite(pixels)][0]
        raise DataError("image", "pixels must be finite numbers", got=f"{wrong}")
