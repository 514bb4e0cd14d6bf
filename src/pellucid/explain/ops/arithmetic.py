"""Arithmetic on two tensors: each output is made of two numbers, a gradient of all outputs that read the operand.

output     = input + other, and the like            one operation
grad_input = Σ grad_output·slope                    a chain, over images in parts; one term where nothing is repeated
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.enclosed import Enclosed, normal
from pellucid.explain.accounts.formula import Formula, again
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import edges_of
from pellucid.explain.question import Question
from pellucid.ops.arithmetic import Affine, Arithmetic
from pellucid.ops.base import columns
from pellucid.ops.broadcast import Broadcast
from pellucid.ops.div import Div
from pellucid.sizes import size_of


@explains(Affine)
def explain_arithmetic(question: Question) -> Chain | Choice | Formula:
    """Elements of the output, and of the gradients of the operands."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Affine)
    if of != "output":
        return _gradient(question, op, of.removeprefix("grad_"))
    if op.is_linear:
        terms = op.terms(of, question.at, *question.shapes)
        return chain_of(question, terms, weight="−1", notes=lambda: [("note.one_addition", {})])
    return _value(question, op)


def _value(question: Question, op: Arithmetic) -> Formula:
    """Elements of an output that is one operation on two numbers. A quotient is shown as a product."""
    rows = columns(question.at)
    pairs = zip(op.arguments, question.shapes, strict=True)
    input, other = (Element(question.operand(name), op.place(rows, name, shape)) for name, shape in pairs)
    a, b = (normal(np.broadcast_to(x.gathered()[1], (len(question.at), 1))[:, 0]) for x in (input, other))
    with np.errstate(all="ignore"):
        result = op.value(Enclosed.of(a), Enclosed.of(b)).rounded(question.dtype)
        if isinstance(op, Div):
            other = Image(other.operand, other.rows, "1/", 1 / b.astype(np.float64)[:, None])
    return Formula((Group((input, other)),), result, again(lambda: op.value(a, b)))


@explains(Div)
def explain_div(question: Question) -> Chain | Choice | Formula:
    """Elements of a quotient, and of the gradients, which have a rounded quotient for a slope."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Div)
    if of == "output":
        return _value(question, op)
    argument = of.removeprefix("grad_")
    met = op.met_by(question.at, argument, *question.shapes)
    divisor = Element(question.operand("other"), op.place(met, "other", question.shapes[1]))
    numbers = divisor.gathered()[1]
    slope: Element | Quantity
    if argument == "input":
        slope = Image(divisor.operand, divisor.rows, "1/", again(lambda: 1 / numbers))
    else:
        input = Element(question.operand("input"), op.place(met, "input", question.shapes[0])).gathered()[1]
        slope = Quantity("−(input/other)/other", again(lambda: -(input / numbers / numbers)))
    return summed(question, op, (Element(question.operand("grad_output"), met), slope))


def _gradient(question: Question, op: Affine, argument: str) -> Chain | Choice:
    terms = op.terms(question.source.of, question.at, *question.shapes)
    axes = op.repeats(argument, *question.shapes)
    factors = tuple(Element(question.operand(name), rows) for name, rows in terms.factors)
    if not axes and question.base is None and op.slope(argument) == (1, None):
        copied = np.zeros(len(question.at), np.int64)
        return Choice((Group(factors),), copied, notes=lambda: [("note.copy", {})])
    if terms.weights is None:
        return summed(question, op, factors)
    return summed(question, op, (*factors, Quantity("−1", terms.weights.astype(question.dtype))))


def summed(
    question: Question,
    op: Broadcast,
    factors: tuple[Element | Quantity, ...],
    formula: str = "",
    notes: Sequence[Note] = (),
) -> Chain:
    """Σ over all outputs that read the element, after what the gradient had grown to before."""
    argument = question.source.of.removeprefix("grad_")
    output, axes = op.infer(*question.shapes), op.repeats(argument, *question.shapes)
    edges = (
        edges_of(question, output[0], size_of([output[axis] for axis in axes if axis])) if output else None
    )
    formula = formula or question.formula
    if axes:
        formula = (
            f"{formula.replace('grad_output', 'Σ grad_output', 1)} over the outputs that read the operand"
        )
    base = question.base
    start = None if base is None else Element(base, tuple(question.at.T))
    chain: Chain = Chain(
        (Group(factors),),
        start=start,
        edges=edges,
        formula=formula,
        notes=lambda: [*notes, chain.order("order.repeated")],
    )
    return chain
