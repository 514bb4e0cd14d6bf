"""Pixels of 16 bits and floats as PNG and TIFF. Pillow writes those of one channel alone, and no float64."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import pack
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin as Tiff
from PIL.PngImagePlugin import putchunk

_LEVEL = 1  # a photo's low bytes are noise: more effort saves a hundredth and doubles the time
_ROWS = 64  # compressed at a time
_UP = 2  # the number of PNG's filter: bytes minus those above them


def write_png(file: BinaryIO, pixels: NDArray[np.uint16], profile: bytes | None) -> None:
    """Write (H,W,C) as grey and alpha, RGB or RGBA, by C (ISO/IEC 15948)."""
    height, width, channels = pixels.shape
    colour_type = {2: 4, 3: 2, 4: 6}[channels]
    file.write(b"\x89PNG\r\n\x1a\n")
    putchunk(file, b"IHDR", pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    if profile:
        putchunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile))
    for data in _filtered(pixels):
        putchunk(file, b"IDAT", data)
    putchunk(file, b"IEND")


def _filtered(pixels: NDArray[np.uint16]) -> Iterator[bytes]:
    deflate = zlib.compressobj(_LEVEL)
    above = np.zeros((1, pixels[0].nbytes), np.uint8)
    for rows in _strips(pixels):
        numbers = rows.astype(">u2").view(np.uint8).reshape(len(rows), -1)
        yield deflate.compress(np.insert(np.diff(numbers, axis=0, prepend=above), 0, _UP, axis=1).data)
        above = numbers[-1:]
    yield deflate.flush()


def write_tiff(file: BinaryIO, pixels: NDArray[Any], profile: bytes | None) -> None:
    """Write uint16, float32 or float64 (H,W,C) as grey or RGB, by C with alpha (TIFF 6.0, sections 3, 6, 14, 18, 19).

    Strips are deflated; whole numbers, as horizontal differences.
    """
    height, width, channels = pixels.shape
    whole = pixels.dtype.kind == "u"
    strips = []
    for rows in _strips(pixels):
        numbers = np.diff(rows, axis=1, prepend=np.zeros_like(rows[:, :1])) if whole else rows
        little_endian = np.ascontiguousarray(numbers, pixels.dtype.newbyteorder("<"))
        strips.append(zlib.compress(little_endian.data, _LEVEL))
    sizes = [len(strip) for strip in strips]
    tags: dict[int, Any] = {
        Tiff.IMAGEWIDTH: width,
        Tiff.IMAGELENGTH: height,
        Tiff.BITSPERSAMPLE: (8 * pixels.itemsize,) * channels,
        Tiff.COMPRESSION: 8,  # deflate
        Tiff.PHOTOMETRIC_INTERPRETATION: 1 if channels <= 2 else 2,  # black is zero, or RGB
        Tiff.STRIPOFFSETS: tuple(int(end) for end in np.cumsum([0, *sizes[:-1]])),  # behind the tags
        Tiff.SAMPLESPERPIXEL: channels,
        Tiff.ROWSPERSTRIP: _ROWS,
        Tiff.STRIPBYTECOUNTS: tuple(sizes),
        Tiff.PREDICTOR: 2 if whole else 1,  # differences, or none
        Tiff.SAMPLEFORMAT: (1 if whole else 3,) * channels,  # unsigned, or floats
    }
    if channels in (2, 4):
        tags[Tiff.EXTRASAMPLES] = 2  # alpha that the colours are not multiplied by
    if profile:
        tags[Tiff.ICCPROFILE] = profile
    directory = Tiff.ImageFileDirectory_v2()
    for tag, value in tags.items():
        directory[tag] = value
    directory.save(file)
    file.writelines(strips)


def _strips(pixels: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (pixels[top : top + _ROWS] for top in range(0, len(pixels), _ROWS))
