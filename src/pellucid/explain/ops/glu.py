"""The gated linear unit: an output is made of a number of each half, a gradient of these two and of one output's.

output     = first·σ(second)
grad_input = grad_output·σ(second) in the first half, grad_output·first·σ′(second) in the second
"""

from __future__ import annotations

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, normal, where
from pellucid.explain.accounts.enclosures import Enclosures
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    defined,
    first_of,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
    shortest,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Array, columns
from pellucid.ops.glu import GATED, GLU


@explains(GLU)
def explain_glu(question: Question) -> Formula:
    """Elements of the output, or of the gradient of the input."""
    op, forward = question.source.op, question.source.of == "output"
    assert isinstance(op, GLU)
    input, a = question.operand("input"), Enclosures(8 * question.dtype.itemsize)
    at, half = op.axis_of(input.array.shape), input.array.shape[op.axis_of(input.array.shape)] // 2
    second = question.at[:, at] >= half
    index = question.at.copy()
    index[:, at] %= half
    places = columns(index)
    behind = tuple(row + half if axis == at else row for axis, row in enumerate(places))
    read = [Element(input, places), Element(input, behind)]
    numbers = [element.gathered()[1] for element in read]
    points = [Enclosed.of(normal(some)) for some in numbers]

    def made(of: str, *more: Array) -> Array:
        return GATED.evaluated(of, *more, *numbers)

    with np.errstate(all="ignore"):
        if forward:
            result, replay = Enclosed.of(GATED.curve(*points, a=a)), again(lambda: made("output"))
            gate = Image(input, behind, "σ", Enclosed.of(a.sigmoid(points[1])).value)
            group = Group((read[0], gate))
        else:
            grad = Element(question.operand("grad_output"), places)
            grads, choose = grad.gathered()[1], second[:, None]
            slopes = [Enclosed.of(GATED.chained(of, 1.0, *points, a=a)) for of in ("grad_input", "grad_gate")]
            slope = where(choose, slopes[1], slopes[0])
            result = Enclosed.of(normal(grads)) * slope
            replay = again(lambda: np.where(choose, made("grad_gate", grads), made("grad_input", grads)))
            group = Group((grad, Quantity("glu′", slope.value)))
        replay = again(lambda: grown_replay(question, replay[:, 0]))
        result = grown(question, result.rounded(question.dtype)[:, 0])

    def notes() -> list[Note]:
        halves = zip(("first", "second"), read, numbers, strict=True)
        said = [f"{half} = {shortest(x[0, 0])} = {first_of(one)['address']}" for half, one, x in halves]
        rounded = "note.rounded_once" if question.dtype == np.float32 else "note.float64"
        return [defined(*said), (rounded, {}), *grown_notes(question)]

    return Formula((*grown_terms(question), group), result, replay, notes=notes)
