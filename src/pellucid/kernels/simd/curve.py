"""Curves and their gradients along stretches of numbers: in float64 registers, each result rounded once.

    out = f(A, B, …),   or   out = start + f(A, B, …)

The code is written by the curve's own text (`functions/elementary.py`), which knows no compiler. `count` numbers of
each operand lie side by side, or there is one of it for all. The third operand is where other code has its taps,
a fourth one where a result begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from llvmlite import ir

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.kernels.simd.emit import Emitter, int64, named
from pellucid.kernels.simd.numbers import Numbers, Registers
from pellucid.kernels.simd.stretch import Masks, Stretch, first_lanes
from pellucid.kernels.simd.target import Target, target, vector_lanes

_GROUP = 4  # registers at a time


class Definition(Protocol):
    """What says how results are made, by a text that everybody carries out."""

    def reads(self, of: str) -> tuple[str, ...]:
        """The operands of a result."""

    def made(self, of: str, a: Elementary, *numbers: Number) -> Number:
        """The result for a number of each."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Curve:
    """A result of a definition, of numbers of so many bits.

    Attributes:
        of: which result.
        base: whether it is added to what `start` holds.
        single: whether there is but one number of an operand; of absent ones: there are as many as results.
        wide: whether results stay float64.
    """

    bits: int
    definition: Definition
    of: str = "output"
    base: bool = False
    single: tuple[bool, ...] = ()
    wide: bool = False

    @property
    def symbol(self) -> str:
        """A digest of the code itself: what a definition is made of stands in no one file."""
        return _symbol(self, target())

    def emit(self) -> ir.Module:
        """The code by its name."""
        return self.written(self.symbol)

    def written(self, symbol: str) -> ir.Module:
        """Groups of whole registers; then one register at a time, the last of which may have lanes to spare."""
        lanes = vector_lanes(64)
        e = Emitter(symbol, self.bits, lanes)
        count, step = e.function.args[5], int64(_GROUP * lanes)
        groups = e.b.udiv(count, step)
        repeat(e, groups, lambda i: self._write(e, e.b.mul(i, step), _GROUP, None))
        first = e.b.mul(groups, step)
        rest = e.b.udiv(e.b.add(e.b.sub(count, first), int64(lanes - 1)), int64(lanes))

        def some(i: Any) -> None:
            at = e.b.add(first, e.b.mul(i, int64(lanes)))
            self._write(e, at, 1, e.b.sub(count, at))

        repeat(e, rest, some)
        e.b.ret_void()
        return e.module

    def _write(self, e: Emitter, at: Any, group: int, count: Any) -> None:
        """The results from a place on: as many as a group of registers holds, or so many."""
        registers = Registers(e.b, vector_lanes(64), group)
        a, b, out, start, taps = e.function.args[:5]
        masks = None if count is None else first_lanes(e, registers, count)
        pointers = (a, b, e.b.bitcast(taps, a.type), start)[: len(self.definition.reads(self.of))]
        alone = (*self.single, *(False for _ in pointers))
        numbers = [
            _operand(Stretch(e, registers, p), at, masks, one)
            for p, one in zip(pointers, alone, strict=False)
        ]
        result = registers.number(self.definition.made(self.of, Elementary(registers, self.bits), *numbers))
        out = e.b.bitcast(out, ir.DoubleType().as_pointer()) if self.wide else out
        Stretch(e, registers, out).write(
            at, result, masks, Stretch(e, registers, start) if self.base else None
        )


def _operand(stretch: Stretch, at: Any, masks: Masks, single: bool) -> Numbers:
    return stretch.read_one() if single else stretch.read(at, masks)


@lru_cache(maxsize=4096)
def _symbol(code: Curve, _: Target) -> str:
    return named("curve", str(code.written("curve")))


def repeat(e: Emitter, count: Any, body: Callable[[Any], None]) -> None:
    """A loop that may have nothing to do."""

    def once(i: Any, state: Any) -> Any:
        body(i)
        return state

    with e.b.if_then(e.b.icmp_signed(">", count, int64(0))):
        e.loop(count, [], once)
