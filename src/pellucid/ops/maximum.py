"""The larger of two numbers, element by element. Where both are equal, each has half of the gradient; NaN stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.meeting import Meeting


@dataclass(frozen=True)
class Maximum(Meeting):
    """maximum(input, other)."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "other")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "other")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "other")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input where input > other, else other",
        "grad_input": "grad_input = ⟦grad_output·⟧(1/2 where input = other, else (1 where input > other, else 0))",
        "grad_other": "grad_other = ⟦grad_output·⟧(1/2 where input = other, else (1 where other > input, else 0))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "maximum"

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """The larger one, or the one that is NaN."""
        x, y = numbers
        return a.where(x == x, a.where(y > x, y, a.where(y == y, x, y)), x)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """grad, half of it, or nothing."""
        x, y = numbers if of == "grad_input" else numbers[::-1]
        half = a.where(x == y, 0.5 * grad, grad)
        return a.where(x < y, 0.0, half)
