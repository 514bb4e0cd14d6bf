"""What the hyperbolic tangent leaves of a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Tanhshrink(Curve):
    """input − tanh(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input − tanh(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧tanh²(input)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "tanhshrink"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x − tanh x."""
        return x - a.tanh(x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad·tanh² x. PyTorch adds two numbers: no zero gets a sign."""
        t = a.tanh(x)
        return grad * (t * t) + 0.0
