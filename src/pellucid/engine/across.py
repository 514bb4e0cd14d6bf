"""Vector code along an axis whose numbers lie apart, over tensors however they lie: which columns a chunk takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pellucid.kernels import simd
from pellucid.kernels.loops import across
from pellucid.kernels.loops.rows import Rows, Source, Target
from pellucid.kernels.simd.transpose import End, Transpose
from pellucid.sizes import size_of

_TILE = 1 << 15  # numbers that are transposed at a time
_LINE = 16  # columns whose numbers are a line of the cache, or two


class Lying(NamedTuple):
    """A tensor: its numbers, how far apart those of a column are, and its places along three more axes."""

    numbers: Any
    apart: int
    strides: tuple[int, int, int]


@dataclass(frozen=True)
class Columns:
    """Columns of so many numbers, side by side at each place along three axes.

    Attributes:
        code: what is made of a column, or of two.
        bits: of a number.
        length: of a column.
        beside: how many columns lie side by side.
        places: the sizes of the three axes.
    """

    code: simd.Code
    bits: int
    length: int
    beside: int
    places: tuple[int, int, int]

    def work(self, a: Lying, b: Lying | None, out: Lying, base: Lying | None) -> Iterator[tuple[Any, int]]:
        """The tables and how many chunks each has: for blocks of columns, and for what is left of them."""
        end: End
        end, step = ("nothing", 0) if base is None else ("base", base.apart)
        for first, width in self.widths:
            read = [a if tensor is None else tensor for tensor in (a, b)]
            inwards = [Transpose(self.bits, self.length, width, tensor.apart, self.length) for tensor in read]
            outwards = Transpose(self.bits, width, self.length, self.length, out.apart, end, step)
            blocks = (self.beside - first) // width
            table = across.Across(
                places=Rows(1, *self.places, self.length),
                a=_source(a),
                b=_source(b),
                out=Target(out.numbers, *out.strides),
                base=_source(base),
                code=simd.address(self.code),
                inwards=simd.address(inwards[0]),
                inwards_b=simd.address(inwards[1]),
                outwards=simd.address(outwards),
                two=b is not None,
                columns=width,
                first=first,
                blocks=blocks,
            )
            yield table, blocks * size_of(self.places)

    @property
    def widths(self) -> list[tuple[int, int]]:
        """Where blocks of one width begin, and how wide they are: all but the last, and what is left."""
        most = max(1, _TILE // max(1, self.length))
        columns = min(self.beside, most - most % _LINE if most > _LINE else most)
        end = self.beside - self.beside % max(1, columns)
        widths = (0, columns), (end, self.beside - end)
        return [(first, width) for first, width in widths if width and self.length]

    @property
    def scratch(self) -> int:
        """Bytes that a thread needs."""
        most = max(1, _TILE // max(1, self.length))
        return 8 * self.length + 3 * self.length * min(self.beside, most) * self.bits // 8


def _source(tensor: Lying | None) -> Source:
    return Source(None, 0, 0, 0) if tensor is None else Source(tensor.numbers, *tensor.strides)
