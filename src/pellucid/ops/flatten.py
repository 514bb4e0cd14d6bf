"""Several neighbouring axes become one; the numbers and their row-major order stay.

output     = input.reshape(…, d_start·…·d_end, …)
grad_input = grad_output.reshape(input.shape)
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.errors import ArgumentError
from pellucid.geometry import size_of
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.checks import axis


@dataclass(frozen=True)
class Flatten(Op):
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
            got = f"start_dim={self.start_dim}, end_dim={self.end_dim} for input {input}"
            raise ArgumentError(self.name, "start_dim must not come after end_dim", got=got)
        return (*input[:start], size_of(input[start : end + 1]), *input[end + 1 :])

    def forward(self, *operands: Array) -> Array:
        """The same numbers in another shape."""
        (input,) = operands
        return input.reshape(self.infer(input.shape)).copy()

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The same numbers in the old shape."""
        (input,) = operands
        return (grad_output.reshape(input.shape).copy(),)
