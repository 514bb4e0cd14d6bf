"""Curves: one number in, one number out, computed in float64 and rounded once to the input's type.

A curve is a text over `Elementary` (`functions/elementary.py`): its value, and the gradient that its slope makes of
that of the output. NumPy's arrays carry it out here, which is the definition; kernels write it as vector code
(`kernels/simd/curve.py`), and explanations carry it out on enclosures. Settings are first rounded to the input's type.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import ClassVar, TypeVar

import numpy as np

from pellucid.functions import arrays
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import FUNCTION_EFFORT, Array, Op, Shape
from pellucid.ops.checks import is_number, number
from pellucid.ops.pointwise import Pointwise
from pellucid.sizes import size_of

C = TypeVar("C", bound="Written")


class Written(Op):
    """An op whose results are made element by element of what they read, by one text for all that carry it out.

    Attributes:
        symbols: how explanations write the function that makes a result, as "σ"; else by the op's name.
        notation: what symbols in the formula of a result stand for.
    """

    symbols: ClassVar[Mapping[str, str]] = {}
    notation: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in fields(self):  # type: ignore[arg-type]  # every op is a dataclass
            value = getattr(self, field.name)
            if is_number(value) and type(value) is not bool and abs(value) < 2**1023:
                self.settle(**{field.name: float(value) + 0.0})  # −0 counts as 0

    def check_settings(self) -> None:
        """Raise for a setting that is not the number that it must be."""
        for field in fields(self):  # type: ignore[arg-type]
            if field.type == "float":
                number(self.name, field.name, self.given(field.name))

    @abstractmethod
    def made(self, of: str, a: Elementary, *numbers: Number) -> Number:
        """What one element of a result is made of, for numbers as `reads` says: a sum's contribution for gradients."""

    def evaluated(self, of: str, *operands: Array) -> Array:
        """The same on arrays of one shape: in float64, rounded once."""
        dtype = next(x.dtype for x in operands if x.dtype.kind == "f")
        a = arrays.elementary(8 * dtype.itemsize)
        with np.errstate(all="ignore"):
            return arrays.elementwise(lambda *numbers: self.made(of, a, *numbers), *operands).astype(dtype)


@lru_cache
def settled(op: C, width: int) -> C:
    """An op with its settings rounded to a type of so many bits, where they may become infinite."""
    if width == 64:
        return op
    with np.errstate(over="ignore"):
        given = {f.name: getattr(op, f.name) for f in fields(op)}  # type: ignore[arg-type]
        rounded = {n: float(np.float32(x)) for n, x in given.items() if type(x) is float}
    return replace(op, **rounded)  # type: ignore[type-var]


class Curve(Written, Pointwise):
    """output = f(input), grad_input = grad_output·f′(input).

    Attributes:
        slope_polynomial: the coefficients of the slope, where it is a polynomial in what the gradient reads.
    """

    broadcast: ClassVar[tuple[str, ...]] = ("input",)
    slope_polynomial: ClassVar[tuple[float, ...]] = ()

    @abstractmethod
    def curve(self, x: Number, a: Elementary) -> Number:
        """f(x)."""

    @abstractmethod
    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad·f′(x), where x is what the gradient reads."""

    def made(self, of: str, a: Elementary, *numbers: Number) -> Number:
        """f(x) or grad·f′(x)."""
        op = settled(self, a.width)
        return op.curve(*numbers, a) if of == "output" else op.chained(*numbers, a)

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        self.check_settings()
        return super().infer(*shapes)

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some hundred times, in float64."""
        (input,) = shapes
        assert input is not None
        return FUNCTION_EFFORT * size_of(input)

    def result(self, x: Array) -> Array:
        """f(x)."""
        return self.evaluated("output", x)

    def gradient(self, grad: Array, x: Array) -> Array:
        """grad·f′(x)."""
        return self.evaluated("grad_input", grad, x)


class Gate(Curve):
    """A curve that is the input times a function of it."""

    @abstractmethod
    def factor(self, x: Number, a: Elementary) -> Number:
        """f(x)/x."""

    def curve(self, x: Number, a: Elementary) -> Number:
        """The product."""
        return x * self.factor(x, a)


class FromOutput(Curve):
    """A curve whose slope is made of its rounded output."""

    def reads(self, of: str) -> tuple[str, ...]:
        """The gradient reads the output."""
        return ("grad_output", "output") if of == "grad_input" else super().reads(of)

    def gradient(self, grad: Array, x: Array) -> Array:
        """grad times the slope that belongs to the output."""
        return self.evaluated("grad_input", grad, self.result(x))
