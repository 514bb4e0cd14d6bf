"""2×2 max pooling inside a transform: a tile of outputs leaves as its windows' largest, a tile of gradients is made
from the windows' gradients.

A route is one byte: the position in the window that won, 0 to 3 in row-major order, or `MASKED` where nothing goes back
because the mask of the ReLU before the pooling is 0 there (its output, the window's largest, is 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import I8, Emitter, Load, Registers, int64

MASKED = 255


@dataclass(frozen=True)
class Routes:
    """Where a transform finds or leaves the routes: they lie at B. Steps count routes."""

    steps: tuple[int, int]  # from row to row and from column to column
    next_tile: int
    origin: tuple[int, int] = (0, 0)  # where in its window the first position of a tile of gradients is
    masked: bool = False  # whether a ReLU comes before the pooling


def pooled(e: Emitter, window: list[Any], masked: bool) -> tuple[Any, Any]:
    """The largest of four vectors and its route: the first of equals, the last of NaNs."""
    best, route = window[0], route_vector(e, 0)
    for k, value in enumerate(window[1:], 1):
        wins = e.b.or_(e.b.fcmp_ordered(">", value, best), e.b.fcmp_unordered("uno", value, value))
        best, route = e.b.select(wins, value, best), e.b.select(wins, route_vector(e, k), route)
    if masked:
        route = e.b.select(e.b.fcmp_unordered(">", best, e.zero), route, route_vector(e, MASKED))
    return best, route


def unpooled(e: Emitter, gradient: Load, route: Load, origin: tuple[int, int]) -> Load:
    """Position (i,j) of a tile of gradients: its window's where it won, else 0. Windows are loaded once."""
    windows: dict[tuple[int, int], tuple[Any, Any]] = {}

    def position(i: int, j: int) -> Any:
        (y, ky), (x, kx) = divmod(i + origin[0], 2), divmod(j + origin[1], 2)
        if (y, x) not in windows:  # 0 + g, as pooling's gradient by itself sums: no negative zeros
            windows[y, x] = e.b.fadd(e.zero, gradient(y, x)), route(y, x)
        value, winner = windows[y, x]
        return e.b.select(e.b.icmp_unsigned("==", winner, route_vector(e, 2 * ky + kx)), value, e.zero)

    return position


def route_vector(e: Emitter, route: int) -> Any:
    """One route in every lane."""
    return ir.Constant(ir.VectorType(I8, e.lanes), [route] * e.lanes)


@dataclass(frozen=True)
class UnpooledSum:
    """out = start + Σ of the gradients that 2×2 pooling gives back, row by row of the unpooled image.

    A is the pooled gradient, B the routes, `count` the pooled rows; for a bias gradient, a position after the other.
    """

    bits: int
    channels: int
    width: int  # pooled positions in a row
    steps: tuple[int, int]  # of A: from row to row and from column to column
    route_steps: tuple[int, int]
    start: Literal["zero", "out"]

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        sizes = (self.bits, self.channels, self.width, *self.steps, *self.route_steps, self.start)
        return "unpooled_sum_" + "_".join(map(str, sizes))

    def emit(self) -> ir.Module:
        """For each vector of channels: upper halves of a row of windows, then lower halves."""
        e = Emitter(self.symbol, self.bits, self.channels)
        a, b, out, _, _, count = e.function.args
        b = e.b.bitcast(b, I8.as_pointer())
        for v in range(e.vectors):

            def row(y: Any, sums: Registers, v: int = v) -> Registers:
                for half in (0, 1):

                    def position(x: Any, sums: Registers, half: int = half) -> Registers:
                        gradient = e.load(e.ahead(a, self._at(e, y, x, self.steps)), 0, v)
                        route = e.load(e.ahead(b, self._at(e, y, x, self.route_steps)), 0, v)
                        upper_or_lower = e.b.lshr(route, route_vector(e, 1))
                        here = e.b.icmp_unsigned("==", upper_or_lower, route_vector(e, half))
                        return [[e.b.fadd(sums[0][0], e.b.select(here, gradient, e.zero))]]

                    sums = e.loop(int64(self.width), sums, position)
                return sums

            start = e.load(out, 0, v) if self.start == "out" else e.zero
            e.store(e.loop(count, [[start]], row)[0][0], out, 0, v)
        e.b.ret_void()
        return e.module

    def _at(self, e: Emitter, y: Any, x: Any, steps: tuple[int, int]) -> Any:
        return e.b.add(e.b.mul(y, int64(steps[0])), e.b.mul(x, int64(steps[1])))
