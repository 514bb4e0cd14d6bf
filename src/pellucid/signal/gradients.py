"""The gradient of a convolution is a convolution: both gradients of a layer, from `convolve` and `correlate`.

    grad_input  = Σ_o δ[n,o] * weight[o,c]          full true convolution: full correlation with the flipped kernel
    grad_weight = Σ_n input[n,c] ⋆ δ[n,o]           valid correlation of the input with δ

δ is grad_output, with stride − 1 zeros between its numbers where the layer has a stride. Padding is cut off grad_input
and put around the input. In one dimension, counted from 1 and with three weights: δ₁w₃ + δ₂w₂ + δ₃w₁ for x₃'s gradient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pellucid import functional
from pellucid.errors import ShapeError
from pellucid.geometry import Geometry, Where
from pellucid.language import Message
from pellucid.numbers import as_array
from pellucid.ops.base import Array
from pellucid.ops.conv import Conv
from pellucid.signal.discrete import convolve, correlate
from pellucid.signal.laws import Law
from pellucid.sizes import IntOrTuple, PaddingLike

_BACKWARD = {1: functional.conv1d_backward, 2: functional.conv2d_backward, 3: functional.conv3d_backward}


@np.errstate(over="ignore", invalid="ignore")  # what is not finite, the laws refuse
def gradient_is_convolution(
    grad_output: ArrayLike,
    input: ArrayLike,
    weight: ArrayLike,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
) -> tuple[Law, Law]:
    """Both gradients of a convolution layer beside the convolutions that they are.

        grad_input = δ * weight (full),        grad_weight = input ⋆ δ (valid)

    Left are the gradients by `functional.convNd_backward`, right by `convolve` and `correlate`.

    Shapes: input (N,C,…) with one to three spatial axes, weight (O,C,…), grad_output (N,O,…).
    Returns: the laws of the input's and of the weight's gradient.
    Raises: ShapeError when shapes disagree; ArgumentError for settings out of range.

    Example:
        >>> delta, x, w = [[[1., 2, 3]]], [[[5., 6, 7, 8, 9]]], [[[10., 100, 1000]]]
        >>> of_input, of_weight = gradient_is_convolution(delta, x, w)
        >>> of_input.right, of_weight.right
        (array([[[  10.,  120., 1230., 2300., 3000.]]]), array([[[38., 44., 50.]]]))
    """
    where = "gradient_is_convolution"
    x, w = (as_array(where, name, a).astype(np.float64) for name, a in (("input", input), ("weight", weight)))
    delta = as_array(where, "grad_output", grad_output).astype(np.float64)
    if x.ndim - 2 not in _BACKWARD:
        raise ShapeError(where, "input must have three to five axes", expected="(N,C,…)", got=f"{x.shape}")
    op = Conv(x.ndim - 2, stride, padding)
    output = op.infer(x.shape, w.shape, None)
    if delta.shape != output:
        rule = "grad_output must have the output's shape"
        raise ShapeError(where, rule, expected=f"{output}", got=f"{delta.shape}")
    gradients = [np.asarray(each) for each in _BACKWARD[op.dims](delta, x, w, None, stride, padding)[:2]]
    geometry = op.geometry(x.shape, w.shape)
    dilated = _dilated(delta, geometry)
    padded = np.pad(x, ((0, 0), (0, 0), *geometry.padded))
    by_input, by_weight = np.zeros(padded.shape), np.zeros(w.shape)
    taps = tuple(slice(size) for size in w.shape[2:])  # a stride may leave the input's end unread
    for n, o, c in np.ndindex(len(x), *w.shape[:2]):
        full = convolve(dilated[n, o], w[o, c])
        by_input[n, c][tuple(slice(size) for size in full.shape)] += full
        by_weight[o, c] += correlate(padded[n, c], dilated[n, o], "valid")[taps]
    eps = float(np.finfo(np.float64).eps)
    size = float(np.linalg.norm(delta))
    rounding = [eps * (delta.size + w.size + 64) * size * float(np.linalg.norm(other)) for other in (w, x)]
    inside = by_input[..., *geometry.inside]
    return (
        Law(Message("signal.grad_input"), "∂L/∂input = δ * weight", gradients[0], inside, rounding[0]),
        Law(Message("signal.grad_weight"), "∂L/∂weight = input ⋆ δ", gradients[1], by_weight, rounding[1]),
    )


def _dilated(delta: Array, geometry: Geometry) -> Array:
    """Grad_output with stride − 1 zeros between its numbers."""
    sizes = [(axis.output - 1) * axis.stride + 1 for axis in geometry.axes]
    dilated = np.zeros((*delta.shape[:2], *sizes))
    every: Where = tuple(slice(None, None, axis.stride) for axis in geometry.axes)
    dilated[..., *every] = delta
    return dilated
