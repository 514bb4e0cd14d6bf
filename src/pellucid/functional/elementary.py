"""Functions of one number that are no activations: absolute values, roots, exponentials, logarithms."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.abs import Abs
from pellucid.ops.exp import Exp
from pellucid.ops.log import Log
from pellucid.ops.rsqrt import Rsqrt
from pellucid.ops.sqrt import Sqrt


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
