"""What group, layer and instance normalisation share: numbers brought to mean 0 and variance 1, in sets.

    x̂          = (x − mean)/√(var + eps),     mean and var = Σ(x − mean)²/m over the m numbers of a set
    grad_input = (g − Σg/m − x̂·Σ(g·x̂)/m)/√(var + eps)     for g = the gradient of x̂

Computed in float64.
"""

from __future__ import annotations

import numpy as np

from pellucid.functions.sums import in_lanes
from pellucid.ops.base import Array


def standardised(sets: Array, eps: float) -> tuple[Array, Array]:
    """x̂ of sets that lie along the last axis, and 1/√(var + eps) of each."""
    values = sets.astype(np.float64)
    first, count = values[..., :1], max(values.shape[-1], 1)
    mean = (
        first + in_lanes(values - first, -1) / count if values.size else 0.0
    )  # equal numbers are their mean
    centred = values - mean
    scale = 1 / np.sqrt(in_lanes(centred * centred, -1) / count + eps)
    return centred * scale, scale


def standardised_gradient(grad: Array, normalised: Array, scale: Array) -> Array:
    """The gradient of the sets, from that of x̂: mean and variance depend on each number, hence two corrections."""
    count = max(grad.shape[-1], 1)
    mean = in_lanes(grad, -1) / count
    share = in_lanes(grad * normalised, -1) / count
    gradient: Array = (grad - mean - normalised * share) * scale
    return gradient
