"""Cross-entropy between logits and target classes.

n stands for the batch and any axes behind the classes; without a batch it is a single number. The count is the sum of
the targets' weights. With label smoothing a target is spread over the classes (`class_loss.py`), where h[n,c] is
[c = target[n]]:

    losses[n]       = −Σ_c q[n,c]·log softmax(input)[n,c],     0 where target[n] is to be ignored
    grad_input[n,c] = grad_output·(softmax(input)[n,c]·Σ_j q[n,j] − q[n,c])/count

The reduction "sum" leaves the division out, "none" the sum as well. Where every target is ignored, or the batch is
empty, the mean is NaN. Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.class_loss import Smoothed, class_axis, gradient_of, losses_of
from pellucid.ops.label_loss import LabelLoss, one_hot
from pellucid.ops.log_softmax import Shares

_SPREAD = "q[n,c] = ⟦weight[c]·⟧((1 − ε)·[c = target[n]] + ε/C), 0 where target[n] is to be ignored"
_SMOOTHED = {
    "losses": f"losses[n] = −Σ_c q[n,c]·log softmax(input)[n,c], {_SPREAD}",
    "grad_input": "grad_input[n,c] = ⟦grad_output·⟧(softmax(input)[n,c]·Σ_j q[n,j] − q[n,c])/count, "
    + _SPREAD,
}


@dataclass(frozen=True)
class CrossEntropy(LabelLoss, Smoothed):
    """As `LabelLoss` and `Smoothed` say."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ_n losses[n]/count",
        "losses": "losses[n] = −⟦weight[target[n]]·⟧log softmax(input)[n,target[n]], "
        "0 where target[n] is to be ignored",
        "count": "count = Σ_n ⟦weight[target[n]]·⟧1 over the targets that are not ignored",
        "grad_input": "grad_input[n,c] = ⟦grad_output·⟧⟦weight[target[n]]·⟧(softmax(input)[n,c] − [c = target[n]])"
        "/count",
    }

    def mean_formula(self, result: str) -> str:
        """With label smoothing targets are spread."""
        smoothed = _SMOOTHED if self.label_smoothing else {}
        return smoothed.get(result) or super().mean_formula(result)

    def losses(self, input: Array, own: Array, weight: Array | None) -> Array:
        """A sum over the classes; without smoothing the other ones take no part, not even impossible ones."""
        dim = class_axis(input.shape)
        shares = Shares(input, dim)
        if self.label_smoothing:
            return losses_of(self.spread_over(one_hot(own, input.shape), weight, dim), shares, dim)
        found = np.take_along_axis(shares.surprises, own, dim).squeeze(dim)
        return found if weight is None else np.asarray(weight[own.squeeze(dim)] * found)

    def slopes(self, input: Array, own: Array, weight: Array | None, share: Array) -> Array:
        """The softmax's share minus the target's."""
        dim = class_axis(input.shape)
        shares, hot = Shares(input, dim), one_hot(own, input.shape)
        if self.label_smoothing:
            return np.asarray(share * gradient_of(self.spread_over(hot, weight, dim), shares, dim))
        share = share if weight is None else share * weight[own]
        return np.asarray(share * (shares.probabilities - hot))
