"""Filters for images: windows of weights that slide over rows of floats.

The code knows no kernel's size: it reads it from its tables, as it does the weights. Numbers of all colours lie side by
side, and a step from pixel to pixel is as many numbers as there are colours.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import reduce
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.emit import I32, I64, Emitter, Registers, int64
from pellucid.kernels.simd.pixels import NUMBERS, Ending, Pixel, memory
from pellucid.kernels.simd.target import target, vector_lanes

ROWS = 4  # a stencil computes so many rows at a time at most, and uses what it has loaded for all of them


def stencil_vectors(sums: int = 1) -> int:
    """How many vectors wide a stencil is: half of all registers hold its sums."""
    return target().registers // (2 * ROWS * sums)


@dataclass(frozen=True)
class Stencil:
    """out[r][i] = Σ_{y<Kh} Σ_{x<Kw} A[r + y][i + x·step]·weight[y][x] for r < rows, y then x ascending.

    Of two kernels (`sums`), √(first² + second²). Integers are rounded to the nearest, halves to even, and cut off.
    Where `redo` is set, a vector with a sum so near to a half that rounding errors could decide is summed again in
    float64.

    B: the `NUMBERS` of pixels.py, then the weights, kernel after kernel. start: what is summed again. taps: numbers
    from row to row in A and in out, Kh, Kw, step; for summing again numbers from row to row in start, Kh, Kw and the
    address of a B in float64. count: how often `columns` numbers, one after the other.
    """

    bits: int
    rows: int
    sums: int
    pixel: Pixel
    redo: bool = False

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return "stencil_" + "_".join(map(str, astuple(self)))

    @property
    def columns(self) -> int:
        """How many numbers side by side are computed at once."""
        return stencil_vectors(self.sums) * vector_lanes(self.bits)

    def emit(self) -> ir.Module:
        """One tile of sums after the other, then its pixels."""
        e = Emitter(self.symbol, self.bits, self.columns)
        a, b, out, start, taps, count = e.function.args
        out = e.b.bitcast(out, memory(self.pixel).as_pointer())
        out_step = e.b.load(e.ahead(taps, 1))
        ending = Ending(e, b, self.pixel)

        def tile(i: Any, _: Registers) -> Registers:
            along = e.b.mul(i, int64(self.columns))
            to, away = e.ahead(out, along), []
            for r, line in enumerate(self._sums(e, e.ahead(a, along))):
                row = e.ahead(to, e.b.mul(out_step, int64(r)))
                away += [ending(value, row, v) for v, value in enumerate(line)]
            if self.redo:
                farthest = reduce(lambda x, y: e.b.select(e.b.fcmp_ordered(">", x, y), x, y), away)
                with e.b.if_then(ending.doubts(farthest), likely=False):
                    bits = [e.b.zext(ending.doubts(distance), I32) for distance in away]
                    placed = [e.b.shl(bit, ir.Constant(I32, place)) for place, bit in enumerate(bits)]
                    self._redo(e, reduce(e.b.or_, placed), e.ahead(start, along), to)
            return []

        e.loop(count, [], tile)
        e.b.ret_void()
        return e.module

    def _sums(self, e: Emitter, here: Any) -> Registers:
        """Rows of A top down: the first ones meet only the first results, the last ones only the last."""
        _, b, _, _, taps, _ = e.function.args
        a_step, _, height, width, step = (e.b.load(e.ahead(taps, i)) for i in range(5))
        weights, kernel = e.ahead(b, len(NUMBERS)), e.b.mul(height, width)

        def meet(y: Any, active: range, state: Registers) -> Registers:
            """One row of A, which is row y − r of the kernels for each active result r."""
            row = e.ahead(here, e.b.mul(y, a_step))
            lines = [
                e.ahead(weights, e.b.add(e.b.mul(kernel, int64(s)), e.b.mul(e.b.sub(y, int64(r)), width)))
                for s in range(self.sums)
                for r in active
            ]

            def along(x: Any, sums: Registers) -> Registers:
                at = e.ahead(row, e.b.mul(x, step))
                loaded = [e.load(at, 0, v) for v in range(e.vectors)]
                factors = [e.broadcast(e.b.load(e.ahead(line, x))) for line in lines]
                return [
                    [self._product(e, value, weight, sum) for value, sum in zip(loaded, line, strict=True)]
                    for weight, line in zip(factors, sums, strict=True)
                ]

            chosen = [s * self.rows + r for s in range(self.sums) for r in active]
            found = e.loop(width, [state[i] for i in chosen], along)
            changed = dict(zip(chosen, found, strict=True))
            return [changed.get(i, line) for i, line in enumerate(state)]

        state, last = [[e.zero] * e.vectors for _ in range(self.sums * self.rows)], self.rows - 1
        for y in range(last):
            state = meet(int64(y), range(y + 1), state)
        whole = e.b.sub(height, int64(last))
        state = e.loop(whole, state, lambda j, sums: meet(e.b.add(j, int64(last)), range(self.rows), sums))
        for r in range(last):
            state = meet(e.b.add(height, int64(r)), range(r + 1, self.rows), state)
        if self.sums == 1:
            return state
        exact = self.pixel[0] == "u"
        pairs = zip(state[: self.rows], state[self.rows :], strict=True)
        return [[_magnitude(e, x, y, exact=exact) for x, y in zip(*pair, strict=True)] for pair in pairs]

    def _product(self, e: Emitter, value: Any, weight: Any, so_far: Any) -> Any:
        """One more product in a sum; a weight of 0 leaves out its pixel, even an infinite one."""
        total = e.fma(value, weight, so_far)
        if self.pixel[0] == "u":
            return total
        return e.b.select(e.b.fcmp_unordered("!=", weight, e.zero), total, so_far)

    def _redo(self, e: Emitter, doubtful: Any, start: Any, to: Any) -> None:
        """Sum vectors again, those whose bit is set."""
        taps = e.function.args[4]
        out_step, step = (e.b.load(e.ahead(taps, i)) for i in (1, 4))
        a_step, height, width, address = (e.b.load(e.ahead(taps, i)) for i in range(5, 9))
        double = ir.DoubleType()
        b = e.b.inttoptr(address, double.as_pointer())
        ending = Ending(e, b, self.pixel)
        weights = e.ahead(b, len(NUMBERS))
        vector = ir.VectorType(double, e.lanes)

        def again(_: Any, state: Registers) -> Registers:
            left = state[0][0]
            place = e.b.zext(_count(e, "cttz", left, ir.Constant(ir.IntType(1), 0)), I64)
            r, v = e.b.udiv(place, int64(e.vectors)), e.b.urem(place, int64(e.vectors))
            along = e.b.mul(v, int64(e.lanes))
            here = e.ahead(start, e.b.add(e.b.mul(r, a_step), along))

            def row(y: Any, sums: Registers) -> Registers:
                line, of_row = e.ahead(here, e.b.mul(y, a_step)), e.ahead(weights, e.b.mul(y, width))

                def product(x: Any, sums: Registers) -> Registers:
                    value = e.wide(e.load(e.ahead(line, e.b.mul(x, step)), 0, 0))
                    weight = e.broadcast(e.b.load(e.ahead(of_row, x)))
                    return [[e.fma(value, weight, sums[0][0])]]

                return e.loop(width, sums, product)

            zero = ir.Constant(vector, [0.0] * e.lanes)
            ((total,),) = e.loop(height, [[zero]], row)
            ending(total, e.ahead(to, e.b.add(e.b.mul(r, out_step), along)), 0)
            return [[e.b.and_(left, e.b.sub(left, ir.Constant(I32, 1)))]]

        e.loop(e.b.zext(_count(e, "ctpop", doubtful), I64), [[doubtful]], again)


def _magnitude(e: Emitter, x: Any, y: Any, *, exact: bool) -> Any:
    """√(x² + y²); where squares could leave the range of floats, from the quotient of the two."""
    if exact:
        return e.elementwise("sqrt", e.fma(x, x, e.b.fmul(y, y)))
    x, y = e.elementwise("fabs", x), e.elementwise("fabs", y)
    larger = e.b.fcmp_ordered(">", x, y)
    most, least = e.b.select(larger, x, y), e.b.select(larger, y, x)
    quotient = e.b.fdiv(least, most)
    found = e.b.fmul(most, e.elementwise("sqrt", e.fma(quotient, quotient, e.constant(1))))
    ends = e.b.or_(
        e.b.fcmp_ordered("==", most, e.zero), e.b.fcmp_ordered("==", most, e.constant(float("inf")))
    )
    return e.b.select(ends, most, found)


def _count(e: Emitter, name: str, bits: Any, *more: Any) -> Any:
    """Of 32 bits those that are set, or the zeros below the first that is."""
    kind = ir.FunctionType(I32, [I32, *(argument.type for argument in more)])
    return e.b.call(e.intrinsic(f"llvm.{name}.i32", kind), [bits, *more])
