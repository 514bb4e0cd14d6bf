"""Tensors of one shape side by side along a new axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ShapeError
from pellucid.ops.base import Shape
from pellucid.ops.cat import placed
from pellucid.ops.checks import axis
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern


@dataclass(frozen=True)
class Stack(Rearranging):
    """Where the new axis stands in the output."""

    dim: int = 0

    arguments: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    differentiable: ClassVar[tuple[str, ...]] = ("inputs",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,m,…] = inputs[m][…]",
        "grad_inputs": "grad_inputs[m][…] = grad_output[…,m,…]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "stack"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C), (N,C), … → (N,M,C) with dim=1."""
        first, *others = (shape for shape in shapes if shape is not None)
        dim = axis(self.name, "dim", self.dim, len(first) + 1)
        for i, other in enumerate(others, 1):
            if other != first:
                raise ShapeError(
                    self.name,
                    "tensors must have the same shape",
                    expected=f"inputs[0] {first}",
                    got=f"inputs[{i}] {other}",
                )
        return (*first[:dim], len(shapes), *first[dim:])

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Each tensor meets what lies at its number."""
        own = self.named(shapes)
        shape, number = own[name], list(own).index(name)
        assert shape is not None
        dim = axis(self.name, "dim", self.dim, len(shape) + 1)
        return placed(name, (*shape[:dim], 1, *shape[dim:]), dim, number, len(own))
