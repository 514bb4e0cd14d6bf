"""The piecewise quadratic sigmoid linear unit.

Source: Howard et al., Searching for MobileNetV3, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Gate
from pellucid.ops.hardsigmoid import SIXTH


@dataclass(frozen=True)
class Hardswish(Gate):
    """input·hardsigmoid(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·min(max(input + 3, 0), 6)/6",
        "grad_input": "grad_input = ⟦grad_output·⟧(0 where input ≤ −3, else (1 where 3 ≤ input, else input/3 + 1/2))",
    }
    symbols: ClassVar[Mapping[str, str]] = {"output": "hardsigmoid"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "hardswish"

    def factor(self, x: Number, a: Elementary) -> Number:
        """x + 3 between 0 and 6, of 6."""
        return a.between(x + 3.0, 0.0, 6.0) * SIXTH

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """0, grad·(x/3 + ½) or grad."""
        bent = a.where(x >= 3.0, grad, grad * (x * (2.0 * SIXTH) + 0.5))
        return a.where(x <= -3.0, 0.0, bent)
