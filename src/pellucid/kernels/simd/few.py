"""Winograd's products of few tiles: a weight's transform is used at once, so it never leaves the registers.

    out[p][t] += Σ_c A[q][t][c] · (M·B[c]·Nᵀ)[r]        for products (r, q, p) of points, and a handful of tiles t

A block is some input channels and one vector of output channels. Rows of a weight are often a multiple of a page apart
and would push one another out of the nearest cache, so a block's weights are brought together in scratch memory while
the block before it is worked on; and the channels after those are asked for meanwhile, row by row, as they lie. Then
some products at a time are made: rows of points are transformed, multiplied and added. Each sum is taken over ascending
c, with one fused multiply–add per product, as a `Tile` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.emit import Emitter, Registers, int64, symbol_of
from pellucid.kernels.simd.target import vector_lanes
from pellucid.kernels.simd.tile import register_tile
from pellucid.kernels.simd.winograd import combine, divided
from pellucid.winograd import MATRICES, Kind

INPUTS = 16  # channels of a block
_SPARE = 6  # registers that are no sums: what a row of points is made of
_ROW = 6  # points of the longest row

Two = tuple[int, int]
Product = tuple[Two, int, int]  # a point of the weight, of A, of out


def most_tiles(bits: int) -> int:
    """As many tiles as have their sums in registers, for one row of points."""
    return (register_tile(bits, vector_lanes(bits)) - _SPARE) // _ROW


@dataclass(frozen=True)
class FewTiles:
    """The sums for `columns` output channels, whole vectors of them; `start` is room for the weights of two blocks."""

    bits: int
    columns: int
    inputs: int  # a multiple of `INPUTS`
    tiles: int
    kinds: tuple[Kind, Kind]  # M and N
    products: tuple[Product, ...]
    steps: tuple[int, int, int]  # of the weight: from row to row, from column to column, from input to input
    a_steps: Two  # from point to point and from tile to tile
    out_steps: Two
    cleared: int = 0  # so many points of out begin as zeros

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("few", self)

    @property
    def taps(self) -> list[Two]:
        """The kernel positions that it reads."""
        rows, columns = (range(len(MATRICES[kind][0])) for kind in self.kinds)
        return [(i, j) for i in rows for j in columns]

    @property
    def room(self) -> int:
        """How many numbers the weights of a block are."""
        return INPUTS * len(self.taps) * vector_lanes(self.bits)

    @property
    def groups(self) -> list[list[Product]]:
        """Products that are made together: some of one row of points, or of several, which share operations.

        Rows that are alike but for signs stand side by side, between the first one and the last.
        """
        registers = register_tile(self.bits, vector_lanes(self.bits))
        few, most = (n // self.tiles for n in (registers // 2 - 3, registers - _SPARE))
        last = len(MATRICES[self.kinds[0]]) - 1
        ordered = sorted(self.products, key=lambda product: (product[0][0] in (0, last), product[0]))
        result: list[list[Product]] = []
        for _, row in groupby(ordered, key=lambda product: product[0][0]):
            mine = list(row)
            if result and len(result[-1]) + len(mine) <= few:
                result[-1] += mine
            else:
                result += [mine[i : i + most] for i in range(0, len(mine), most)]
        return result

    def emit(self) -> ir.Module:
        """The function in a module of its own."""
        return _FewTilesEmitter(self).emit()


class _FewTilesEmitter(Emitter):
    """Writes the code for one size."""

    def __init__(self, code: FewTiles) -> None:
        super().__init__(code.symbol, code.bits, code.columns)
        self.code = code
        self.a, self.weight, self.out, self.room, _, _ = self.function.args
        self.blocks = code.inputs // INPUTS * self.vectors

    def emit(self) -> ir.Module:
        """Block by block, the output channels of the same inputs first."""
        if self.code.cleared:
            self.loop(int64(self.code.cleared), [], self._clear)

        def bring(c: Any, _: Registers) -> Registers:
            for tap in self.code.taps:
                self._bring(tap, self._row(self.weight, c), self._own(self.room, c))
            return []

        self.loop(int64(INPUTS), [], bring)
        rooms = [self.room, self.ahead(self.room, self.code.room)]
        self.loop(int64(self.blocks), [rooms], self._block)
        self.b.ret_void()
        return self.module

    def _clear(self, point: Any, _: Registers) -> Registers:
        step, tile = self.code.out_steps
        here = self.ahead(self.out, self.b.mul(point, int64(step)))
        for t in range(self.code.tiles):
            for v in range(self.vectors):
                self.store(self.zero, here, t * tile, v)
        return []

    def _block(self, n: Any, rooms: Registers) -> Registers:
        """Block `n`, whose weights are in the first room; the next one's go to the second."""
        here, there = rooms[0]
        following = self.b.add(n, int64(1))
        last = self.b.icmp_unsigned("==", following, int64(self.blocks))
        weights = self._weights(*self._place(self.b.select(last, n, following)))
        first, column = self._place(n)
        wanted = self._weights(self.b.add(first, int64(INPUTS)), int64(0))
        wanted_row = self.b.mul(self.b.urem(n, int64(self.vectors)), int64(INPUTS))

        def meanwhile(taps: Sequence[Two], c: Any) -> None:
            row, line = self._split(self.b.add(wanted_row, c))
            ask = self.ahead(self._row(wanted, row), self.b.mul(line, int64(self.lanes)))
            for tap in taps:
                self._bring(tap, self._row(weights, c), self._own(there, c))
                self.prefetch(self.ahead(ask, self._tap(tap)), far=True)

        groups = self.code.groups
        for i, some in enumerate(groups):
            places = self.ahead(self.a, first), here, self.ahead(self.out, column)
            self._points(some, *places, partial(meanwhile, self.code.taps[i :: len(groups)]))
        return [[there, here]]

    def _points(
        self, products: Sequence[Product], a: Any, room: Any, out: Any, meanwhile: Callable[[Any], None]
    ) -> None:
        """Some products, whose sums stay in registers over the channels of a block."""
        (m, n), rows = (MATRICES[kind] for kind in self.code.kinds), {at[0] for at, _, _ in products}
        tiles = range(self.code.tiles)
        reads = [[p * self.code.a_steps[0] + t * self.code.a_steps[1] for t in tiles] for _, p, _ in products]
        places = [
            [p * self.code.out_steps[0] + t * self.code.out_steps[1] for t in tiles] for _, _, p in products
        ]

        def channel(c: Any, sums: Registers) -> Registers:
            values, weights = self.ahead(a, c), self._own(room, c)
            meanwhile(c)
            columns = [
                [self.load(weights, self._at((i, j)), 0) for i in range(len(m[0]))] for j in range(len(n[0]))
            ]
            halves = [combine(self, m, column) for column in columns]
            row_of = {i: combine(self, n, [half[i] for half in halves]) for i in rows}
            points = {at: divided(self, row_of[at[0]][at[1]], self.code.kinds, at) for at, _, _ in products}
            result = []
            for (at, _, _), read, row in zip(products, reads, sums, strict=True):
                left = [self.broadcast(self.b.load(self.ahead(values, offset))) for offset in read]
                result.append([self.fma(x, points[at], total) for x, total in zip(left, row, strict=True)])
            return result

        sums = [[self.load(out, place, 0) for place in row] for row in places]
        for row, totals in zip(places, self.loop(int64(INPUTS), sums, channel), strict=True):
            for place, total in zip(row, totals, strict=True):
                self.store(total, out, place, 0)

    def _bring(self, tap: Two, weights: Any, room: Any) -> None:
        """Copy a channel's weights of one kernel position."""
        self.store(self.load(weights, self._tap(tap), 0), room, self._at(tap), 0)

    def _place(self, n: Any) -> tuple[Any, Any]:
        """The first input and the first output channel of block `n`."""
        part, vector = self._split(n)
        return self.b.mul(part, int64(INPUTS)), self.b.mul(vector, int64(self.lanes))

    def _split(self, number: Any) -> tuple[Any, Any]:
        return self.b.udiv(number, int64(self.vectors)), self.b.urem(number, int64(self.vectors))

    def _weights(self, first: Any, column: Any) -> Any:
        return self.ahead(self._row(self.weight, first), column)

    def _row(self, weights: Any, c: Any) -> Any:
        """Where the weights lie that are `c` input channels further on."""
        return self.ahead(weights, self.b.mul(c, int64(self.code.steps[2])))

    def _own(self, room: Any, c: Any) -> Any:
        """Where a room has those of a block's channel `c`."""
        return self.ahead(room, self.b.mul(c, int64(self.code.room // INPUTS)))

    def _tap(self, tap: Two) -> int:
        """Where the weight of a kernel position lies."""
        return tap[0] * self.code.steps[0] + tap[1] * self.code.steps[1]

    def _at(self, tap: Two) -> int:
        """Where a room has it."""
        return self.code.taps.index(tap) * self.lanes
