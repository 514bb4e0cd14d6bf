"""Batch norm once more, operation by operation as the engine does it: bit by bit the same numbers.

The statistics and the coefficients: `kernels/loops/norm.py`, `norm_statistics.py`; all numbers: `kernels/simd/norm.py`;
sums in a convolution's last transform: `kernels/simd/winograd.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element
from pellucid.explain.accounts.formula import again
from pellucid.explain.ops.fused import fused
from pellucid.explain.ops.norm_question import Asked

Array = NDArray[Any]


def replayed(asked: Asked) -> Array:
    """The asked numbers, as the engine computes them."""
    return again(lambda: _REPLAYS[asked.question.source.of](asked)[:, 0].astype(asked.dtype))


def _wide(factor: Element) -> Array:
    """Numbers as float64."""
    result: Array = factor.gathered()[1].astype(np.float64)
    return result


def _scale(asked: Asked) -> Array:
    return _wide(asked.each("istd")) * _weight(asked)


def _weight(asked: Asked) -> Array:
    return _wide(asked.each("weight")) if "weight" in asked.question.has else np.ones(asked.channel.shape)


def _output(asked: Asked) -> Array:
    mean, scale = (x.astype(asked.dtype) for x in (_wide(asked.each("mean")), _scale(asked)))
    bias = _wide(asked.each("bias")) if "bias" in asked.question.has else np.zeros(asked.channel.shape)
    shift = _less_lost(bias, asked, _scale(asked))
    return fused(asked.here("input").gathered()[1] - mean, scale, shift.astype(asked.dtype))


def _less_lost(shift: Array, asked: Asked, slope: Array) -> Array:
    """The shift, less what the mean loses when it is rounded to the network's type."""
    mean = _wide(asked.each("mean"))
    lost = mean - mean.astype(asked.dtype)
    return np.where(abs(lost) > 0, shift - lost * slope, shift)


def _moments(asked: Asked) -> tuple[Array, Array, Array]:
    """A centre and both sums around it: each run has a centre of its own, then all are brought to the first."""
    values, order = _wide(asked.all("input")), asked.order
    if not asked.count:
        zeros = np.zeros((len(values), 1))
        return zeros, zeros, zeros
    centres = values[:, order.centres]
    distances = values - values[:, order.centre_of]
    first, second = order.each(distances), order.each(distances, distances)
    apart = centres - centres[:, :1]
    by_apart = order.sizes * apart
    second = second + apart * (2.0 * first + by_apart)
    return centres[:, :1], order.whole(first + by_apart), order.whole(second)


def _mean(asked: Asked) -> Array:
    if not asked.op.training:
        return _wide(asked.each("running_mean"))
    centre, first, _ = _moments(asked)
    return centre + first / max(asked.count, 1)


def _var(asked: Asked) -> Array:
    _, first, second = _moments(asked)
    count = max(asked.count, 1)
    variance = (second - first * (first / count)) / count
    return np.where(variance < 0, 0, variance)


def _istd(asked: Asked) -> Array:
    var = _wide(asked.each("var" if asked.op.training else "running_var"))
    result: Array = 1.0 / np.sqrt(var + asked.op.eps)
    return result


def _running(asked: Asked) -> Array:
    of, momentum, count = asked.question.source.of, asked.op.momentum, asked.count
    old = _wide(asked.each(of))
    if not count:
        return old
    new = (
        _wide(asked.each("mean"))
        if of == "running_mean"
        else _wide(asked.each("var")) * count / (count - 1.0)
    )
    return (1.0 - momentum) * old + momentum * new


def _sum_of_gradients(asked: Asked) -> Array:
    return asked.order.sum(_wide(asked.all("grad_output")))


def _sum_of_products(asked: Asked) -> Array:
    centred = _wide(asked.all("input")) - _wide(asked.each("mean"))
    return asked.order.sum(_wide(asked.all("grad_output")), centred)


def _grad_weight(asked: Asked) -> Array:
    return _sum_of_products(asked) * _wide(asked.each("istd"))


def _grad_istd(asked: Asked) -> Array:
    return _sum_of_products(asked) * _weight(asked)


def _grad_var(asked: Asked, grad_istd: Array | None = None) -> Array:
    istd = _wide(asked.each("istd"))
    return -0.5 * (istd * istd * istd * (_wide(asked.each("grad_istd")) if grad_istd is None else grad_istd))


def _grad_mean(asked: Asked, first: Array | None = None) -> Array:
    total = _sum_of_gradients(asked) if first is None else first
    return -(total * _scale(asked))


def _grad_input(asked: Asked) -> Array:
    count, dtype = max(asked.count, 1), asked.dtype
    if asked.op.training:
        by_mean, by_var = _wide(asked.each("grad_mean")), _wide(asked.each("grad_var"))
    else:  # zeros, each with its sign
        zero = np.zeros(asked.channel.shape)
        by_mean, by_var = _grad_mean(asked, zero), _grad_var(asked, zero * _weight(asked))
    slope = 2.0 * by_var / count
    shift = _less_lost(by_mean / count, asked, slope)
    mean, slope, scale, shift = (
        x.astype(dtype) for x in (_wide(asked.each("mean")), slope, _scale(asked), shift)
    )
    g, x = (asked.here(name).gathered()[1] for name in ("grad_output", "input"))
    gradient = fused(x - mean, slope, fused(g, scale, shift))
    base = asked.question.base
    if base is not None:
        gradient += base.array[tuple(asked.at)]
    return gradient


_REPLAYS: dict[str, Callable[[Asked], Array]] = {
    "output": _output,
    "mean": _mean,
    "var": _var,
    "istd": _istd,
    "running_mean": _running,
    "running_var": _running,
    "grad_bias": _sum_of_gradients,
    "grad_weight": _grad_weight,
    "grad_istd": _grad_istd,
    "grad_var": _grad_var,
    "grad_mean": _grad_mean,
    "grad_input": _grad_input,
}
