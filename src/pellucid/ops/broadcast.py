"""Tensors of several shapes that meet element by element.

Shapes are aligned at their last axes; along an axis of size 1, or one that it lacks, an operand is repeated. So the
gradient of an operand is summed over the axes along which it was: over axis 0 first, then the spatial axes, then
axis 1, each ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Op, Rows, Shape, choices, columns
from pellucid.ops.relation import IndexPattern


class Broadcast(Op):
    """An operation on tensors that broadcast. A number takes the place of any."""

    keeps_positions: ClassVar[bool] = True

    def infer(self, *shapes: Shape | None) -> Shape:
        """Shapes that broadcast → the larger size of each axis."""
        output: Shape = ()
        for name, shape in self.named(shapes).items():
            assert shape is not None
            own, before = self.seen(name, shape, len(output)), output
            rank = max(len(own), len(before))
            pairs = list(zip(aligned(before, rank), aligned(own, rank), strict=True))
            if any(a != b and 1 not in (a, b) for a, b in pairs):
                raise ShapeError(
                    self.name,
                    "the shapes must broadcast: from the last axis on, sizes must be equal or 1",
                    got=say("{input} and {other}", input=before, other=own),
                    hint="give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution",
                )
            output = tuple(b if a == 1 else a for a, b in pairs)
        return output

    def seen(self, argument: str, shape: Shape, rank: int) -> Shape:
        """The shape that an operand is aligned by, where the result has so many axes: more of size 1 behind its own."""
        return shape

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element; where an operand is repeated, it has an axis of its own, of size 1."""
        output = self.infer(*(shapes[name] for name in self.arguments))
        labels = {"output": tuple(f"r{axis}" for axis in range(len(output)))}
        sizes = {f"r{axis}": size for axis, size in enumerate(output)}
        for name in self.arguments:
            shape = self.seen(name, shapes[name], len(output))
            own = [(axis, size == output[axis]) for axis, size in enumerate(shape, len(output) - len(shape))]
            labels[name] = tuple(f"r{axis}" if full else f"{name}{axis}" for axis, full in own)
            sizes |= {f"{name}{axis}": 1 for axis, full in own if not full}
        return IndexPattern(labels, sizes)

    def place(self, rows: Rows, argument: str, shape: Shape | None) -> Rows:
        """Where the numbers of an operand of this shape stand that outputs read."""
        assert shape is not None
        own = self.seen(argument, shape, len(rows))
        met = rows[len(rows) - len(own) :]
        places = tuple(row if size > 1 else np.zeros_like(row) for row, size in zip(met, own, strict=True))
        return places[: len(shape)]

    def met_by(self, at: NDArray[np.int64], argument: str, *shapes: Shape | None) -> Rows:
        """For elements of an operand the outputs that read them, in the order in which gradients are summed."""
        shape, output = self.named(shapes)[argument], self.infer(*shapes)
        assert shape is not None
        own = self.seen(argument, shape, len(output))
        given = np.pad(at, ((0, 0), (0, len(own) - len(shape))))
        return met_by(given, own, output)

    def repeats(self, argument: str, *shapes: Shape | None) -> tuple[int, ...]:
        """The output's axes along which an operand is repeated, in the order in which sums go over them."""
        shape, output = self.named(shapes)[argument], self.infer(*shapes)
        assert shape is not None
        return repeated(self.seen(argument, shape, len(output)), output)


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
