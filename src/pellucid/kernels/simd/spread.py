"""Cross-entropy of targets that are spread over the classes, and its gradients, position by position.

    q[c] = slope[c]·h[c] + even[c]        h[c] = [c = class], or the probability that the target gives to c
    loss = Σ q[c]·(log sum − (A[c] − m))  m = max A,  sum = Σ exp(A[c] − m)

All in float64, each result rounded once; sums over the channels as in `softmax.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.functions.exponential import share
from pellucid.functions.logarithm import log
from pellucid.kernels.simd.emit import I64, int64, symbol_of
from pellucid.kernels.simd.numbers import Numbers
from pellucid.kernels.simd.softmax import SoftmaxEmitter
from pellucid.kernels.simd.stretch import Masks, Stretch

Kind = Literal["losses", "gradient", "target_gradient"]
WORDS = 4  # of a position


@dataclass(frozen=True)
class Spread:
    """What is made of `count` positions; with `base`, it is added to what `start` holds.

    At `taps` lie slope and even of all channels, and then four words of each position: a factor, the sum, Σ q and the
    class, which is below 0 where a position does not count. Where targets are probabilities (`soft`), they are B.

    losses             A → the loss in the place of the factor, the sum and Σ q
    gradient           A → out: factor·(softmax·Σ q − q), 0 where a position does not count
    target_gradient    A → out: factor·slope·(log sum − (A − m))
    """

    bits: int
    channels: int
    kind: Kind
    soft: bool
    base: bool = False

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("spread", self)

    def emit(self) -> ir.Module:
        """One position after the other."""
        return _SpreadEmitter(self).emit()


class _SpreadEmitter(SoftmaxEmitter):
    """Writes one of them."""

    def __init__(self, code: Spread) -> None:
        super().__init__(code)
        self.soft = code.soft
        self.slope = self.kept
        self.even = Stretch(self, self.arithmetic, self.ahead(self.kept.pointer, code.channels))

    def _losses(self, i: Any, at: Any) -> None:
        largest, word = self._largest(at), self._words(i)
        label = self._label(word)
        total = self._shares(at, largest)
        below = log(total, 64, self.arithmetic)

        zero, group = self.arithmetic.number(0.0).registers, self.arithmetic.group

        def add(c: Any, masks: Masks, sums: Numbers) -> Numbers:
            loss, mass = self._halves(sums, group)
            spread = self._spread(c, at, masks, label)
            surprise = below - (self.a.read(self.b.add(at, c), masks) - largest)
            return Numbers(
                self.arithmetic, [*(loss + spread * surprise).registers, *(mass + spread).registers]
            )

        both = self._reduced(Numbers(self.arithmetic, [*zero, *zero]), add)
        loss, mass = (self._folded(half, lambda x, y: x + y) for half in self._halves(both, group))
        for k, number in enumerate((loss, total, mass)):
            self.b.store(self._first(number), self.ahead(word, k))

    def _gradient(self, i: Any, at: Any) -> None:
        largest, word = self._largest(at), self._words(i)
        factor, total, mass = (self._everywhere(self.b.load(self.ahead(word, k))) for k in range(3))
        label = self._label(word)
        scale, counts = 1.0 / total, label >= 0

        def result(c: Any, masks: Masks) -> None:
            place = self.b.add(at, c)
            probability = share(self.a.read(place, masks) - largest, self.arithmetic) * scale
            grad = factor * (probability * mass - self._spread(c, at, masks, label))
            self._store(place, grad if self.soft else self.arithmetic.where(counts, grad, 0.0), masks)

        self._each(result)

    def _target_gradient(self, i: Any, at: Any) -> None:
        largest, word = self._largest(at), self._words(i)
        factor, total = (self._everywhere(self.b.load(self.ahead(word, k))) for k in range(2))
        below = log(total, 64, self.arithmetic)

        def result(c: Any, masks: Masks) -> None:
            place = self.b.add(at, c)
            surprise = below - (self.a.read(place, masks) - largest)
            self._store(place, factor * (self.slope.read(c, masks) * surprise), masks)

        self._each(result)

    def _spread(self, c: Any, at: Any, masks: Masks, label: Numbers) -> Numbers:
        """q, and 0 in lanes that are not in use."""
        slope, even = self.slope.read(c, masks), self.even.read(c, masks)
        if self.soft:
            return slope * self.second.read(self.b.add(at, c), masks) + even
        spread: Numbers = self.arithmetic.where(self._channels(c) == label, slope + even, even)
        return spread

    def _halves(self, sums: Numbers, group: int) -> tuple[Numbers, Numbers]:
        """Two sums that are carried side by side."""
        first, second = sums.registers[:group], sums.registers[group:]
        return Numbers(self.arithmetic, first), Numbers(self.arithmetic, second)

    def _words(self, i: Any) -> Any:
        """The words of a position."""
        before = self.b.add(self.b.mul(i, int64(WORDS)), int64(2 * self.code.channels))
        return self.ahead(self.kept.pointer, before)

    def _label(self, word: Any) -> Numbers:
        """The class of a position, in every lane."""
        return self._everywhere(self.b.load(self.b.bitcast(self.ahead(word, 3), I64.as_pointer())))
