"""Embedding: an output is an element of the weight, whose gradient is the sum of those of the outputs that are it."""

from __future__ import annotations

import numpy as np

from pellucid.explain.accounts.account import Element, Group
from pellucid.explain.accounts.chain import Chain
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import edges_of
from pellucid.explain.question import Question
from pellucid.ops.base import choices
from pellucid.ops.embedding import Embedding
from pellucid.sizes import size_of


@explains(Embedding)
def explain_embedding(question: Question) -> Chain | Choice:
    """Elements of what is looked up, and of the weight's gradient."""
    op, numbers, at = question.source.op, question.operand("input").array, question.at
    assert isinstance(op, Embedding)
    if question.source.of == "output":
        rows = numbers[tuple(at[:, :-1].T)]
        found = Element(question.operand("weight"), (rows[:, None], at[:, -1:]))
        return Choice((Group((found,)),), np.zeros(len(at), np.int64), notes=lambda: [("note.copy", {})])
    positions = choices(*numbers.shape)
    padding = op.padding(question.operand("weight").array.shape[0])
    present = (numbers.reshape(1, -1) == at[:, :1]) & (at[:, :1] != padding)
    gradients = Element(question.operand("grad_output"), (*(p[None] for p in positions), at[:, -1:]))
    edges = edges_of(question, numbers.shape[0], size_of(numbers.shape[1:]))
    chain: Chain = Chain(
        (Group((gradients,), present),),
        edges=edges,
        notes=lambda: [chain.order("order.positions_of_numbers")],
    )
    return chain
