"""Losses of labels from what each position loses and what counts of them, each from a position's numbers.

Formulas: `ops/cross_entropy.py`, `ops/nll_loss.py`; the arithmetic, all of it in float64: `kernels/loops/loss.py`.
Label smoothing spreads targets: `spread_loss.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    defined,
    grown_notes,
    read,
    shortest,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.loss import factor_of, gradient_of, reduced_losses, share_of, tree_of
from pellucid.explain.ops.softmax import IN_SIXTEEN, Logits, image, quantity
from pellucid.explain.ops.spread_loss import explain_spread_gradient, explain_spread_losses
from pellucid.explain.question import Question
from pellucid.ops.base import Array, choices, columns
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.label_loss import LabelLoss
from pellucid.ops.log_softmax import Shares
from pellucid.ops.nll_loss import NLLLoss


@explains(CrossEntropy, NLLLoss)
def explain_label_loss(question: Question) -> Formula:
    """What losses come to, the losses and their count, or elements of the gradient."""
    op, of = question.source.op, question.source.of
    if isinstance(op, CrossEntropy) and op.label_smoothing:
        if of == "losses":
            return explain_spread_losses(question)
        if of == "grad_input":
            return explain_spread_gradient(question, _counted(question), "count")
    explain = {"output": _reduced, "count": _count, "losses": _losses, "grad_input": _gradient}
    return explain[of](question)


def _reduced(question: Question) -> Formula:
    def notes() -> list[Note]:
        if not _op(question).is_mean:
            return []
        target = question.operand("target").array
        values = {"count": int((target != _op(question).ignore_index).sum()), "targets": target.size}
        return [("note.counted", values), *_weighed(question)]

    return reduced_losses(question, _counted(question), "count", notes)


def _count(question: Question) -> Formula:
    """How many targets are not ignored, or what these weigh."""
    target = question.operand("target")
    counts = target.array.reshape(-1) != _op(question).ignore_index
    if "weight" in question.has:
        return _weights(question, np.where(counts, target.array.reshape(-1), 0), counts)
    one = Image(target, choices(*target.array.shape), "counts", counts.astype(np.float64))
    count = counts.sum(keepdims=True)
    return Formula((Group((one,)),), Enclosed(count), count.astype(np.float64))


def _weights(question: Question, classes: NDArray[np.int64], counts: NDArray[np.bool_]) -> Formula:
    """The sum of the weights of all classes that count."""
    weight = Element(question.operand("weight"), (classes[None],))
    tree = tree_of(question, question.operand("target").array)
    result = where(counts[None], read(weight), 0.0).sum(additions=tree.additions)

    def replay() -> Array:
        return tree.sum(np.where(counts, weight.gathered()[1][0].astype(np.float64), 0.0))

    return Formula((Group((weight,), counts[None]),), result, again(replay), notes=lambda: [tree.note])


@dataclass(frozen=True, eq=False)
class _Surprise:
    """What targets lose before they are weighted: enclosed, as the factors of its terms, and as the engine has it."""

    loss: Enclosed
    terms: tuple[tuple[Element | Quantity, ...], ...]
    replay: Callable[[], Array]
    notes: Callable[[], Sequence[Note]]


def _likelihood(question: Question, at: NDArray[np.int64]) -> _Surprise:
    """The number of the target's class, with the other sign."""
    own = Element(question.operand("input"), columns(at))
    return _Surprise(
        0.0 - read(own),
        ((constant("−1", -1.0), own),),
        lambda: np.asarray(0.0 - own.gathered()[1].astype(np.float64)),
        list,
    )


def _surprise(question: Question, at: NDArray[np.int64]) -> _Surprise:
    """log Σ exp − the target's logit."""
    logits, target = Logits(question.operand("input"), at), question.operand("target")
    name = f"log Σ exp({logits.address(tuple(at[0]))})"
    whole = quantity(name, logits.all(logits.log_sum + logits.largest))

    def notes() -> Sequence[Note]:
        probability = float(logits.own(logits.probability).value[0, 0])
        values = {"target": target.address(question.index), "label": int(at[0, 1])}
        return [("note.target", {**values, "probability": probability}), IN_SIXTEEN]

    return _Surprise(
        -logits.own(logits.log_probability),
        ((whole,), (constant("−1", -1.0), Element(logits.input, columns(at)))),
        lambda: logits.own(Shares(logits.numbers, 1).surprises),
        notes,
    )


def _losses(question: Question) -> Formula:
    """A target's surprise, as often as its class weighs; nothing where the target is to be ignored."""
    target = question.operand("target")
    targets = target.array[tuple(question.at.T)]
    counts = targets != _op(question).ignore_index
    at = np.insert(question.at, 1, np.where(counts, targets, 0), axis=1)
    found = (_likelihood if isinstance(_op(question), NLLLoss) else _surprise)(question, at)
    loss, weights = found.loss, _weight_of(question, at[:, 1])
    for weight in weights:
        loss = read(weight) * loss
    terms = tuple(Group((*weights, *factors), counts[:, None]) for factors in found.terms)

    def notes() -> Sequence[Note]:
        values = {"target": target.address(question.index), "label": int(targets[0])}
        return found.notes() if counts[0] else [("note.ignored", values)]

    def replay() -> Array:
        numbers = found.replay()
        for weight in weights:
            numbers = weight.gathered()[1].astype(np.float64) * numbers
        return np.where(counts, numbers[:, 0], 0.0)

    return Formula(terms, where(counts, loss[:, 0], 0.0), again(replay), notes=notes)


def _gradient(question: Question) -> Formula:
    """The softmax's share of a cross-entropy, less 1 at the target, as often as the class weighs."""
    target = question.operand("target")
    n, channel, *y = question.at.T
    targets, place = target.array[(n, *y)], columns(np.delete(question.at, 1, axis=1))
    counts = (targets != _op(question).ignore_index)[:, None]
    hit = (targets == channel)[:, None]
    count, weights = _counted(question), _weight_of(question, np.where(counts[:, 0], targets, 0))
    share, factors = share_of(question, count, "count", place)
    for weight in weights:
        share = share * read(weight)
    label = f"[{target.address(np.delete(question.index, 1))} = {question.index[1]}]"
    terms = [Group((Quantity(f"−{label}", -hit.astype(np.float64)), *weights, *factors), counts)]
    slope, logits = where(hit, -1.0, 0.0), None
    if isinstance(_op(question), CrossEntropy):
        logits = Logits(question.operand("input"), question.at)
        probability = logits.own(logits.probability)
        slope = where(hit, probability - 1.0, probability)
        first = image("softmax", logits.input, columns(question.at), probability)
        terms.insert(0, Group((first, *weights, *factors), counts))

    def replay() -> Array:
        factor = factor_of(question, count, place)
        for weight in weights:
            factor = factor * weight.gathered()[1].astype(np.float64)
        if logits is None:
            return np.where(counts & hit, 0.0 - factor, 0.0)
        own = logits.own(Shares(logits.numbers, 1).probabilities)
        return np.where(counts, factor * np.where(hit, own - 1.0, own), 0.0)

    found = gradient_of(question, where(counts, share * slope, 0.0), tuple(terms), replay)
    return replace(found, notes=lambda: [*grown_notes(question), *_weighed(question)])


def _weighed(question: Question) -> list[Note]:
    """What all that counts weighs, where classes have weights."""
    has = {"weight", "count"} <= question.has
    return [defined(f"count = {shortest(_counted(question))}")] if has else []


def _weight_of(question: Question, classes: NDArray[np.int64]) -> tuple[Element, ...]:
    """The weights of the elements' classes, where classes have weights."""
    return (Element(question.operand("weight"), (classes[:, None],)),) if "weight" in question.has else ()


def _counted(question: Question) -> float:
    """What a mean is divided by."""
    return float(question.operand("count").array) if "count" in question.has else 1.0


def _op(question: Question) -> LabelLoss:
    op = question.source.op
    assert isinstance(op, LabelLoss)
    return op
