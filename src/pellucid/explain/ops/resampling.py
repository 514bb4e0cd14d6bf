"""Padding and interpolation: copies and constants, or short sums of weighted elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Filled, Group, Note, Quantity
from pellucid.explain.accounts.chain import Chain
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Terms
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.pad import Pad
from pellucid.ops.resampling import Resampling


@explains(Interpolate, Pad)
def explain_resampling(question: Question) -> Chain | Choice:
    """Elements of the output, copies where every output is one input element or a constant, and input gradients."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Resampling)
    (input,) = question.shapes
    assert input is not None
    terms = op.terms(of, question.at, input)
    if of == "output" and all(spread.copies for spread in op.spreads(input)):
        return _copied(question, terms, op.value if isinstance(op, Pad) else None)
    return _summed(question, terms)


def _copied(question: Question, terms: Terms, value: float | None) -> Choice:
    ((name, rows),) = terms.factors
    assert terms.present is not None
    places = tuple(np.where(terms.present, row, -1) for row in rows)
    element = Filled(question.operand(name), places, value or 0.0)
    note = "note.copy" if terms.present[0, 0] else "note.filled"
    return Choice(
        (Group((element,)),),
        np.zeros(len(question.at), np.int64),
        formula=question.formula.replace("weight[y,i]·", ""),
        notes=lambda: [(note, {})],
    )


def _summed(question: Question, terms: Terms) -> Chain:
    ((name, rows),) = terms.factors
    factors: tuple[Element | Quantity, ...] = (Element(question.operand(name), rows),)
    if terms.weights is not None:
        factors = (*factors, Quantity("weight", terms.weights.astype(question.dtype)))

    def notes() -> Sequence[Note]:
        assert terms.present is not None
        if not terms.present[0].any():
            return [("note.unread", {})]
        return [chain.order("order.inputs" if question.source.of == "output" else "order.outputs")]

    base, formula = question.base, question.formula
    if terms.weights is None:
        formula = formula.replace("weight[y,i]·", "")
    start = None if base is None else Element(base, tuple(question.at.T))
    chain = Chain((Group(factors, terms.present),), start=start, formula=formula, notes=notes)
    return chain
