"""The natural logarithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Log(Curve):
    """log input, element by element; NaN below 0."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = log(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1/input)",
    }
    symbols: ClassVar[Mapping[str, str]] = {"grad_input": "1/"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "log"

    def curve(self, x: Number, a: Elementary) -> Number:
        """log x."""
        return a.last.log(x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad/x."""
        return grad / x
