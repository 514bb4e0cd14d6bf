"""Axes of size 1 are left out."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.ops.base import Shape
from pellucid.ops.checks import axes
from pellucid.ops.row_major import RowMajor


@dataclass(frozen=True)
class Squeeze(RowMajor):
    """The axes, of which those of another size stay; None for all."""

    dim: int | tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(dim=tuple(self.dim) if isinstance(self.dim, list) else self.dim)

    @property
    def name(self) -> str:
        """The op's name."""
        return "squeeze"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,1,1) → (N,C)."""
        (input,) = shapes
        assert input is not None
        named = (
            range(len(input)) if self.dim is None else axes(self.name, "dim", self.dim, max(len(input), 1))
        )
        return tuple(size for d, size in enumerate(input) if size != 1 or d not in named)
