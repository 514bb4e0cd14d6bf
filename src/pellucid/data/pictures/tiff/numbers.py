"""A TIFF picture's numbers: strips or tiles, decompressed, taken apart into samples, their differences added up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid import memory
from pellucid.data.pictures.file import check_size
from pellucid.data.pictures.samples import Samples
from pellucid.data.pictures.tiff import codecs as codecs
from pellucid.data.pictures.tiff import tags as tag
from pellucid.data.pictures.tiff.codecs import Bytes
from pellucid.data.pictures.tiff.colours import YCBCR, Colours
from pellucid.data.pictures.tiff.tags import Tags
from pellucid.errors import DataError, joined, say

_NO_PREDICTOR, _DIFFERENCES, _FLOAT_BYTES = 1, 2, 3
_AT_ONCE = 2**23  # bytes that are taken apart at once
_MOST_BLOCK_BYTES = 2**31 - 1
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Layout:
    """How a picture (height,width) lies in the file: in blocks, strips or tiles, of `samples` numbers a pixel.

    Several samples lie side by side, or in `planes` apart, which then have one each.
    """

    height: int
    width: int
    block_height: int
    block_width: int
    tiled: bool
    planes: int
    samples: int
    bits: int
    is_float: bool
    compression: int
    predictor: int
    as_colours: bool
    fill_order: int

    @classmethod
    def of(cls, tags: Tags, colours: Colours) -> Layout:
        """Raises: DataError when the tags do not say how it lies, or not in a way that is read here."""
        height, width = tags.number(tag.HEIGHT), tags.number(tag.WIDTH)
        check_size(width, height)
        tiled = bool(tags.numbers(tag.TILE_OFFSETS))
        rows = tags.number(tag.TILE_HEIGHT if tiled else tag.ROWS_PER_STRIP, None if tiled else height)
        compression, planar = tags.number(tag.COMPRESSION, codecs.NONE), tags.number(tag.PLANAR, 1)
        layout = cls(
            height=height,
            width=width,
            block_height=rows if tiled else min(rows, height),
            block_width=tags.number(tag.TILE_WIDTH) if tiled else width,
            tiled=tiled,
            planes=colours.samples if planar == 2 else 1,
            samples=1 if planar == 2 else colours.samples,
            bits=colours.bits,
            is_float=colours.is_float,
            compression=compression,
            predictor=tags.number(tag.PREDICTOR, _NO_PREDICTOR),
            as_colours=compression == codecs.JPEG or colours.photometric == YCBCR,
            fill_order=tags.number(tag.FILL_ORDER, 1),
        )
        layout._check(planar, colours)
        return layout

    def _check(self, planar: int, colours: Colours) -> None:
        block = self.block_height * self.block_width
        check_size(self.block_width, self.block_height)
        if not self.height * self.width * block or self.block_height * self.row_bytes > _MOST_BLOCK_BYTES:
            got = say(
                "{width}×{height} in blocks of {block_width}×{block_height}",
                width=self.width,
                height=self.height,
                block_width=self.block_width,
                block_height=self.block_height,
            )
            raise DataError("image", "the picture and its strips or tiles must have sizes", got=got)
        if self.compression not in (codecs.NONE, codecs.JPEG, *codecs.BYTES, *codecs.FAX):
            rule = "the compression must be one that is read here"
            got = f"Compression {self.compression}"
            if name := codecs.NOT_READ.get(self.compression):
                got = joined(", ", (got, say(name)))
            expected = "none, CCITT, LZW, deflate, PackBits, JPEG, LZMA or Zstandard"
            raise DataError("image", rule, expected=expected, got=got)
        picture = say("{samples} samples of {bits} bits", samples=colours.samples, bits=self.bits)
        rules = (
            (planar in (1, 2), "samples must lie side by side or apart", f"PlanarConfiguration {planar}"),
            (self.fill_order in (1, 2), "bits must have an order", f"FillOrder {self.fill_order}"),
            (self._predictor_fits(), "differences must be of a kind that the compression has",
             say("Predictor {predictor}, Compression {compression}, {bits} bits",
                 predictor=self.predictor, compression=self.compression, bits=self.bits)),
            (self.compression not in codecs.FAX or (self.bits, self.samples, self.is_float) == (1, 1, False),
             "CCITT must compress single bits", picture),
            (not self.as_colours or self._colours_fit(colours), "JPEG and YCbCr must have colours of 8 bits",
             say("{picture}, PhotometricInterpretation {photometric}, FillOrder {fill_order}",
                 picture=picture, photometric=colours.photometric, fill_order=self.fill_order)),
        )  # fmt: skip
        for holds, rule, got in rules:
            if not holds:
                raise DataError("image", rule, got=got)

    def _predictor_fits(self) -> bool:
        """Whether programs agree on what it means."""
        if self.predictor == _NO_PREDICTOR:
            return True
        compressed = self.compression in codecs.BYTES and self.compression != codecs.PACK_BITS
        known = self.predictor == _DIFFERENCES or (self.predictor == _FLOAT_BYTES and self.is_float)
        return compressed and known and self.bits in (8, 16, 32, 64) and not self.as_colours

    def _colours_fit(self, colours: Colours) -> bool:
        """Whether JPEG and YCbCr are of a kind that libtiff decodes."""
        known = self.bits == 8 and not self.is_float and self.samples <= 4 and self.fill_order == 1
        return known and colours.palette is None and (colours.photometric != YCBCR or self.planes == 1)

    @property
    def row_bytes(self) -> int:
        """Of a block."""
        return -(-self.block_width * self.samples * self.bits // 8)

    def read(self, tags: Tags) -> Samples:
        """Numbers (height,width,samples), unsigned or floats.

        Raises: DataError, OSError and others when the file is broken; NumericError when there is no room.
        """
        dtype = self._dtype
        shape = (self.height, self.width, self.samples * self.planes)
        size_bytes = 2 * int(np.prod(shape)) * dtype.itemsize + 2 * self.block_height * self.row_bytes
        memory.require("image", say("the picture"), size_bytes, shape=shape)
        numbers = np.empty(shape, dtype)
        for plane in range(self.planes):
            self._read_plane(tags, plane, numbers[..., plane : plane + self.samples])
        return numbers

    @property
    def _dtype(self) -> np.dtype[Any]:
        if self.is_float:
            return np.dtype(f"f{max(self.bits, 32) // 8}")
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16 if self.bits <= 16 else np.uint32)

    def _read_plane(self, tags: Tags, plane: int, out: Samples) -> None:
        across, down = -(-self.width // self.block_width), -(-self.height // self.block_height)
        places = self._places(tags, across * down)[plane * across * down :][: across * down]
        together = max(1, _AT_ONCE // (self.block_height * self.row_bytes))
        for first in range(0, len(places), together):
            group = places[first : first + together]
            last_row = (first + len(group) - 1) // across
            short = 0 if self.tiled else max(0, (last_row + 1) * self.block_height - self.height)
            numbers = self._numbers(tags, group, len(group) * self.block_height - short)
            for i in range(len(group)):
                y, x = divmod(first + i, across)
                y, x = y * self.block_height, x * self.block_width
                target = out[y : y + self.block_height, x : x + self.block_width]
                source = numbers[i * self.block_height : (i + 1) * self.block_height]
                target[...] = source[: target.shape[0], : target.shape[1]]

    def _places(self, tags: Tags, blocks: int) -> list[tuple[int, int]]:
        """Where each block lies, and how many bytes it has."""
        offsets = tags.numbers(tag.TILE_OFFSETS if self.tiled else tag.STRIP_OFFSETS)
        sizes = tags.numbers(tag.TILE_BYTES if self.tiled else tag.STRIP_BYTES)
        if not len(offsets) == len(sizes) == blocks * self.planes:
            expected = f"{blocks * self.planes}"
            got = say("{count} places and {size_count} sizes", count=len(offsets), size_count=len(sizes))
            rule = "there must be a place and a size for each strip or tile"
            raise DataError("image", rule, expected=expected, got=got)
        if self.compression == codecs.NONE and not self.as_colours:
            sizes = tuple(min(size, self.block_height * self.row_bytes) for size in sizes)
        if sum(sizes) > tags.size_bytes:
            expected, got = say("at most {most} bytes", most=tags.size_bytes), f"{sum(sizes)}"
            raise DataError("image", "strips and tiles must not overlap", expected=expected, got=got)
        return list(zip(offsets, sizes, strict=True))

    def _numbers(self, tags: Tags, places: list[tuple[int, int]], height: int) -> Samples:
        """Numbers (height,block_width,samples) of some blocks, one below the other."""
        strips = [tags.read(*place) for place in places]
        if self.fill_order == 2:
            strips = [strip.translate(_REVERSED) for strip in strips]
        rows, width = self.block_height, self.block_width
        if self.as_colours:
            return codecs.colours(strips, self.compression, rows, height, width, self.samples, tags)
        if self.compression == codecs.NONE:
            packed = self._uncompressed(strips, height)
        elif self.compression in codecs.FAX:
            packed = codecs.fax(strips, self.compression, rows, height, width, tags)
        else:
            packed = codecs.decompressed(strips, self.compression, rows, height, self.row_bytes)
        parts = [self._unpacked(part, tags.order) for part in _parts(packed)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _uncompressed(self, strips: list[bytes], height: int) -> Bytes:
        whole = self.block_height * self.row_bytes
        needed = [*[whole] * (len(strips) - 1), height * self.row_bytes - (len(strips) - 1) * whole]
        for strip, size in zip(strips, needed, strict=True):
            if len(strip) < size:
                rule = "a strip or tile must hold all its numbers"
                raise DataError("image", rule, expected=say("{count} bytes", count=size), got=f"{len(strip)}")
        parts = [np.frombuffer(strip, np.uint8, size) for strip, size in zip(strips, needed, strict=True)]
        return np.concatenate(parts).reshape(height, self.row_bytes)

    def _unpacked(self, rows: Bytes, order: str) -> Samples:
        """Numbers (R,block_width,samples) of packed rows."""
        shape, size = (len(rows), self.block_width, self.samples), self.bits // 8
        if self.predictor == _FLOAT_BYTES:
            # Bytes of equal weight lie together, the highest first, and the differences are between bytes.
            summed = rows.reshape(len(rows), -1, self.samples).cumsum(axis=1, dtype=np.uint8)
            by_number = np.ascontiguousarray(summed.reshape(len(rows), size, -1).swapaxes(1, 2))
            return by_number.view(f">f{size}").reshape(shape).astype(self._dtype)
        if self.bits % 8:
            numbers = _from_bits(rows, self.block_width * self.samples, self.bits)
            return numbers.reshape(shape).astype(self._dtype)
        kind = f"{order}{'f' if self.is_float else 'u'}{size}"
        if self.predictor == _DIFFERENCES:
            numbers = rows.view(f"{order}u{size}").reshape(shape).cumsum(axis=1, dtype=f"u{size}")
            return numbers.view(f"f{size}" if self.is_float else f"u{size}").astype(self._dtype, copy=False)
        return rows.view(kind).reshape(shape).astype(self._dtype, copy=False)


def _parts(rows: Bytes) -> Iterator[Bytes]:
    """Some rows at a time: bits need eight times as much room when they are taken apart."""
    together = max(1, _AT_ONCE // rows.shape[1])
    return (rows[top : top + together] for top in range(0, len(rows), together))


def _from_bits(rows: Bytes, count: int, bits: int) -> Samples:
    """Numbers (R,count) of so many bits each, the highest first; rows begin with a whole byte."""
    apart = np.unpackbits(rows, axis=1, count=count * bits).reshape(len(rows), count, bits)
    numbers = np.zeros(apart.shape[:2], np.uint16)
    for i in range(bits):
        numbers <<= 1
        numbers |= apart[..., i]
    return numbers
