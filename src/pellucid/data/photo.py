"""A user's photo as it is: its own size, colours, bits and transparency. Files are not trusted (see images.py)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.data.deep import deep_modes, deep_pixels
from pellucid.data.images import opened, upright
from pellucid.errors import DataError

_COLOURS = ("CMYK", "YCbCr", "P", "PA", "RGBX")  # become red, green, blue
_GREYS = ("1", "La")  # become grey, with transparency or without


@dataclass(frozen=True)
class Photo:
    """Pixels, (H,W) grey, (H,W,2) grey and alpha, (H,W,3) RGB or (H,W,4) RGBA, and perhaps an ICC profile of theirs."""

    pixels: NDArray[Any]
    profile: bytes | None = None


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a photo as uint8, or as uint16 where the file has 16 bits a channel.

    The camera's rotation is applied. Palettes become RGB, or RGBA with transparency; 1-bit pictures grey with 0 and
    255. A PNG's transparent colour becomes an alpha channel.

    Raises: DataError when the file is missing, broken, larger than 256 MiB or 120 million pixels, no image, an
        animation, or has pixels that are neither of 8 nor of 16 bits, or colours of 16 bits that cannot be read whole.
    """
    path = Path(path)
    with opened(path, alone=True) as file:
        modes = deep_modes(file, f"image '{path}'")
        picture = file if modes else upright(file)
    profile = picture.info.get("icc_profile") if picture.mode != "CMYK" else None
    mode = picture.mode
    if modes:
        return Photo(_with_alpha(deep_pixels(path, modes), picture), profile)
    if mode.startswith("I"):  # Pillow keeps 16-bit grey as whole numbers, sometimes of 32 bits
        numbers = np.asarray(picture)
        if numbers.size and numbers.min() >= 0 and numbers.max() <= np.iinfo(np.uint16).max:
            return Photo(_with_alpha(numbers.astype(np.uint16), picture), profile)
    transparent = picture.has_transparency_data
    if mode in _COLOURS or mode == "RGB":
        mode = "RGBA" if transparent else "RGB"
    elif mode in _GREYS or mode == "L":
        mode = "LA" if transparent else "L"
    if mode not in ("L", "LA", "RGB", "RGBA"):
        rule = "pixels must be of 8 or 16 bits"
        raise DataError(f"image '{path}'", rule, got=f"Pillow's mode {mode}")
    return Photo(np.asarray(_converted(picture, mode)), profile)


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    return picture if picture.mode == mode and "transparency" not in picture.info else picture.convert(mode)


def _with_alpha(pixels: NDArray[np.uint16], picture: Image.Image) -> NDArray[np.uint16]:
    """The pixels, and where they have the colour that a PNG calls transparent, alpha is 0."""
    colour = picture.info.get("transparency")
    if colour is None:
        return pixels
    channels = pixels.reshape(*pixels.shape[:2], -1)
    return np.dstack([channels, np.where((channels == colour).all(axis=2), 0, 65535).astype(np.uint16)])
