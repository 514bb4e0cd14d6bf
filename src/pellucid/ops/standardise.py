"""What group, layer and instance normalisation share: numbers brought to mean 0 and variance 1, in sets.

    x̂          = (x − mean)/√(var + eps),     mean and var = Σ(x − mean)²/m over the m numbers of a set
    grad_input = (g − Σg/m − x̂·Σ(g·x̂)/m)/√(var + eps)     for g = the gradient of x̂

Computed in float64.
"""

from __future__ import annotations

import numpy as np

from pellucid.ops.base import Array


def standardised(sets: Array, eps: float) -> tuple[Array, Array]:
    """x̂ of sets that lie along the last axis, and 1/√(var + eps) of each."""
    values = sets.astype(np.float64)
    count = max(values.shape[-1], 1)
    centred = values - values.sum(axis=-1, keepdims=True) / count
    with np.errstate(divide="ignore", invalid="ignore"):  # without eps a set of equal numbers has no x̂: NaN
        scale = 1 / np.sqrt((centred * centred).sum(axis=-1, keepdims=True) / count + eps)
        return centred * scale, scale


def standardised_gradient(grad: Array, normalised: Array, scale: Array) -> Array:
    """The gradient of the sets, from that of x̂: mean and variance depend on each number, hence two corrections."""
    count = max(grad.shape[-1], 1)
    mean = grad.sum(axis=-1, keepdims=True) / count
    share = (grad * normalised).sum(axis=-1, keepdims=True) / count
    gradient: Array = (grad - mean - normalised * share) * scale
    return gradient
