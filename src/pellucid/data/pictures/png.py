"""PNG: every bit that the file has, and its transparent colour compared at the file's own depth.

Pillow keeps 8 of 16 bits a channel, so such colours are decoded twice: their high bytes, then their low ones.
gAMA, cHRM, sRGB and sBIT say how colours look and are not applied.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from pellucid.data.pictures.file import decoder_arguments, pillow_file
from pellucid.data.pictures.palettes import check_numbers
from pellucid.data.pictures.png_texts import without_texts
from pellucid.data.pictures.samples import Samples, with_transparent
from pellucid.errors import DataError

_GREY, _RGB, _PALETTE, _GREY_ALPHA = 0, 2, 3, 4  # colour types; RGBA is 6
# Of a number in the other byte order, the byte that Pillow takes for the high one is the low one.
_DEEP_MODES = {_RGB: ("RGB;16B", "RGB;16L"), 6: ("RGBA;16B", "RGBA;16L")}


def read_png(stream: BinaryIO, *, alone: bool) -> tuple[Samples, ImageFile.ImageFile]:
    """Read (H,W) grey, (H,W,2) grey and alpha, (H,W,3) RGB or (H,W,4) RGBA, uint8 or uint16; and what Pillow knows.

    Raises: DataError.
    """
    bits, colour_type = _header(stream)
    stream, profile = without_texts(stream)
    file = pillow_file(stream, alone=alone)
    if profile is not None:
        file.info["icc_profile"] = profile
    if bits == 16 and colour_type == _GREY_ALPHA:  # its four bytes a pixel are taken for four channels
        return _decoded(file, "RGBA").view(">u2").astype(np.uint16), file
    if bits == 16 and colour_type in _DEEP_MODES:
        high, low = _DEEP_MODES[colour_type]
        pixels: Samples = _decoded(file, high).astype(np.uint16)
        pixels <<= 8
        pixels |= _decoded(pillow_file(stream, alone=False), low)
    elif colour_type == _PALETTE:
        return _from_palette(file), file
    else:
        pixels = np.asarray(file.convert("L") if file.mode == "1" else file)
    transparent = file.info.get("transparency")
    if transparent is None or colour_type not in (_GREY, _RGB):
        return pixels, file
    full = 2**bits - 1  # of a sample of fewer bits, the lowest ones count
    stretched = np.array([transparent]).ravel() & full
    return with_transparent(pixels, tuple(stretched * (max(full, 255) // full))), file


def _header(stream: BinaryIO) -> tuple[int, int]:
    """Bits of a sample, and the colour type."""
    kind, bits, colour_type = struct.unpack("12x4s8xBB", stream.read(26))
    if kind != b"IHDR":
        raise DataError("image", "a PNG file must begin with its header IHDR", got=f"{kind!r}")
    return bits, colour_type


def _decoded(file: ImageFile.ImageFile, raw_mode: str) -> NDArray[np.uint8]:
    """Decode by another of Pillow's raw modes than the one that it would take."""
    file.tile = [tile._replace(args=(raw_mode, *decoder_arguments(tile)[1:])) for tile in file.tile]
    return np.asarray(file)


def _from_palette(file: ImageFile.ImageFile) -> NDArray[np.uint8]:
    check_numbers(np.asarray(file), len(file.palette.palette) // 3 if file.palette else 0)
    return np.asarray(file.convert("RGBA" if "transparency" in file.info else "RGB"))
