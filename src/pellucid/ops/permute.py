"""The axes in another order."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ArgumentError
from pellucid.ops.base import Shape
from pellucid.ops.checks import axes
from pellucid.ops.rearranging import Rearranging, linked
from pellucid.ops.relation import IndexPattern
from pellucid.ops.reshape import listed


class Reordering(Rearranging):
    """An op whose output has the input's axes in another order."""

    @abstractmethod
    def order(self, input: Shape) -> tuple[int, ...]:
        """For each axis of the output that of the input, counted from the front."""

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N,H,W,C) in the order 0, 2, 3, 1."""
        (input,) = shapes
        assert input is not None
        return tuple(input[d] for d in self.order(input))

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Every axis meets itself."""
        (input,) = shapes
        assert input is not None
        labels = tuple(f"a{d}" for d in range(len(input)))
        return linked(
            dict(zip(labels, input, strict=True)), (), labels, tuple(labels[d] for d in self.order(input))
        )


@dataclass(frozen=True)
class Permute(Reordering):
    """For each axis of the output that of the input."""

    dims: tuple[int, ...]

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[a[dims[0]], a[dims[1]], …] = input[a[0], a[1], …]",
        "grad_input": "grad_input[a[0], a[1], …] = grad_output[a[dims[0]], a[dims[1]], …]",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(dims=listed(self.dims))

    @property
    def name(self) -> str:
        """The op's name."""
        return "permute"

    def order(self, input: Shape) -> tuple[int, ...]:
        """As the setting says."""
        dims = axes(self.name, "dims", self.dims, len(input))
        if len(dims) != len(input):
            raise ArgumentError(
                self.name, "dims must name every axis once", expected=f"{len(input)}", got=f"dims={self.dims}"
            )
        return dims
