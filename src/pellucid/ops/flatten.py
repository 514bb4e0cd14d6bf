"""Several neighbouring axes become one; the numbers and their row-major order stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, say
from pellucid.ops.base import Array, Gradients, Rows, Shape, Terms, alike
from pellucid.ops.checks import axis
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import IndexPattern
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Flatten(Rearranging):
    """The first and the last of the axes that become one."""

    start_dim: int = 1
    end_dim: int = -1

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input.reshape(…, d_start·…·d_end, …)",
        "grad_input": "grad_input = grad_output.reshape(input.shape)",
    }

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

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element."""
        return alike((*self.arguments, "output"), shapes["input"])

    def origins(self, at: NDArray[np.int64], *shapes: Shape | None) -> tuple[NDArray[np.int64], Rows]:
        """The one element with the same number in row-major order."""
        (input,) = shapes
        assert input is not None
        number = np.ravel_multi_index(tuple(at.T), self.infer(input))
        return np.zeros(len(at), np.int64), np.unravel_index(number, input)

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The element itself."""
        return Reduction("copy", ("input" if of == "output" else "grad_output",))

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The one element with the same number in row-major order, in the other shape."""
        (input,) = shapes
        assert input is not None
        if of == "output":
            _, rows = self.origins(at, input)
            return Terms((("input", tuple(row[:, None] for row in rows)),))
        number = np.ravel_multi_index(tuple(at.T), input)
        there = np.unravel_index(number, self.infer(input))
        return Terms((("grad_output", tuple(row[:, None] for row in there)),))

    def forward(self, *operands: Array) -> Array:
        """The same numbers in another shape."""
        (input,) = operands
        return input.reshape(self.infer(input.shape)).copy()

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The same numbers in the old shape."""
        (input,) = operands
        return (grad_output.reshape(input.shape).copy(),)
