"""Numbers in registers, with Python's operators: what the functions of `functions/` are written with as vector code.

One such number is a value for each lane of several registers. Operations on the registers follow each other, so that
while one waits for a result, the next is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

I64 = ir.IntType(64)


class Numbers:
    """Values in registers: float64 numbers, whole numbers, or conditions."""

    def __init__(self, arithmetic: Registers, registers: Sequence[Any]) -> None:
        self.arithmetic, self.registers = arithmetic, list(registers)

    def __add__(self, other: Any) -> Numbers:
        return self._with(other, "add", "fadd")

    def __sub__(self, other: Any) -> Numbers:
        return self._with(other, "sub", "fsub")

    def __mul__(self, other: Any) -> Numbers:
        return self._with(other, "mul", "fmul")

    def __truediv__(self, other: Any) -> Numbers:
        return self._with(other, "sdiv", "fdiv")

    def __radd__(self, other: Any) -> Numbers:
        return self.arithmetic.number(other) + self

    def __rsub__(self, other: Any) -> Numbers:
        return self.arithmetic.number(other) - self

    def __rmul__(self, other: Any) -> Numbers:
        return self.arithmetic.number(other) * self

    def __rtruediv__(self, other: Any) -> Numbers:
        return self.arithmetic.number(other) / self

    def __lshift__(self, count: int) -> Numbers:
        return self._with(count, "shl", "shl")

    def __rshift__(self, count: int) -> Numbers:
        return self._with(count, "ashr", "ashr")

    def __and__(self, other: Numbers) -> Numbers:
        return self.arithmetic.each(self.arithmetic.builder.and_, self, other)

    def __or__(self, other: Numbers) -> Numbers:
        return self.arithmetic.each(self.arithmetic.builder.or_, self, other)

    def __lt__(self, other: Any) -> Numbers:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Numbers:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Numbers:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Numbers:
        return self._compared(">=", other)

    def __eq__(self, other: object) -> Any:
        return self._compared("==", other)

    __hash__ = None  # type: ignore[assignment]  # equality is a condition of each lane

    def _with(self, other: Any, whole: str, floating: str) -> Numbers:
        kind = _element(self.registers[0].type)
        write = getattr(self.arithmetic.builder, whole if isinstance(kind, ir.IntType) else floating)
        return self.arithmetic.each(write, self, self.arithmetic.like(other, self))

    def _compared(self, relation: str, other: Any) -> Numbers:
        builder = self.arithmetic.builder
        whole = isinstance(_element(self.registers[0].type), ir.IntType)
        compare = builder.icmp_signed if whole else builder.fcmp_ordered
        return self.arithmetic.each(
            lambda x, y: compare(relation, x, y), self, self.arithmetic.like(other, self)
        )


class Registers:
    """The `Arithmetic` of vector code; without lanes, of plain numbers.

    Args:
        builder: where the code is written.
        lanes: numbers in a register; 0 for plain numbers.
        group: registers of a number.
    """

    def __init__(self, builder: Any, lanes: int, group: int = 1) -> None:
        self.builder, self.lanes, self.group = builder, lanes, group

    def fma(self, x: Any, y: Any, z: Any) -> Numbers:
        """x·y + z, rounded once."""
        return self._call("fma", x, y, z)

    def root(self, x: Any) -> Numbers:
        """√x, rounded once."""
        return self._call("sqrt", x)

    def signed(self, size: Any, sign: Any) -> Numbers:
        """A number with the sign of another one."""
        return self._call("copysign", size, sign)

    def where(self, condition: Any, x: Any, y: Any) -> Numbers:
        """x where the condition holds, else y."""
        return self.each(self.builder.select, condition, self.number(x), self.number(y))

    def bits(self, x: Any) -> Numbers:
        """The 64 bits of float64 numbers."""
        return self.each(lambda v: self.builder.bitcast(v, self.kind(I64)), self.number(x))

    def floating(self, bits: Any) -> Numbers:
        """The float64 numbers of these bits."""
        return self.each(lambda v: self.builder.bitcast(v, self.kind(ir.DoubleType())), bits)

    def number(self, x: Any) -> Numbers:
        """A number, or the same one in every lane."""
        return x if isinstance(x, Numbers) else self._constant(self.kind(ir.DoubleType()), float(x))

    def like(self, x: Any, other: Numbers) -> Numbers:
        """A number of the type of another one."""
        return x if isinstance(x, Numbers) else self._constant(other.registers[0].type, x)

    def each(self, write: Callable[..., Any], *numbers: Numbers) -> Numbers:
        """What is written for every register."""
        return Numbers(self, [write(*some) for some in zip(*(x.registers for x in numbers), strict=True)])

    def kind(self, element: Any) -> Any:
        """The type of a register of these elements."""
        return ir.VectorType(element, self.lanes) if self.lanes else element

    def _constant(self, kind: Any, x: float) -> Numbers:
        return Numbers(self, [ir.Constant(kind, [x] * self.lanes if self.lanes else x)] * self.group)

    def _call(self, name: str, *operands: Any) -> Numbers:
        double = self.kind(ir.DoubleType())
        symbol, module = f"llvm.{name}.{f'v{self.lanes}' if self.lanes else ''}f64", self.builder.module
        kind = ir.FunctionType(double, [double] * len(operands))
        function = module.globals.get(symbol) or ir.Function(module, kind, symbol)
        return self.each(lambda *v: self.builder.call(function, v), *map(self.number, operands))


def _element(kind: Any) -> Any:
    return kind.element if isinstance(kind, ir.VectorType) else kind
