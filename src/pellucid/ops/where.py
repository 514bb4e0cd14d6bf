"""One of two numbers by a condition, element by element.

A condition holds where it is not 0: comparisons (`ops/comparison.py`) make 1 and 0, NumPy True and False.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.meeting import Meeting


@dataclass(frozen=True)
class Where(Meeting):
    """input where the condition holds, else other."""

    arguments: ClassVar[tuple[str, ...]] = ("condition", "input", "other")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "other")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "other")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input where condition, else other",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where condition, else 0)",
        "grad_other": "grad_other = ⟦grad_output·⟧(0 where condition, else 1)",
    }

    symbols: ClassVar[Mapping[str, str]] = {"grad_input": "choice", "grad_other": "choice"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "where"

    def reads(self, of: str) -> tuple[str, ...]:
        """A gradient reads the condition."""
        return self.arguments if of == "output" else ("grad_output", "condition")

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """One of the two."""
        condition, x, y = numbers
        return a.where(condition == 0.0, y, x)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """grad to the one that was chosen."""
        (condition,) = numbers
        return a.where(condition == 0.0, *((0.0, grad) if of == "grad_input" else (grad, 0.0)))
