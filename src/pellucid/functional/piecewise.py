"""Activations that are made of straight pieces, and of one that is bent twice."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.hardshrink import Hardshrink
from pellucid.ops.hardsigmoid import Hardsigmoid
from pellucid.ops.hardswish import Hardswish
from pellucid.ops.hardtanh import Hardtanh
from pellucid.ops.prelu import PReLU
from pellucid.ops.relu6 import ReLU6
from pellucid.ops.softshrink import Softshrink
from pellucid.ops.threshold import Threshold


@function
def relu6(input: Tensor) -> Call:
    """min(max(input, 0), 6), element by element; NaN stays NaN. Any shape.

    Example:
        >>> relu6([-1.0, 2.0, 7.0])
        array([0., 2., 6.])
    """
    return Call(ReLU6(), (input,))


relu6_backward = gradient(relu6)


@function
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Call:
    """The input between two limits, at which its slope is 0. Any shape.

    Raises: ArgumentError when a limit is not a finite number, or min_val is above max_val.

    Example:
        >>> hardtanh([-3.0, 0.5, 2.0])
        array([-1. ,  0.5,  1. ])
    """
    return Call(Hardtanh(min_val, max_val), (input,))


hardtanh_backward = gradient(hardtanh)


@function
def hardsigmoid(input: Tensor) -> Call:
    """min(max(input + 3, 0), 6)/6, element by element. Any shape.

    Example:
        >>> hardsigmoid([-4.0, 0.0, 1.5])
        array([0.  , 0.5 , 0.75])
    """
    return Call(Hardsigmoid(), (input,))


hardsigmoid_backward = gradient(hardsigmoid)


@function
def hardswish(input: Tensor) -> Call:
    """input·min(max(input + 3, 0), 6)/6, element by element. Any shape.

    Example:
        >>> hardswish([-4.0, 3.0, 1.0]).round(4)
        array([-0.    ,  3.    ,  0.6667])
    """
    return Call(Hardswish(), (input,))


hardswish_backward = gradient(hardswish)


@function
def threshold(input: Tensor, threshold: float, value: float) -> Call:
    """The input where it is above the threshold, else `value`. Any shape.

    Raises: ArgumentError when a setting is not a finite number.

    Example:
        >>> threshold([-1.0, 0.5, 2.0], 0.5, -7.0)
        array([-7., -7.,  2.])
    """
    return Call(Threshold(threshold, value), (input,))


threshold_backward = gradient(threshold)


@function
def softshrink(input: Tensor, lambd: float = 0.5) -> Call:
    """The input moved towards 0 by lambd, 0 where it is not beyond. Any shape.

    Raises: ArgumentError when lambd is not a number from 0 on.

    Example:
        >>> softshrink([-1.0, 0.5, 2.0])
        array([-0.5,  0. ,  1.5])
    """
    return Call(Softshrink(lambd), (input,))


softshrink_backward = gradient(softshrink)


@method
@function
def hardshrink(input: Tensor, lambd: float = 0.5) -> Call:
    """The input where it is farther from 0 than lambd, else 0. Any shape.

    Raises: ArgumentError when lambd is not a finite number.

    Example:
        >>> hardshrink([-1.0, 0.5, 2.0])
        array([-1.,  0.,  2.])
    """
    return Call(Hardshrink(lambd), (input,))


hardshrink_backward = gradient(hardshrink)


@method
@function
def prelu(input: Tensor, weight: Tensor) -> Call:
    """The input where it is positive, else weight·input; the weight is one number, (1,), or one for each channel, (C,).

    Raises: ShapeError for a weight of another shape.

    Example:
        >>> prelu([[-1.0, -1.0], [3.0, -2.0]], [0.5, 0.25])
        array([[-0.5 , -0.25],
               [ 3.  , -0.5 ]])
    """
    return Call(PReLU(), (input, weight))


prelu_backward = gradient(prelu)
