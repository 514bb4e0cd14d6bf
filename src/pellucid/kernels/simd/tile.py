"""The one multiply–accumulate micro-kernel.

A *tile* keeps `rows × vectors` sums in registers and walks the reduction once:

    sum[m][v] = start[m][v] + Σ_t Σ_{j<run} A[a(t) + rows[m] + j·a_step] · B[b(t) + v·lanes + j·b_step]

One fused multiply–add per product, t then j ascending, so the order of every sum is the order of its taps. `A` is read
one number at a time and broadcast to a vector, `B` a vector at a time. With the right offsets this is convolution
forward, its input gradient, its weight gradient and the linear layer; see `engine/lowering/conv.py`, `linear.py`.

A *depthwise* tile, of a depthwise convolution, reads A a vector at a time as well: column v of the results meets
column v of A alone.

A tap's run may come in *pieces*, each of which takes in some of the columns only: to the sums of the others it adds
nothing, and of B it reads nothing for them. So one row can hold sums with different taps, as long as they meet the same
numbers of A; see `engine/lowering/packed.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import Columns, Emitter, Registers, int64, symbol_of
from pellucid.kernels.simd.norm import normalised
from pellucid.kernels.simd.target import target, vector_lanes
from pellucid.kernels.simd.tree import Batch

# What a sum begins with: nothing, one value per column, one per row, one per result (of another array), or what out
# holds so far.
Start = Literal["zero", "bias", "rows", "base", "out"]


@dataclass(frozen=True)
class Piece:
    """A part of a tap's run: how long it is, where it begins in A and B from the tap, the columns that it takes in."""

    length: int
    a: int
    b: int
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Tile:
    """What one micro-kernel does; offsets and steps count elements."""

    bits: int
    # Offset of each row's number in A; None for a row of ones (the bias gradient).
    rows: tuple[int | None, ...]
    columns: int  # results per row; the last vector may be partly used
    a_step: int
    b_step: int
    run: int
    # Offset of each row's results in the output; or several for each, when equal parts of its columns go apart. None
    # for what is not stored.
    out_rows: tuple[int | None, ...]
    start: Start = "zero"
    base_rows: tuple[int, ...] = ()
    relu: bool = False
    ahead: int = 0  # how far ahead of each row of B lies another, which is brought into the cache meanwhile
    mask: bool = False  # results are 0 where the number of start in base_rows is 0: the gradient of a ReLU
    norm: int = 0  # results are normalised with mean, scale and bias of each column, so far apart in start
    # So many rows in start, so far apart, are brought into the cache to be written to.
    claims: tuple[int, int] = (0, 0)
    pieces: tuple[Piece, ...] = ()  # of a run that is not of one piece
    depthwise: bool = False  # a column of the results meets the same column of A
    past: bool = False  # results are stored past the caches
    # How often the tile is repeated, and how far on in A, B and out each time; the outermost loop first.
    repeats: tuple[tuple[int, int, int, int], ...] = ()
    parts: int = 1  # the run is a batch, summed in so many parts (see `tree.py`); of one tap, from zero

    @property
    def out_groups(self) -> list[list[tuple[int, range]]]:
        """For each row, the offsets in the output and the columns whose results lie there."""
        apart = len(self.out_rows) // len(self.rows)
        width = self.columns // apart
        groups = [range(i * width, (i + 1) * width) for i in range(apart)]
        return [
            [
                (at - columns.start, columns)
                for at, columns in zip(self.out_rows[m : m + apart], groups, strict=True)
                if at is not None
            ]
            for m in range(0, len(self.out_rows), apart)
        ]

    @property
    def symbol(self) -> str:
        """A name that no other tile has."""
        return symbol_of("tile", self)

    def emit(self) -> ir.Module:
        """The code as a module of its own."""
        return _TileEmitter(self).emit()


def register_tile(bits: int, columns: int) -> int:
    """How many rows fit the registers for this many columns, at most those of the widest tile."""
    return target().rows[-(-columns // vector_lanes(bits)) - 1]


def column_tile(bits: int) -> int:
    """The columns of the widest tile."""
    return len(target().rows) * vector_lanes(bits)


def masked_cost() -> int:
    """What a multiply–add that leaves some sums alone costs, in multiply–adds."""
    return target().masked


class _TileEmitter(Emitter):
    """Writes one tile."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(tile.symbol, tile.bits, tile.columns, past=tile.past)
        self.tile = tile

    def emit(self) -> ir.Module:
        """The whole function."""
        self._repeated(self.tile.repeats, self.function.args[:3])
        self.b.ret_void()
        return self.module

    def _repeated(self, repeats: Sequence[tuple[int, int, int, int]], places: Sequence[Any]) -> None:
        """The tile at all places that lie so far apart in A, B and out."""
        if not repeats:
            self._tile(*places)
            return
        (count, *steps), *inner = repeats

        def once(i: Any, _: Registers) -> Registers:
            here = [self.ahead(x, self.b.mul(i, int64(step))) for x, step in zip(places, steps, strict=True)]
            self._repeated(inner, here)
            return []

        self.loop(int64(count), [], once)

    def _tile(self, a: Any, b: Any, out: Any) -> None:
        """Start values, the loop over taps, the results."""
        start, taps, count = self.function.args[3:]
        rows, step = self.tile.claims
        for i, v in product(range(rows), range(self.vectors)):
            self.prefetch(self.ahead(start, i * step + v * self.lanes), write=True)
        if self.tile.parts > 1:
            sums = self._parts(a, b)
        else:
            sums = self._start(out if self.tile.start == "out" else start)
            sums = self.loop(count, sums, lambda t, inner: self._tap(a, b, taps, t, inner))
        step = self.tile.norm
        channels = [[self.load(start, i * step, v) for i in range(3) if step] for v in range(self.vectors)]
        for m, (row, groups) in enumerate(zip(sums, self.tile.out_groups, strict=True)):
            for v, value in enumerate(row):
                value = normalised(self, value, channels[v]) if step else value
                if self.tile.mask:
                    value = self.mask(self.load(start, self.tile.base_rows[m], v), value)
                value = self.relu(value) if self.tile.relu else value
                for offset, columns in groups:
                    self.store(value, out, offset, v, columns)

    def _start(self, start: Any) -> Registers:
        tile = self.tile
        if tile.start == "base":
            return [[self.load(start, offset, v) for v in range(self.vectors)] for offset in tile.base_rows]
        if tile.start == "rows":
            found = (self.broadcast(self.b.load(self.ahead(start, offset))) for offset in tile.base_rows)
            return [[number] * self.vectors for number in found]
        if tile.start == "out":
            return [
                [self._stored(start, groups, v) for v in range(self.vectors)] for groups in tile.out_groups
            ]
        if tile.start == "bias":
            row = [self.load(start, 0, v) for v in range(self.vectors)]
        else:
            row = [self.zero] * self.vectors
        return [list(row) for _ in tile.rows]

    def _stored(self, out: Any, groups: list[tuple[int, range]], v: int) -> Any:
        """Vector `v` of a row as it lies in the output."""
        value = None
        for offset, columns in groups:
            value = self.load(out, offset, v, columns, value)
        return value

    def _tap(self, a: Any, b: Any, taps: Any, t: Any, sums: Registers) -> Registers:
        """One tap: `run` products per sum, starting at the tap's two offsets."""
        at = self.ahead(taps, self.b.shl(t, int64(1)))
        a = self.ahead(a, self.b.load(at))
        b = self.ahead(b, self.b.load(self.ahead(at, 1)))
        for piece in self.tile.pieces:
            sums = self._run(
                self.ahead(a, piece.a), self.ahead(b, piece.b), piece.length, piece.columns, sums
            )
        return sums if self.tile.pieces else self._run(a, b, self.tile.run, None, sums)

    def _run(self, a: Any, b: Any, length: int, some: Columns | None, sums: Registers) -> Registers:
        """`length` products for every sum, or those in some columns."""
        if length == 0:  # no tap reaches these results
            return sums
        if length == 1:
            return self._products(a, b, 0, some, sums)
        unroll = self._unroll(length)
        a_cell, b_cell = self.moving(a), self.moving(b)

        def body(_: Any, inner: Registers) -> Registers:
            a_now, b_now = self.b.load(a_cell), self.b.load(b_cell)
            for j in range(unroll):
                inner = self._products(a_now, b_now, j, some, inner)
            self.b.store(self.ahead(a_now, unroll * self.tile.a_step), a_cell)
            self.b.store(self.ahead(b_now, unroll * self.tile.b_step), b_cell)
            return inner

        return self.loop(int64(length // unroll), sums, body)

    def _parts(self, a: Any, b: Any) -> Registers:
        """The products of a batch, part by part."""
        tile = self.tile
        batch = Batch(tile.run, tile.parts, (tile.a_step, tile.b_step), self._unroll(tile.run // tile.parts))
        zeros = [[self.zero] * self.vectors for _ in tile.rows]
        return batch.sums(self, (a, b), zeros, lambda at, j, sums: self._products(*at, j, None, sums))

    def _unroll(self, length: int) -> int:
        """How many products of each sum one round of the loop does.

        One where a row reads next what another reads now: the compiler would keep that number, and sums would leave
        the registers for it.
        """
        rows, step = {row for row in self.tile.rows if row is not None}, self.tile.a_step
        if any(row + j * step in rows for row in rows for j in (1, 2, 3)):
            return 1
        return next(u for u in (4, 3, 2, 1) if length % u == 0)

    def _products(self, a: Any, b: Any, j: int, some: Columns | None, sums: Registers) -> Registers:
        tile = self.tile
        right = [self.load(b, j * tile.b_step, v, some) for v in range(self.vectors)]
        if tile.ahead:
            for v in range(self.vectors):
                self.prefetch(self.ahead(b, j * tile.b_step + tile.ahead + v * self.lanes))
        results = []
        for offset, row in zip(tile.rows, sums, strict=True):
            if offset is None:  # 1·r + s, and no register for the 1
                sums_now = [self.b.fadd(r, s) for r, s in zip(right, row, strict=True)]
            else:
                left = self._left(a, offset + j * tile.a_step)
                sums_now = [self.fma(x, r, s) for x, r, s in zip(left, right, row, strict=True)]
            results.append(
                [self.only(some, v, *pair) for v, pair in enumerate(zip(sums_now, row, strict=True))]
            )
        return results

    def _left(self, a: Any, offset: int) -> list[Any]:
        """What a row's vectors are multiplied with: one number of A, or as many as they have columns."""
        if self.tile.depthwise:
            return [self.load(a, offset, v) for v in range(self.vectors)]
        return [self.broadcast(self.b.load(self.ahead(a, offset)))] * self.vectors
