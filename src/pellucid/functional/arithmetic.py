"""Arithmetic on two tensors that broadcast, as Python's operators write it in a network's forward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.engine.expressions import Expression, method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.add import Add
from pellucid.ops.checks import is_number
from pellucid.ops.div import Div
from pellucid.ops.mul import Mul
from pellucid.ops.pow import Pow
from pellucid.ops.power import Power
from pellucid.ops.sub import Sub


@method
@function
def add(input: Tensor, other: Tensor) -> Call:
    """input + other, as where a residual connection meets its shortcut. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> add([1.0, 2.0], [3.0, 4.0]), add([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0])
        (array([4., 6.]), array([[11., 22.],
               [13., 24.]]))
    """
    return Call(Add(), (input, other))


add_backward = gradient(add)


@method
@function
def div(input: Tensor, other: Tensor) -> Call:
    """input/other, element by element; x/0 is ±inf, 0/0 NaN. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> div([[1.0, 2.0], [3.0, 4.0]], [2.0, 4.0]), div(1, [2.0, 4.0])
        (array([[0.5, 0.5],
               [1.5, 1. ]]), array([0.5 , 0.25]))
    """
    return Call(Div(), (input, other))


div_backward = gradient(div)


@method
@function
def mul(input: Tensor, other: Tensor) -> Call:
    """input·other, element by element, as where a gate scales channels. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> mul([[1.0, 2.0], [3.0, 4.0]], [10.0, 0.5]), mul(3, [1.0, 2.0])
        (array([[10.,  1.],
               [30.,  2.]]), array([3., 6.]))
    """
    return Call(Mul(), (input, other))


mul_backward = gradient(mul)


@method
@function
def pow(input: Tensor, exponent: Tensor) -> Call:
    """input to the power `exponent`; NaN where a negative number has no such power. Shapes that broadcast.

    Either may be a number; a constant exponent has no gradient.

    Raises: ArgumentError when the exponent is a number that is not finite, ShapeError when shapes do not broadcast.

    Example:
        >>> pow([1.0, 2.0, -3.0], 2), pow([4.0, 9.0], -0.5).round(4)
        (array([1., 4., 9.]), array([0.5   , 0.3333]))
    """
    constant = is_number(exponent) or not isinstance(exponent, np.ndarray | Sequence | Expression)
    return Call(Pow(exponent), (input,)) if constant else Call(Power(), (input, exponent))


pow_backward = gradient(pow)


@method
@function
def sub(input: Tensor, other: Tensor) -> Call:
    """input − other. Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> sub([1.0, 2.0], [3.0, 5.0]), sub(1, [3.0, 5.0])
        (array([-2., -3.]), array([-2., -4.]))
    """
    return Call(Sub(), (input, other))


sub_backward = gradient(sub)
