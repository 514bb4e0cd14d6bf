"""What sums, differences, products and quotients share: two tensors that broadcast and meet element by element."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array, Gradients, Rows, Shape, Terms
from pellucid.ops.broadcast import Broadcast, summed
from pellucid.ops.reduction import Reduction


class Arithmetic(Broadcast):
    """An operation on two tensors that broadcast. A number takes the place of either."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "other")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "other")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "other")

    @abstractmethod
    def value(self, input: Any, other: Any) -> Any:
        """The result for two numbers: of floats, arrays, or enclosures."""

    def forward(self, *operands: Array) -> Array:
        """Element by element."""
        input, other = operands
        self.infer(input.shape, other.shape)
        with np.errstate(all="ignore"):
            return np.asarray(self.value(input, other))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """grad_output times the slope, summed where an operand was repeated."""
        named = self.named(operands)
        with np.errstate(all="ignore"):
            return tuple(summed(self.share(name, grad_output, named), named[name].shape) for name in named)

    @abstractmethod
    def share(self, argument: str, grad_output: Array, named: Mapping[str, Array]) -> Array:
        """What the gradient of an operand is the sum of."""


class Affine(Arithmetic):
    """An operation that is affine in each operand: a gradient is a sum of multiples of grad_output."""

    @abstractmethod
    def slope(self, argument: str) -> tuple[int, str | None]:
        """A sign and the operand that grad_output is multiplied by to give the gradient of another; None for 1."""

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """A gradient: grad_output times the slope, for all outputs that read the element."""
        argument, named = of.removeprefix("grad_"), self.named(shapes)
        met = self.met_by(at, argument, *shapes)
        sign, slope = self.slope(argument)
        factors: tuple[tuple[str, Rows], ...] = (("grad_output", met),)
        if slope is not None:
            factors = (*factors, (slope, self.place(met, slope, named[slope])))
        return Terms(factors, weights=None if sign == 1 else np.full((1, 1), float(sign)))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction | None:
        """A gradient: the same sum; a copy where nothing is repeated or multiplied."""
        argument = of.removeprefix("grad_")
        over = tuple(f"r{axis}" for axis in self.repeats(argument, *shapes))
        sign, slope = self.slope(argument)
        factors = ("grad_output",) if slope is None else ("grad_output", slope)
        if (sign, slope, over) == (1, None, ()):
            return Reduction("copy", factors)
        return Reduction("fma", factors, over, scale=float(sign))

    def share(self, argument: str, grad_output: Array, named: Mapping[str, Array]) -> Array:
        """What the gradient of an operand is the sum of."""
        sign, slope = self.slope(argument)
        return sign * (grad_output if slope is None else grad_output * named[slope])
