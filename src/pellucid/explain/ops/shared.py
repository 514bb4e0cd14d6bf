"""The gradient of a parameter that several layers use: the sum of what each of them contributes, in that order."""

from __future__ import annotations

import numpy as np

from pellucid.explain.accounts.account import Element, Group
from pellucid.explain.accounts.chain import Chain
from pellucid.explain.question import Operand, Question, Stack


def explain_shared(question: Question) -> Chain:
    """Elements of such a gradient. Every contribution has a name, and an explanation, of its own."""
    first, *others = (Operand(part, question.read(part)) for part in question.source.parts)
    stack = Stack("contributions", np.stack([o.array for o in others]), tuple(o.name for o in others))
    at = tuple(question.at.T)
    rows = (np.arange(len(others)), *(column[:, None] for column in at))
    chain: Chain = Chain(
        (Group((Element(stack, rows),)),),
        start=Element(first, at),
        formula=f"{question.source.of} = Σ_u contribution[u] over the uses u of the parameter",
        notes=lambda: [chain.order("order.uses")],
    )
    return chain
