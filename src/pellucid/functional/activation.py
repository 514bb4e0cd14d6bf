"""Activations: one number in, one number out; and softmax, which looks along an axis."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.relu import ReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.softmax import Softmax
from pellucid.ops.tanh import Tanh


@method
@function
def relu(input: Tensor) -> Call:
    """max(input, 0), element by element; NaN stays NaN. Any shape.

    Example:
        >>> relu([-1.0, 0.0, 2.0])
        array([0., 0., 2.])
    """
    return Call(ReLU(), (input,))


relu_backward = gradient(relu)


@function
def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Call:
    """The input where it is positive, else negative_slope·input. Any shape.

    Raises: ArgumentError when negative_slope is not a finite number.

    Example:
        >>> leaky_relu([-1.0, 0.0, 2.0], 0.5)
        array([-0.5,  0. ,  2. ])
    """
    return Call(LeakyReLU(negative_slope), (input,))


leaky_relu_backward = gradient(leaky_relu)


@method
@function
def sigmoid(input: Tensor) -> Call:
    """1 / (1 + exp(−input)), element by element. Any shape.

    Example:
        >>> sigmoid([-1000.0, 0.0])
        array([0. , 0.5])
    """
    return Call(Sigmoid(), (input,))


sigmoid_backward = gradient(sigmoid)


@method
@function
def tanh(input: Tensor) -> Call:
    """The hyperbolic tangent, element by element. Any shape.

    Example:
        >>> tanh([0.0, 1000.0])
        array([0., 1.])
    """
    return Call(Tanh(), (input,))


tanh_backward = gradient(tanh)


@function
def gelu(input: Tensor, *, approximate: str = "none") -> Call:
    """input·Φ(input), Φ the normal distribution; `approximate="tanh"` for the formula without erf. Any shape.

    Raises: ArgumentError for another `approximate`.

    Example:
        >>> gelu([0.0, 1.0]).round(4)
        array([0.    , 0.8413])
    """
    return Call(GELU(approximate), (input,))


gelu_backward = gradient(gelu)


@function
def silu(input: Tensor) -> Call:
    """input / (1 + exp(−input)), element by element. Any shape.

    Example:
        >>> silu([0.0, 1.0]).round(4)
        array([0.    , 0.7311])
    """
    return Call(SiLU(), (input,))


silu_backward = gradient(silu)


@method
@function
def softmax(input: Tensor, dim: int) -> Call:
    """exp(input) / Σ exp(input) along `dim`: probabilities. Any shape.

    Raises: ArgumentError when there is no axis `dim`.

    Example:
        >>> softmax([[0.0, 0.0, 1000.0, 1000.0]], dim=1)
        array([[0. , 0. , 0.5, 0.5]])
    """
    return Call(Softmax(dim), (input,))


softmax_backward = gradient(softmax)


@method
@function
def log_softmax(input: Tensor, dim: int) -> Call:
    """input − log Σ exp(input) along `dim`: logarithms of probabilities. Any shape.

    Raises: ArgumentError when there is no axis `dim`.

    Example:
        >>> log_softmax([0.0, 1000.0], dim=0)
        array([-1000.,     0.])
    """
    return Call(LogSoftmax(dim), (input,))


log_softmax_backward = gradient(log_softmax)
