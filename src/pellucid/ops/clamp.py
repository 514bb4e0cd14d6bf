"""Numbers between two constant limits, either of which may be missing. At a limit the gradient passes; NaN stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ArgumentError
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Shape
from pellucid.ops.checks import is_number, number
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Clamp(Curve):
    """The limits. Where the lower one is above the upper one, all numbers become the upper one."""

    min: float | None = None
    max: float | None = None

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = max where input > max, else (min where input < min, else input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where min ≤ input ≤ max, else 0)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "clamp"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        for name, limit in (("min", self.min), ("max", self.max)):
            if limit is not None and not is_number(limit):
                raise ArgumentError(
                    self.name,
                    "min and max must be numbers",
                    got=f"{name}={type(limit).__name__}",
                    hint="use clamp_min and clamp_max, whose limits may be tensors",
                )
            if limit is not None:
                number(self.name, name, self.given(name), "[-inf, inf]")
        if self.min is None and self.max is None:
            raise ArgumentError(self.name, "at least one of min and max must be given")
        return super().infer(*shapes)

    def formula_of(self, result: str) -> str:
        """With the limits that are there."""
        least, most = self.min is not None, self.max is not None
        if result == "grad_input":
            inside = f"{'min ≤ ' * least}input{' ≤ max' * most}"
            return super().formula_of(result).replace("min ≤ input ≤ max", inside)
        raised = "min where input < min, else input" if least else "input"
        lowered = f"max where input > max, else {f'({raised})' if least else raised}"
        return f"output = {lowered if most else raised}"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x, or the limit that it is beyond."""
        if self.min is not None:
            x = a.where(x < self.min, self.min, x)
        return x if self.max is None else a.where(x > self.max, self.max, x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad between the limits."""
        if self.min is not None:
            grad = a.where(x >= self.min, grad, 0.0)
        return grad if self.max is None else a.where(x <= self.max, grad, 0.0)
