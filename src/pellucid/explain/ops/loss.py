"""The losses: cross-entropy from its losses and their count, each loss from its logits; the mean squared error.

Formulas: `ops/cross_entropy.py`, `ops/mse_loss.py`; the arithmetic, all of it in float64: `kernels/loops/loss.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
    read,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import Tree
from pellucid.explain.ops.softmax import IN_SIXTEEN, Logits, image, quantity
from pellucid.explain.question import Operand, Question
from pellucid.functions import arrays
from pellucid.ops.base import Array, choices, columns
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.log_softmax import Shares
from pellucid.ops.mse_loss import MSELoss


@explains(CrossEntropy)
def explain_cross_entropy(question: Question) -> Formula:
    """The mean loss, the losses and their count, or elements of the gradient of the logits."""
    explain = {"output": _mean, "count": _count, "losses": _losses, "grad_input": _grad_logits}
    return explain[question.source.of](question)


def _mean(question: Question) -> Formula:
    losses, count = question.operand("losses"), question.operand("count")
    every = Element(losses, choices(*losses.array.shape))
    terms = Group((every, constant("1/count", float(1 / count.array))))
    tree = _tree(question, losses.array)
    result = (read(every).sum(additions=tree.additions) / count.array)[None].rounded(question.dtype)
    replay = again(lambda: (tree.sum(losses.array.reshape(-1)) / count.array).astype(question.dtype))
    values = {"count": int(count.array), "targets": losses.array.size}
    return Formula((terms,), result, replay, notes=lambda: [("note.counted", values), tree.note])


def _tree(question: Question, array: NDArray[Any]) -> Tree:
    """The parts of a sum over an array's numbers, image by image."""
    return Tree.of(question, len(array), array.size // max(1, len(array)))


def _count(question: Question) -> Formula:
    target = question.operand("target")
    counts = target.array.reshape(-1) != _ignored(question)
    one = Image(target, choices(*target.array.shape), "counts", counts.astype(np.float64))
    count = counts.sum(keepdims=True)
    return Formula((Group((one,)),), Enclosed(count), count.astype(np.float64))


def _losses(question: Question) -> Formula:
    """log Σ exp − the target's logit; nothing where the target is to be ignored."""
    target = question.operand("target")
    targets = target.array[tuple(question.at.T)]
    counts = targets != _ignored(question)
    at = np.insert(question.at, 1, np.where(counts, targets, 0), axis=1)
    logits = Logits(question.operand("input"), at)
    result = where(counts, -logits.own(logits.log_probability)[:, 0], 0.0)
    name = f"log Σ exp({logits.address(tuple(at[0]))})"
    whole = quantity(name, logits.all(logits.log_sum + logits.largest))
    own = Element(logits.input, columns(at))
    kept = counts[:, None]
    terms = Group((whole,), kept), Group((constant("−1", -1.0), own), kept)

    def notes() -> Sequence[Note]:
        values = {"target": target.address(question.index), "label": int(targets[0])}
        if not counts[0]:
            return [("note.ignored", values)]
        probability = float(logits.own(logits.probability).value[0, 0])
        return [("note.target", {**values, "probability": probability}), IN_SIXTEEN]

    def replay() -> Array:
        shares = Shares(logits.numbers, 1)
        found = logits.all(arrays.log(shares.total, 64)) - logits.own(shares.shifted)
        return np.where(counts, found[:, 0], 0.0)

    return Formula(terms, result, again(replay), notes=notes)


def _grad_logits(question: Question) -> Formula:
    """The softmax's share, less 1 at the target."""
    target, logits = question.operand("target"), Logits(question.operand("input"), question.at)
    n, channel, *y = question.at.T
    targets = target.array[(n, *y)]
    counts, hit = (targets != _ignored(question))[:, None], (targets == channel)[:, None]
    count = max(float(question.operand("count").array), 1.0)
    share, factors = _share(question, count, "count")
    probability = logits.own(logits.probability)
    result = where(counts, share * where(hit, probability - 1.0, probability), 0.0)
    first = image("softmax", logits.input, columns(question.at), probability)
    label = f"[{target.address(np.delete(question.index, 1))} = {question.index[1]}]"
    second = Quantity(f"−{label}", -hit.astype(np.float64))
    terms = Group((first, *factors), counts), Group((second, *factors), counts)

    def replay() -> Array:
        own = logits.own(Shares(logits.numbers, 1).probabilities)
        return np.where(counts, _factor(question, count) * np.where(hit, own - 1.0, own), 0.0)

    return _gradient(question, result, terms, replay)


@explains(MSELoss)
def explain_mse_loss(question: Question) -> Formula:
    """The mean squared error, or elements of its gradients."""
    input, target = question.operand("input"), question.operand("target")
    if question.source.of == "output":
        return _mean_squared(question, input, target)
    count = max(input.array.size, 1)
    sign = 2.0 if question.source.of == "grad_input" else -2.0
    share, factors = _share(question, count, "m")
    rows = columns(question.at)
    result = sign * _difference(input, target, rows) * share
    twice = constant("2", 2.0), constant("−2", -2.0)
    plus, minus = twice if sign > 0 else twice[::-1]
    parts = Group((plus, Element(input, rows), *factors)), Group((minus, Element(target, rows), *factors))

    def replay() -> Array:
        a, b = (Element(operand, rows).gathered()[1].astype(np.float64) for operand in (input, target))
        return np.asarray(sign * (a - b) * _factor(question, count))

    return _gradient(question, result, parts, replay)


def _mean_squared(question: Question, input: Operand, target: Operand) -> Formula:
    rows, size, tree = choices(*input.array.shape), input.array.size, _tree(question, input.array)
    difference = _difference(input, target, rows)
    off = Image(input, rows, "error", difference.value.astype(np.float64), target.address)
    terms = Group((off, off, constant("1/m", 1 / max(size, 1))))
    result = ((difference * difference).sum(additions=tree.additions) / size)[None].rounded(question.dtype)

    def replayed() -> NDArray[Any]:
        a, b = (np.moveaxis(x.array.astype(np.float64), 1, -1).reshape(-1) for x in (input, target))
        return (tree.sum((a - b) * (a - b)) / size).astype(question.dtype)

    return Formula((terms,), result, again(replayed), notes=lambda: [tree.note])


def _difference(input: Operand, target: Operand, rows: tuple[NDArray[np.int64], ...]) -> Enclosed:
    return read(Element(input, rows)) - read(Element(target, rows))


def _share(question: Question, count: float, name: str) -> tuple[Enclosed, tuple[Element | Quantity, ...]]:
    """grad_output/count, which is 1/count where the loss is the root of all gradients."""
    share = constant(f"1/{name}", 1 / count)
    if "grad_output" not in question.has:
        return Enclosed(1.0) / count, (share,)
    grad = Element(question.operand("grad_output"), ())
    return read(grad) / count, (grad, share)


def _factor(question: Question, count: float) -> Any:
    """The same as the engine has it, in float64."""
    given = "grad_output" in question.has
    return (question.operand("grad_output").array.astype(np.float64) if given else np.float64(1.0)) / count


def _gradient(
    question: Question, result: Enclosed, terms: tuple[Group, ...], replay: Callable[[], Array]
) -> Formula:
    return Formula(
        (*grown_terms(question), *terms),
        grown(question, result.rounded(question.dtype)[:, 0]),
        again(lambda: grown_replay(question, replay().astype(question.dtype)[:, 0])),
        notes=lambda: grown_notes(question),
    )


def _ignored(question: Question) -> int:
    op = question.source.op
    assert isinstance(op, CrossEntropy)
    return op.ignore_index
