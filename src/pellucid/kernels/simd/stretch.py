"""Stretches of numbers side by side in memory, as float64 in registers: widened when read, rounded once when stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from llvmlite import ir

from pellucid.kernels.simd.emit import I64, Emitter, int64
from pellucid.kernels.simd.numbers import Numbers, Registers

I32 = ir.IntType(32)
Masks: TypeAlias = Sequence[Any] | None  # which lanes of each register are in use; None for all


_LINE = 512  # bits of a cache's line


class Stretch:
    """Numbers from a pointer on, of which a group of registers holds some at a time.

    `ahead` is how many numbers behind those that are read or written are brought into the cache; 0: none.
    """

    def __init__(self, e: Emitter, arithmetic: Registers, pointer: Any, ahead: int = 0) -> None:
        self.e, self.arithmetic, self.pointer, self.ahead = e, arithmetic, pointer, ahead

    def read(self, place: Any, masks: Masks = None) -> Numbers:
        """The numbers from a place on; 0 in lanes that are not in use."""
        found, double = self.read_narrow(place, masks).registers, self.arithmetic.kind(ir.DoubleType())
        return Numbers(self.arithmetic, [v if v.type == double else self.e.b.fpext(v, double) for v in found])

    def read_one(self) -> Numbers:
        """The first number, in every lane."""
        number, double = self.e.b.load(self.pointer, align=4), ir.DoubleType()
        wide = number if number.type == double else self.e.b.fpext(number, double)
        return Numbers(self.arithmetic, [splat(self.e, wide, self.arithmetic.lanes)] * self.arithmetic.group)

    def read_narrow(self, place: Any, masks: Masks = None) -> Numbers:
        """The same in the type that they have in memory."""
        lanes = masks or [None] * self.arithmetic.group
        return Numbers(self.arithmetic, [self._load(i, place, mask) for i, mask in enumerate(lanes)])

    def write(self, place: Any, numbers: Numbers, masks: Masks = None, base: Stretch | None = None) -> None:
        """Store numbers, each rounded, and then added to a base, if there is one."""
        kind = self._kind
        for i, value in enumerate(numbers.registers):
            mask = masks[i] if masks else None
            rounded = value if value.type == kind else self.e.b.fptrunc(value, kind)
            if base:
                rounded = self.e.b.fadd(rounded, base._load(i, place, mask))
            self._store(i, place, rounded, mask)

    @property
    def _kind(self) -> Any:
        return self.arithmetic.kind(self.pointer.type.pointee)

    @property
    def _bits(self) -> int:
        return 32 if self.pointer.type.pointee == ir.FloatType() else 64

    def _address(self, i: int, place: Any) -> Any:
        at = self.e.b.add(place, int64(i * self.arithmetic.lanes))
        return self.e.b.bitcast(self.e.ahead(self.pointer, at), self._kind.as_pointer())

    def _load(self, i: int, place: Any, mask: Any) -> Any:
        address, kind = self._address(i, place), self._kind
        self._prefetch(i, place, write=False)
        if mask is None:
            return self.e.b.load(address, align=4)
        type_ = ir.FunctionType(kind, [address.type, I32, mask.type, kind])
        zeros = ir.Constant(kind, [0.0] * kind.count)
        return self.e.b.call(self._masked("load", type_), [address, ir.Constant(I32, 4), mask, zeros])

    def _store(self, i: int, place: Any, value: Any, mask: Any) -> None:
        address = self._address(i, place)
        self._prefetch(i, place, write=True)
        if mask is None:
            self.e.b.store(value, address, align=4)
            return
        type_ = ir.FunctionType(ir.VoidType(), [value.type, address.type, I32, mask.type])
        self.e.b.call(self._masked("store", type_), [value, address, ir.Constant(I32, 4), mask])

    def _prefetch(self, i: int, place: Any, *, write: bool) -> None:
        """Once for each line of the cache."""
        first = i * self.arithmetic.lanes
        if self.ahead and first * self._bits % _LINE == 0:
            at = self.e.b.add(place, int64(first + self.ahead))
            self.e.prefetch(self.e.ahead(self.pointer, at), write=write, far=True)

    def _masked(self, name: str, type_: ir.FunctionType) -> Any:
        return self.e.intrinsic(f"llvm.masked.{name}.v{self._kind.count}f{self._bits}.p0", type_)


def first_lanes(e: Emitter, arithmetic: Registers, count: Any) -> list[Any]:
    """The masks of so many numbers, known when the code runs."""
    lanes = arithmetic.lanes
    everywhere = splat(e, count, lanes)
    numbers = [list(range(i * lanes, (i + 1) * lanes)) for i in range(arithmetic.group)]
    kind = ir.VectorType(I64, lanes)
    return [e.b.icmp_signed("<", ir.Constant(kind, some), everywhere) for some in numbers]


def known_lanes(arithmetic: Registers, count: int) -> list[Any]:
    """The masks of so many numbers, known beforehand."""
    lanes = arithmetic.lanes
    kind = ir.VectorType(ir.IntType(1), lanes)
    return [
        ir.Constant(kind, [i * lanes + lane < count for lane in range(lanes)])
        for i in range(arithmetic.group)
    ]


def splat(e: Emitter, number: Any, lanes: int) -> Any:
    """A vector that holds one number in every lane."""
    kind = ir.VectorType(number.type, lanes)
    first = e.b.insert_element(ir.Constant(kind, ir.Undefined), number, ir.Constant(I32, 0))
    same = ir.Constant(ir.VectorType(I32, lanes), [0] * lanes)
    return e.b.shuffle_vector(first, ir.Constant(kind, ir.Undefined), same)
