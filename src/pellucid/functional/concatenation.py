"""Tensors one behind the other."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.errors import ArgumentError, say
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.cat import Cat


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
    listed = isinstance(tensors, list | tuple)
    if not listed or not tensors:
        got = say("an empty list") if listed else type(tensors).__name__
        raise ArgumentError("cat", "tensors must be a list of one tensor or more", got=got)
    return Call(Cat(dim), tuple(tensors))


cat_backward = gradient(cat)
