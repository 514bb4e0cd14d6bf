"""Axes run backwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.ops.base import Shape
from pellucid.ops.checks import axes
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern, Run
from pellucid.ops.reshape import listed
from pellucid.ops.slices import Part, sliced


@dataclass(frozen=True)
class Flip(Rearranging):
    """The axes."""

    dims: tuple[int, ...]

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,y,…] = input[…,size − 1 − y,…]",
        "grad_input": "grad_input[…,i,…] = grad_output[…,size − 1 − i,…]",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(dims=listed(self.dims))

    @property
    def name(self) -> str:
        """The op's name."""
        return "flip"

    def infer(self, *shapes: Shape | None) -> Shape:
        """The input's shape."""
        (input,) = shapes
        assert input is not None
        axes(self.name, "dims", self.dims, len(input))
        return input

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """The last position first."""
        (input,) = shapes
        assert input is not None
        dims = axes(self.name, "dims", self.dims, len(input))
        whole = ((size, d in dims and size > 1) for d, size in enumerate(input))
        return sliced(
            [Part(size, Run(0, size - 1, size, -1) if back else Run(0, 0, size)) for size, back in whole]
        )
