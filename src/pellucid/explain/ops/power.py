"""Powers with a constant exponent: in float64 and rounded once, and so is the slope that gradients are multiples of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.chain import Chain
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import Formula, again, defined, grown_notes, shortest
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import columns
from pellucid.ops.pow import Pow


@explains(Pow)
def explain_power(question: Question) -> Formula | Chain:
    """Elements of a power; and of its gradient, which is a product with the rounded slope."""
    op = question.source.op
    assert isinstance(op, Pow)
    x = Element(question.operand("input"), columns(question.at))
    numbers = np.broadcast_to(x.gathered()[1], (len(question.at), 1))
    p, exponent = op.exponent, shortest(op.exponent)

    def notes() -> Sequence[Note]:
        return [defined(f"p = {exponent}", number=x), *grown_notes(question)]

    if question.source.of == "output":
        result = Enclosed.of(numbers).power(p)
        image = Image(x.operand, x.rows, f"power {exponent}", result.value.astype(np.float64))
        replay = again(lambda: op.result(numbers))
        return Formula((Group((image,)),), result.rounded(question.dtype)[:, 0], replay[:, 0], notes=notes)
    slope = again(lambda: op.slope(numbers))
    factors = Element(question.operand("grad_output"), x.rows), Quantity("p·input^(p − 1)", slope)
    base = question.base
    start = None if base is None else Element(base, tuple(question.at.T))
    return Chain((Group(factors),), start=start, formula=question.formula, notes=notes)
