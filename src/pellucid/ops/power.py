"""A tensor to the power of another one, element by element. A constant exponent is `Pow`'s (`ops/pow.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.meeting import Meeting


@dataclass(frozen=True)
class Power(Meeting):
    """input to the power `exponent`."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "exponent")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "exponent")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "exponent")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input^exponent",
        "grad_input": "grad_input = ⟦grad_output·⟧(0 where exponent = 0, else exponent·input^(exponent − 1))",
        "grad_exponent": "grad_exponent = ⟦grad_output·⟧(0 where input = 0, else input^exponent·log(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "pow"

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """The power; of negative numbers for whole exponents alone."""
        x, p = numbers
        return a.where((p == p) | (x == 1.0), a.power(x, p), p)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """The slope along one of the two; 0 for the exponent 0, and along the exponent where 0 stays 0."""
        x, p = numbers
        if of == "grad_input":
            return a.where(p == 0.0, 0.0, grad * (p * a.power(x, p - 1.0)))
        return grad * a.where((x == 0.0) & (p >= 0.0), 0.0, self.curve(x, p, a=a) * a.log(x))
