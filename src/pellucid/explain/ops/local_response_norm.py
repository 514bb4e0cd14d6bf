"""Local response norm: output and gradient. Formula: `ops/local_response_norm.py`.

All arithmetic is in float64: `kernels/loops/local_response_norm.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    defined,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
    read,
)
from pellucid.explain.address import written
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.softmax import Positions, image
from pellucid.explain.question import Question
from pellucid.ops.base import columns
from pellucid.ops.local_response_norm import LocalResponseNorm

_SLOPE = "slope = 2·alpha·beta/size"
_INNER = "inner[n,j,y] = grad_output[n,j,y]·input[n,j,y]·s[n,j,y]^(−beta − 1)"


@explains(LocalResponseNorm)
def explain_local_response_norm(question: Question) -> Formula:
    """Elements of the output or of the gradient."""
    forward = question.source.of == "output"
    result, terms = _output(question) if forward else _gradient(question)

    def notes() -> list[Note]:
        constants = [f"{name} = {value}" for name, value in vars(_op(question)).items()]
        slope = [] if forward else [_SLOPE, _INNER]
        s = float(_measure(question, question.at[:1]).value[0])
        measure = f"{written('s', question.index)} = {s}"
        rounded = "note.rounded_once" if question.dtype == np.float32 else "note.float64"
        return [defined(*slope, *constants, measure), (rounded, {}), *grown_notes(question)]

    return Formula(
        (*grown_terms(question), *terms),
        grown(question, result.rounded(question.dtype)[:, 0]),
        again(lambda: _engine(question)),
        notes=notes,
    )


def _engine(question: Question) -> NDArray[Any]:
    """The definition once more, of whole pixels."""
    op, input = _op(question), question.operand("input")
    pixels = Positions(question.at, input.array.shape[1])
    numbers = pixels.of(input)[:, :, None]
    if question.source.of == "output":
        return np.asarray(pixels.own(op.forward(numbers)[:, :, 0])[:, 0])
    (gradient,) = op.backward(pixels.of(question.operand("grad_output"))[:, :, None], numbers)
    assert gradient is not None
    return grown_replay(question, pixels.own(gradient[:, :, 0])[:, 0])


def _output(question: Question) -> tuple[Enclosed, tuple[Group, ...]]:
    op, at = _op(question), columns(question.at)
    x = Element(question.operand("input"), at)
    power = _measure(question, question.at).power(-op.beta)[:, None]
    return read(x) * power, (Group((x, image("s⁻ᵝ", x.operand, at, power))),)


def _gradient(question: Question) -> tuple[Enclosed, tuple[Group, ...]]:
    op, (n, c, *y) = _op(question), columns(question.at)
    x, g = (Element(question.operand(name), (n, c, *y)) for name in ("input", "grad_output"))
    channels, inside = _around(question, c, op.size - 1 - op.size // 2)
    near = tuple(np.broadcast_arrays(n, channels, *y))
    measure = _measure(question, np.stack([row.reshape(-1) for row in near], axis=1))
    measure = Enclosed(measure.value.reshape(channels.shape), measure.radius.reshape(channels.shape))
    power = measure.power(-op.beta) / measure
    every = tuple(Element(question.operand(name), near) for name in ("grad_output", "input"))
    shared = where(inside, read(every[0]) * read(every[1]) * power, 0.0).sum()[:, None]
    own = _measure(question, question.at).power(-op.beta)[:, None]
    slope = 2 * op.alpha * op.beta / op.size
    result = read(g) * own - slope * read(x) * shared
    factors: tuple[Element | Quantity, ...] = (constant("−slope", -slope), x, *every)
    last = image("s⁻ᵝ⁻¹", x.operand, near, power)
    return result, (Group((g, image("s⁻ᵝ", x.operand, x.rows, own))), Group((*factors, last), inside))


def _measure(question: Question, at: NDArray[np.int64]) -> Enclosed:
    """s = k + alpha/size·Σ input² over the neighbours of each element."""
    op, (n, c, *y) = _op(question), columns(at)
    channels, inside = _around(question, c, op.size // 2)
    numbers = read(Element(question.operand("input"), (n, channels, *y)))
    squares = where(inside, numbers * numbers, 0.0).sum()
    return op.k + Enclosed(op.alpha) / op.size * squares


def _around(
    question: Question, channel: NDArray[np.int64], before: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """`size` channels for each, the first of them so many before; and which of them there are."""
    op, count = _op(question), question.operand("input").array.shape[1]
    found = channel + np.arange(max(-before, 1 - count), min(op.size - before, count))
    return found.clip(0, count - 1), (found >= 0) & (found < count)


def _op(question: Question) -> LocalResponseNorm:
    assert isinstance(question.source.op, LocalResponseNorm)
    return question.source.op
