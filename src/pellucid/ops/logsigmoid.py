"""The logarithm of the logistic function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class LogSigmoid(Curve):
    """log σ(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = min(input, 0) − log(1 + exp(−(−input where input < 0, else input)))",
        "grad_input": "grad_input = ⟦grad_output·⟧1/(1 + exp(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "logsigmoid"

    def curve(self, x: Number, a: Elementary) -> Number:
        """The form that loses no digits."""
        return a.where(x >= 0.0, 0.0, x) - a.log1p(a.exp(-1.0 * a.size(x)))

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad·σ(−x)."""
        _, down = a.sigmoids(x)
        return grad * down
