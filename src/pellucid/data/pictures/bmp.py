"""BMP: numbers of a palette, or colours of 5 to 8 bits."""

from __future__ import annotations

import struct
from typing import IO, BinaryIO

import numpy as np
from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile

from pellucid.data.pictures.file import decoder_arguments, pillow_file, raw_mode
from pellucid.data.pictures.palettes import Colours, grey_or_rgb
from pellucid.data.pictures.samples import Samples

MAGIC = b"BM"
_FILE_HEADER, _OLD_HEADER = 14, 12  # bytes; the header of OS/2, whose palettes have three bytes a colour
# White of red, green and blue where a pixel has 16 bits.
_FEWER_BITS = {"BGR;15": (31, 31, 31), "BGR;16": (31, 63, 31)}


class _Numbers(BmpImageFile):
    """A file's numbers of a palette.

    Pillow takes numbers of a palette like 0, 1, 2, … for greys of one bit or eight, whatever bits they have.
    """

    def _open(self) -> None:
        super()._open()
        assert self.fp is not None
        bits, _ = _palette(self.fp)
        self._mode = "P"
        if self.tile[0].codec_name == "raw":
            arguments = (f"P;{bits}" if bits < 8 else "P", *decoder_arguments(self.tile[0])[1:])
            self.tile = [self.tile[0]._replace(args=arguments)]


def read_bmp(stream: BinaryIO, *, alone: bool) -> tuple[Samples, ImageFile.ImageFile]:
    """Read (H,W) grey, where a palette has nothing but greys, (H,W,3) RGB or (H,W,4) RGBA, uint8; and the file.

    Raises: DataError.
    """
    file = pillow_file(stream, alone=alone)
    bits, palette = _palette(stream)
    if bits <= 8:
        stream.seek(0)
        return grey_or_rgb(np.asarray(_Numbers(stream)), palette), file
    white = _FEWER_BITS.get(raw_mode(file))
    pixels = np.asarray(file)
    if white is not None:  # Pillow cuts off where it stretches
        numbers = np.rint(pixels * (np.array(white) / 255))
        pixels = np.rint(numbers * (255 / np.array(white))).astype(np.uint8)
    return pixels, file


def _palette(stream: IO[bytes]) -> tuple[int, Colours]:
    """Bits of a pixel, and the colours (N,3) that lie between the header and the pixels."""
    stream.seek(0)
    start, size = struct.unpack("<10xII", stream.read(_FILE_HEADER + 4))
    if size == _OLD_HEADER:
        (bits,), colours, step = struct.unpack("<6xH", stream.read(8)), 0, 3
    else:
        bits, colours = struct.unpack("<10xH16xI", stream.read(32))
        step = 4
    colours, begin = colours or 2**bits, _FILE_HEADER + size
    if start > begin:  # else the pixels follow the palette
        colours = min(colours, (start - begin) // step)
    stream.seek(begin)
    numbers = stream.read(min(colours, 256) * step)
    table = np.frombuffer(numbers, np.uint8, len(numbers) // step * step).reshape(-1, step)
    return bits, table[: 2**bits, 2::-1]
