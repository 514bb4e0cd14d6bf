"""Softmax, its logarithm, cross-entropy and their gradients, position by position: a position has C numbers together.

    m = max A,  e[c] = exp(A[c] − m),  sum = Σ e[c]

All in float64, each result rounded once. Sums over the channels have the lanes of `functions/sums.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from llvmlite import ir

from pellucid.functions.exponential import INFINITY, share
from pellucid.functions.logarithm import log
from pellucid.functions.sums import LANES
from pellucid.kernels.simd.emit import I64, Emitter, int64, lanes, symbol_of
from pellucid.kernels.simd.numbers import Numbers, Registers
from pellucid.kernels.simd.stretch import Masks, Stretch, known_lanes, splat
from pellucid.kernels.simd.target import vector_lanes

Kind = Literal[
    "softmax", "log_softmax", "sums", "softmax_gradient", "log_softmax_gradient", "cross_entropy_gradient"
]


@dataclass(frozen=True)
class Softmax:
    """What is made of `count` positions; with `base`, it is added to what `start` holds.

    softmax, log_softmax       A → out; e is kept meanwhile in the memory of C numbers at `taps`
    sums                       A → m and Σ e of each position, at `taps`
    softmax_gradient, …        A = grad_output, B = the output → out
    cross_entropy_gradient     A, and of each position a factor, Σ e and the class, at `taps` → out
    """

    bits: int
    channels: int
    kind: Kind
    base: bool = False

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("softmax", self)

    def emit(self) -> ir.Module:
        """One position after the other."""
        return SoftmaxEmitter(self).emit()


class Positions(Protocol):
    """Code whose results are made position by position."""

    @property
    def symbol(self) -> str:
        """A name that no other code has."""

    @property
    def bits(self) -> int:
        """Of the numbers in memory."""

    @property
    def channels(self) -> int:
        """How many numbers a position has."""

    @property
    def kind(self) -> str:
        """What is made: the emitter's method of that name writes a position."""

    @property
    def base(self) -> bool:
        """Whether results are added to what `start` holds."""


class SoftmaxEmitter(Emitter):
    """Writes one of them."""

    def __init__(self, code: Positions) -> None:
        super().__init__(code.symbol, code.bits, vector_lanes(64))
        self.code = code
        self.arithmetic = Registers(self.b, vector_lanes(64), LANES // vector_lanes(64))
        self.a, self.second, self.out, self.start = (
            Stretch(self, self.arithmetic, pointer) for pointer in self.function.args[:4]
        )
        doubles = self.b.bitcast(self.function.args[4], ir.DoubleType().as_pointer())
        self.kept = Stretch(self, self.arithmetic, doubles)

    def emit(self) -> ir.Module:
        """The loop over positions; there is one at least."""
        write = getattr(self, f"_{self.code.kind}")

        def position(i: Any, state: Any) -> Any:
            write(i, self.b.mul(i, int64(self.code.channels)))
            return state

        self.loop(self.function.args[5], [], position)
        self.b.ret_void()
        return self.module

    def _softmax(self, _: Any, at: Any) -> None:
        largest = self._largest(at)
        zero = int64(0)

        def keep(c: Any, masks: Masks, total: Numbers) -> Numbers:
            e = self._share(self.a.read(self.b.add(at, c), masks) - largest, masks)
            self.kept.write(self.b.add(zero, c), e, masks)
            return total + e

        scale = 1.0 / self._sum(keep)
        self._each(
            lambda c, masks: self.out.write(self.b.add(at, c), self.kept.read(c, masks) * scale, masks)
        )

    def _log_softmax(self, _: Any, at: Any) -> None:
        largest = self._largest(at)
        below = log(self._shares(at, largest), 64, self.arithmetic)

        def result(c: Any, masks: Masks) -> None:
            place = self.b.add(at, c)
            self.out.write(place, (self.a.read(place, masks) - largest) - below, masks)

        self._each(result)

    def _sums(self, i: Any, at: Any) -> None:
        largest = self._largest(at)
        total = self._shares(at, largest)
        pair = self.ahead(self.kept.pointer, self.b.mul(i, int64(2)))
        for k, number in enumerate((largest, total)):
            self.b.store(self._first(number), self.ahead(pair, k))

    def _softmax_gradient(self, _: Any, at: Any) -> None:
        def product(c: Any, masks: Masks, total: Numbers) -> Numbers:
            place = self.b.add(at, c)
            return total + self.a.read(place, masks) * self.second.read(place, masks)

        inner = self._sum(product)

        def result(c: Any, masks: Masks) -> None:
            place = self.b.add(at, c)
            grad = self.second.read(place, masks) * (self.a.read(place, masks) - inner)
            self._store(place, grad, masks)

        self._each(result)

    def _log_softmax_gradient(self, _: Any, at: Any) -> None:
        total = self._sum(lambda c, masks, total: total + self.a.read(self.b.add(at, c), masks))

        def result(c: Any, masks: Masks) -> None:
            place = self.b.add(at, c)
            probability = share(self.second.read(place, masks), self.arithmetic)
            self._store(place, self.a.read(place, masks) - probability * total, masks)

        self._each(result)

    def _cross_entropy_gradient(self, i: Any, at: Any) -> None:
        """factor·(e/sum − [c = class]); 0 where the class is below 0: it does not count."""
        largest = self._largest(at)
        triple = self.ahead(self.kept.pointer, self.b.mul(i, int64(3)))
        factor, total = (self._everywhere(self.b.load(self.ahead(triple, k))) for k in (0, 1))
        label = self.b.load(self.b.bitcast(self.ahead(triple, 2), I64.as_pointer()))
        scale, counts = 1.0 / total, self._everywhere(label) >= 0

        def result(c: Any, masks: Masks) -> None:
            place = self.b.add(at, c)
            probability = share(self.a.read(place, masks) - largest, self.arithmetic) * scale
            hit = self._channels(c) == self._everywhere(label)
            grad = factor * self.arithmetic.where(hit, probability - 1.0, probability)
            self._store(place, self.arithmetic.where(counts, grad, 0.0), masks)

        self._each(result)

    def _store(self, place: Any, numbers: Numbers, masks: Masks) -> None:
        self.out.write(place, numbers, masks, self.start if self.code.base else None)

    def _share(self, x: Numbers, masks: Masks) -> Numbers:
        """exp(x) for x ≤ 0, and 0 in lanes that are not in use."""
        e: Numbers = share(x, self.arithmetic)
        return e if masks is None else self.arithmetic.where(Numbers(self.arithmetic, masks), e, 0.0)

    def _shares(self, at: Any, largest: Numbers) -> Numbers:
        """Σ exp(A − m)."""

        def add(c: Any, masks: Masks, total: Numbers) -> Numbers:
            return total + self._share(self.a.read(self.b.add(at, c), masks) - largest, masks)

        return self._sum(add)

    def _largest(self, at: Any) -> Numbers:
        """The largest number of a position; NaN is none. It is found among the numbers as they are in memory."""
        narrow = Registers(self.b, vector_lanes(self.code.bits), LANES // vector_lanes(self.code.bits))
        where, a = narrow.where, Stretch(self, narrow, self.a.pointer)

        def larger(c: Any, masks: Masks, largest: Numbers) -> Numbers:
            x = a.read_narrow(self.b.add(at, c), masks)
            found: Numbers = where(x > largest, x, largest)
            return found if masks is None else where(Numbers(narrow, masks), found, largest)

        least = Numbers(
            narrow, [ir.Constant(narrow.kind(self.element), [-INFINITY] * narrow.lanes)] * narrow.group
        )
        return self._folded(self._reduced(least, larger), lambda x, y: where(x > y, x, y))

    def _sum(self, add: Callable[[Any, Masks, Numbers], Numbers]) -> Numbers:
        """A sum over the channels, lane by lane, and then of the lanes."""
        return self._folded(self._reduced(self.arithmetic.number(0.0), add), lambda x, y: x + y)

    def _folded(self, numbers: Numbers, combine: Callable[[Numbers, Numbers], Numbers]) -> Numbers:
        """One number made of all lanes, in every lane of float64 registers."""
        found, width = numbers.registers, numbers.arithmetic.lanes
        one = Registers(self.b, width)

        def both(x: Any, y: Any) -> Any:
            return combine(Numbers(one, [x]), Numbers(one, [y])).registers[0]

        while len(found) > 1:
            half = len(found) // 2
            found = [both(x, y) for x, y in zip(found[:half], found[half:], strict=True)]
        (value,) = found
        half = width // 2
        while half:
            moved = lanes([(lane + half) % width for lane in range(width)])
            value = both(value, self.b.shuffle_vector(value, value, moved))
            half //= 2
        first = self.b.extract_element(value, ir.Constant(ir.IntType(32), 0))
        return self._everywhere(
            first if first.type == ir.DoubleType() else self.b.fpext(first, ir.DoubleType())
        )

    def _reduced(self, start: Numbers, add: Callable[[Any, Masks, Numbers], Numbers]) -> Numbers:
        """What is carried from sixteen channels to the next."""
        whole, rest = divmod(self.code.channels, LANES)
        state = start
        if whole:

            def block(i: Any, carried: Any) -> Any:
                c = self.b.mul(i, int64(LANES))
                return [add(c, None, Numbers(start.arithmetic, carried[0])).registers]

            (registers,) = self.loop(int64(whole), [state.registers], block)
            state = Numbers(start.arithmetic, registers)
        return add(int64(whole * LANES), known_lanes(start.arithmetic, rest), state) if rest else state

    def _each(self, write: Callable[[Any, Masks], None]) -> None:
        """Sixteen channels after the other."""

        def nothing(c: Any, masks: Masks, state: Numbers) -> Numbers:
            write(c, masks)
            return state

        self._reduced(Numbers(self.arithmetic, []), nothing)

    def _first(self, numbers: Numbers) -> Any:
        """The number of the first lane."""
        return self.b.extract_element(numbers.registers[0], ir.Constant(ir.IntType(32), 0))

    def _everywhere(self, number: Any) -> Numbers:
        """The same number in every lane."""
        return Numbers(self.arithmetic, [splat(self, number, self.arithmetic.lanes)] * self.arithmetic.group)

    def _channels(self, first: Any) -> Numbers:
        """The channels of the lanes."""
        each = self.arithmetic.lanes
        kind = ir.VectorType(I64, each)
        beside = [
            ir.Constant(kind, list(range(i * each, (i + 1) * each))) for i in range(self.arithmetic.group)
        ]
        return self._everywhere(first) + Numbers(self.arithmetic, beside)
