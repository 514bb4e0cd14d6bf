"""Curves: the definition's own text, carried out once more on enclosures, and bit by bit with the engine's arithmetic.

    output     = f(input)                     one term: f(input) itself, or input·(what f keeps of it)
    grad_input = grad_output·f′(input)        one term, or those of a polynomial, after what the gradient had grown to

A slope of 0 may pass nothing, infinity neither: that is no term then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, normal
from pellucid.explain.accounts.enclosures import Enclosures
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    defined,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
    shortest,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Array, columns
from pellucid.ops.curve import Curve, Gate, Written, settled


@explains(Curve)
def explain_curve(question: Question) -> Formula:
    """Elements of the output or of the gradient of the input."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Curve)
    forward, a = of == "output", Enclosures(8 * question.dtype.itemsize)
    read = [Element(question.operand(name), columns(question.at)) for name in op.reads(of)]
    x, numbers = read[-1], [element.gathered()[1] for element in read]
    points = [Enclosed.of(normal(some)) for some in numbers]
    with np.errstate(all="ignore"):
        result = Enclosed.of(op.made(of, a, *points))
        replay = again(lambda: grown_replay(question, op.evaluated(of, *numbers)[:, 0]))
        # whether a number that a curve passes on stays denormal is the processor's affair
        plain = [((some == normal(some)) | np.isnan(some))[:, 0] for some in numbers]
        replay = np.where(np.all(plain, axis=0), replay, question.value)
        shown = (op, a, x, points[-1], result)
        terms = _value(*shown) if forward else _gradient(read[0], *shown)
        result = grown(question, result.rounded(question.dtype)[:, 0])

    def notes() -> Sequence[Note]:
        rounded = "note.rounded_once" if question.dtype == np.float32 else "note.float64"
        said = [op.notation.get(of, ""), *settings(op, question.dtype)]
        return [defined(*said, number=x), (rounded, {}), *grown_notes(question)]

    return Formula((*grown_terms(question), *terms), result, replay, notes=notes)


def settings(op: Written, dtype: np.dtype[np.floating]) -> list[str]:
    """An op's numbers as equations, in the type that they are rounded to."""
    exact = settled(op, 8 * dtype.itemsize)
    given = {field.name: getattr(exact, field.name) for field in fields(op)}  # type: ignore[arg-type]
    return [f"{name} = {shortest(x)}" for name, x in given.items() if isinstance(x, float)]


def _value(op: Curve, a: Enclosures, x: Element, point: Enclosed, result: Enclosed) -> tuple[Group, ...]:
    symbol = op.symbols.get("output", op.name)
    if isinstance(op, Gate):
        factor = Enclosed.of(settled(op, a.width).factor(point, a))
        return (Group((x, Image(x.operand, x.rows, symbol, factor.value))),)
    return (Group((Image(x.operand, x.rows, symbol, result.value),)),)


def _gradient(
    grad: Element, op: Curve, a: Enclosures, x: Element, point: Enclosed, result: Enclosed
) -> tuple[Group, ...]:
    if op.slope_polynomial:
        powers = [(c, (grad, *[x] * power)) for power, c in enumerate(op.slope_polynomial) if c]
        return tuple(Group(some if c == 1 else (_number(c), *some)) for c, some in powers)
    slope = np.broadcast_to(Enclosed.of(op.made("grad_input", a, 1.0, point)).value, result.value.shape)
    image = Image(x.operand, x.rows, op.symbols.get("grad_input", f"{op.name}′"), slope)
    present: Array = (slope != 0) | np.isfinite(grad.gathered()[1]) | np.isnan(result.value)
    return (Group((grad, image), present),)


def _number(c: float) -> Quantity:
    return constant(shortest(c).replace("-", "−"), float(c))
