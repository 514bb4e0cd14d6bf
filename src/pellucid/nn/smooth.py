"""Activation layers with a curve for numbers below 0, or for all."""

from __future__ import annotations

from pellucid.nn.curve import Curve


class ELU(Curve):
    """x where x > 0, else alpha·(eˣ − 1). `inplace` as in `ReLU`.

    Raises: ArgumentError when alpha is not a finite number.
    """

    function = "elu"

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.set(inplace, alpha=alpha)


class SELU(Curve):
    """`ELU` with the scale and alpha that keep mean 0 and variance 1. `inplace` as in `ReLU`."""

    function = "selu"

    def __init__(self, inplace: bool = False) -> None:
        self.set(inplace)


class CELU(Curve):
    """x where x > 0, else alpha·(e^(x/alpha) − 1). `inplace` as in `ReLU`.

    Raises: ArgumentError when alpha is not a finite number.
    """

    function = "celu"

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.set(inplace, alpha=alpha)


class Mish(Curve):
    """x·tanh(log(1 + eˣ)). `inplace` as in `ReLU`."""

    function = "mish"

    def __init__(self, inplace: bool = False) -> None:
        self.set(inplace)


class Softplus(Curve):
    """log(1 + e^(beta·x))/beta; x where beta·x > threshold.

    Raises: ArgumentError when a setting is not a finite number.
    """

    function = "softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.set(beta=beta, threshold=threshold)


class Softsign(Curve):
    """x/(1 + |x|)."""

    function = "softsign"


class LogSigmoid(Curve):
    """log σ(x)."""

    function = "logsigmoid"


class Tanhshrink(Curve):
    """x − tanh(x)."""

    function = "tanhshrink"
