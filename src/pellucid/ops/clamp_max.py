"""Numbers that are not above a limit. Where a number is equal to its limit, it has the gradient; NaN stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.meeting import Meeting


@dataclass(frozen=True)
class ClampMax(Meeting):
    """input not above max."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "max")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "max")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "max")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = max where input > max, else input",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where input ≤ max, else 0)",
        "grad_max": "grad_max = ⟦grad_output·⟧(1 where input > max, else 0)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "clamp_max"

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """The number or its limit, or the one that is NaN."""
        x, limit = numbers
        return a.where(limit == limit, a.where(x > limit, limit, x), limit)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """grad to one of them."""
        x, limit = numbers
        return a.where(x <= limit, grad, 0.0) if of == "grad_input" else a.where(x > limit, grad, 0.0)
