"""Some axes go to other places; the others keep their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ArgumentError
from pellucid.ops.base import Shape
from pellucid.ops.checks import axes
from pellucid.ops.permute import Reordering
from pellucid.ops.reshape import listed


@dataclass(frozen=True)
class Movedim(Reordering):
    """The axes, and where in the output they stand."""

    source: int | tuple[int, ...]
    destination: int | tuple[int, ...]

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,a,…] = input[…,a,…], axis source is axis destination",
        "grad_input": "grad_input[…,a,…] = grad_output[…,a,…], axis destination is axis source",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(source=listed(self.source), destination=listed(self.destination))

    @property
    def name(self) -> str:
        """The op's name."""
        return "movedim"

    def order(self, input: Shape) -> tuple[int, ...]:
        """The moved axes in their places, the others between them."""
        source, destination = (
            axes(self.name, name, getattr(self, name), len(input)) for name in ("source", "destination")
        )
        if len(source) != len(destination):
            raise ArgumentError(
                self.name,
                "source and destination must name as many axes",
                got=f"source={self.source}, destination={self.destination}",
            )
        moved = dict(zip(destination, source, strict=True))
        others = iter(d for d in range(len(input)) if d not in source)
        return tuple(moved[d] if d in moved else next(others) for d in range(len(input)))
