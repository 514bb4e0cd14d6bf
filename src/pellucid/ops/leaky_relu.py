"""The leaky rectifier: negative numbers shrink.

`negative_slope` is first rounded to the input's type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pellucid.ops.base import Array, Shape
from pellucid.ops.checks import number
from pellucid.ops.pointwise import Pointwise


@dataclass(frozen=True)
class LeakyReLU(Pointwise):
    """The slope below zero."""

    negative_slope: float = 0.01

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·(1 where input > 0, else negative_slope)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where input > 0, else negative_slope)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "leaky_relu"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        number(self.name, "negative_slope", self.negative_slope)
        return super().infer(*shapes)

    def result(self, x: Array) -> Array:
        """Scale what is not positive."""
        return np.where(x > 0, x, x * self.slope(x.dtype))

    def gradient(self, grad: Array, x: Array) -> Array:
        """Scale the gradient where the input is not positive."""
        return np.where(x > 0, grad, grad * self.slope(grad.dtype))

    def slope(self, dtype: np.dtype[Any]) -> Any:
        """The slope in this type, where it may be infinite."""
        with np.errstate(over="ignore"):
            return dtype.type(self.negative_slope)
