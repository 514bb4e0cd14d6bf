"""Cross-entropy between logits of yes and targets from 0 to 1: of σ(input), without the detour through numbers near 0.

log σ(x) = min(x, 0) − log(1 + exp(−|x|))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.element_loss import ElementLoss


@dataclass(frozen=True)
class BinaryCrossEntropyWithLogits(ElementLoss):
    """How losses become one number."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "target", "weight", "pos_weight")
    broadcast: ClassVar[tuple[str, ...]] = ("weight", "pos_weight")
    optional: ClassVar[tuple[str, ...]] = ("weight", "pos_weight")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = ⟦weight·⟧((1 − target)·input − (1 − target + ⟦pos_weight·⟧target)·log(σ(input)))",
        "grad_input": "grad_input = ⟦grad_output·⟧⟦weight·⟧((1 − target + ⟦pos_weight·⟧target)·σ(input)"
        " − ⟦pos_weight·⟧target)/m",
        "grad_target": "grad_target = ⟦grad_output·⟧⟦weight·⟧(⟦(1 − pos_weight)·log(σ(input)) ⟧− input)/m",
    }
    notation: ClassVar[Mapping[str, str]] = dict.fromkeys(("losses", "grad_input"), "σ(x) = 1/(1 + exp(−x))")

    @property
    def name(self) -> str:
        """The op's name."""
        return "binary_cross_entropy_with_logits"

    def value(self, a: Elementary, *numbers: Number) -> Number:
        """weight·((1 − t)·x − (1 + (p − 1)·t)·log σ(x))."""
        input, target, weight, positive = numbers
        return weight * ((1.0 - target) * input - _counts(a, target, positive) * _log_sigmoid(a, input))

    def slope(self, argument: str, a: Elementary, *numbers: Number) -> Number:
        """weight·((1 + (p − 1)·t)·σ(x) − p·t); of the target weight·((1 − p)·log σ(x) − x)."""
        input, target, weight, positive = numbers
        if argument == "target":
            more = a.where(positive == 1.0, 0.0, (1.0 - positive) * _log_sigmoid(a, input))
            return weight * (more - input)
        return weight * (_counts(a, target, positive) * a.sigmoid(input) - positive * target)


def _counts(a: Elementary, target: Number, positive: Number) -> Number:
    """1 + (p − 1)·t, for any t where p is 1."""
    return a.where(positive == 1.0, 1.0, (positive - 1.0) * target + 1.0)


def _log_sigmoid(a: Elementary, x: Number) -> Number:
    return a.where(x < 0.0, x, x * 0.0) - a.log1p(a.exp(a.size(x) * -1.0))
