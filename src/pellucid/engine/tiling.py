"""A list of tile calls under construction: what `kernels/loops/tiles.py` walks over."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels import simd
from pellucid.kernels.loops.tiles import Call
from pellucid.kernels.simd import Code

Taps = tuple[tuple[int, int], ...]
Alike = tuple[int, int, int]
_FIELDS = len(Call._fields)
STAGE = Call._fields.index("stage")
_A, _B = Call._fields.index("a"), Call._fields.index("b")
OFFSETS = slice(_A, _A + 4)  # those of A, B, out and start


class TileList:
    """Calls for one unit, cut into ranges that different threads may take.

    Offsets count elements. `stage` is that of the calls which follow (see `kernels/loops/tiles.py`).
    """

    def __init__(self) -> None:
        self.stage = 0
        self.bounds = [0]
        self._entries = array("q")  # call after call
        self._codes: dict[Code, int] = {}
        self._taps: list[tuple[int, int]] = []
        self._places: dict[Taps, int] = {}
        self._written: dict[Hashable, tuple[slice, int, int]] = {}  # calls by key, and their places
        self._newest: tuple[Taps | None, int] = None, 0  # taps of the newest call, and their place

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self._entries) // _FIELDS

    def add(
        self,
        first: Code,
        rest: Code,
        taps: Taps = ((0, 0),),
        *,
        a: int,
        b: int = 0,
        out: int,
        start: int = 0,
        count: int | None = None,
    ) -> None:
        """Append one call: offsets of A, B, out and start from their bases, and the taps it walks.

        `first` is the code for the first unit of a part, `rest` for those after it. What the code counts is its taps,
        unless said otherwise.
        """
        if taps is not self._newest[0]:
            self._newest = taps, self._place(taps)
        code = self._address(first)
        other = code if rest is first else self._address(rest)
        call = Call(code, other, self.stage, a, b, out, start, self._newest[1], count or len(taps))
        self._entries.extend(call)

    def once(self, key: Hashable, write: Callable[[], None], *, a: int = 0, b: int = 0) -> None:
        """Append the calls that `write` appends for places `a` and `b` in A and B.

        Where the key has come before they are not made again, but copied to these places.
        """
        if key not in self._written:
            begin = len(self)
            write()
            self._written[key] = slice(_FIELDS * begin, _FIELDS * len(self)), a, b
            return
        calls, first_a, first_b = self._written[key]
        copies = np.array(self._entries[calls]).reshape(-1, _FIELDS)
        copies[:, [_A, _B]] += a - first_a, b - first_b
        self._entries.frombytes(copies.tobytes())

    def _place(self, taps: Taps) -> int:
        """Where these taps begin, in bytes; equal ones are written down once."""
        if taps not in self._places:
            self._places[taps] = len(self._taps) * 16
            self._taps.extend(taps)
        return self._places[taps]

    def _address(self, code: Code) -> int:
        address = self._codes.get(code)
        if address is None:
            address = self._codes[code] = simd.address(code)
        return address

    def cut(self) -> None:
        """End a range: what follows may run on another thread."""
        if len(self) > self.bounds[-1]:
            self.bounds.append(len(self))

    def end(self) -> None:
        """End a list of calls, which may have none."""
        self.bounds.append(len(self))

    def finish(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The entries, the ranges' bounds and the taps as arrays."""
        self.cut()
        return (
            np.array(self._entries).reshape(-1, _FIELDS),
            np.array(self.bounds, np.int64),
            np.array(self._taps, np.int64).reshape(-1, 2),
        )


def split(size: int, most: int) -> list[tuple[int, int]]:
    """Cut `size` into the fewest (start, length) parts of at most `most`, as even as can be.

    Example:
        >>> split(32, 14)
        [(0, 11), (11, 11), (22, 10)]
    """
    parts = -(-size // most)
    lengths = [size // parts + (i < size % parts) for i in range(parts)]
    return [(sum(lengths[:i]), length) for i, length in enumerate(lengths)]


def blocks(size: int, width: int) -> list[tuple[int, int]]:
    """Cut `size` into (start, length) parts of exactly `width` and a rest.

    Example:
        >>> blocks(70, 32)
        [(0, 32), (32, 32), (64, 6)]
    """
    return [(start, min(width, size - start)) for start in range(0, size, width)]


def alike(pieces: Sequence[tuple[int, int]]) -> list[Alike]:
    """Pieces (start, length) that follow one another, those of one length together: (start, length, how many).

    Example:
        >>> alike(split(32, 14))
        [(0, 11, 2), (22, 10, 1)]
    """
    runs = [list(run) for _, run in groupby(pieces, key=lambda piece: piece[1])]
    return [(*run[0], len(run)) for run in runs]


def position_tiles(sizes: Sequence[int], most: int) -> list[list[tuple[int, ...]]]:
    """Cut a grid of output positions into tiles of at most `most`: parts of a row, or several whole rows.

    Example:
        >>> [len(tile) for tile in position_tiles((1, 4, 5), 14)]
        [10, 10]
    """
    *outer, width = sizes
    lines = list(np.ndindex(*outer))
    if width >= most or not lines:
        return [[(*line, x) for x in range(x0, x0 + n)] for line in lines for x0, n in split(width, most)]
    return [
        [(*line, x) for line in lines[i : i + n] for x in range(width)]
        for i, n in split(len(lines), most // width)
    ]


def paired_tiles(sizes: Sequence[int], most: int) -> list[list[tuple[int, ...]]]:
    """The same in tiles of two rows, whose windows have most of what they read in common.

    Example:
        >>> [tile[0] + tile[-1] for tile in paired_tiles((1, 4, 5), 14)]
        [(0, 0, 0, 0, 1, 4), (0, 2, 0, 0, 3, 4)]
    """
    *outer, height, width = sizes
    rows, columns = split(height, 2), split(width, most // 2)
    return [
        [(*line, y, x) for y in range(top, top + n) for x in range(left, left + m)]
        for line in np.ndindex(*outer)
        for top, n in rows
        for left, m in columns
    ]
