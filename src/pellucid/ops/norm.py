"""What batch, group and layer normalisation share: statistics of sets of numbers, and what each result reads of them.

mean, var and istd = 1/√(var + eps) of every set, and their gradients, are computed in float64.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pellucid.ops.base import Op, Shape
from pellucid.sizes import size_of

_STATISTICS = ("mean", "var", "istd", "grad_istd", "grad_var", "grad_mean")
_READS = {
    "output": ("input", "mean", "istd", "weight", "bias"),
    "mean": ("input",),
    "var": ("input", "mean"),
    "istd": ("var",),
    "grad_bias": ("grad_output",),
    "grad_weight": ("grad_output", "input", "mean", "istd"),
    "grad_istd": ("grad_output", "input", "mean", "weight"),
    "grad_var": ("istd", "grad_istd"),
    "grad_mean": ("grad_output", "istd", "weight"),
    "grad_input": ("grad_output", "istd", "weight", "input", "mean", "grad_mean", "grad_var"),
}


class Norm(Op):
    """Numbers brought to mean 0 and variance 1 in sets, then scaled and shifted."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")
    optional: ClassVar[tuple[str, ...]] = ("weight", "bias")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")
    owned: ClassVar[tuple[str, ...]] = ("weight", "bias")

    keeps_positions: ClassVar[bool] = True

    @property
    def mixes(self) -> bool:
        """Whether statistics are those of the input, so that every output depends on its whole set."""
        return True

    @abstractmethod
    def sets(self, input: Shape) -> Shape:
        """How many sets there are, along each axis that tells them apart."""

    def reads(self, of: str) -> tuple[str, ...]:
        """By way of the statistics."""
        return _READS[of]

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """Mean, variance and 1/√(variance + eps) of every set, and their gradients."""
        return dict.fromkeys(_STATISTICS, self.sets(shapes.get("input", ())))

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory many times, in float64."""
        input = shapes[0]
        assert input is not None
        return 64 * size_of(input) if 2 <= len(input) <= 5 else 0
