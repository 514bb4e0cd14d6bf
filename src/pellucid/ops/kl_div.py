"""The Kullback–Leibler divergence of targets from inputs that are logarithms of probabilities.

A target of 0 has no loss. The reduction "batchmean" divides by the size of the batch, as the divergence is defined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.checks import flag
from pellucid.ops.element_loss import ElementLoss


@dataclass(frozen=True)
class KLDiv(ElementLoss):
    """Whether targets are logarithms as well, besides what `Loss` has."""

    log_target: bool = False

    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none", "batchmean")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = target·(log(target) − input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(−target)/m",
        "grad_target": "grad_target = ⟦grad_output·⟧(log(target) + 1 − input)/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "kl_div"

    def check_settings(self) -> None:
        """Logarithms or not."""
        flag(self.name, "log_target", self.log_target)

    def mean_formula(self, result: str) -> str:
        """With logarithms as targets exp(target) takes the place of the target."""
        formula = super().mean_formula(result)
        if not self.log_target:
            return formula
        if result == "grad_target":
            return "grad_target = ⟦grad_output·⟧exp(target)·(target + 1 − input)/m"
        return (
            formula.replace("log(target)", "TARGET")
            .replace("target", "exp(target)")
            .replace("TARGET", "target")
        )

    def value(self, a: Elementary, *numbers: Number) -> Number:
        """t·log t − t·x, or exp(t)·(t − x)."""
        input, target = numbers
        if self.log_target:
            return a.exp(target) * (target - input)
        entropy = a.where(target == 0.0, target * 0.0, target * a.log(target))
        return entropy - target * input

    def slope(self, argument: str, a: Elementary, *numbers: Number) -> Number:
        """−t; of the target log t + 1 − x, which a target of 0 has not. With logarithms, the same of exp(t)."""
        input, target = numbers
        if argument == "input":
            return (a.exp(target) if self.log_target else target) * -1.0
        if self.log_target:
            return a.exp(target) * (target - input + 1.0)
        return a.log(target) + (target / target - input)
