"""Losses of targets that are spread over the classes: by label smoothing, or as probabilities.

Formulas: `ops/class_loss.py`, `ops/soft_cross_entropy.py`; the arithmetic, in float64: `kernels/simd/spread.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import Formula, again, constant, defined, grown_notes, read, shortest
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.loss import factor_of, gradient_of, reduced_losses, share_of
from pellucid.explain.ops.softmax import IN_SIXTEEN, Logits, image
from pellucid.explain.question import Question
from pellucid.functions.sums import in_lanes, total
from pellucid.ops.base import Array, Rows, columns
from pellucid.ops.class_loss import Smoothed
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.log_softmax import Shares
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy


@explains(SoftCrossEntropy)
def explain_soft_cross_entropy(question: Question) -> Formula:
    """The mean loss, the losses, or elements of the gradients of logits and probabilities."""
    of = question.source.of
    if of == "losses":
        return explain_spread_losses(question)
    if of == "output":
        return reduced_losses(question, float(question.operand("losses").array.size), "m")
    input = question.operand("input").array.shape
    positions = float(np.prod(input) // input[1])
    if of == "grad_input":
        return explain_spread_gradient(question, positions, "m")
    return _grad_target(question, positions)


class _Targets:
    """What is spread at the positions of some elements, (elements, classes).

    Args:
        question: whose op spreads.
        at: n,c,y of the elements.
    """

    def __init__(self, question: Question, at: NDArray[np.int64]) -> None:
        assert isinstance(question.source.op, Smoothed)
        self.op, self._question, self._at = question.source.op, question, at
        self.logits, self.target = Logits(question.operand("input"), at), question.operand("target")
        self.classes = self.logits.input.array.shape[1]
        n, c, *y = columns(at)
        self.all: Rows = (n, np.arange(self.classes)[None], *y)
        self.own: Rows = (n, c, *y)
        self.place: Rows = (n, *y)
        self.counts = np.ones((len(at), 1), np.bool_)
        if isinstance(self.op, CrossEntropy):
            self._labels = self.target.array[(n, *y)]
            self.counts = self._labels != self.op.ignore_index

    def hits(self, rows: Rows) -> Element | Quantity:
        """The probabilities, or which class is the target."""
        if isinstance(self.op, SoftCrossEntropy):
            return Element(self.target, rows)
        c = "c" if rows is self.all else str(self._at[0, 1])
        name = f"[{c} = {self.target.address(np.delete(self._at[0], 1))}]"
        return Quantity(name, (self._labels == rows[1]).astype(np.float64))

    def weights(self, rows: Rows) -> tuple[Element, ...]:
        """The classes' weights, where they have some."""
        has = "weight" in self._question.has
        return (Element(self._question.operand("weight"), (rows[1],)),) if has else ()

    def slope(self) -> Quantity:
        """−(1 − ε), the factor of what was the target."""
        return constant("−(1 − ε)" if self.op.label_smoothing else "−1", -self.op.spread(self.classes).slope)

    def spread(self, rows: Rows) -> Enclosed:
        """q."""
        factors, weights = self.op.spread(self.classes), [read(weight) for weight in self.weights(rows)]
        slope, even = (_times(Enclosed(number), weights) for number in factors)
        return slope * read(self.hits(rows)) + even

    def groups(self, rows: Rows, *factors: Element | Quantity) -> tuple[Group, ...]:
        """The terms of −q with more factors."""
        weights = self.weights(rows)
        found = [Group((self.slope(), *weights, self.hits(rows), *factors), self.counts)]
        if self.op.label_smoothing:
            even = constant("−ε/C", -self.op.spread(self.classes).even)
            found.append(Group((even, *weights, *factors), self.counts))
        return tuple(found)

    def again(self) -> Array:
        """q in the engine's arithmetic."""
        weights = [weight.gathered()[1][0].astype(np.float64) for weight in self.weights(self.all)]
        hits = self.hits(self.all).gathered()[1].astype(np.float64)
        return self.op.spread_over(hits, weights[0] if weights else None, 1)

    def notes(self, *definitions: str) -> Sequence[Note]:
        """What the letters stand for, more names as well, and the order of sums."""
        if not self.counts[0, 0]:
            address = self.target.address(np.delete(self._at[0], 1))
            return [("note.ignored", {"target": address, "label": int(self._labels[0, 0])})]
        if self.op.label_smoothing:
            definitions = f"ε = {shortest(self.op.label_smoothing)}", f"C = {self.classes}", *definitions
        return [*([defined(*definitions)] if definitions else []), IN_SIXTEEN]


def explain_spread_losses(question: Question) -> Formula:
    """−Σ q·log softmax; nothing where the target is to be ignored."""
    targets = _Targets(question, np.insert(question.at, 1, 0, axis=1))
    logits, counts = targets.logits, targets.counts[:, 0]
    logarithms = logits.all(logits.log_probability)
    result = where(counts, (targets.spread(targets.all) * -logarithms).sum(), 0.0)
    terms = targets.groups(targets.all, image("log softmax", logits.input, targets.all, logarithms))

    def replay() -> Array:
        found = total(targets.again() * logits.all(Shares(logits.numbers, 1).surprises), (1,))
        return np.where(counts, found, 0.0)

    return Formula(terms, result, again(replay), notes=targets.notes)


def explain_spread_gradient(question: Question, count: float, name: str) -> Formula:
    """The softmax's share of all that is spread, less what is spread."""
    targets = _Targets(question, question.at)
    logits, own = targets.logits, targets.own
    share, factors = share_of(question, count, name, targets.place)
    probability, mass = logits.own(logits.probability), targets.spread(targets.all).sum()[:, None]
    result = where(targets.counts, share * (probability * mass - targets.spread(own)), 0.0)
    position = ",".join(str(i) for i in (question.index[0], ":", *question.index[2:]))
    whole = Quantity(f"Σ q[{position}]", mass.value.astype(np.float64))
    first = image("softmax", logits.input, own, probability)
    terms = Group((first, whole, *factors), targets.counts), *targets.groups(own, *factors)

    def replay() -> Array:
        q, channel = targets.again(), question.at[:, 1]
        softmax = logits.own(Shares(logits.numbers, 1).probabilities)
        found = softmax * in_lanes(q, 1) - q[np.arange(len(q)), channel][:, None]
        return np.where(targets.counts, factor_of(question, count, targets.place) * found, 0.0)

    weighed = (f"count = {shortest(count)}",) if {"weight", "count"} <= question.has else ()
    return _noted(question, gradient_of(question, result, terms, replay), targets, *weighed)


def _grad_target(question: Question, positions: float) -> Formula:
    """What the logarithm counts."""
    targets = _Targets(question, question.at)
    logits, own, weights = targets.logits, targets.own, targets.weights(targets.own)
    share, factors = share_of(question, positions, "m", targets.place)
    logarithm, slope = logits.own(logits.log_probability), targets.op.spread(targets.classes).slope
    result = share * (_times(Enclosed(slope), [read(weight) for weight in weights]) * -logarithm)
    terms = Group((targets.slope(), *weights, image("log softmax", logits.input, own, logarithm), *factors))

    def replay() -> Array:
        slopes: Any = slope
        for weight in weights:
            slopes = slopes * weight.gathered()[1].astype(np.float64)
        surprise = logits.own(Shares(logits.numbers, 1).surprises)
        return np.asarray(factor_of(question, positions, targets.place) * (slopes * surprise))

    return _noted(question, gradient_of(question, result, (terms,), replay), targets)


def _noted(question: Question, found: Formula, targets: _Targets, *definitions: str) -> Formula:
    """A gradient with notes on what is spread."""
    return replace(found, notes=lambda: [*grown_notes(question), *targets.notes(*definitions)])


def _times(number: Enclosed, factors: Sequence[Enclosed]) -> Enclosed:
    """A number with all factors."""
    for factor in factors:
        number = number * factor
    return number
