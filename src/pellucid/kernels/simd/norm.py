"""Batch normalisation's loops along a row of pixels: `columns` numbers at a step, of which each has its own lane.

A, B, out and start are tensors, taps is a table: row by row what the loops need of each of `lanes` lanes, or what they
sum there, which are float64; `columns` of them are done by this code. `count` steps follow one another, in
each tensor so many numbers apart as `steps` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.emit import Emitter, Load, Registers, int64

_AHEAD = 512  # numbers between what is written and what is brought into the cache


@dataclass(frozen=True)
class _Loop:
    bits: int
    columns: int
    steps: tuple[int, int, int, int]
    lanes: int

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        bits, columns, steps, *others = astuple(self)
        return "_".join(map(str, (type(self).__name__.lower(), *map(int, (bits, columns, *steps, *others)))))


@dataclass(frozen=True)
class Moments(_Loop):
    """Table: centre, first += Σ (A − centre), second += Σ (A − centre)²."""

    def emit(self) -> ir.Module:
        """Sums in registers."""
        e = _Steps(self)

        def sums(v: int, tensors: list[Any], centre: Any, first: Any, second: Any) -> tuple[Any, Any]:
            value = e.b.fsub(e.wide(e.load(tensors[0], 0, v)), centre)
            return e.b.fadd(first, value), e.fma(value, value, second)

        return e.sum(sums)


@dataclass(frozen=True)
class GradientSums(_Loop):
    """Table: centre, first += Σ g, second += Σ g·(B − centre), where g is A.

    With `mask`, g is 0 where start, the output of a ReLU, is 0, else A; and out = g.
    """

    mask: bool

    def emit(self) -> ir.Module:
        """Sums in registers."""
        e = _Steps(self)

        def sums(v: int, tensors: list[Any], centre: Any, first: Any, second: Any) -> tuple[Any, Any]:
            a, b, out, start = tensors
            gradient = e.load(a, 0, v)
            if self.mask:
                gradient = e.mask(e.load(start, 0, v), gradient)
                e.store(gradient, out, 0, v)
                e.claim(out, v)
            g, value = e.wide(gradient), e.b.fsub(e.wide(e.load(b, 0, v)), centre)
            return e.b.fadd(first, g), e.fma(g, value, second)

        return e.sum(sums)


@dataclass(frozen=True)
class Normalise(_Loop):
    """Table: mean, scale, bias. out = (A − mean)·scale + bias; then `add` B; then `relu`."""

    add: bool
    relu: bool

    def emit(self) -> ir.Module:
        """One pass."""
        e = _Steps(self)
        table = [e.row(i) for i in range(3)]

        def step(tensors: list[Any], _: Registers) -> Registers:
            a, b, out, _ = tensors
            for v in range(e.vectors):
                y = normalised(e, e.load(a, 0, v), [row[v] for row in table])
                y = e.b.fadd(y, e.load(b, 0, v)) if self.add else y
                e.store(e.relu(y) if self.relu else y, out, 0, v)
                e.claim(out, v)
            return []

        e.steps([], step)
        return e.finish()


def normalised(e: Emitter, x: Any, channel: Sequence[Any]) -> Any:
    """One vector: (x − mean)·scale + bias."""
    mean, scale, bias = channel
    return e.fma(e.b.fsub(x, mean), scale, bias)


@dataclass(frozen=True)
class NormalGradient(_Loop):
    """Table: mean, slope, scale, shift. out = (B − mean)·slope + (A·scale + shift); then `base`: start, is added."""

    base: bool

    def emit(self) -> ir.Module:
        """One pass."""
        e = _Steps(self)
        table = [e.row(i) for i in range(4)]

        def step(tensors: list[Any], _: Registers) -> Registers:
            a, b, out, start = tensors
            for v in range(e.vectors):
                gradient = normal_gradient(e, e.load(a, 0, v), e.load(b, 0, v), [row[v] for row in table])
                e.store(e.b.fadd(e.load(start, 0, v), gradient) if self.base else gradient, out, 0, v)
                e.claim(out, v)
            return []

        e.steps([], step)
        return e.finish()


@dataclass(frozen=True)
class NormalLoad:
    """A transform's tile that is the gradient of a batch norm's input: A is that of its output, B the input.

    `start` has the table of `NormalGradient`. Positions that are not `inside` are 0.
    """

    steps: tuple[int, int]  # from row to row and from column to column in B
    next_tile: int
    lanes: int
    inside: tuple[range, range]  # the rows and the columns of a tile that lie in the image

    def load(self, e: Emitter, a: Load, b: Any, table: Any, v: int) -> Load:
        """What reads position (i,j), where `a` reads A."""
        channel = [e.load(table, row * self.lanes, v) for row in range(4)]

        def position(i: int, j: int) -> Any:
            if i not in self.inside[0] or j not in self.inside[1]:
                return e.zero
            return normal_gradient(e, a(i, j), e.load(b, i * self.steps[0] + j * self.steps[1], v), channel)

        return position


def normal_gradient(e: Emitter, g: Any, x: Any, channel: Sequence[Any]) -> Any:
    """One vector of the gradient of the input x: (x − mean)·slope + (g·scale + shift)."""
    mean, slope, scale, shift = channel
    return e.fma(e.b.fsub(x, mean), slope, e.fma(g, scale, shift))


# Of vector v: the tensors, its centre and its two sums so far → its two sums.
_Sums = Callable[[int, list[Any], Any, Any, Any], tuple[Any, Any]]


class _Steps(Emitter):
    """Writes one loop."""

    def __init__(self, code: _Loop) -> None:
        super().__init__(code.symbol, code.bits, code.columns)
        self.code = code
        *self.tensors, table, self.count = self.function.args
        self.table = self.b.bitcast(table, self.element.as_pointer())

    def row(self, i: int) -> list[Any]:
        """Row `i` of the table."""
        return [self.load(self.table, i * self.code.lanes, v) for v in range(self.vectors)]

    def steps(self, state: Registers, body: Callable[[list[Any], Registers], Registers]) -> Registers:
        """Run `body(tensors, state)` for each step, with the tensors as they lie there."""

        def step(t: Any, inner: Registers) -> Registers:
            at = [self.b.mul(t, int64(step)) for step in self.code.steps]
            return body([self.ahead(*place) for place in zip(self.tensors, at, strict=True)], inner)

        return self.loop(self.count, state, step)

    def claim(self, out: Any, v: int) -> None:
        """Bring to the cache what will soon be written: stores alone would wait for one line after the other."""
        self.prefetch(self.ahead(out, _AHEAD + v * self.lanes), write=True)

    def sum(self, add: _Sums) -> ir.Module:
        """The whole function of a loop that adds to two rows of the table, around the first one."""
        self.table = self.b.bitcast(self.table, ir.DoubleType().as_pointer())
        centre = self.row(0)

        def step(tensors: list[Any], sums: Registers) -> Registers:
            pairs = [add(v, tensors, centre[v], sums[0][v], sums[1][v]) for v in range(self.vectors)]
            return [[first for first, _ in pairs], [second for _, second in pairs]]

        for i, sums in enumerate(self.steps([self.row(1), self.row(2)], step)):
            for v, value in enumerate(sums):
                self.store(value, self.table, (i + 1) * self.code.lanes, v)
        return self.finish()

    def finish(self) -> ir.Module:
        """The end of the function."""
        self.b.ret_void()
        return self.module
