"""Rectifiers: each number is made of the one in its place.

    output     = input·(what f keeps of it)   one term
    grad_input = grad_output·f′(input)        one term, after what the gradient had grown to before

ReLU and its leaky kin pass a number on, or its product with a slope. Both can be done once more bit by bit. Where
ReLU's mask is 0 nothing passes: infinity is no term there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, normal, where
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    first_of,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Array, columns
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.relu import ReLU


@explains(LeakyReLU, ReLU)
def explain_rectifier(question: Question) -> Formula:
    """Elements of ReLU and leaky ReLU: a mask, or a slope of two values."""
    op, dtype = question.source.op, question.dtype
    assert isinstance(op, Pointwise)
    below = op.slope(dtype) if isinstance(op, LeakyReLU) else dtype.type(0)
    forward = question.source.of == "output"
    x = Element(question.operand("input"), columns(question.at))
    number = x if forward else Element(question.operand("grad_output"), x.rows)
    inputs, numbers = x.gathered()[1], number.gathered()[1]
    nan_passes = isinstance(op, ReLU)

    def engine() -> tuple[Array, Array]:
        let = ~(inputs <= 0) if nan_passes else inputs > 0
        shrunk = numbers * below if isinstance(op, LeakyReLU) else np.zeros_like(numbers)
        return let, grown_replay(question, np.where(let, numbers, shrunk)[:, 0])

    let, replay = again(engine)
    if nan_passes and forward:  # whether a ReLU's output keeps a denormal number is the processor's affair
        replay = np.where(inputs == normal(inputs), op.result(inputs), question.value[:, None])[:, 0]
    with np.errstate(all="ignore"):
        product = (Enclosed.of(numbers) * below).rounded(dtype) if isinstance(op, LeakyReLU) else 0.0
        result = grown(question, where(let, numbers, product)[:, 0])
    slope = np.where(let, dtype.type(1), below)
    name = "slope" if isinstance(op, LeakyReLU) else "mask"
    factor = Quantity(name, slope) if forward else Image(x.operand, x.rows, f"{op.name}′", slope)
    present = let | isinstance(op, LeakyReLU) | np.isfinite(numbers)

    def notes() -> Sequence[Note]:
        if isinstance(op, LeakyReLU):
            note = "note.slope", {"slope": str(slope[0, 0]), **first_of(x)}
        else:
            note = "note.mask", {"mask": str(int(let[0, 0])), **first_of(x)}
        return [note, *grown_notes(question)]

    return Formula(
        (*grown_terms(question), Group((number, factor), present)),
        result,
        replay,
        notes=notes,
    )
