"""Add and flatten: numbers that are passed on as they are, and plain sums of two."""

from __future__ import annotations

import numpy as np

from pellucid.explain.accounts.account import Element, Group
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.formula import grown_notes
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.add import Add
from pellucid.ops.flatten import Flatten


@explains(Add, Flatten)
def explain_copy(question: Question) -> Chain | Choice:
    """Elements of a sum, of a reshaped array, and of their gradients: copies, unless there is something to add to."""
    op = question.source.op
    assert isinstance(op, Add | Flatten)
    terms = op.terms(question.source.of, question.at, *question.shapes)
    if terms.start is not None or question.base is not None:
        return chain_of(question, terms, notes=lambda: grown_notes(question) or [("note.one_addition", {})])
    ((name, rows),) = terms.factors
    source = Element(question.operand(name), rows)
    return Choice(
        (Group((source,)),), np.zeros(len(question.at), np.int64), notes=lambda: [("note.copy", {})]
    )
