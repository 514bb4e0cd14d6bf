"""Unfold, fold and max unpooling: copies, and sums of what lies at a position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Filled, Group, Note
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.formula import grown_notes
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Terms
from pellucid.ops.columns import Columns
from pellucid.ops.fold import Fold
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.ops.unfold import Unfold


@explains(Fold, Unfold)
def explain_columns(question: Question) -> Chain | Choice:
    """Columns are copies of the image's elements, the image's elements sums of what the columns have of them."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Columns)
    terms = op.terms(of, question.at, *question.shapes)
    if isinstance(op, Unfold) == (of == "output"):
        return _copied(question, terms)

    def notes() -> Sequence[Note]:
        assert terms.present is not None
        if not terms.present[0].any():
            return [("note.unreached", {})]
        return [chain.order("order.kernel")]

    chain = chain_of(question, terms, notes=notes)
    return chain


@explains(MaxUnpool)
def explain_max_unpool(question: Question) -> Chain | Choice:
    """The last element that was put there, or 0; gradients from where the elements went."""
    op, (n, c, *place) = question.source.op, question.at.T
    assert isinstance(op, MaxUnpool)
    indices = question.operand("indices").array
    if question.source.of == "output":
        shape = question.shapes[0]
        assert shape is not None
        number = op.sources(indices, question.read(question.name).shape)[tuple(question.at.T)]
        found = np.unravel_index(number.clip(0), shape[2:])
        rows = [np.where(number < 0, -1, row)[:, None] for row in (n, c, *found)]
        return _copied(question, Terms((("input", tuple(rows)),)))
    output = question.operand("grad_output").array.shape
    stays = op.stays(indices, output)[n, c, *place]
    found = np.unravel_index(indices[n, c, *place], output[2:])
    rows = [np.where(stays, row, -1)[:, None] for row in (n, c, *found)]
    return _copied(question, Terms((("grad_output", tuple(rows)),)), "note.overwritten")


def _copied(question: Question, terms: Terms, absent: str = "note.zero") -> Chain | Choice:
    """One element each, or 0 where there is none; an addition where a gradient had grown before."""
    if question.base is not None:
        return chain_of(question, terms, notes=lambda: grown_notes(question))
    ((name, rows),) = terms.factors
    operand = question.operand(name)
    inside = [(row >= 0) & (row < size) for row, size in zip(rows, operand.array.shape, strict=True)]
    there: NDArray[np.bool_] = np.logical_and.reduce(np.broadcast_arrays(*inside))
    element: Element = Filled(operand, tuple(np.where(there, row, -1) for row in rows), 0.0)
    note = "note.copy" if there[0].all() else absent
    return Choice((Group((element,)),), np.zeros(len(question.at), np.int64), notes=lambda: [(note, {})])
