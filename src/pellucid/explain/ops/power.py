"""Powers with a constant exponent: in float64 and rounded once, and so is the slope that gradients are multiples of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import Formula, defined, grown, grown_notes, grown_terms, shortest
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import columns
from pellucid.ops.pow import Pow


@explains(Pow)
def explain_power(question: Question) -> Formula:
    """Elements of a power and of its gradient."""
    op = question.source.op
    assert isinstance(op, Pow)
    x = Element(question.operand("input"), columns(question.at))
    number = Enclosed.of(np.broadcast_to(x.gathered()[1], (len(question.at), 1)))
    p, exponent = op.exponent, shortest(op.exponent)
    with np.errstate(all="ignore"):
        if question.source.of == "output":
            result = number.power(p)
            factors: tuple[Element | Quantity, ...] = (
                Image(x.operand, x.rows, f"power {exponent}", result.value.astype(np.float64)),
            )
        else:
            slope = (number.power(p - 1) * p if p else number * 0).rounded(question.dtype)
            grad_output = Element(question.operand("grad_output"), x.rows)
            factors = grad_output, Quantity("p·input^(p − 1)", slope.value.astype(np.float64))
            result = Enclosed.of(grad_output.gathered()[1]) * slope
        result = grown(question, result.rounded(question.dtype)[:, 0])

    def notes() -> Sequence[Note]:
        return [defined(f"p = {exponent}", number=x), *grown_notes(question)]

    return Formula((*grown_terms(question), Group(factors)), result, notes=notes)
