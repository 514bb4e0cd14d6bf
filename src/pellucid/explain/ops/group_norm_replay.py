"""Group, instance and layer norm once more, operation by operation, bit by bit as the engine does it.

Sums and statistics: `kernels/loops/group_norm.py`, `group_norm_gradient.py`; all numbers: `kernels/simd/channels.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element
from pellucid.explain.accounts.formula import again, grown_replay
from pellucid.explain.ops.fused import fused, fused_sums
from pellucid.explain.ops.group_norm_question import Asked
from pellucid.functions.sums import OFF_CENTRE, in_lanes
from pellucid.ops.base import Rows

Array = NDArray[Any]


def replayed(asked: Asked) -> Array:
    """The asked numbers, as the engine computes them."""

    def replay() -> Array:
        result: Array = _REPLAYS[asked.question.source.of](asked).astype(asked.dtype)[:, 0]
        return grown_replay(asked.question, result)

    return again(replay)


def _wide(factor: Element) -> Array:
    """Numbers as float64."""
    result: Array = factor.gathered()[1].astype(np.float64)
    return result


def _number(asked: Asked, name: str, rows: Rows) -> Array:
    return _wide(asked.number(name, rows))


def _centred(asked: Asked, rows: Rows) -> Array:
    return _number(asked, "input", rows) - _wide(asked.statistic("mean", rows))


def _times(numbers: Array, factors: Iterable[Element]) -> Array:
    return reduce(mul, map(_wide, factors), numbers)


def _in_turn(left: Array, right: Array | None, stretches: Sequence[Array]) -> Array:
    """Σ left·right, or Σ left, of stretches of each row, a number after the other."""
    places, edges = np.concatenate([np.arange(0), *stretches]), np.cumsum([0, *map(len, stretches)])
    right = np.ones_like(left) if right is None else right
    return fused_sums(left[:, places], right[:, places], edges)


def _column_sums(asked: Asked, left: Array, right: Array | None = None) -> Array:
    """Σ left·right, or Σ left, of each column of a set, pixel after pixel: (elements, columns).

    Arguments are (elements, c·y), c first. A column is a channel; where there is one pixel it may be one of the lanes.
    """
    columns = asked.question.source.order["columns"]
    in_memory = np.arange(left.shape[1]).reshape(-1, max(1, asked.pixels)).T.ravel()
    return _in_turn(left, right, [in_memory[column::columns] for column in range(columns)])


def _image_sums(asked: Asked, left: Array, right: Array | None = None) -> Array:
    """The same of a channel in each image: (elements, images)."""
    return _in_turn(left, right, [*np.arange(left.shape[1]).reshape(asked.shape[0], asked.pixels)])


def _output(asked: Asked) -> Array:
    centred, istd = _centred(asked, asked.at), _wide(asked.statistic("istd", asked.at))
    weight, bias = (asked.parameter(name, asked.at) for name in ("weight", "bias"))
    if asked.by_channels:
        return fused(centred, _times(istd, weight), _wide(*bias) if bias else np.zeros_like(istd))
    value = centred * istd
    if weight and bias:
        return fused(value, _wide(*weight), _wide(*bias))
    value = _times(value, weight)
    return value + _wide(*bias) if bias else value


def _moments(asked: Asked) -> tuple[Array, Array, Array]:
    """The first number of each set, or its mean if that number lies far apart, and both sums around it."""
    numbers = _number(asked, "input", asked.set)
    centre = numbers[:, :1] if asked.count else np.zeros((len(numbers), 1))
    total, squares = _around(asked, numbers, centre)
    apart = total / max(1, asked.count)
    off = total * apart > OFF_CENTRE * squares
    if off.any():
        centre = np.where(off, centre + apart, centre)
        total, squares = _around(asked, numbers, centre)
    return centre, total, squares


def _around(asked: Asked, numbers: Array, centre: Array) -> tuple[Array, Array]:
    apart = numbers - centre
    return in_lanes(_column_sums(asked, apart), 1), in_lanes(_column_sums(asked, apart, apart), 1)


def _mean(asked: Asked) -> Array:
    first, total, _ = _moments(asked)
    return first + total / max(1, asked.count)


def _var(asked: Asked) -> Array:
    _, total, squares = _moments(asked)
    count = max(1, asked.count)
    variance = (squares - total * (total / count)) / count
    return np.where(variance < 0, 0, variance)


def _istd(asked: Asked) -> Array:
    result: Array = 1.0 / np.sqrt(_wide(asked.own("var")) + asked.op.eps)
    return result


def _grad_bias(asked: Asked) -> Array:
    gradients = _number(asked, "grad_output", asked.readers)
    if asked.by_channels:
        gradients = _image_sums(asked, gradients)
    return asked.images.sum(gradients)


def _grad_weight(asked: Asked) -> Array:
    gradients, centred = _number(asked, "grad_output", asked.readers), _centred(asked, asked.readers)
    istd = _wide(asked.statistic("istd", asked.readers))
    if asked.by_channels:
        return asked.images.sum(_image_sums(asked, gradients, centred) * istd[:, :: asked.pixels])
    return asked.images.sum(gradients * (centred * istd))


def _weighted_sum(asked: Asked, centred: Array | None = None) -> Array:
    """Σ g·weight·(x − mean) over a set, or Σ g·weight; weights of channels come behind the sums of channels."""
    gradients, weight = _number(asked, "grad_output", asked.set), asked.parameter("weight", asked.set)
    if not asked.by_channels:
        return in_lanes(_column_sums(asked, _times(gradients, weight), centred), 1)
    sums = _column_sums(asked, gradients, centred)
    return in_lanes(sums * _wide(*weight)[:, :: asked.pixels] if weight else sums, 1)


def _grad_istd(asked: Asked) -> Array:
    return _weighted_sum(asked, _centred(asked, asked.set))


def _grad_var(asked: Asked) -> Array:
    istd = _wide(asked.own("istd"))
    return -0.5 * (istd * istd * istd * _wide(asked.own("grad_istd")))


def _grad_mean(asked: Asked) -> Array:
    return -(_weighted_sum(asked) * _wide(asked.own("istd")))


def _grad_input(asked: Asked) -> Array:
    at, count = asked.at, max(1, asked.count)
    by_mean, by_var, istd = (_wide(asked.statistic(name, at)) for name in ("grad_mean", "grad_var", "istd"))
    gradient, weight, slope = (
        _number(asked, "grad_output", at),
        asked.parameter("weight", at),
        2.0 * by_var / count,
    )
    factors = (gradient, _times(istd, weight)) if asked.by_channels else (_times(gradient, weight), istd)
    return fused(_centred(asked, at), slope, fused(*factors, by_mean / count))


_REPLAYS: dict[str, Callable[[Asked], Array]] = {
    "output": _output,
    "mean": _mean,
    "var": _var,
    "istd": _istd,
    "grad_bias": _grad_bias,
    "grad_weight": _grad_weight,
    "grad_istd": _grad_istd,
    "grad_var": _grad_var,
    "grad_mean": _grad_mean,
    "grad_input": _grad_input,
}
