"""Winograd's transforms: out = M·X·Nᵀ for every channel of a tile, channels side by side in vectors.

The matrices are in `winograd.py` of the package. They are applied as whole numbers, and then every element is divided
once, by what its rows of both are divided by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import I8, Emitter, Load, Registers, int64, symbol_of
from pellucid.kernels.simd.norm import NormalLoad, normalised
from pellucid.kernels.simd.pooled import Routes, pooled, unpooled
from pellucid.winograd import MATRICES, Kind, Matrix, divisors


@dataclass(frozen=True)
class Transform:
    """out = M·A·Nᵀ, `count` times; steps count elements.

    To a result is added what `start` holds (a bias of each channel, a base of each element) or what `out` held before,
    or it is normalised, with mean, scale and bias of each channel in `start`; or it completes a tree of sums over a
    batch: it is added to those that are `waiting` in `start`, the last one first. Then B may be added, or be the output
    of a ReLU that masks it. With `moments`, B has three rows of float64, so far apart: of every channel a centre, the
    sum of the results' distances from it and of their squares. When they are `new`, a tile's first result is the
    centre.
    """

    bits: int
    kinds: tuple[Kind, Kind]  # M and N
    channels: int
    steps: tuple[int, int]  # from row to row and from column to column of a tile in A
    out_steps: tuple[int, int]
    # From one tile to the next in A, out and start; out is pooled where routes say so.
    next_tile: tuple[int, int, int]
    stored: tuple[int, int] | None = None  # rows and columns of the results beyond these are left out
    start: Literal["nothing", "bias", "base", "out", "norm", "waiting"] = "nothing"
    start_steps: tuple[int, int] = (0, 0)  # with "norm" the first is from mean to scale to bias
    mask_steps: tuple[int, int] | None = None
    add_steps: tuple[int, int] | None = None
    relu: bool = False
    routes: Routes | None = None  # outputs leave pooled, or grad_output comes from behind a pooling
    normal: NormalLoad | None = None  # or from behind a batch norm
    moments: int = 0
    new: bool = False
    waiting: tuple[int, int] = (0, 0)  # how many, and how far apart

    @property
    def pools(self) -> bool:
        """Whether its results leave pooled."""
        return self.routes is not None and self.kinds[0].startswith("output")

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("winograd", self)

    def emit(self) -> ir.Module:
        """Tile by tile: a loop over full vectors of channels, then the rest."""
        e = Emitter(self.symbol, self.bits, self.channels)
        a, b, out, start, _, count = e.function.args
        if self.routes:
            b = e.b.bitcast(b, I8.as_pointer())
        if self.moments:
            b = e.b.bitcast(b, ir.DoubleType().as_pointer())
        full = self.channels // e.lanes

        def tile(t: Any, _: Registers) -> Registers:
            steps = (*self.next_tile, self._next_beside)
            pointers = zip((a, out, start, b), steps, strict=True)
            here = [e.ahead(pointer, e.b.mul(t, int64(step))) for pointer, step in pointers]

            def vector(i: Any, _: Registers) -> Registers:
                at = e.b.mul(i, int64(e.lanes))
                self._vector(e, [e.ahead(pointer, at) for pointer in here], 0)
                return []

            if full:
                e.loop(int64(full), [], vector)
            if self.channels % e.lanes:
                self._vector(e, here, full)
            return []

        e.loop(count, [], tile)
        e.b.ret_void()
        return e.module

    @property
    def _next_beside(self) -> int:
        """From one tile to the next in B."""
        steps = self.mask_steps or self.add_steps
        if steps:
            return len(MATRICES[self.kinds[1]]) * steps[1]
        beside = self.routes or self.normal
        return beside.next_tile if beside else 0

    def _vector(self, e: Emitter, pointers: Sequence[Any], v: int) -> None:
        """One vector of channels: columns first, then rows."""
        a, out, start, b = pointers
        (m, n), load = (MATRICES[kind] for kind in self.kinds), self._load(e, a, b, start, v)
        rows, columns = self.stored or (len(m), len(n))
        channel = [e.load(start, i * self.start_steps[0], v) for i in range(3) if self.start == "norm"]
        halves = [combine(e, m, [load(i, j) for i in range(len(m[0]))]) for j in range(len(n[0]))]
        results = []
        for i in range(min(len(m), rows)):
            row = combine(e, n, [half[i] for half in halves])[:columns]
            others = (out, channel or start, b)
            results.append([self._finished(e, value, others, (i, j), v) for j, value in enumerate(row)])
            if not self.pools:
                for j, value in enumerate(results[i]):
                    e.store(value, out, i * self.out_steps[0] + j * self.out_steps[1], v)
            elif i % 2:
                self._store_pooled(e, results[i - 1 : i + 1], i // 2, out, b, v)
        if self.moments:
            self._add_moments(e, [value for row in results for value in row], b, v)

    def _add_moments(self, e: Emitter, values: list[Any], b: Any, v: int) -> None:
        """Both sums over a tile's results, one after the other; then to those of the tiles before."""
        centre = e.wide(values[0]) if self.new else e.load(b, 0, v)
        first = second = e.wide(e.zero)
        for value in map(e.wide, values):
            apart = e.b.fsub(value, centre)
            first, second = e.b.fadd(first, apart), e.fma(apart, apart, second)
        totals = [first, second]
        if self.new:
            e.store(centre, b, 0, v)
        else:
            totals = [e.b.fadd(e.load(b, i * self.moments, v), sum_) for i, sum_ in enumerate(totals, 1)]
        for i, total in enumerate(totals, 1):
            e.store(total, b, i * self.moments, v)

    def _load(self, e: Emitter, a: Any, b: Any, start: Any, v: int) -> Load:
        """What reads position (i,j) of a tile."""

        def load(i: int, j: int) -> Any:
            return e.load(a, i * self.steps[0] + j * self.steps[1], v)

        if self.normal:
            return self.normal.load(e, load, b, start, v)
        if self.routes is None or self.pools:
            return load
        y, x = self.routes.steps
        return unpooled(e, load, lambda i, j: e.load(b, i * y + j * x, v), self.routes.origin)

    def _store_pooled(self, e: Emitter, rows: Registers, y: int, out: Any, b: Any, v: int) -> None:
        """Row `y` of windows, from two rows of results."""
        assert self.routes is not None
        for x in range(len(rows[0]) // 2):
            value, route = pooled(e, [rows[k // 2][2 * x + k % 2] for k in range(4)], self.routes.masked)
            e.store(value, out, y * self.out_steps[0] + x * self.out_steps[1], v)
            e.store(route, b, y * self.routes.steps[0] + x * self.routes.steps[1], v)

    def _finished(self, e: Emitter, value: Any, others: Sequence[Any], at: tuple[int, int], v: int) -> Any:
        """A result as it is stored."""

        def beside(pointer: Any, steps: tuple[int, int]) -> Any:
            return e.load(pointer, at[0] * steps[0] + at[1] * steps[1], v)

        out, start, b = others
        value = divided(e, value, self.kinds, at)
        if self.start == "out":
            value = e.b.fadd(value, beside(out, self.out_steps))
        elif self.start == "norm":
            value = normalised(e, value, start)
        elif self.start == "waiting":
            count, apart = self.waiting
            for i in reversed(range(count)):
                value = e.b.fadd(beside(e.ahead(start, i * apart), self.start_steps), value)
        elif self.start != "nothing":
            value = e.b.fadd(value, beside(start, self.start_steps))
        if self.mask_steps:
            value = e.mask(beside(b, self.mask_steps), value)
        if self.add_steps:
            value = e.b.fadd(value, beside(b, self.add_steps))
        return e.relu(value) if self.relu else value


def divided(e: Emitter, value: Any, kinds: tuple[Kind, Kind], at: tuple[int, int]) -> Any:
    """Result `at` of a transform, whole so far, divided by what its rows of both matrices are divided by."""
    divisor = divisors(kinds[0])[at[0]] * divisors(kinds[1])[at[1]]
    return value if divisor == 1 else e.b.fmul(value, e.constant(1 / divisor))


def combine(e: Emitter, matrix: Matrix, x: list[Any]) -> list[Any]:
    """M·x with few operations: ± pairs of columns become their sum and difference first, ± pairs of rows last."""
    rows = [list(row) for row in matrix]
    for i, j in _column_pairs(matrix):
        x = [*x, e.b.fadd(x[i], x[j]), e.b.fsub(x[i], x[j])]
        for row in rows:
            row += [row[i], 0] if row[i] == row[j] else [0, row[i]]
            row[i] = row[j] = 0
    results: dict[int, Any] = {}
    for i, j in _row_pairs(rows):
        even = _sum(e, [(p + q) // 2 for p, q in zip(rows[i], rows[j], strict=True)], x)
        odd = _sum(e, [(p - q) // 2 for p, q in zip(rows[i], rows[j], strict=True)], x)
        results[i], results[j] = e.b.fadd(even, odd), e.b.fsub(even, odd)
    return [results[i] if i in results else _sum(e, row, x) for i, row in enumerate(rows)]


def _sum(e: Emitter, row: list[int], x: list[Any]) -> Any:
    """Σ row[i]·x[i], terms with factor 1 first."""
    terms = sorted(((c, v) for c, v in zip(row, x, strict=True) if c), key=lambda term: term[0] != 1)
    factor, total = terms[0]
    if factor != 1:
        total = e.b.fmul(total, e.constant(factor))
    for factor, value in terms[1:]:
        if abs(factor) == 1:
            total = e.b.fadd(total, value) if factor == 1 else e.b.fsub(total, value)
        else:
            total = e.fma(value, e.constant(factor), total)
    return total


def _column_pairs(rows: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Neighbouring columns that differ in signs only, both ways round."""
    columns = list(zip(*rows, strict=True))
    return [(j, j + 1) for j, (x, y) in enumerate(pairwise(columns)) if _same_but_signs(x, y)]


def _row_pairs(rows: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Neighbouring rows that differ in signs only, both ways round."""
    return [(i, i + 1) for i, (x, y) in enumerate(pairwise(rows)) if _same_but_signs(x, y)]


def _same_but_signs(x: Sequence[int], y: Sequence[int]) -> bool:
    signs = {p * q > 0 for p, q in zip(x, y, strict=True) if p}
    return all(abs(p) == abs(q) for p, q in zip(x, y, strict=True)) and len(signs) == 2
