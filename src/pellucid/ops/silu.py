"""The sigmoid linear unit (swish)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Gate


@dataclass(frozen=True)
class SiLU(Gate):
    """input·σ(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·σ(input), σ(x) = 1 / (1 + exp(−x))",
        "grad_input": "grad_input = ⟦grad_output·⟧σ(input)·(1 + input·(1 − σ(input)))",
    }
    symbols: ClassVar[Mapping[str, str]] = {"output": "σ"}
    notation: ClassVar[Mapping[str, str]] = {"grad_input": "σ(x) = 1/(1 + exp(−x))"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "silu"

    def factor(self, x: Number, a: Elementary) -> Number:
        """σ(x)."""
        return a.sigmoid(x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """The product rule, with 1 − σ(x) = σ(−x)."""
        up, down = a.sigmoids(x)
        return grad * (up * a.fma(x, down, 1.0))
