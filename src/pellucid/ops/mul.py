"""The product of two tensors, element by element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pellucid.ops.arithmetic import Affine
from pellucid.ops.base import Shape
from pellucid.ops.reduction import Reduction


@dataclass(frozen=True)
class Mul(Affine):
    """input·other."""

    operator: ClassVar[str] = "*"
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·other",
        "grad_input": "grad_input = grad_output·other",
        "grad_other": "grad_other = grad_output·input",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "mul"

    def value(self, input: Any, other: Any) -> Any:
        """The product."""
        return input * other

    def slope(self, argument: str) -> tuple[int, str | None]:
        """The other one."""
        return 1, "other" if argument == "input" else "input"

    def reads(self, of: str) -> tuple[str, ...]:
        """A gradient reads the other operand."""
        if of == "output":
            return self.arguments
        return "grad_output", "other" if of == "grad_input" else "input"

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction | None:
        """Output: one product."""
        if of != "output":
            return super().reduced(of, *shapes)
        return Reduction("fma", self.arguments)
