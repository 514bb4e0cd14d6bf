"""A user's photo as it is: its own size, colours, bits and transparency. Files are not trusted (see images.py)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.data.images import decoded
from pellucid.errors import DataError

_COLOURS = ("CMYK", "YCbCr", "P", "PA", "RGBX")  # become red, green, blue
_GREYS = ("1", "La")  # become grey, with transparency or without


@dataclass(frozen=True)
class Photo:
    """Pixels, (H,W) grey, (H,W,2) grey and alpha, (H,W,3) RGB or (H,W,4) RGBA, and perhaps an ICC profile of theirs."""

    pixels: NDArray[Any]
    profile: bytes | None = None


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a photo as uint8, or as uint16 where the file has 16-bit grey.

    The camera's rotation is applied. Palettes become RGB, or RGBA with transparency; 1-bit pictures grey with 0 and
    255; colours of 16 bits lose the lower eight.

    Raises: DataError when the file is missing, broken, too large, no image, an animation, or has pixels that are
        neither of 8 nor of 16 bits.
    """
    picture = decoded(Path(path), alone=True)
    profile = picture.info.get("icc_profile") if picture.mode != "CMYK" else None
    mode = picture.mode
    if mode.startswith("I"):  # Pillow keeps 16-bit grey as whole numbers, sometimes of 32 bits
        numbers = np.asarray(picture)
        if numbers.size and numbers.min() >= 0 and numbers.max() <= np.iinfo(np.uint16).max:
            return Photo(numbers.astype(np.uint16), profile)
    transparent = picture.has_transparency_data
    if mode in _COLOURS or mode == "RGB":
        mode = "RGBA" if transparent else "RGB"
    elif mode in _GREYS or mode == "L":
        mode = "LA" if transparent else "L"
    if mode not in ("L", "LA", "RGB", "RGBA"):
        rule = "pixels must be of 8 bits, or grey of 16"
        raise DataError(f"image '{path}'", rule, got=f"Pillow's mode {mode}")
    return Photo(np.asarray(_converted(picture, mode)), profile)


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    return picture if picture.mode == mode and "transparency" not in picture.info else picture.convert(mode)
