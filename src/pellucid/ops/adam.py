"""Adam and AdamW, one parameter at a time. The order of operations is PyTorch's, t numbers the updates:

    parameter = parameter·(1 − lr·weight_decay)             when decoupled (AdamW), of vectors if decay_vectors
    g         = gradient + weight_decay·parameter           otherwise, when weight_decay ≠ 0, likewise
    mean      = mean + (g − mean)·(1 − β₁)                  from mean = 0
    variance  = variance·β₂ + (1 − β₂)·g·g                  from variance = 0
    parameter = parameter − (lr / (1 − β₁ᵗ))·mean / (√variance / √(1 − β₂ᵗ) + eps)

Factors such as 1 − β₁ᵗ are computed in float64; they and every operation are rounded to the parameter's type.
Sources: Kingma and Ba, Adam, 2015; Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from pellucid.errors import ArgumentError
from pellucid.functions.power import whole
from pellucid.ops.base import Array
from pellucid.ops.checks import flag, number
from pellucid.ops.rule import Rule
from pellucid.sizes import is_integer


@dataclass(frozen=True)
class Adam(Rule):
    """The settings of the rule. The learning rate comes with each update, because schedules change it.

    Raises: ArgumentError for a setting out of range.
    """

    betas: Sequence[float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False
    decay_vectors: bool = True

    formulas: ClassVar[Mapping[str, str]] = {
        "mean": "mean = mean before + (gradient − mean before)·(1 − β₁)",
        "variance": "variance = variance before·β₂ + (1 − β₂)·gradient·gradient",
        "parameter": "updated = parameter − (lr/(1 − β₁ᵗ))·mean/(√variance/√(1 − β₂ᵗ) + eps)",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.betas, tuple | list) or len(self.betas) != 2:
            raise ArgumentError(self.name, "betas must be two numbers", got=f"betas={self.betas!r}")
        betas = tuple(number(self.name, f"betas[{i}]", beta, "[0, 1)") for i, beta in enumerate(self.betas))
        self.settle(betas=betas)
        number(self.name, "eps", self.eps, "[0, inf)")
        number(self.name, "weight_decay", self.weight_decay, "[0, inf)")
        flag(self.name, "decay_vectors", self.decay_vectors)

    @property
    def name(self) -> str:
        """adam, or adamw when weight decay is decoupled from the gradient."""
        return "adamw" if self.decoupled else "adam"

    def formula_of(self, result: str) -> str:
        """Decoupled weight decay shrinks the parameter itself."""
        formula = super().formula_of(result)
        return (
            formula.replace("= parameter ", "= parameter·(1 − lr·weight_decay) ") if self.shrinks else formula
        )

    @property
    def states(self) -> tuple[str, ...]:
        """The gradient's two moments."""
        return "mean", "variance"

    @property
    def decays(self) -> bool:
        """Weight decay, unless it is decoupled from the gradient."""
        return self.weight_decay != 0 and not self.decoupled

    @property
    def shrinks(self) -> bool:
        """Whether weight decay shrinks the parameter by itself."""
        return self.weight_decay != 0 and self.decoupled

    def corrections(self, lr: float, step: int) -> tuple[float, float]:
        """lr/(1 − β₁ᵗ) and √(1 − β₂ᵗ) for update t, in float64.

        Example:
            >>> Adam(betas=(0.5, 0.75)).corrections(0.1, 1)
            (0.2, 0.5)
        """
        beta1, beta2 = self.betas
        return lr / (1 - whole(beta1, step)), sqrt(1 - whole(beta2, step))

    def reads(self, of: str) -> tuple[str, ...]:
        """The parameter follows the new moments."""
        return ("parameter", "mean", "variance") if of == "parameter" else super().reads(of)

    def update(
        self, parameter: Array, gradient: Array, state: Mapping[str, Array], lr: float, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameter and the state after update `step`, counted from 1; an empty state is the initial one.

        Example:
            >>> new, _ = Adam().update(np.array([1.0]), np.array([3.0]), {}, lr=0.5, step=1)
            >>> round(float(new[0]), 6)
            0.5
        """
        lr, rounded = number(self.name, "lr", lr, "[0, inf)"), parameter.dtype.type
        if not is_integer(step) or step < 1:
            raise ArgumentError(self.name, "step counts updates from 1", got=f"step={step!r}")
        beta1, beta2 = self.betas
        before, own = state or self.initial_state(parameter), self.of(parameter.shape)
        if own.shrinks:
            parameter = parameter * rounded(1 - lr * self.weight_decay)
        elif own.decays:
            gradient = gradient + rounded(self.weight_decay) * parameter
        mean = before["mean"] + (gradient - before["mean"]) * rounded(1 - beta1)
        variance = before["variance"] * rounded(beta2) + rounded(1 - beta2) * gradient * gradient
        size, root = self.corrections(lr, step)
        denominator = np.sqrt(variance) / rounded(root) + rounded(self.eps)
        return parameter - rounded(size) * mean / denominator, {"mean": mean, "variance": variance}
