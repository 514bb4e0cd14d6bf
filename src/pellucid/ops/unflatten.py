"""One axis becomes several; the numbers and their row-major order stay."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.errors import ArgumentError
from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.reshape import filled, listed
from pellucid.ops.row_major import RowMajor


@dataclass(frozen=True)
class Unflatten(RowMajor):
    """The axis, and the sizes of those that it becomes; one of them may be −1."""

    dim: int
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(sizes=listed(self.sizes))

    @property
    def name(self) -> str:
        """The op's name."""
        return "unflatten"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N,C/2,2,H,W) with dim=1 and sizes=(−1, 2)."""
        (input,) = shapes
        assert input is not None
        dim = axis(self.name, "dim", self.dim, len(input))
        sizes = filled(self.name, "sizes", self.sizes, input[dim : dim + 1], input)
        if not sizes:
            raise ArgumentError(self.name, "sizes must not be empty", got="sizes=()")
        return (*input[:dim], *sizes, *input[dim + 1 :])
