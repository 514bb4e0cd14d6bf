"""Average pooling, one run of positions along a row at a time, all channels side by side."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.emit import Emitter, Registers, int64


@dataclass(frozen=True)
class Average:
    """out = (Σ A of the taps) / divisor; or `shares`: out = Σ A, which is float64; then `base`: start is added.

    In float64, rounded once. A tap is (offset in A, divisor), and the divisor is that of the first tap. `channels` are
    done by this code, of which a position has `pixel`; `positions` follow one another, `step` positions of A and
    `out_step` of out and start apart. Where `taps` is false no tap reaches the positions.
    """

    bits: int
    channels: int
    pixel: int
    positions: int
    step: int
    out_step: int
    shares: bool
    base: bool
    taps: bool

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return "_".join(map(str, ("average", *map(int, astuple(self)))))

    def emit(self) -> ir.Module:
        """For each position: the sum over taps, from 0."""
        e = Emitter(self.symbol, self.bits, self.channels)
        a, _, out, start, taps, count = e.function.args
        double = ir.VectorType(ir.DoubleType(), e.lanes)
        source = e.b.bitcast(a, ir.DoubleType().as_pointer()) if self.shares else a

        def position(i: Any, _: Registers) -> Registers:
            here = e.ahead(source, e.b.mul(i, int64(self.step * self.pixel)))

            def add(t: Any, state: Registers) -> Registers:
                tap = e.ahead(here, e.b.load(e.ahead(taps, e.b.shl(t, int64(1)))))
                values = [e.load(tap, 0, v) for v in range(e.vectors)]
                terms = values if self.shares else [e.wide(value) for value in values]
                return [[e.b.fadd(total, term) for total, term in zip(state[0], terms, strict=True)]]

            sums = [[ir.Constant(double, [0.0] * e.lanes)] * e.vectors]
            sums = e.loop(count, sums, add) if self.taps else sums
            divisor = e.broadcast(e.b.sitofp(e.b.load(e.ahead(taps, 1)), ir.DoubleType()))
            to = e.b.mul(i, int64(self.out_step * self.pixel))
            for v, total in enumerate(sums[0]):
                value = total if self.shares else e.b.fdiv(total, divisor)
                if self.base:
                    value = e.b.fadd(value, e.wide(e.load(e.ahead(start, to), 0, v)))
                e.store(e.narrow(value), e.ahead(out, to), 0, v)
            return []

        e.loop(int64(self.positions), [], position)
        e.b.ret_void()
        return e.module
