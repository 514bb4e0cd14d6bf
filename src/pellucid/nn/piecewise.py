"""Activation layers that are made of straight pieces, and of one that is bent twice."""

from __future__ import annotations

from pellucid.nn.curve import Curve


class ReLU6(Curve):
    """min(max(x, 0), 6); NaN stays NaN. `inplace` as in `ReLU`."""

    function = "relu6"

    def __init__(self, inplace: bool = False) -> None:
        self.set(inplace)


class Hardtanh(Curve):
    """x between two limits. `inplace` as in `ReLU`.

    Raises: ArgumentError when a limit is not a finite number.
    """

    function = "hardtanh"

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        self.set(inplace, min_val=min_val, max_val=max_val)


class Hardsigmoid(Curve):
    """min(max(x + 3, 0), 6)/6. `inplace` as in `ReLU`."""

    function = "hardsigmoid"

    def __init__(self, inplace: bool = False) -> None:
        self.set(inplace)


class Hardswish(Curve):
    """x·min(max(x + 3, 0), 6)/6. `inplace` as in `ReLU`."""

    function = "hardswish"

    def __init__(self, inplace: bool = False) -> None:
        self.set(inplace)


class Threshold(Curve):
    """x where x > threshold, else value. `inplace` as in `ReLU`.

    Raises: ArgumentError when a setting is not a finite number.
    """

    function = "threshold"

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.set(inplace, threshold=threshold, value=value)


class Softshrink(Curve):
    """x moved towards 0 by lambd, 0 where it is not beyond.

    Raises: ArgumentError when lambd is not a finite number.
    """

    function = "softshrink"

    def __init__(self, lambd: float = 0.5) -> None:
        self.set(lambd=lambd)


class Hardshrink(Curve):
    """x where it is farther from 0 than lambd, else 0.

    Raises: ArgumentError when lambd is not a finite number.
    """

    function = "hardshrink"

    def __init__(self, lambd: float = 0.5) -> None:
        self.set(lambd=lambd)
