"""Activations: each number is made of the one in its place.

    output     = f(input)                     one term: input·(what f keeps of it), or f(input) itself
    grad_input = grad_output·f′(input)        one term, after what the gradient had grown to before

The smooth ones are computed in float64 and rounded once; ReLU and its leaky kin pass a number on, or its product with a
slope. All can be done once more bit by bit. Where ReLU's mask is 0 nothing passes: infinity is no term there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import WIDE, Enclosed, normal, where
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    defined,
    first_of,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.functions.normal import quotient
from pellucid.ops.base import Array, columns
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.maker import Maker
from pellucid.ops.pointwise import Pointwise, Smooth
from pellucid.ops.relu import ReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.tanh import Tanh

_LEAST_EXPONENT, _FAR = -700.0, 37.5  # the engine's exp of less, and Φ beyond, may be 0
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


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
        replay = np.where(inputs == normal(inputs), op.value(inputs), question.value[:, None])[:, 0]
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


@dataclass(frozen=True)
class _Curve:
    """What is said of a smooth activation.

    Attributes:
        symbol: how the function is written.
        function: the function, as the engine computes it for results of so many bits.
        slope: its derivative, of what the gradient reads.
        scales: whether the output is the input times the function.
        terms: those of the gradient, of grad_output and what it reads, where the slope is a polynomial.
        definition: what stands for the symbol, where the formula of the output does not say so.
        slope_definition: the same of the formula of the gradient.
    """

    symbol: str
    function: Callable[[Enclosed, int], Enclosed]
    slope: Callable[[Enclosed, int], Enclosed]
    scales: bool = False
    terms: Callable[[Element, Element], tuple[Group, ...]] | None = None
    definition: str = ""
    slope_definition: str = ""


def _logistic(x: Enclosed, _: int = 64) -> Enclosed:
    """σ(x), which is 0 where exp(x) is hardly a number: infinity times it is NaN then."""
    result = x.logistic()
    with np.errstate(all="ignore"):
        cut, maybe = x.value + x.radius < _LEAST_EXPONENT, x.value - x.radius < _LEAST_EXPONENT
    return Enclosed(np.where(cut, 0, result.value), result.radius + np.where(maybe, result.value, 0))


def _sigmoid_terms(grad: Element, y: Element) -> tuple[Group, ...]:
    return Group((grad, y)), Group((constant("−1", -1.0), grad, y, y))


def _tanh_terms(grad: Element, y: Element) -> tuple[Group, ...]:
    return Group((grad,)), Group((constant("−1", -1.0), grad, y, y))


def _silu_slope(x: Enclosed, _: int) -> Enclosed:
    return _logistic(x) * (1.0 + x * _logistic(-x))


def _beyond(t: Enclosed, bits: int) -> tuple[Enclosed, Enclosed]:
    """Φ(−t) and t·Φ′(t) for t ≥ 0, as good as the engine's quotients are (`functions/normal.py`)."""
    far, squared = t.value > _FAR, t.value * t.value
    made_of = quotient(bits)
    share = np.where(t.value > made_of.reach, made_of.beyond, made_of.share) + squared * WIDE(2.0) ** -52
    beyond = Enclosed(_erfc((t.value * math.sqrt(0.5)).astype(np.float64)) / 2)
    density = (-0.5 * t * t).exp() * (1.0 / math.sqrt(2.0 * math.pi))
    beyond, product = where(far, 0.0, beyond), t * where(far, 0.0, density)
    wider = [Enclosed(e.value, e.radius + share * abs(e.value)) for e in (beyond, product)]
    return wider[0], wider[1]


def _normal(x: Enclosed, bits: int) -> Enclosed:
    beyond, _ = _beyond(abs(x), bits)
    return where(x.value > 0, 1.0 - beyond, beyond)


def _normal_slope(x: Enclosed, bits: int) -> Enclosed:
    beyond, product = _beyond(abs(x), bits)
    return where(x.value > 0, 1.0 - (beyond - product), beyond - product)


def _near_normal(x: Enclosed, _: int) -> Enclosed:
    return _logistic(_twice(x))


def _near_normal_slope(x: Enclosed, _: int) -> Enclosed:
    twice = _twice(x)
    inner = 2.0 * math.sqrt(2.0 / math.pi) * (1.0 + 3 * 0.044715 * x * x)
    return _logistic(twice) * (1.0 + x * inner * _logistic(-twice))


def _twice(x: Enclosed) -> Enclosed:
    """2u of GELU's approximation."""
    return 2.0 * math.sqrt(2.0 / math.pi) * x * (1.0 + 0.044715 * (x * x))


_SIGMA = "σ(x) = 1/(1 + exp(−x))"
_PHI = "Φ(x) = ½(1 + erf(x/√2))"
_NEAR_PHI = "Φ(x) = ½(1 + tanh(√(2/π)·(x + 0.044715·x³)))"
_CURVES: dict[type[Maker], _Curve] = {
    Sigmoid: _Curve("σ", _logistic, lambda y, _: y * (1.0 - y), terms=_sigmoid_terms),
    Tanh: _Curve("tanh", lambda x, _: x.tanh(), lambda y, _: 1.0 - y * y, terms=_tanh_terms),
    SiLU: _Curve("σ", _logistic, _silu_slope, True, slope_definition=_SIGMA),
    GELU: _Curve("Φ", _normal, _normal_slope, True, None, _PHI, f"{_PHI}, Φ′(x) = exp(−x²/2)/√(2·π)"),
}
_NEAR_GELU = _Curve(
    "Φ",
    _near_normal,
    _near_normal_slope,
    True,
    None,
    _NEAR_PHI,
    f"{_NEAR_PHI}, Φ′(x) = 2·Φ(x)·(1 − Φ(x))·√(2/π)·(1 + 0.134145·x²)",
)


def _grown(question: Question, gradient: Array) -> Array:
    return grown_replay(question, gradient[:, 0])[:, None]


@explains(*_CURVES)
def explain_smooth(question: Question) -> Formula:
    """Elements of a smooth activation, and the definition once more with the engine's arithmetic."""
    op = question.source.op
    assert isinstance(op, Smooth)
    rule = _NEAR_GELU if isinstance(op, GELU) and op.approximate == "tanh" else _CURVES[type(op)]
    forward, bits = question.source.of == "output", 8 * question.dtype.itemsize
    x = Element(question.operand("input" if forward else op.reads("grad_input")[1]), columns(question.at))
    numbers = x.gathered()[1]
    point = Enclosed.of(numbers)
    with np.errstate(all="ignore"):
        curve = rule.function(point, bits) if forward else rule.slope(point, bits)
        image = Image(x.operand, x.rows, rule.symbol if forward else f"{op.name}′", curve.value)
        if forward:
            terms: tuple[Group, ...] = (Group((x, image) if rule.scales else (image,)),)
            result = point * curve if rule.scales else curve
            replay = again(lambda: op.value(numbers))
        else:
            grad = Element(question.operand("grad_output"), x.rows)
            terms = rule.terms(grad, x) if rule.terms else (Group((grad, image)),)
            result = Enclosed.of(grad.gathered()[1]) * curve
            replay = again(lambda: _grown(question, op.multiplied(grad.gathered()[1], numbers)))
        result = grown(question, result.rounded(question.dtype)[:, 0])

    def notes() -> Sequence[Note]:
        definition = rule.definition if forward else rule.slope_definition
        rounded = "note.rounded_once" if question.dtype == np.float32 else "note.float64"
        return [defined(definition, number=x), (rounded, {}), *grown_notes(question)]

    return Formula((*grown_terms(question), *terms), result, replay[:, 0], notes=notes)
