"""Every curve of one number, with settings that are no defaults where there are any: an op, PyTorch's, mathematics."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from pellucid import functional as F

Function = Callable[[float], float]


class Case(NamedTuple):
    """A function of the package with settings, and what it and its slope are; that may be made of the output."""

    function: str
    settings: tuple[Any, ...]
    value: Function
    slope: Function
    of_output: bool = False

    @property
    def named(self) -> dict[str, Any]:
        """The settings by name."""
        _, *names = inspect.signature(getattr(F, self.function)).parameters
        return dict(zip(names, self.settings, strict=False))

    def __call__(self, x: Any) -> Any:
        """The function, of an array or a symbol."""
        return getattr(F, self.function)(x, *self.settings)


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _clipped(x: float) -> float:
    return min(max(x + 3, 0), 6) / 6


def _mish(x: float) -> float:
    return math.tanh(math.log1p(math.exp(x)))


CURVES = [
    Case("abs", (), abs, lambda x: (x > 0) - (x < 0)),
    Case("exp", (), math.exp, lambda y: y, True),
    Case("hardtanh", (-0.5, 1.0), lambda x: min(max(x, -0.5), 1), lambda x: -0.5 < x < 1),
    Case("clamp", (-0.5, 0.75), lambda x: min(max(x, -0.5), 0.75), lambda x: -0.5 <= x <= 0.75),
    Case("relu6", (), lambda x: min(max(x, 0), 6), lambda x: 0 < x < 6),
    Case("hardsigmoid", (), _clipped, lambda x: (-3 < x < 3) / 6),
    Case("hardswish", (), _clipped, lambda x: 0 if x <= -3 else 1 if x >= 3 else x / 3 + 0.5),
    Case("threshold", (0.5, -2.0), lambda x: x if x > 0.5 else -2, lambda x: x > 0.5),
    Case("softshrink", (0.25,), lambda x: max(x - 0.25, 0) + min(x + 0.25, 0), lambda x: abs(x) > 0.25),
    Case("hardshrink", (0.75,), lambda x: x if abs(x) > 0.75 else 0, lambda x: abs(x) > 0.75),
    Case(
        "elu",
        (0.5,),
        lambda x: x if x > 0 else 0.5 * math.expm1(x),
        lambda x: 1 if x > 0 else 0.5 * math.exp(x),
    ),
    Case(
        "selu",
        (),
        lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
        lambda x: 1.0507009873554805 * (1 if x > 0 else 1.6732632423543772 * math.exp(x)),
    ),
    Case(
        "celu",
        (2.0,),
        lambda x: x if x > 0 else 2 * math.expm1(x / 2),
        lambda x: 1 if x > 0 else math.exp(x / 2),
    ),
    Case("mish", (), _mish, lambda x: _mish(x) + x * sigma(x) * (1 - _mish(x) ** 2)),
    Case(
        "softplus",
        (2.0, 3.0),
        lambda x: x if 2 * x > 3 else math.log1p(math.exp(2 * x)) / 2,
        lambda x: 1 if 2 * x > 3 else sigma(2 * x),
    ),
    Case("softsign", (), lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    Case("logsigmoid", (), lambda x: -math.log1p(math.exp(-x)), lambda x: sigma(-x)),
    Case("tanhshrink", (), lambda x: x - math.tanh(x), lambda x: math.tanh(x) ** 2),
]
ABOVE_0 = [  # for positive numbers
    Case("log", (), math.log, lambda x: 1 / x),
    Case("sqrt", (), math.sqrt, lambda y: 1 / (2 * y), True),
    Case("rsqrt", (), lambda x: 1 / math.sqrt(x), lambda y: -(y**3) / 2, True),
]
