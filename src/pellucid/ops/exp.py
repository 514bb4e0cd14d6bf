"""The exponential function. The gradient is made of the rounded output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import FromOutput


@dataclass(frozen=True)
class Exp(FromOutput):
    """eˣ, element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = exp(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧output",
    }
    slope_polynomial: ClassVar[tuple[float, ...]] = (0, 1)

    @property
    def name(self) -> str:
        """The op's name."""
        return "exp"

    def curve(self, x: Number, a: Elementary) -> Number:
        """eˣ."""
        return a.exp(x)

    def chained(self, grad: Number, y: Number, a: Elementary) -> Number:
        """eˣ is its own slope."""
        return grad * y
