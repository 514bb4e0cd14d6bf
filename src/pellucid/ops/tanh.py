"""The hyperbolic tangent. The gradient is made of the rounded output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import FromOutput


@dataclass(frozen=True)
class Tanh(FromOutput):
    """tanh(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = tanh(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 − output·output)",
    }
    slope_polynomial: ClassVar[tuple[float, ...]] = (1, 0, -1)

    @property
    def name(self) -> str:
        """The op's name."""
        return "tanh"

    def curve(self, x: Number, a: Elementary) -> Number:
        """tanh(x)."""
        return a.tanh(x)

    def chained(self, grad: Number, y: Number, a: Elementary) -> Number:
        """tanh′ = 1 − tanh²."""
        return grad * (1.0 - y * y)
