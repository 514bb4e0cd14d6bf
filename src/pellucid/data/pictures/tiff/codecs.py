"""What libtiff is for: to decompress strips of a TIFF picture.

It gets them as a file of their own. In that file they are rows of bytes, whatever they mean, so that neither it nor
Pillow makes anything of them; only JPEG and YCbCr it turns into grey or RGB.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from pellucid.data.pictures.tiff import tags as tag
from pellucid.data.pictures.tiff.colours import BLACK_IS_ZERO, RGB, YCBCR
from pellucid.data.pictures.tiff.tags import Tags

Bytes = NDArray[np.uint8]
NONE, LZW, JPEG, DEFLATE, PACK_BITS, OLD_DEFLATE, LZMA, ZSTD = 1, 5, 7, 8, 32773, 32946, 34925, 50000
FAX = (2, 3, 4)  # of pixels of one bit
BYTES = (LZW, DEFLATE, OLD_DEFLATE, PACK_BITS, LZMA, ZSTD)  # of whatever a row consists of
NOT_READ = {6: "old JPEG", 34712: "JPEG 2000", 34887: "LERC", 50001: "WebP", 50002: "JPEG XL"}


def decompressed(strips: Sequence[bytes], compression: int, rows: int, height: int, row_bytes: int) -> Bytes:
    """Bytes (height,row_bytes) of strips of so many rows; the last may have fewer.

    Raises: OSError when they are broken.
    """
    tags = {tag.WIDTH: row_bytes, tag.PHOTOMETRIC: BLACK_IS_ZERO}
    return _decoded(strips, compression, rows, height, tags)


def fax(strips: Sequence[bytes], compression: int, rows: int, height: int, width: int, given: Tags) -> Bytes:
    """Bits (height,width), eight to a byte, of strips that are compressed as a fax is."""
    tags = {tag.WIDTH: width, tag.PHOTOMETRIC: BLACK_IS_ZERO, tag.BITS: 1}
    tags |= {name: given.number(name, 0) for name in (tag.T4_OPTIONS, tag.T6_OPTIONS)}
    return np.packbits(_decoded(strips, compression, rows, height, tags), axis=1)


def colours(
    strips: Sequence[bytes], compression: int, rows: int, height: int, width: int, samples: int, given: Tags
) -> Bytes:
    """Numbers (height,width,1 to 4) of strips that are JPEG or YCbCr, which becomes RGB."""
    ycbcr = given.number(tag.PHOTOMETRIC) == YCBCR
    if compression == NONE:
        # libtiff alone knows how YCbCr lies, and Pillow asks it only where it decompresses.
        strips, compression = [zlib.compress(strip, 0) for strip in strips], DEFLATE
    tags = {
        tag.WIDTH: width,
        tag.BITS: (8,) * samples,
        tag.SAMPLES: samples,
        tag.PHOTOMETRIC: YCBCR if ycbcr else RGB if samples > 2 else BLACK_IS_ZERO,
        tag.EXTRA_SAMPLES: 2 if samples in (2, 4) else None,
        tag.JPEG_TABLES: given.bytes(tag.JPEG_TABLES),
    }
    if ycbcr:
        tags |= {name: given.numbers(name) for name in (tag.SUBSAMPLING, tag.POSITIONING)}
        tags |= {name: given.fractions(name) for name in (tag.COEFFICIENTS, tag.BLACK_WHITE)}
    return _decoded(strips, compression, rows, height, tags).reshape(height, width, samples)


def _decoded(
    strips: Sequence[bytes], compression: int, rows: int, height: int, tags: Mapping[int, Any]
) -> Bytes:
    sizes = [len(strip) for strip in strips]
    directory = ImageFileDirectory_v2()
    directory[tag.BITS] = 8
    for name, value in tags.items():
        if value:
            directory[name] = value
    directory[tag.HEIGHT], directory[tag.ROWS_PER_STRIP] = height, rows
    directory[tag.COMPRESSION] = compression
    directory[tag.STRIP_OFFSETS] = tuple(accumulate(sizes[:-1], initial=0))  # behind the tags
    directory[tag.STRIP_BYTES] = tuple(sizes)
    file = BytesIO()
    directory.save(file)
    file.writelines(strips)
    file.seek(0)
    return np.asarray(TiffImageFile(file))
