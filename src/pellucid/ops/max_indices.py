"""Which elements max pooling chose, as max unpooling reads them.

A number is not a function of the input that has a slope: there is no gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.reduction import Reduction

_FORMULA = "output[n,c,y] = the number of the position, row-major in its channel's plane, that wins window y"
_BESIDE = "a pooling's function gives them beside its output, with return_indices=True"


@dataclass(frozen=True)
class MaxPoolIndices(MaxPool):
    """Of max pooling with the same settings."""

    differentiable: ClassVar[tuple[str, ...]] = ()
    leaves: ClassVar[tuple[str, ...]] = ()
    dtype: ClassVar[str | None] = "int64"
    formulas: ClassVar[Mapping[str, str]] = {"output": _FORMULA}
    no_place: ClassVar[Mapping[str, str]] = {"functional": _BESIDE}

    @property
    def name(self) -> str:
        """max_pool1d_indices, max_pool2d_indices or max_pool3d_indices."""
        return f"{super().name}_indices"

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The winner's number."""
        return replace(super().reduced(of, *shapes), kind="position")

    def forward(self, *operands: Array) -> Array:
        """The winners."""
        (input,) = operands
        return self.indices(input)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """There is none."""
        return ()


@dataclass(frozen=True)
class AdaptiveMaxPoolIndices(AdaptiveMaxPool):
    """Of adaptive max pooling with the same settings."""

    differentiable: ClassVar[tuple[str, ...]] = ()
    leaves: ClassVar[tuple[str, ...]] = ()
    dtype: ClassVar[str | None] = "int64"
    formulas: ClassVar[Mapping[str, str]] = {"output": _FORMULA}
    no_place: ClassVar[Mapping[str, str]] = {"functional": _BESIDE}

    @property
    def name(self) -> str:
        """adaptive_max_pool1d_indices, adaptive_max_pool2d_indices or adaptive_max_pool3d_indices."""
        return f"{super().name}_indices"

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The winner's number."""
        return replace(super().reduced(of, *shapes), kind="position")

    def forward(self, *operands: Array) -> Array:
        """The winners."""
        (input,) = operands
        return self.indices(input)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """There is none."""
        return ()
