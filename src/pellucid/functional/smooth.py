"""Activations with a curve for numbers below 0, or for all."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.celu import CELU
from pellucid.ops.elu import ELU
from pellucid.ops.glu import GLU
from pellucid.ops.logsigmoid import LogSigmoid
from pellucid.ops.mish import Mish
from pellucid.ops.selu import SELU
from pellucid.ops.softplus import Softplus
from pellucid.ops.softsign import Softsign
from pellucid.ops.tanhshrink import Tanhshrink


@function
def elu(input: Tensor, alpha: float = 1.0) -> Call:
    """The input where it is positive, else alpha·(exp(input) − 1). Any shape.

    Raises: ArgumentError when alpha is not a finite number.

    Example:
        >>> elu([-1.0, 2.0]).round(4)
        array([-0.6321,  2.    ])
    """
    return Call(ELU(alpha), (input,))


elu_backward = gradient(elu)


@function
def selu(input: Tensor) -> Call:
    """`elu` with the scale and alpha that keep mean 0 and variance 1. Any shape.

    Example:
        >>> selu([-1.0, 2.0]).round(4)
        array([-1.1113,  2.1014])
    """
    return Call(SELU(), (input,))


selu_backward = gradient(selu)


@function
def celu(input: Tensor, alpha: float = 1.0) -> Call:
    """The input where it is positive, else alpha·(exp(input/alpha) − 1). Any shape.

    Raises: ArgumentError when alpha is 0 or not a finite number.

    Example:
        >>> celu([-1.0, 2.0], 0.5).round(4)
        array([-0.4323,  2.    ])
    """
    return Call(CELU(alpha), (input,))


celu_backward = gradient(celu)


@function
def mish(input: Tensor) -> Call:
    """input·tanh(log(1 + exp(input))), element by element. Any shape.

    Example:
        >>> mish([-1.0, 2.0]).round(4)
        array([-0.3034,  1.944 ])
    """
    return Call(Mish(), (input,))


mish_backward = gradient(mish)


@function
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Call:
    """log(1 + exp(beta·input))/beta; the input where beta·input is above the threshold. Any shape.

    Raises: ArgumentError when a setting is not a finite number.

    Example:
        >>> softplus([0.0, 30.0]).round(4)
        array([ 0.6931, 30.    ])
    """
    return Call(Softplus(beta, threshold), (input,))


softplus_backward = gradient(softplus)


@function
def softsign(input: Tensor) -> Call:
    """input/(1 + |input|), element by element. Any shape.

    Example:
        >>> softsign([-1.0, 3.0])
        array([-0.5 ,  0.75])
    """
    return Call(Softsign(), (input,))


softsign_backward = gradient(softsign)


@function
def logsigmoid(input: Tensor) -> Call:
    """log(1/(1 + exp(−input))), element by element. Any shape.

    Example:
        >>> logsigmoid([0.0, -1000.0]).round(4)
        array([-6.931e-01, -1.000e+03])
    """
    return Call(LogSigmoid(), (input,))


logsigmoid_backward = gradient(logsigmoid)


@function
def tanhshrink(input: Tensor) -> Call:
    """input − tanh(input), element by element. Any shape.

    Example:
        >>> tanhshrink([0.0, 2.0]).round(4)
        array([0.    , 1.036])
    """
    return Call(Tanhshrink(), (input,))


tanhshrink_backward = gradient(tanhshrink)


@function
def glu(input: Tensor, dim: int = -1) -> Call:
    """The first half of the input along `dim` times σ of the second half. Any shape with an even size there.

    Raises: ArgumentError when there is no axis `dim`, ShapeError when its size is odd.

    Example:
        >>> glu([2.0, 4.0, 0.0, 1000.0])
        array([1., 4.])
    """
    return Call(GLU(dim), (input,))


glu_backward = gradient(glu)
