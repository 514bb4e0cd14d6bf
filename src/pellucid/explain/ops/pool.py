"""Pooling: the winner of a window and the gradients that come back to it; means and their shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.enclosed import Array, Enclosed, normal
from pellucid.explain.accounts.formula import Formula, again, before, grown_notes, grown_terms
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import in_order
from pellucid.explain.question import Question
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Rows
from pellucid.ops.max_indices import AdaptiveMaxPoolIndices, MaxPoolIndices
from pellucid.ops.max_pool import MaxPool, winner


@explains(AdaptiveMaxPool, MaxPool)
def explain_max_pool(question: Question) -> Choice | Chain:
    """The winner of each window; for an input element, the gradients of the windows that it won."""
    return _winner(question) if question.source.of == "output" else _won(question)


def _winner(question: Question) -> Choice:
    candidates, present, wins = _windows(question, question.at)

    def notes() -> Sequence[Note]:
        values, win = candidates.gathered()[1][0], int(wins[0])
        at = [int(np.broadcast_to(row, present.shape)[0, win]) for row in candidates.rows]
        ties = int(np.count_nonzero(present[0] & (values == values[win])))
        if (values[present[0]] > values[win]).any():  # both are 0 to the processor
            return [("note.wins_as_zero", {"address": candidates.address(at)})]
        key = "note.nan_wins" if np.isnan(values[win]) else "note.first_wins" if ties > 1 else "note.wins"
        return [(key, {"address": candidates.address(at), "count": int(present[0].sum()), "ties": ties})]

    return Choice((Group((candidates,), present),), wins, notes=notes)


@explains(AdaptiveMaxPoolIndices, MaxPoolIndices)
def explain_max_indices(question: Question) -> Choice:
    """The number of the position that wins each window."""
    candidates, present, wins = _windows(question, question.at)
    plane = candidates.operand.array.shape[2:]
    rows = [np.broadcast_to(row, present.shape) for row in candidates.rows]
    winners = np.array([np.take_along_axis(row, wins[:, None], axis=1) for row in rows])
    number = Quantity("position", np.ravel_multi_index(tuple(winners[2:]), plane))

    def notes() -> Sequence[Note]:
        address, sizes = candidates.address(winners[:, 0, 0].tolist()), "×".join(map(str, plane))
        return [("note.position", {"address": address, "sizes": sizes})]

    return Choice((Group((number,)),), np.zeros_like(wins), notes=notes)


def _windows(
    question: Question, at: NDArray[np.int64]
) -> tuple[Element, NDArray[np.bool_], NDArray[np.int64]]:
    """The candidates of windows, which of them are no padding, and which win. Denormal numbers compare as zeros."""
    op = question.source.op
    assert isinstance(op, MaxPool | AdaptiveMaxPool)
    terms = op.terms("output", at, *question.shapes)
    assert terms.present is not None
    candidates = Element(question.operand("input"), terms.factors[0][1])
    values = candidates.gathered()[1]
    compared = normal(values)
    return candidates, terms.present, winner(compared, terms.present)


def _won(question: Question) -> Chain:
    op = question.source.op
    assert isinstance(op, MaxPool | AdaptiveMaxPool)
    terms = op.terms("grad_input", question.at, *question.shapes)
    present = terms.present
    assert present is not None
    won = _those_won(question, terms.factors[0][1], present)

    def notes() -> Sequence[Note]:
        count, holding = (int(np.count_nonzero(there[0])) for there in (won, present))
        if not holding:
            return [("note.unreached", {})]
        found: list[Note] = [("note.won", {"won": count, "count": holding})]
        return [*found, chain.order("order.windows")] if count else found

    chain: Chain = chain_of(question, replace(terms, present=won), notes=notes)
    return chain


def _those_won(question: Question, rows: Rows, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the windows that hold an element it wins. A window is looked at once, however many ask."""
    grad_output = question.operand("grad_output").array.shape
    places = np.broadcast_arrays(*rows, there)[:-1]
    numbers = np.ravel_multi_index(tuple(place[there] for place in places), grad_output)
    windows, which = np.unique(numbers, return_inverse=True)
    won = there.copy()
    if len(windows):
        at = np.stack(np.unravel_index(windows, grad_output), axis=1)
        candidates, _, wins = _windows(question, at)
        winners = [
            np.take_along_axis(row, wins[:, None], axis=1)[:, 0]
            for row in np.broadcast_arrays(*candidates.rows)
        ]
        asked = np.nonzero(there)[0]
        alike = [w[which] == i[asked] for w, i in zip(winners, question.at.T, strict=True)]
        won[there] = np.logical_and.reduce(alike)
    return won


@explains(AdaptiveAvgPool, AvgPool)
def explain_average_pool(question: Question) -> Formula:
    """Means of windows; for an input element, its shares of the gradients of the windows that hold it.

    All in float64 and rounded once, what the gradient had grown to before included.
    """
    op, of = question.source.op, question.source.of
    assert isinstance(op, AvgPool | AdaptiveAvgPool)
    terms = op.terms(of, question.at, *question.shapes)
    ((name, rows),), present, divisors = terms.factors, terms.present, terms.divisors
    assert present is not None
    assert divisors is not None
    element = Element(question.operand(name), rows)
    numbers = np.where(present, element.gathered()[1], question.dtype.type(0))
    with np.errstate(all="ignore"):
        if of == "output":
            result = Enclosed.of(numbers).sum(axis=1) / divisors[:, 0]
        else:
            result = (Enclosed.of(numbers) / divisors).sum(axis=1)
        if question.base is not None:
            result = Enclosed.of(before(question)) + result
        result = result.rounded(question.dtype)
    share = Quantity("1/divisor" if isinstance(op, AvgPool) else "1/size", 1 / divisors)

    def notes() -> Sequence[Note]:
        count = int(present[0].sum())
        if not count:
            return [("note.unreached", {})]
        if of == "output":
            return [("note.mean", {"count": count, "divisor": int(divisors[0, 0])})]
        order = "note.shares_last_first" if isinstance(op, AvgPool) else "note.shares"
        return [(order, {"count": count}), *grown_notes(question)]

    taken = present | _zeros_counted(question, rows) if of == "output" else present
    return Formula(
        (*grown_terms(question), Group((element, share), taken)),
        result,
        _average_replayed(question, numbers, divisors),
        notes=notes,
    )


def _zeros_counted(question: Question, rows: Rows) -> NDArray[np.bool_]:
    """Which positions of windows lie in the padded input, where its zeros count as numbers."""
    op = question.source.op
    if not (isinstance(op, AvgPool) and op.count_include_pad and op.divisor_override is None):
        return np.zeros(1, np.bool_)
    (input,) = question.shapes
    assert input is not None
    axes = op.geometry(input).axes
    within = [i < axis.input + axis.after for axis, i in zip(axes, rows[2:], strict=True)]
    result: NDArray[np.bool_] = np.logical_and.reduce(np.broadcast_arrays(*within))
    return result


def _average_replayed(question: Question, numbers: Array, divisors: NDArray[np.int64]) -> Array:
    """The engine's operations, one after the other."""

    def replay() -> Array:
        wide = numbers.astype(np.float64)
        shares = wide if question.source.of == "output" else wide / divisors
        total = in_order(shares)[:, 0]
        if question.source.of == "output":
            total = total / divisors[:, 0]
        if question.base is not None:
            total = total + before(question).astype(np.float64)
        return total.astype(question.dtype)

    return again(replay)
