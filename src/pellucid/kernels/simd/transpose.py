"""Transposing: rows become columns, square block by square block in registers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import Emitter, int64, lanes, symbol_of

# What happens to a result last: nothing, a base is added, or it is masked.
End = Literal["nothing", "base", "mask"]


@dataclass(frozen=True)
class Transpose:
    """out[j][i] = A[i][j] for i < rows, j < columns; steps count elements from row to row.

    To a result is added what `start` holds in its place (a base), or the output of a ReLU in `start` masks it.
    """

    bits: int
    rows: int
    columns: int
    step: int
    out_step: int
    end: End = "nothing"
    start_step: int = 0
    past: bool = False  # results are stored past the caches

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("transpose", self)

    def emit(self) -> ir.Module:
        """Strip by strip of rows, each from left to right; blocks have as many numbers a side as a vector has lanes."""
        e = Emitter(self.symbol, self.bits, self.columns, past=self.past)
        a, _, out, start, _, _ = e.function.args

        def strip(first: Any, height: int) -> None:
            here = e.ahead(a, e.b.mul(first, int64(self.step)))
            to = [e.ahead(pointer, first) for pointer in (out, start)]

            def block(left: Any, width: int) -> None:
                below = zip(to, (self.out_step, self.start_step), strict=True)
                targets = [e.ahead(pointer, e.b.mul(left, int64(step))) for pointer, step in below]
                self._block(e, e.ahead(here, left), targets, height, width)

            _pieces(e, self.columns, block)

        _pieces(e, self.rows, strip)
        e.b.ret_void()
        return e.module

    def _block(self, e: Emitter, a: Any, targets: list[Any], height: int, width: int) -> None:
        """One block: halves of rows are exchanged, then quarters, and so on."""
        rows = self._loaded(e, a, height, width)
        rows += [e.zero] * (e.lanes - height)
        half = e.lanes // 2
        while half:  # swap the off-diagonal quarters of every block of 2·half rows
            low = [i if i & half == 0 else e.lanes + i - half for i in range(e.lanes)]
            high = [i + half if i & half == 0 else e.lanes + i for i in range(e.lanes)]
            for i in range(e.lanes):
                if i & half == 0:
                    x, y = rows[i], rows[i + half]
                    rows[i] = e.b.shuffle_vector(x, y, lanes(low))
                    rows[i + half] = e.b.shuffle_vector(x, y, lanes(high))
            half //= 2
        out, start = targets
        together = self._together(e, height, width)
        for j in range(0, width, together):
            value, count = _side_by_side(e, rows[j : j + together], height), range(height * together)
            if self.end != "nothing":
                other = e.load(start, j * self.start_step, 0, count)
                value = e.mask(other, value) if self.end == "mask" else e.b.fadd(other, value)
            e.store(value, out, j * self.out_step, 0, count)

    def _loaded(self, e: Emitter, a: Any, height: int, width: int) -> list[Any]:
        """The rows of a block; short ones that follow one another come several in a vector."""
        many, rest = divmod(e.lanes, width)
        if not self.columns == width == self.step or rest or height % many:
            return [e.load(a, i * self.step, 0, range(width)) for i in range(height)]
        found = []
        for i in range(0, height, many):
            vector = e.load(a, i * self.step, 0, range(e.lanes))
            for first in range(0, e.lanes, width):
                order = [*range(first, first + width), *[first] * (e.lanes - width)]
                found.append(e.b.shuffle_vector(vector, vector, lanes(order)))
        return found

    def _together(self, e: Emitter, height: int, width: int) -> int:
        """How many columns of a few rows, which follow one another where they are stored, make one vector."""
        many, rest = divmod(e.lanes, height)
        follow = self.rows == height == self.out_step and (self.end == "nothing" or self.start_step == height)
        return many if follow and rest == width % many == many & (many - 1) == 0 else 1


def _side_by_side(e: Emitter, values: list[Any], size: int) -> Any:
    """Vectors, of which so many lanes count, in one: two by two. There are a power of two of them."""
    while len(values) > 1:
        both = [*range(size), *range(e.lanes, e.lanes + size)]
        order = lanes([*both, *[0] * (e.lanes - len(both))])
        values = [e.b.shuffle_vector(a, b, order) for a, b in zip(values[::2], values[1::2], strict=True)]
        size *= 2
    return values[0]


def _pieces(e: Emitter, size: int, piece: Callable[[Any, int], None]) -> None:
    """`piece(first, length)` for one vector's length after the other, and for the rest."""
    full = size // e.lanes

    def whole(i: Any, state: list[list[Any]]) -> list[list[Any]]:
        piece(e.b.mul(i, int64(e.lanes)), e.lanes)
        return state

    if full:
        e.loop(int64(full), [], whole)
    if size % e.lanes:
        piece(int64(full * e.lanes), size % e.lanes)
