"""Several neighbouring axes become one; the numbers and their row-major order stay."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.errors import ArgumentError, say
from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.row_major import RowMajor
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Flatten(RowMajor):
    """The first and the last of the axes that become one."""

    start_dim: int = 1
    end_dim: int = -1

    @property
    def name(self) -> str:
        """The op's name."""
        return "flatten"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N,C·H·W) with the default settings; a single number → (1,)."""
        (input,) = shapes
        assert input is not None
        start = axis(self.name, "start_dim", self.start_dim, max(len(input), 1))
        end = axis(self.name, "end_dim", self.end_dim, max(len(input), 1))
        if start > end:
            got = say(
                "start_dim={start_dim}, end_dim={end_dim} for input {input}",
                start_dim=self.start_dim,
                end_dim=self.end_dim,
                input=input,
            )
            raise ArgumentError(self.name, "start_dim must not come after end_dim", got=got)
        return (*input[:start], size_of(input[start : end + 1]), *input[end + 1 :])
