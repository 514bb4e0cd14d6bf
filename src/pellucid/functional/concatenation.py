"""Tensors one behind the other, or side by side."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.errors import ArgumentError, say
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.cat import Cat
from pellucid.ops.stack import Stack


@function
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Call:
    """Tensors one behind the other along an axis: (N,C1,H,W) and (N,C2,H,W) → (N,C1+C2,H,W) with dim=1.

    Args:
        tensors: one or more, of the same shape except along the axis.
        dim: the axis.

    Raises: ShapeError when the shapes differ elsewhere; ArgumentError when `tensors` is no list or empty, or there is
        no axis `dim`.

    Example:
        >>> cat([[[1.0], [2.0]], [[3.0], [4.0]]], dim=1)
        array([[1., 3.],
               [2., 4.]])
    """
    return Call(Cat(dim), _listed("cat", tensors))


cat_backward = gradient(cat)


@function
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Call:
    """Tensors side by side along a new axis: (N,C), (N,C), … → (N,M,C) with dim=1.

    Args:
        tensors: one or more, of one shape.
        dim: where the new axis stands in the output.

    Raises: ShapeError when the shapes differ; ArgumentError when `tensors` is no list or empty, or there is no such
        place.

    Example:
        >>> stack([[1.0, 2.0], [3.0, 4.0]], dim=1)
        array([[1., 3.],
               [2., 4.]])
    """
    return Call(Stack(dim), _listed("stack", tensors))


stack_backward = gradient(stack)


def _listed(op: str, tensors: object) -> tuple[Tensor, ...]:
    listed = isinstance(tensors, list | tuple)
    if not listed or not tensors:
        got = say("an empty list") if listed else type(tensors).__name__
        raise ArgumentError(op, "tensors must be a list of one tensor or more", got=got)
    return tuple(tensors)  # type: ignore[arg-type]
