"""What activations share: output = f(input), grad_input = grad_output·f′(input), each element by itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from pellucid.ops.base import Array, Gradients, Op, Shape, alike
from pellucid.ops.relation import IndexPattern


class Pointwise(Op):
    """An op that treats every element alike."""

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        (input,) = shapes
        assert input is not None
        return input

    keeps_positions: ClassVar[bool] = True

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element."""
        return alike((*self.arguments, "output"), shapes["input"])

    def forward(self, *operands: Array) -> Array:
        """f, element by element."""
        (input,) = operands
        self.infer(input.shape)
        return self.result(input)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The gradient times the slope, element by element."""
        (input,) = operands
        return (self.gradient(grad_output, input),)

    @abstractmethod
    def result(self, x: Array) -> Array:
        """f(x)."""

    @abstractmethod
    def gradient(self, grad: Array, x: Array) -> Array:
        """grad·f′(x)."""
