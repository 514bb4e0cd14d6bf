"""A new axis of size 1."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.row_major import RowMajor


@dataclass(frozen=True)
class Unsqueeze(RowMajor):
    """Where the new axis stands in the output."""

    dim: int

    @property
    def name(self) -> str:
        """The op's name."""
        return "unsqueeze"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,L) → (N,1,L) with dim=1."""
        (input,) = shapes
        assert input is not None
        dim = axis(self.name, "dim", self.dim, len(input) + 1)
        return (*input[:dim], 1, *input[dim:])
