"""Max pooling, one run of positions along a row at a time, all channels side by side.

Both walk the same way as a tile: `A` is the tensor that is read, `B` the routes, `taps` what each position reads.
Routes are unsigned integers of `route_bits` bits, enough for the number of any kernel position, one for each output
element and laid out like it, without halo. Positions of a run have the same taps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import I32, Emitter, Registers, int64


@dataclass(frozen=True)
class Window:
    """out = the largest A of the taps, B = the tap it came from: the first of equals, the last of NaNs.

    A tap is (offset in A, number of the kernel position). `channels` are done by this code; `positions` follow one
    another, `stride` positions of A apart. Pixels of A, out and B are `pixels` apart.
    """

    bits: int
    route_bits: int
    channels: int
    pixels: tuple[int, int, int]
    stride: int
    positions: int

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        sizes = (self.bits, self.route_bits, self.channels, *self.pixels, self.stride, self.positions)
        return "window_" + "_".join(map(str, sizes))

    def emit(self) -> ir.Module:
        """For each position: the first tap, then every other that is larger."""
        e = Emitter(self.symbol, self.bits, self.channels)
        a, routes, out, _, taps, count = e.function.args
        read, written, route = self.pixels
        routes = e.b.bitcast(routes, ir.IntType(self.route_bits).as_pointer())

        def tap(t: Any, here: Any) -> tuple[Any, Any]:
            at = e.ahead(taps, e.b.shl(t, int64(1)))
            number = e.broadcast(e.b.trunc(e.b.load(e.ahead(at, 1)), I32))
            return e.ahead(here, e.b.load(at)), number

        def position(i: Any, _: Registers) -> Registers:
            here = e.ahead(a, e.b.mul(i, int64(self.stride * read)))
            first, number = tap(int64(0), here)
            best = [[e.load(first, 0, v) for v in range(e.vectors)], [number] * e.vectors]

            def compare(t: Any, state: Registers) -> Registers:
                source, number = tap(t, here)
                values, winners = [], []
                for v, (value, winner) in enumerate(zip(*state, strict=True)):
                    new = e.load(source, 0, v)
                    greater, is_nan = e.b.fcmp_ordered(">", new, value), e.b.fcmp_unordered("uno", new, new)
                    wins = e.b.or_(greater, is_nan)
                    values.append(e.b.select(wins, new, value))
                    winners.append(e.b.select(wins, number, winner))
                return [values, winners]

            best = e.loop(count, best, compare)
            to, along = e.b.mul(i, int64(written)), e.b.mul(i, int64(route))
            for v in range(e.vectors):
                e.store(best[0][v], e.ahead(out, to), 0, v)
                e.store(e.resized(best[1][v], self.route_bits), e.ahead(routes, along), 0, v)
            return []

        e.loop(int64(self.positions), [], position)
        e.b.ret_void()
        return e.module


@dataclass(frozen=True)
class Route:
    """out = start + the numbers of A whose route is the tap, taps in order: the gradient of max pooling.

    A tap is two rows: (offset in A, offset in B), (number of the kernel position, 0). Positions of a run are `step`
    positions of out apart and read neighbours in A and B. `start` is what the sums begin with, or the output of a
    ReLU that masks them, or nothing. Pixels of A, B, out and start are `pixels` apart.
    """

    bits: int
    route_bits: int
    channels: int
    pixels: tuple[int, int, int, int]
    step: int
    positions: int
    taps: int
    start: Literal["zero", "base", "mask"]

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        sizes = (
            self.bits,
            self.route_bits,
            self.channels,
            *self.pixels,
            self.step,
            self.positions,
            self.taps,
        )
        return f"route_{'_'.join(map(str, sizes))}_{self.start}"

    def emit(self) -> ir.Module:
        """For each position: the start, then one selection for each tap."""
        e = Emitter(self.symbol, self.bits, self.channels)
        a, routes, out, start, taps, _ = e.function.args
        routes = e.b.bitcast(routes, ir.IntType(self.route_bits).as_pointer())

        def position(i: Any, _: Registers) -> Registers:
            along, beside = (e.b.mul(i, int64(pixel)) for pixel in self.pixels[:2])
            to, at_start = (e.b.mul(i, int64(self.step * pixel)) for pixel in self.pixels[2:])
            begin = e.ahead(start, at_start)
            first = [e.load(begin, 0, v) if self.start == "base" else e.zero for v in range(e.vectors)]

            def add(t: Any, state: Registers) -> Registers:
                at = e.ahead(taps, e.b.shl(t, int64(2)))
                source = e.ahead(a, e.b.add(e.b.load(at), along))
                route = e.ahead(routes, e.b.add(e.b.load(e.ahead(at, 1)), beside))
                number = e.broadcast(e.b.trunc(e.b.load(e.ahead(at, 2)), I32))
                sums = []
                for v, so_far in enumerate(state[0]):
                    here = e.b.icmp_signed("==", e.resized(e.load(route, 0, v), 32), number)
                    sums.append(e.b.select(here, e.b.fadd(so_far, e.load(source, 0, v)), so_far))
                return [sums]

            sums = e.loop(int64(self.taps), [first], add) if self.taps else [first]
            for v, value in enumerate(sums[0]):
                masked = e.mask(e.load(begin, 0, v), value) if self.start == "mask" else value
                e.store(masked, e.ahead(out, to), 0, v)
            return []

        e.loop(int64(self.positions), [], position)
        e.b.ret_void()
        return e.module
