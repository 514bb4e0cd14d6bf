"""What sums, differences, products and quotients share: two tensors that meet element by element, and broadcasting.

Shapes are aligned at their last axes; along an axis of size 1, or one that it lacks, an operand is repeated. So the
gradient of an operand is summed over the axes along which it was: over axis 0 first, then the spatial axes, then
axis 1, each ascending.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Gradients, Op, Rows, Shape, Terms, choices, columns
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import IndexPattern


class Arithmetic(Op):
    """An operation on two tensors that broadcast. A number takes the place of either."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "other")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "other")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "other")
    keeps_positions: ClassVar[bool] = True

    @abstractmethod
    def value(self, input: Any, other: Any) -> Any:
        """The result for two numbers: of floats, arrays, or enclosures."""

    def infer(self, *shapes: Shape | None) -> Shape:
        """Two shapes that broadcast → the larger size of each axis."""
        input, other = shapes
        assert input is not None
        assert other is not None
        rank = max(len(input), len(other))
        pairs = list(zip(aligned(input, rank), aligned(other, rank), strict=True))
        if any(a != b and 1 not in (a, b) for a, b in pairs):
            raise ShapeError(
                self.name,
                "the shapes must broadcast: from the last axis on, sizes must be equal or 1",
                got=say("{input} and {other}", input=input, other=other),
                hint="give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution",
            )
        return tuple(b if a == 1 else a for a, b in pairs)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element; where an operand is repeated, it has an axis of its own, of size 1."""
        output = self.infer(shapes["input"], shapes["other"])
        labels = {"output": tuple(f"r{axis}" for axis in range(len(output)))}
        sizes = {f"r{axis}": size for axis, size in enumerate(output)}
        for name in self.arguments:
            first = len(output) - len(shapes[name])
            own = [(axis, size == output[axis]) for axis, size in enumerate(shapes[name], first)]
            labels[name] = tuple(f"r{axis}" if full else f"{name}{axis}" for axis, full in own)
            sizes |= {f"{name}{axis}": 1 for axis, full in own if not full}
        return IndexPattern(labels, sizes)

    def place(self, rows: Rows, shape: Shape | None) -> Rows:
        """Where the numbers of an operand of this shape stand that outputs read."""
        assert shape is not None
        met = rows[len(rows) - len(shape) :]
        return tuple(row if size > 1 else np.zeros_like(row) for row, size in zip(met, shape, strict=True))

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
        own, output = named[argument], self.infer(*shapes)
        assert own is not None
        met = met_by(at, own, output)
        sign, slope = self.slope(argument)
        factors: tuple[tuple[str, Rows], ...] = (("grad_output", met),)
        if slope is not None:
            factors = (*factors, (slope, self.place(met, named[slope])))
        return Terms(factors, weights=None if sign == 1 else np.full((1, 1), float(sign)))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction | None:
        """A gradient: the same sum; a copy where nothing is repeated or multiplied."""
        argument, output = of.removeprefix("grad_"), self.infer(*shapes)
        own = self.named(shapes)[argument]
        assert own is not None
        over = tuple(f"r{axis}" for axis in repeated(own, output))
        sign, slope = self.slope(argument)
        factors = ("grad_output",) if slope is None else ("grad_output", slope)
        if (sign, slope, over) == (1, None, ()):
            return Reduction("copy", factors)
        return Reduction("fma", factors, over, scale=float(sign))

    def share(self, argument: str, grad_output: Array, named: Mapping[str, Array]) -> Array:
        """What the gradient of an operand is the sum of."""
        sign, slope = self.slope(argument)
        return sign * (grad_output if slope is None else grad_output * named[slope])


def repeated(own: Shape, output: Shape) -> tuple[int, ...]:
    """The output's axes along which an operand of this shape is repeated, in the order in which sums go over them.

    Example:
        >>> repeated((3, 1, 5), (2, 3, 4, 5)), repeated((1, 3, 1, 1), (2, 3, 4, 5))
        ((0, 2), (0, 2, 3))
        >>> repeated((2, 1, 4, 1), (2, 3, 4, 5))
        (3, 1)
    """
    sizes = aligned(own, len(output))
    order = (0, *range(2, len(output)), 1)[: len(output)]
    return tuple(axis for axis in order if sizes[axis] != output[axis])


def summed(gradient: Array, shape: Shape) -> Array:
    """The sum over the axes along which an operand of this shape is repeated."""
    axes = repeated(shape, gradient.shape)
    return (total(gradient, axes) if axes else gradient).reshape(shape)


def aligned(shape: Shape, rank: int) -> Shape:
    """A shape with axes of size 1 in front.

    Example:
        >>> aligned((3, 1), 4)
        (1, 1, 3, 1)
    """
    return (*(1,) * (rank - len(shape)), *shape)


def met_by(at: NDArray[np.int64], own: Shape, output: Shape) -> Rows:
    """For elements of an operand the outputs that read them, in the order in which gradients are summed."""
    axes = repeated(own, output)
    places = dict(zip(axes, choices(*(output[axis] for axis in axes)), strict=True))
    first, given = len(output) - len(own), columns(at)
    return tuple(
        places[axis][None, :]
        if axis in places
        else given[axis - first]
        if axis >= first
        else np.zeros((1, 1), int)
        for axis in range(len(output))
    )
