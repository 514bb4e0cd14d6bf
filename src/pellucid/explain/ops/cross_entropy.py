"""Cross-entropy from its losses and what counts of them, each loss from its logits.

Formulas: `ops/cross_entropy.py`; the arithmetic, all of it in float64: `kernels/loops/loss.py`. Label smoothing spreads
targets: `spread_loss.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
from pellucid.explain.ops.loss import factor_of, gradient_of, over, share_of, tree_of
from pellucid.explain.ops.softmax import IN_SIXTEEN, Logits, image, quantity
from pellucid.explain.ops.spread_loss import explain_spread_gradient, explain_spread_losses
from pellucid.explain.question import Question
from pellucid.ops.base import Array, choices, columns
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.log_softmax import Shares


@explains(CrossEntropy)
def explain_cross_entropy(question: Question) -> Formula:
    """The mean loss, the losses and their count, or elements of the gradient of the logits."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, CrossEntropy)
    if op.label_smoothing and of == "losses":
        return explain_spread_losses(question)
    if op.label_smoothing and of == "grad_input":
        return explain_spread_gradient(question, float(question.operand("count").array), "count")
    explain = {"output": _mean, "count": _count, "losses": _losses, "grad_input": _grad_logits}
    return explain[of](question)


def _mean(question: Question) -> Formula:
    losses, count = question.operand("losses"), question.operand("count")
    every = Element(losses, choices(*losses.array.shape))
    terms = Group((every, constant("1/count", float(over(1.0, count.array)))))
    tree = tree_of(question, losses.array)
    result = (read(every).sum(additions=tree.additions) / count.array)[None].rounded(question.dtype)
    replay = again(lambda: over(tree.sum(losses.array.reshape(-1)), count.array).astype(question.dtype))
    counted = int((question.operand("target").array != _ignored(question)).sum())
    values = {"count": counted, "targets": losses.array.size}
    return Formula(
        (terms,),
        result,
        replay,
        notes=lambda: [("note.counted", values), *_weighed(question), tree.note],
    )


def _count(question: Question) -> Formula:
    """How many targets are not ignored, or what these weigh."""
    target = question.operand("target")
    counts = target.array.reshape(-1) != _ignored(question)
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


def _losses(question: Question) -> Formula:
    """log Σ exp − the target's logit, as often as the class weighs; nothing where the target is to be ignored."""
    target = question.operand("target")
    targets = target.array[tuple(question.at.T)]
    counts = targets != _ignored(question)
    at = np.insert(question.at, 1, np.where(counts, targets, 0), axis=1)
    logits, weights = Logits(question.operand("input"), at), _weight_of(question, at[:, 1])
    own_loss = -logits.own(logits.log_probability)
    for weight in weights:
        own_loss = read(weight) * own_loss
    name = f"log Σ exp({logits.address(tuple(at[0]))})"
    whole = quantity(name, logits.all(logits.log_sum + logits.largest))
    own = Element(logits.input, columns(at))
    kept = counts[:, None]
    terms = Group((*weights, whole), kept), Group((constant("−1", -1.0), *weights, own), kept)

    def notes() -> Sequence[Note]:
        values = {"target": target.address(question.index), "label": int(targets[0])}
        if not counts[0]:
            return [("note.ignored", values)]
        probability = float(logits.own(logits.probability).value[0, 0])
        return [("note.target", {**values, "probability": probability}), IN_SIXTEEN]

    def replay() -> Array:
        found = logits.own(Shares(logits.numbers, 1).surprises)
        for weight in weights:
            found = weight.gathered()[1].astype(np.float64) * found
        return np.where(counts, found[:, 0], 0.0)

    return Formula(terms, where(counts, own_loss[:, 0], 0.0), again(replay), notes=notes)


def _grad_logits(question: Question) -> Formula:
    """The softmax's share, less 1 at the target, as often as the class weighs."""
    target, logits = question.operand("target"), Logits(question.operand("input"), question.at)
    n, channel, *y = question.at.T
    targets = target.array[(n, *y)]
    counts, hit = (targets != _ignored(question))[:, None], (targets == channel)[:, None]
    count, weights = (
        float(question.operand("count").array),
        _weight_of(question, np.where(counts[:, 0], targets, 0)),
    )
    share, factors = share_of(question, count, "count")
    for weight in weights:
        share = share * read(weight)
    probability = logits.own(logits.probability)
    result = where(counts, share * where(hit, probability - 1.0, probability), 0.0)
    first = image("softmax", logits.input, columns(question.at), probability)
    label = f"[{target.address(np.delete(question.index, 1))} = {question.index[1]}]"
    second = Quantity(f"−{label}", -hit.astype(np.float64))
    terms = Group((first, *weights, *factors), counts), Group((second, *weights, *factors), counts)

    def replay() -> Array:
        own, factor = logits.own(Shares(logits.numbers, 1).probabilities), factor_of(question, count)
        for weight in weights:
            factor = factor * weight.gathered()[1].astype(np.float64)
        return np.where(counts, factor * np.where(hit, own - 1.0, own), 0.0)

    found = gradient_of(question, result, terms, replay)
    return replace(found, notes=lambda: [*grown_notes(question), *_weighed(question)])


def _weighed(question: Question) -> list[Note]:
    """What all that counts weighs, where classes have weights."""
    has = "weight" in question.has
    return [defined(f"count = {shortest(float(question.operand('count').array))}")] if has else []


def _weight_of(question: Question, classes: NDArray[np.int64]) -> tuple[Element, ...]:
    """The weights of the elements' classes, where classes have weights."""
    return (Element(question.operand("weight"), (classes[:, None],)),) if "weight" in question.has else ()


def _ignored(question: Question) -> int:
    op = question.source.op
    assert isinstance(op, CrossEntropy)
    return op.ignore_index
