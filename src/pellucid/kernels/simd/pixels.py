"""Pixels become floats (`Widen`), and sums of floats pixels (`Ending`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import I8, I32, Emitter, Registers, int64
from pellucid.kernels.simd.target import vector_lanes

# What pixels are in memory: unsigned integers or floats.
Pixel = Literal["u8", "u16", "f32", "f64"]


@dataclass(frozen=True)
class Widen:
    """out = a row of pixels as floats: some by their places, then neighbours, then some by their places again.

    A: the row. taps: how many by place at the left, how many neighbours and by place at the right; the first
    neighbour's place; the places, where −1 stands for 0.
    """

    bits: int
    pixel: Pixel

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return f"widen_{self.pixel}_{self.bits}"

    def emit(self) -> ir.Module:
        """Neighbours a vector at a time, all else one by one."""
        e = Emitter(self.symbol, self.bits, vector_lanes(self.bits))
        a, _, out, _, taps, _ = e.function.args
        a = e.b.bitcast(a, memory(self.pixel).as_pointer())
        left, middle, right, first = (e.b.load(e.ahead(taps, i)) for i in range(4))
        vectors = e.b.sdiv(middle, int64(e.lanes))
        done = e.b.mul(vectors, int64(e.lanes))

        def by_place(places: Any, to: Any) -> Any:
            def pixel(i: Any, _: Registers) -> Registers:
                place = e.b.load(e.ahead(places, i))
                outside = e.b.icmp_signed("<", place, int64(0))
                number = e.b.load(e.ahead(a, e.b.select(outside, int64(0), place)), align=1)
                value = _float(e, number, e.element)
                e.b.store(e.b.select(outside, ir.Constant(e.element, 0.0), value), e.ahead(to, i))
                return []

            return pixel

        def vector(i: Any, _: Registers) -> Registers:
            at = e.b.mul(i, int64(e.lanes))
            e.store(_float(e, e.load(e.ahead(source, at), 0, 0), e.vector), e.ahead(middle_out, at), 0, 0)
            return []

        def rest(i: Any, _: Registers) -> Registers:
            at = e.b.add(done, i)
            number = e.b.load(e.ahead(source, at), align=1)
            e.b.store(_float(e, number, e.element), e.ahead(middle_out, at))
            return []

        source, middle_out = e.ahead(a, first), e.ahead(out, left)
        places = e.ahead(taps, 4)
        right_out = e.ahead(middle_out, middle)
        loops = (
            (left, by_place(places, out)),
            (vectors, vector),
            (e.b.sub(middle, done), rest),
            (right, by_place(e.ahead(places, left), right_out)),
        )
        for count, body in loops:
            with e.b.if_then(e.b.icmp_signed(">", count, int64(0))):
                e.loop(count, [], body)
        e.b.ret_void()
        return e.module


# What a table of weights begins with: where integers are cut off; a number so large that adding it rounds to whole
# numbers; how far from a whole number a sum is beyond doubt.
NUMBERS = ("low", "high", "large", "limit")


class Ending:
    """What happens to a vector of sums last: it becomes pixels."""

    def __init__(self, e: Emitter, numbers: Any, pixel: Pixel) -> None:
        self.e, self.pixel = e, pixel
        self.low, self.high, self.large, self.limit = (
            e.broadcast(e.b.load(e.ahead(numbers, i))) for i in range(len(NUMBERS))
        )

    def __call__(self, value: Any, to: Any, v: int) -> Any:
        """Store vector `v`; returns how far integers' sums are from whole numbers."""
        e, b = self.e, self.e.b
        element = memory(self.pixel)
        if not isinstance(element, ir.IntType):
            narrow = ir.VectorType(element, e.lanes)
            e.store(value if value.type == narrow else b.fptrunc(value, narrow), to, 0, v)
            return None
        value = b.select(b.fcmp_ordered(">", value, self.low), value, self.low)
        value = b.select(b.fcmp_ordered("<", value, self.high), value, self.high)
        rounded = b.fadd(value, self.large)  # its lowest bits are the whole number
        bits = 32 if value.type.element == ir.FloatType() else 64
        whole = b.bitcast(rounded, ir.VectorType(ir.IntType(bits), e.lanes))
        e.store(e.resized(whole, element.width), to, 0, v)
        return e.elementwise("fabs", b.fsub(value, b.fsub(rounded, self.large)))

    def doubts(self, away: Any) -> Any:
        """Whether any number of a vector lies beyond the limit."""
        lanes = self.e.b.fcmp_ordered(">", away, self.limit)
        kind = ir.FunctionType(ir.IntType(1), [lanes.type])
        return self.e.b.call(self.e.intrinsic(f"llvm.vector.reduce.or.v{self.e.lanes}i1", kind), [lanes])


def memory(pixel: Pixel) -> Any:
    """A pixel's type in memory."""
    kinds = {"u8": I8, "u16": ir.IntType(16), "f32": ir.FloatType(), "f64": ir.DoubleType()}
    return kinds[pixel]


def _float(e: Emitter, value: Any, kind: Any) -> Any:
    """Pixels, one or a vector, as the floats that are computed with."""
    element = getattr(value.type, "element", value.type)
    if isinstance(element, ir.IntType):
        wide = ir.IntType(32) if kind is e.element else ir.VectorType(I32, e.lanes)
        return e.b.sitofp(e.b.zext(value, wide), kind)
    return value if value.type == kind else e.b.fpext(value, kind)
