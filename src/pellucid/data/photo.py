"""A user's photo as it is: its own size, colours, bits and transparency. Files are not trusted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from pellucid.data.pictures import bmp, gif
from pellucid.data.pictures.file import ORIENTATION, opened, pillow_file
from pellucid.data.pictures.png import read_png
from pellucid.data.pictures.pnm import MAGIC, read_pnm
from pellucid.data.pictures.samples import Samples, check_finite
from pellucid.data.pictures.tiff import tags as tiff_tags
from pellucid.data.pictures.tiff.colours import INKS
from pellucid.data.pictures.tiff.reader import read_tiff
from pellucid.errors import DataError, say

_READERS = {b"\x89PNG\r\n\x1a\n": read_png, gif.MAGIC: gif.read_gif, bmp.MAGIC: bmp.read_bmp}


@dataclass(frozen=True)
class Photo:
    """Pixels, (H,W) grey, (H,W,2) grey and alpha, (H,W,3) RGB or (H,W,4) RGBA, and perhaps an ICC profile of theirs.

    White, and wholly visible, is 255 in uint8, 65,535 in uint16 and 1 in float32 and float64. Alpha does not change
    the colours beside it.
    """

    pixels: NDArray[Any]
    profile: bytes | None = None


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a photo with every bit of its file, black as 0 and white as 255, 65,535 or 1.

    Pixels are uint8 where the file has up to 8 bits a channel, uint16 up to 16, float64 in [0,1] for 32;
    floats stay as they are, below 0 and above 1 as well. Fewer bits are stretched: white of 12 bits, 4095, is 65,535.
    The camera's rotation is applied. Palettes and CMYK become RGB, a BMP's or GIF's palette of greys grey; a palette's
    or a PNG's transparent colour becomes an alpha channel. docs/pictures.md says what becomes of each kind of file.

    Raises: DataError when the file is missing, broken, larger than 256 MiB or 120 million pixels, no image, an
        animation, or when it is not known what its numbers mean: signed ones, those that are not finite, CIELab.
    """
    return read_picture(path, alone=True)


def read_picture(path: str | os.PathLike[str], *, alone: bool) -> Photo:
    """As `read_photo`; of an animation or pages, the first picture, unless it has to be alone."""
    with opened(Path(path)) as stream:
        return read_stream(stream, alone=alone)


def read_stream(stream: BinaryIO, *, alone: bool) -> Photo:
    """As `read_picture`, of an open file or of bytes in memory, whose size is allowed.

    Raises: DataError, and whatever decoders raise: it is to be called within `reading`.
    """
    start = stream.read(8)
    stream.seek(0)
    if start.startswith(tiff_tags.MAGIC):
        pixels, tags = read_tiff(stream, alone=alone)
        orientation = tags.number(tiff_tags.ORIENTATION, 1)
        inks = tags.number(tiff_tags.PHOTOMETRIC) == INKS
        profile = None if inks else tags.bytes(tiff_tags.PROFILE)
    elif MAGIC.match(start):
        pixels, orientation, profile = read_pnm(stream.read(), alone=alone), 1, None
    else:
        read = next((read for magic, read in _READERS.items() if start.startswith(magic)), _read_eight_bits)
        pixels, file = read(stream, alone=alone)
        orientation = _orientation(file)
        # CMYK's profile says what inks look like, and the pixels are RGB.
        profile = None if file.mode == "CMYK" else file.info.get("icc_profile")
    check_finite(pixels)
    return Photo(_upright(pixels, orientation), profile)


def _read_eight_bits(stream: BinaryIO, *, alone: bool) -> tuple[Samples, ImageFile.ImageFile]:
    """Read JPEG and WebP, which have no more, and what Pillow knows of them."""
    file = pillow_file(stream, alone=alone)
    if file.mode not in ("L", "RGB", "RGBA", "CMYK"):
        raise DataError("image", "pixels must be of 8 bits", got=say("Pillow's mode {mode}", mode=file.mode))
    return np.asarray(file.convert("RGB") if file.mode == "CMYK" else file), file


def _orientation(file: ImageFile.ImageFile) -> int:
    """How the camera was held; upright, where EXIF says nothing of it or is none."""
    try:
        orientation: int = file.getexif().get(ORIENTATION, 1)
        return orientation
    except (SyntaxError, ValueError):  # Pillow's words for bytes that are no EXIF
        return 1


def _upright(pixels: Samples, orientation: int) -> Samples:
    """Pixels turned as the camera was held (EXIF: 1 to 8), as an array of their own."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.array(pixels, pixels.dtype.newbyteorder("="), order="C")
