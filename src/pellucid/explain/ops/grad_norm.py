"""The norm of all gradients: the root of the sum of their squares, all in float64. Order: `ops/grad_norm.py`."""

from __future__ import annotations

import numpy as np

from pellucid.engine import weights
from pellucid.explain.accounts.account import Element, Group
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import Formula, again, constant
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.functions.sums import LANES
from pellucid.ops.base import choices
from pellucid.ops.grad_norm import ROOM, STRETCH, GradNorm


@explains(GradNorm)
def explain_grad_norm(question: Question) -> Formula:
    """The root of every gradient's numbers, squared; or the factor that follows from it."""
    op = question.source.op
    assert isinstance(op, GradNorm)
    return _norm(question, op) if question.source.of == "norm" else _factor(question, op)


def _norm(question: Question, op: GradNorm) -> Formula:
    operands = [question.operand(name) for name in question.source.read]
    factors = [Element(operand, choices(*operand.array.shape)) for operand in operands]
    numbers = Enclosed.of(np.concatenate([operand.array.reshape(-1) for operand in operands]))
    stretches = sum(-(-operand.array.size // STRETCH) for operand in operands)
    depth = -(-STRETCH // LANES) + -(-stretches // LANES) + 8  # additions in a lane, and of lanes, twice

    def replay() -> np.float64:
        return op.norm(*(weights.in_memory(operand.array) for operand in operands))

    return Formula(
        tuple(Group((factor, factor)) for factor in factors),
        (numbers * numbers).sum(additions=depth).sqrt()[None],
        np.reshape(again(replay), 1),
        root=2.0,
        notes=lambda: [("note.squares", {"size": STRETCH})],
    )


def _factor(question: Question, op: GradNorm) -> Formula:
    norm = question.operand("norm")
    assert op.max_norm is not None
    quotient = op.max_norm / (Enclosed.of(norm.array) + ROOM)
    clips = not quotient.value >= 1
    inverse = constant("1/(grad_norm + 1e-6)", float(1 / (norm.array + ROOM)))
    factors = (constant("max_norm", op.max_norm), inverse) if clips else (constant("1", 1.0),)
    result = Enclosed(np.minimum(quotient.value, 1), quotient.radius)[None]
    return Formula((Group(factors),), result, np.reshape(again(lambda: op.factor(float(norm.array))), 1))
