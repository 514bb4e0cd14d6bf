"""Functions of numbers that are no activations: absolute values, roots, exponentials, logarithms, limits, choices."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.abs import Abs
from pellucid.ops.base import Gradients
from pellucid.ops.clamp import Clamp
from pellucid.ops.clamp_max import ClampMax
from pellucid.ops.clamp_min import ClampMin
from pellucid.ops.exp import Exp
from pellucid.ops.log import Log
from pellucid.ops.maximum import Maximum
from pellucid.ops.minimum import Minimum
from pellucid.ops.mul import Mul
from pellucid.ops.rsqrt import Rsqrt
from pellucid.ops.sqrt import Sqrt
from pellucid.ops.where import Where


@method
@function
def abs(input: Tensor) -> Call:
    """|input|, element by element; its slope at 0 is 0. Any shape.

    Example:
        >>> abs([-1.5, 0.0, 2.0])
        array([1.5, 0. , 2. ])
    """
    return Call(Abs(), (input,))


abs_backward = gradient(abs)


@method
@function
def exp(input: Tensor) -> Call:
    """e to the power of the input, element by element. Any shape.

    Example:
        >>> exp([0.0, 1.0]).round(4)
        array([1.    , 2.7183])
    """
    return Call(Exp(), (input,))


exp_backward = gradient(exp)


@method
@function
def log(input: Tensor) -> Call:
    """The natural logarithm, element by element; −inf of 0, NaN of negative numbers. Any shape.

    Example:
        >>> log([1.0, 0.0, 10.0]).round(4)
        array([0.    ,   -inf, 2.3026])
    """
    return Call(Log(), (input,))


log_backward = gradient(log)


@method
@function
def sqrt(input: Tensor) -> Call:
    """The square root, element by element; NaN of negative numbers. Any shape.

    Example:
        >>> sqrt([4.0, 2.25])
        array([2. , 1.5])
    """
    return Call(Sqrt(), (input,))


sqrt_backward = gradient(sqrt)


@method
@function
def rsqrt(input: Tensor) -> Call:
    """1/√input, element by element; NaN of negative numbers. Any shape.

    Example:
        >>> rsqrt([4.0, 0.25])
        array([0.5, 2. ])
    """
    return Call(Rsqrt(), (input,))


rsqrt_backward = gradient(rsqrt)


@method
@function
def neg(input: Tensor) -> Call:
    """−input, element by element. Any shape.

    Example:
        >>> neg([-1.5, 2.0])
        array([ 1.5, -2. ])
    """
    return Call(Mul(), (input, -1))


def neg_backward(grad_output: Tensor, input: Tensor) -> Gradients:
    """The gradient of `neg`: −grad_output.

    Raises: ShapeError when grad_output has not the output's shape.

    Example:
        >>> neg_backward([1.0, 2.0], [5.0, 6.0])
        (array([-1., -2.]),)
    """
    return Call(Mul(), (input, -1)).backward(grad_output)[:1]


@method
@function
def clamp(input: Tensor, min: float | None = None, max: float | None = None) -> Call:
    """The input between two limits, either of which may be None. At a limit the gradient passes. Any shape.

    Raises: ArgumentError when a limit is no number, or both are None.

    Example:
        >>> clamp([-3.0, 0.5, 2.0], -1, 1), clamp([-3.0, 0.5, 2.0], max=1)
        (array([-1. ,  0.5,  1. ]), array([-3. ,  0.5,  1. ]))
    """
    return Call(Clamp(min, max), (input,))


clamp_backward = gradient(clamp)


@method
@function
def clamp_min(input: Tensor, min: Tensor) -> Call:
    """The larger of input and min; where both are equal, the input has the gradient.

    Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> clamp_min([[1.0, 5.0], [3.0, 2.0]], [2.0, 4.0])
        array([[2., 5.],
               [3., 4.]])
    """
    return Call(ClampMin(), (input, min))


clamp_min_backward = gradient(clamp_min)


@method
@function
def clamp_max(input: Tensor, max: Tensor) -> Call:
    """The lesser of input and max; where both are equal, the input has the gradient.

    Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> clamp_max([[1.0, 5.0], [3.0, 2.0]], [2.0, 4.0])
        array([[1., 4.],
               [2., 2.]])
    """
    return Call(ClampMax(), (input, max))


clamp_max_backward = gradient(clamp_max)


@method
@function
def minimum(input: Tensor, other: Tensor) -> Call:
    """The lesser of two numbers; where both are equal, each has half of the gradient.

    Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> minimum([1.0, 5.0], [2.0, 4.0])
        array([1., 4.])
    """
    return Call(Minimum(), (input, other))


minimum_backward = gradient(minimum)


@method
@function
def maximum(input: Tensor, other: Tensor) -> Call:
    """The larger of two numbers; where both are equal, each has half of the gradient.

    Shapes that broadcast; either may be a number.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> maximum([1.0, 5.0], [2.0, 4.0])
        array([2., 5.])
    """
    return Call(Maximum(), (input, other))


maximum_backward = gradient(maximum)


@function
def where(condition: Tensor, input: Tensor, other: Tensor) -> Call:
    """input where the condition holds (is True, or no 0), else other.

    Shapes that broadcast; input and other may be numbers.

    In a network, comparisons make conditions: `where(x > 0, x, y)`.

    Raises: ShapeError when the shapes do not broadcast.

    Example:
        >>> where([True, False], [1.0, 2.0], [5.0, 6.0])
        array([1., 6.])
    """
    return Call(Where(), (condition, input, other))


where_backward = gradient(where)
