"""The square root. The gradient is made of the rounded output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import FromOutput


@dataclass(frozen=True)
class Sqrt(FromOutput):
    """√input, element by element; NaN below 0."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = √input",
        "grad_input": "grad_input = ⟦grad_output·⟧½·1/output",
    }
    symbols: ClassVar[Mapping[str, str]] = {"output": "√", "grad_input": "½·1/"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "sqrt"

    def curve(self, x: Number, a: Elementary) -> Number:
        """√x."""
        return a.root(x)

    def chained(self, grad: Number, y: Number, a: Elementary) -> Number:
        """Half of grad/√x."""
        return grad / (2.0 * y)
