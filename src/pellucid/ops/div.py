"""The quotient of two tensors, element by element.

Gradients are sums of products: 1/other and (input/other)/other are rounded to the tensors' type first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pellucid.ops.arithmetic import Arithmetic
from pellucid.ops.base import Array


@dataclass(frozen=True)
class Div(Arithmetic):
    """input/other."""

    operator: ClassVar[str] = "/"
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input/other",
        "grad_input": "grad_input = grad_output·(1/other)",
        "grad_other": "grad_other = −grad_output·(input/other)/other",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "div"

    def value(self, input: Any, other: Any) -> Any:
        """The quotient."""
        return input / other

    def reads(self, of: str) -> tuple[str, ...]:
        """That of `input` reads what was divided by, that of `other` both."""
        if of == "output":
            return self.arguments
        return ("grad_output", "other") if of == "grad_input" else ("grad_output", *self.arguments)

    def share(self, argument: str, grad_output: Array, named: Mapping[str, Array]) -> Array:
        """grad_output times the slope."""
        other = named["other"]
        return (
            grad_output * (1 / other)
            if argument == "input"
            else -grad_output * (named["input"] / other / other)
        )
