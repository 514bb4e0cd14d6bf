"""Activations: each number is made of the one in its place.

    output     = f(input)                     one term: input·(what f keeps of it), or f(input) itself
    grad_input = grad_output·f′(input)        one term, after what the gradient had grown to before

The smooth ones are computed in float64 and rounded once; ReLU and its leaky kin pass a number on, or its product with a
slope, which can be done once more bit by bit. Where ReLU's mask is 0 nothing passes: infinity is no term there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import (
    Formula,
    defined,
    first_of,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Array, columns
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.maker import Maker
from pellucid.ops.relu import ReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.tanh import Tanh

_LEAST_EXPONENT = -708.0  # the engine's exp of less is 0
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@explains(LeakyReLU, ReLU)
def explain_rectifier(question: Question) -> Formula:
    """Elements of ReLU and leaky ReLU: a mask, or a slope of two values."""
    from pellucid.kernels.flushing import flushed  # imports LLVM: only when it is needed

    op, dtype = question.source.op, question.dtype
    below = op.slope(dtype) if isinstance(op, LeakyReLU) else dtype.type(0)
    forward = question.source.of == "output"
    x = Element(question.operand("input"), columns(question.at))
    number = x if forward else Element(question.operand("grad_output"), x.rows)
    inputs, numbers = x.gathered()[1], number.gathered()[1]
    nan_passes = isinstance(op, ReLU)

    def again() -> tuple[Array, Array]:
        let = ~(inputs <= 0) if nan_passes else inputs > 0
        shrunk = numbers * below if isinstance(op, LeakyReLU) else np.zeros_like(numbers)
        return let, grown_replay(question, np.where(let, numbers, shrunk)[:, 0])

    let, replay = flushed(again)
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
        # whether a ReLU's output keeps a denormal number is the processor's affair
        None if nan_passes and forward else replay,
        notes=notes,
    )


@dataclass(frozen=True)
class _Curve:
    """What is said of a smooth activation.

    Attributes:
        symbol: how the function is written.
        function: the function, as the engine computes it.
        slope: its derivative.
        scales: whether the output is the input times the function.
        definition: what stands for the symbol, where the formula of the output does not say so.
        slope_definition: the same of the formula of the gradient.
    """

    symbol: str
    function: Callable[[Any], Enclosed]
    slope: Callable[[Any], Enclosed]
    scales: bool = False
    definition: str = ""
    slope_definition: str = ""


def _logistic(x: Enclosed) -> Enclosed:
    """σ(x), which is 0 where exp(x) is hardly a number: infinity times it is NaN then."""
    result = x.logistic()
    with np.errstate(all="ignore"):
        cut, maybe = x.value + x.radius < _LEAST_EXPONENT, x.value - x.radius < _LEAST_EXPONENT
    return Enclosed(np.where(cut, 0, result.value), result.radius + np.where(maybe, result.value, 0))


def _tanh_slope(x: Enclosed) -> Enclosed:
    t = x.tanh()
    return 1.0 - t * t


def _normal(x: Enclosed) -> Enclosed:
    """Φ(x), whose digits the engine's 1 + erf loses where it is small; the value itself keeps them."""
    engine = 0.5 * (1.0 + (x * math.sqrt(0.5)).erf())
    value = _erfc(-(x.value * math.sqrt(0.5)).astype(np.float64)) / 2
    with np.errstate(all="ignore"):
        return Enclosed(value, engine.radius + abs(engine.value - value))


def _normal_slope(x: Enclosed) -> Enclosed:
    return _normal(x) + x * ((-0.5 * x * x).exp() * (1.0 / math.sqrt(2.0 * math.pi)))


def _near_normal(x: Enclosed) -> Enclosed:
    return _logistic(_twice(x))


def _near_normal_slope(x: Enclosed) -> Enclosed:
    twice = _twice(x)
    probability = _logistic(twice)
    inner = math.sqrt(2.0 / math.pi) * (1.0 + 3 * 0.044715 * x * x)
    return probability + x * (2.0 * probability * _logistic(-twice) * inner)


def _twice(x: Enclosed) -> Enclosed:
    """2u of GELU's approximation."""
    return 2.0 * math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x))


_SIGMA = "σ(x) = 1/(1 + exp(−x))"
_PHI = "Φ(x) = ½(1 + erf(x/√2))"
_NEAR_PHI = "Φ(x) = ½(1 + tanh(√(2/π)·(x + 0.044715·x³)))"
_CURVES: dict[type[Maker], _Curve] = {
    Sigmoid: _Curve("σ", _logistic, lambda x: _logistic(x) * _logistic(-x), slope_definition=_SIGMA),
    Tanh: _Curve("tanh", Enclosed.tanh, _tanh_slope),
    SiLU: _Curve(
        "σ", _logistic, lambda x: _logistic(x) * (1.0 + x * _logistic(-x)), True, slope_definition=_SIGMA
    ),
    GELU: _Curve("Φ", _normal, _normal_slope, True, _PHI, f"{_PHI}, Φ′(x) = exp(−x²/2)/√(2·π)"),
}
_NEAR_GELU = _Curve(
    "Φ",
    _near_normal,
    _near_normal_slope,
    True,
    _NEAR_PHI,
    f"{_NEAR_PHI}, Φ′(x) = 2·Φ(x)·(1 − Φ(x))·√(2/π)·(1 + 0.134145·x²)",
)


@explains(*_CURVES)
def explain_smooth(question: Question) -> Formula:
    """Elements of a smooth activation."""
    op = question.source.op
    rule = _NEAR_GELU if isinstance(op, GELU) and op.approximate == "tanh" else _CURVES[type(op)]
    forward = question.source.of == "output"
    x = Element(question.operand("input"), columns(question.at))
    point = Enclosed.of(x.gathered()[1])
    with np.errstate(all="ignore"):
        curve = rule.function(point) if forward else rule.slope(point)
        image = Image(x.operand, x.rows, rule.symbol if forward else f"{op.name}′", curve.value)
        if forward:
            factors: tuple[Element, ...] = (x, image) if rule.scales else (image,)
            result = point * curve if rule.scales else curve
        else:
            factors = (Element(question.operand("grad_output"), x.rows), image)
            result = Enclosed.of(factors[0].gathered()[1]) * curve
        result = grown(question, result.rounded(question.dtype)[:, 0])

    def notes() -> Sequence[Note]:
        definition = rule.definition if forward else rule.slope_definition
        rounded = "note.rounded_once" if question.dtype == np.float32 else "note.float64"
        return [defined(definition, number=x), (rounded, {}), *grown_notes(question)]

    return Formula((*grown_terms(question), Group(factors)), result, notes=notes)
