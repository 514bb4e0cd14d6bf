"""Comparisons of two tensors that broadcast: True and False of arrays, 1 and 0 in networks, for `where`."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function
from pellucid.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual


@method
@function
def gt(input: Tensor, other: Tensor) -> Call:
    """Whether input > other, element by element. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> gt([1.0, 2.0, 3.0], 2)
        array([False, False,  True])
    """
    return Call(Greater(), (input, other))


@method
@function
def ge(input: Tensor, other: Tensor) -> Call:
    """Whether input ≥ other, element by element. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> ge([1.0, 2.0, 3.0], 2)
        array([False,  True,  True])
    """
    return Call(GreaterEqual(), (input, other))


@method
@function
def lt(input: Tensor, other: Tensor) -> Call:
    """Whether input < other, element by element. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> lt([1.0, 2.0, 3.0], 2)
        array([ True, False, False])
    """
    return Call(Less(), (input, other))


@method
@function
def le(input: Tensor, other: Tensor) -> Call:
    """Whether input ≤ other, element by element. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> le([1.0, 2.0, 3.0], 2)
        array([ True,  True, False])
    """
    return Call(LessEqual(), (input, other))


@method
@function
def eq(input: Tensor, other: Tensor) -> Call:
    """Whether input = other, element by element. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> eq([1.0, 2.0, 3.0], 2)
        array([False,  True, False])
    """
    return Call(Equal(), (input, other))


@method
@function
def ne(input: Tensor, other: Tensor) -> Call:
    """Whether input ≠ other, element by element. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> ne([1.0, 2.0, 3.0], 2)
        array([ True, False,  True])
    """
    return Call(NotEqual(), (input, other))
