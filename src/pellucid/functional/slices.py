"""Parts of a tensor, and its elements in another order along axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from pellucid.engine.expressions import method, spread_method
from pellucid.engine.graph import is_symbolic
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.numbers import absent, as_array
from pellucid.ops.base import Gradients, Shape
from pellucid.ops.checks import axis
from pellucid.ops.flip import Flip
from pellucid.ops.getitem import Getitem, items
from pellucid.ops.narrow import Narrow
from pellucid.ops.roll import Roll
from pellucid.sizes import is_integer


@method
@function
def getitem(input: Tensor, index: Any) -> Call:
    """Elements by Python's index, in a network also `x[index]`: integers, slices, None and … .

    Raises: ArgumentError for other indices, ones outside of their axis and steps below 1; ShapeError when there are
        not so many axes.

    Example:
        >>> getitem([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], (slice(None), slice(0, None, 2)))
        array([[1., 3.],
               [4., 6.]])
    """
    return Call(Getitem(items(index)), (input,))


getitem_backward = gradient(getitem)


@method
@function
def narrow(input: Tensor, dim: int, start: int, length: int) -> Call:
    """`length` positions of an axis from `start` on.

    Raises: ArgumentError when there are no such positions.

    Example:
        >>> narrow([1.0, 2.0, 3.0, 4.0], 0, 1, 2)
        array([2., 3.])
    """
    return Call(Narrow(dim, start, length), (input,))


narrow_backward = gradient(narrow)


@dataclass(frozen=True)
class Parts(Call):
    """Neighbouring parts of a tensor, by the function of this name: the first one, and the others."""

    name: str = ""
    others: tuple[Call, ...] = ()

    def forward(self) -> Tensor:
        """A tuple of the parts."""
        return (super().forward(), *(call.forward() for call in self.others))

    def backward(self, grad_output: Tensor) -> Gradients:
        """The gradient of the whole: those of the parts, one behind the other."""
        calls, name = (Call(self.op, self.required), *self.others), f"{self.name}_backward"
        if grad_output is None:
            raise absent(name, "grad_output")
        listed = isinstance(grad_output, list | tuple) or np.ndim(grad_output) > 0
        if not listed or len(grad_output) != len(calls):
            rule = "grad_output must have a gradient for each part"
            raise ShapeError(name, rule, expected=f"{len(calls)}", got=type(grad_output).__name__)
        total: Any
        total, *others = (call.backward(grad)[0] for call, grad in zip(calls, grad_output, strict=True))
        for part in others:
            total = total + part  # of several parts one has a number where the others have zeros
        return (total,)


@method
@function
def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> Parts:
    """A tuple of neighbouring parts along an axis: of so many positions each, the last one perhaps of fewer.

    Args:
        tensor: the whole.
        split_size_or_sections: how many positions a part has, or a list with the number for each part.
        dim: the axis.

    `split_backward` takes a gradient for each part.
    Raises: ArgumentError when there is no such axis, or the parts do not make up the whole.

    Example:
        >>> split([1.0, 2.0, 3.0], 2)
        (array([1., 2.]), array([3.]))
    """
    sizes: Any = split_size_or_sections
    size = _size("split", "tensor", tensor, dim)
    if is_integer(sizes):
        if sizes < 0 or (sizes == 0 and size):
            raise ArgumentError("split", "split_size must be from 1 on", got=f"split_size={sizes}")
        return _parts("split", tensor, _equal(size, int(sizes)), dim)
    if (
        not isinstance(sizes, list | tuple)
        or not all(is_integer(s) and s >= 0 for s in sizes)
        or sum(sizes) != size
    ):
        raise ArgumentError(
            "split",
            "the sections must make up the axis",
            expected=say("integers from 0 on, {size} together", size=size),
            got=f"{sizes!r}",
        )
    return _parts("split", tensor, list(map(int, sizes)), dim)


split_backward = gradient(split)


@method
@function
def chunk(input: Tensor, chunks: int, dim: int = 0) -> Parts:
    """A tuple of so many parts along an axis, or fewer, of ⌈size/chunks⌉ positions each; the last one may have fewer.

    `chunk_backward` takes a gradient for each part.
    Raises: ArgumentError when there is no such axis, or `chunks` is no integer from 1 on.

    Example:
        >>> chunk([1.0, 2.0, 3.0], 2)
        (array([1., 2.]), array([3.]))
    """
    if not is_integer(chunks) or chunks < 1:
        rule = say("{name} must be an integer from 1 on", name="chunks")
        raise ArgumentError("chunk", rule, got=f"chunks={chunks!r}")
    size = _size("chunk", "input", input, dim)
    return _parts("chunk", input, _equal(size, -(-size // int(chunks))) if size else [0] * int(chunks), dim)


chunk_backward = gradient(chunk)


def _size(op: str, name: str, tensor: Tensor, dim: int) -> int:
    shape: Shape = tensor.shape if is_symbolic(tensor) else as_array(op, name, tensor).shape
    return shape[axis(op, "dim", dim, len(shape))]


def _equal(size: int, each: int) -> list[int]:
    """So many positions each, and what is left."""
    return [each] * (size // each) + [size % each] * (size % each > 0) if size else [0]


def _parts(name: str, tensor: Tensor, sizes: Sequence[int], dim: int) -> Parts:
    starts = accumulate(sizes, initial=0)
    first, *others = (
        Call(Narrow(dim, start, size), (tensor,)) for start, size in zip(starts, sizes, strict=False)
    )
    return Parts(first.op, first.required, name=name, others=tuple(others))


@spread_method
@function
def flip(input: Tensor, dims: Sequence[int]) -> Call:
    """Let axes run backwards.

    Raises: ArgumentError when there are no such axes.

    Example:
        >>> flip([[1.0, 2.0], [3.0, 4.0]], (1,))
        array([[2., 1.],
               [4., 3.]])
    """
    return Call(Flip(dims), (input,))  # type: ignore[arg-type]


flip_backward = gradient(flip)


@method
@function
def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Call:
    """Let elements move on along axes; those that leave at the end come in at the front.

    Without `dims` along all axes as one, in row-major order.

    Raises: ArgumentError when there are no such axes, or not one shift for each.

    Example:
        >>> roll([1.0, 2.0, 3.0, 4.0], 1)
        array([4., 1., 2., 3.])
    """
    return Call(Roll(shifts, dims), (input,))  # type: ignore[arg-type]


roll_backward = gradient(roll)
