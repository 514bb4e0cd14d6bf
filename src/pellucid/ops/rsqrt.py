"""The reciprocal of the square root. The gradient is made of the rounded output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import FromOutput


@dataclass(frozen=True)
class Rsqrt(FromOutput):
    """1/√input, element by element; NaN below 0."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = 1/√input",
        "grad_input": "grad_input = −½·⟦grad_output·⟧output·output·output",
    }
    slope_polynomial: ClassVar[tuple[float, ...]] = (0, 0, 0, -0.5)

    @property
    def name(self) -> str:
        """The op's name."""
        return "rsqrt"

    def curve(self, x: Number, a: Elementary) -> Number:
        """1/√x."""
        return a.rsqrt(x)

    def chained(self, grad: Number, y: Number, a: Elementary) -> Number:
        """−½·x^(−3/2) = −½·(1/√x)³."""
        return -0.5 * grad * (y * y * y)
