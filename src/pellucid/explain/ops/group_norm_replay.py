"""Group, instance and layer norm once more, operation by operation, bit by bit as `kernels/loops/group_norm.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element
from pellucid.explain.accounts.formula import again
from pellucid.explain.ops.group_norm_question import Asked
from pellucid.explain.ops.parts import in_order
from pellucid.functions.sums import in_lanes
from pellucid.ops.base import Rows
from pellucid.sizes import size_of

Array = NDArray[Any]


def replayed(asked: Asked) -> Array:
    """The asked numbers, as the engine computes them."""

    def replay() -> Array:
        result: Array = _REPLAYS[asked.question.source.of](asked).astype(asked.dtype)[:, 0]
        base = asked.question.base
        return result if base is None else result + base.array[tuple(asked.question.at.T)]

    return again(replay)


def _wide(factor: Element) -> Array:
    """Numbers as float64."""
    result: Array = factor.gathered()[1].astype(np.float64)
    return result


def _set_sum(asked: Asked, values: Array) -> Array:
    """Σ over a set: each channel's pixels in order, then the channels in lanes. Values are (elements, c·y), c first."""
    pixels = size_of(asked.shape[2:])
    if not asked.count:
        return np.zeros((len(values), 1))
    return in_lanes(in_order(values.reshape(len(values), -1, pixels))[..., 0], 1)


def _number(asked: Asked, name: str, rows: Rows) -> Array:
    return _wide(asked.number(name, rows))


def _centred(asked: Asked, rows: Rows) -> Array:
    return _number(asked, "input", rows) - _wide(asked.statistic("mean", rows))


def _weighted(asked: Asked, rows: Rows) -> Array:
    """grad_output·weight."""
    product = _number(asked, "grad_output", rows)
    for weight in asked.parameter("weight", rows):
        product = product * _wide(weight)
    return product


def _output(asked: Asked) -> Array:
    value = _centred(asked, asked.at) * _wide(asked.statistic("istd", asked.at))
    for weight in asked.parameter("weight", asked.at):
        value = value * _wide(weight)
    for bias in asked.parameter("bias", asked.at):
        value = value + _wide(bias)
    return value


def _mean(asked: Asked) -> Array:
    numbers = _number(asked, "input", asked.set)
    first = numbers[:, :1] if asked.count else np.zeros((len(numbers), 1))
    return first + _set_sum(asked, numbers - first) / max(1, asked.count)


def _var(asked: Asked) -> Array:
    centred = _centred(asked, asked.set)
    return _set_sum(asked, centred * centred) / max(1, asked.count)


def _istd(asked: Asked) -> Array:
    result: Array = 1.0 / np.sqrt(_wide(asked.own("var")) + asked.op.eps)
    return result


def _grad_bias(asked: Asked) -> Array:
    return asked.tree.sum(_number(asked, "grad_output", asked.readers))


def _grad_weight(asked: Asked) -> Array:
    normal = _centred(asked, asked.readers) * _wide(asked.statistic("istd", asked.readers))
    return asked.tree.sum(_number(asked, "grad_output", asked.readers) * normal)


def _grad_istd(asked: Asked) -> Array:
    return _set_sum(asked, _weighted(asked, asked.set) * _centred(asked, asked.set))


def _grad_var(asked: Asked) -> Array:
    istd = _wide(asked.own("istd"))
    return -0.5 * (istd * istd * istd * _wide(asked.own("grad_istd")))


def _grad_mean(asked: Asked) -> Array:
    return -(_set_sum(asked, _weighted(asked, asked.set)) * _wide(asked.own("istd")))


def _grad_input(asked: Asked) -> Array:
    at, count = asked.at, max(1, asked.count)
    by_mean, by_var, istd = (_wide(asked.statistic(name, at)) for name in ("grad_mean", "grad_var", "istd"))
    through = by_mean / count + 2.0 * by_var / count * _centred(asked, at)
    return _weighted(asked, at) * istd + through


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
