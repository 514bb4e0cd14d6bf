"""The tags of a TIFF file's first picture, classic or BigTIFF (TIFF 6.0, section 2). Nothing in them is trusted."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import BinaryIO

from pellucid.errors import DataError, say

# Tags by the names of the standard.
SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
OLD_SUBFILE_TYPE, FILL_ORDER, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = (
    255,
    266,
    273,
    277,
    278,
    279,
)
PLANAR, T4_OPTIONS, T6_OPTIONS, PREDICTOR, COLOR_MAP = 284, 292, 293, 317, 320
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
JPEG_TABLES, COEFFICIENTS, SUBSAMPLING, POSITIONING, BLACK_WHITE, ORIENTATION = 347, 529, 530, 531, 532, 274
INK_SET, NUMBER_OF_INKS, DOT_RANGE, EXTRA_SAMPLES, SAMPLE_FORMAT, PROFILE = 332, 334, 336, 338, 339, 34675

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TYPES = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}  # those that are whole numbers
_ITEM_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_FRACTION = 5
_MOST_TAGS = _MOST_PICTURES = 65_536
_MOST_NUMBERS = 2**20  # strips or tiles


class Tags:
    """What the file says of its first picture; values are read when they are asked for."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the first directory.

        Raises: DataError when it is broken.
        """
        self._stream = stream
        self.size_bytes = stream.seek(0, 2)
        magic = self.read(0, 4)
        self.order = "<" if magic[:2] == b"II" else ">"
        self._big = b"+" in magic
        self._place = "Q" if self._big else "I"
        (self._first,) = self._unpack(self._place, 8 if self._big else 4)
        self._entries = self._directory(self._first)

    def read(self, offset: int, count: int) -> bytes:
        """Bytes of the file.

        Raises: DataError where there are none.
        """
        if offset + count > self.size_bytes:
            expected, got = say("{count} bytes", count=offset + count), f"{self.size_bytes}"
            raise DataError("image", "the file ends before its picture does", expected=expected, got=got)
        self._stream.seek(offset)
        return self._stream.read(count)

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """A tag's whole numbers; the default, if the picture does not have the tag.

        Raises: DataError when they are something else.
        """
        if tag not in self._entries:
            return default
        kind, count, place = self._entries[tag]
        if kind not in _TYPES or not 1 <= count <= _MOST_NUMBERS:
            expected = say("1 to {most}", most=_MOST_NUMBERS)
            got = say("{count} of type {kind}", count=count, kind=kind)
            raise DataError(
                "image", say("tag {tag} must hold whole numbers", tag=tag), expected=expected, got=got
            )
        return self._unpack(f"{count}{_TYPES[kind]}", place)

    def number(self, tag: int, default: int | None = None) -> int:
        """A tag's only number.

        Raises: DataError when there are several, or none and no default.
        """
        numbers = self.numbers(tag, () if default is None else (default,))
        if len(numbers) != 1:
            raise DataError("image", say("tag {tag} must hold one number", tag=tag), got=f"{len(numbers)}")
        return numbers[0]

    def fractions(self, tag: int) -> tuple[Fraction, ...]:
        """A tag's unsigned fractions.

        Raises: DataError when they are something else.
        """
        if tag not in self._entries:
            return ()
        kind, count, place = self._entries[tag]
        if kind != _FRACTION or count > _MOST_NUMBERS:
            raise DataError(
                "image",
                say("tag {tag} must hold fractions", tag=tag),
                got=say("{count} of type {kind}", count=count, kind=kind),
            )
        numbers = self._unpack(f"{2 * count}I", place)
        return tuple(Fraction(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True))

    def bytes(self, tag: int) -> bytes | None:
        """A tag's bytes, as a profile has them."""
        if tag not in self._entries:
            return None
        kind, count, place = self._entries[tag]
        return self.read(place, count * _ITEM_BYTES.get(kind, 1))

    def pictures(self) -> int:
        """How many directories the file has, one after the other."""
        seen, offset = {self._first}, self._after(self._first)
        while offset and offset not in seen and len(seen) < _MOST_PICTURES:
            seen.add(offset)
            offset = self._after(offset)
        return len(seen)

    def _unpack(self, kinds: str, offset: int) -> tuple[int, ...]:
        return struct.unpack(self.order + kinds, self.read(offset, struct.calcsize(self.order + kinds)))

    def _extent(self, offset: int) -> tuple[int, int]:
        """Where a directory's entries begin and end."""
        how_many, step = ("Q", 20) if self._big else ("H", 12)
        (count,) = self._unpack(how_many, offset)
        if count > _MOST_TAGS:
            raise DataError(
                "image",
                "there are too many tags",
                expected=say("at most {most}", most=_MOST_TAGS),
                got=f"{count}",
            )
        begin = offset + struct.calcsize(how_many)
        return begin, begin + count * step

    def _after(self, offset: int) -> int:
        """Where the next directory begins; 0 behind the last."""
        return self._unpack(self._place, self._extent(offset)[1])[0]

    def _directory(self, offset: int) -> dict[int, tuple[int, int, int]]:
        """Each tag's type, count and place."""
        begin, end = self._extent(offset)
        form = struct.Struct(f"{self.order}HH{self._place}{self._place}")
        room = struct.calcsize(self._place)
        entries: dict[int, tuple[int, int, int]] = {}
        for i, (tag, kind, count, place) in enumerate(form.iter_unpack(self.read(begin, end - begin))):
            inside = count * _ITEM_BYTES.get(kind, 1) <= room
            entries.setdefault(tag, (kind, count, begin + (i + 1) * form.size - room if inside else place))
        return entries
