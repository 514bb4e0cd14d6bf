"""The negative log-likelihood of target classes, of logarithms of probabilities such as log softmax gives.

n stands for the batch and any axes behind the classes; without a batch it is a single number. The count is the sum of
the targets' weights:

    losses[n]       = −weight[target[n]]·input[n,target[n]],     0 where target[n] is to be ignored
    grad_input[n,c] = −grad_output·weight[target[n]]·[c = target[n]]/count

The reduction "sum" leaves the division out, "none" the sum as well. Where every target is ignored, or the batch is
empty, the mean is NaN. Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.class_loss import class_axis
from pellucid.ops.label_loss import LabelLoss, one_hot


@dataclass(frozen=True)
class NLLLoss(LabelLoss):
    """As `LabelLoss` says."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ_n losses[n]/count",
        "losses": "losses[n] = −⟦weight[target[n]]·⟧input[n,target[n]], 0 where target[n] is to be ignored",
        "count": "count = Σ_n ⟦weight[target[n]]·⟧1 over the targets that are not ignored",
        "grad_input": "grad_input[n,c] = −⟦grad_output·⟧⟦weight[target[n]]·⟧[c = target[n]]/count",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "nll_loss"

    def reads(self, of: str) -> tuple[str, ...]:
        """The gradient is one of the targets and their weights alone."""
        return tuple(name for name in super().reads(of) if (of, name) != ("grad_input", "input"))

    def losses(self, input: Array, own: Array, weight: Array | None) -> Array:
        """The class's own number, with the other sign."""
        dim = class_axis(input.shape)
        found = 0.0 - np.take_along_axis(input.astype(np.float64), own, dim).squeeze(dim)
        return found if weight is None else np.asarray(weight[own.squeeze(dim)] * found)

    def slopes(self, input: Array, own: Array, weight: Array | None, share: Array) -> Array:
        """Minus the weight at the target, 0 at the other classes whatever the share is."""
        share = share if weight is None else share * weight[own]
        return np.where(one_hot(own, input.shape) > 0, 0.0 - share, 0.0)
