"""What activations share: output = f(input), grad_input = grad_output·f′(input), each element by itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Op, Shape, alike
from pellucid.ops.relation import IndexPattern
from pellucid.sizes import size_of


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
        return self.value(input)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The gradient times the slope, element by element."""
        (input,) = operands
        return (self.gradient(grad_output, input),)

    @abstractmethod
    def value(self, x: Array) -> Array:
        """f(x)."""

    @abstractmethod
    def gradient(self, grad: Array, x: Array) -> Array:
        """grad·f′(x)."""


class Smooth(Pointwise):
    """An op that is computed in float64 and rounded once to the input's type, as transcendental functions are.

    `bits` says how many that type has.
    """

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some hundred times, in float64."""
        (input,) = shapes
        assert input is not None
        return FUNCTION_EFFORT * size_of(input)

    def value(self, x: Array) -> Array:
        """f in float64, rounded once."""
        with np.errstate(all="ignore"):  # infinities give what IEEE arithmetic gives
            return self.curve(x.astype(np.float64), 8 * x.itemsize).astype(x.dtype)

    def gradient(self, grad: Array, x: Array) -> Array:
        """grad·f′ in float64, rounded once."""
        return self.multiplied(grad, x)

    def multiplied(self, grad: Array, point: Array) -> Array:
        """grad·f′, of the array that the gradient reads: the input, or the output."""
        with np.errstate(all="ignore"):
            product = grad.astype(np.float64) * self.slope(point.astype(np.float64), 8 * point.itemsize)
            return product.astype(point.dtype)

    @abstractmethod
    def curve(self, x: Array, bits: int) -> Array:
        """f(x)."""

    @abstractmethod
    def slope(self, x: Array, bits: int) -> Array:
        """f′(x)."""


class FromOutput(Smooth):
    """A smooth op whose slope is made of its rounded output."""

    def reads(self, of: str) -> tuple[str, ...]:
        """The gradient reads the output."""
        return ("grad_output", "output") if of == "grad_input" else super().reads(of)

    def gradient(self, grad: Array, x: Array) -> Array:
        """grad times the slope that belongs to the output."""
        return self.multiplied(grad, self.value(x))
