"""Two axes change places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.permute import Reordering


@dataclass(frozen=True)
class Transpose(Reordering):
    """The two axes."""

    dim0: int
    dim1: int

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,b,…,a,…] = input[…,a,…,b,…]",
        "grad_input": "grad_input[…,a,…,b,…] = grad_output[…,b,…,a,…]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "transpose"

    def order(self, input: Shape) -> tuple[int, ...]:
        """All as they were but two."""
        rank = len(input)
        first, second = (
            axis(self.name, name, getattr(self, name), max(rank, 1)) for name in ("dim0", "dim1")
        )
        order = list(range(rank))
        if rank:
            order[first], order[second] = order[second], order[first]
        return tuple(order)
