"""What an op is: a shape rule, a forward, a gradient and the terms of any one number. Pure NumPy, float32 or wider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Gradients: TypeAlias = tuple[Array | None, ...]


Rows: TypeAlias = tuple[NDArray[np.int64], ...]  # where elements lie: one array of integers for each axis


@dataclass(frozen=True)
class Terms:
    """Elements written as sums of products: for each a row of terms, in the order in which they are summed.

    All arrays broadcast to (elements, terms).

    Attributes:
        factors: the operand that each factor of a term is read from, and where. Positions outside of the operand are
            padding: zeros stand there.
        start: the operand and the positions, one for each element, that the sums begin with (a bias).
        present: which terms there are; not every element has as many. None for all.
        divisors: whole numbers that divide the terms (the sizes of the windows of averages).
        weights: numbers in float64 that multiply the terms, rounded to their type first (those of interpolation).
    """

    factors: tuple[tuple[str, Rows], ...]
    start: tuple[str, Rows] | None = None
    present: NDArray[np.bool_] | None = None
    divisors: NDArray[np.int64] | None = None
    weights: Array | None = None


class Op(ABC):
    """One operation of a network. Subclasses are frozen dataclasses whose fields are the op's settings."""

    arguments: ClassVar[tuple[str, ...]] = ("input",)
    differentiable: ClassVar[tuple[str, ...]] = ("input",)
    integers: ClassVar[tuple[str, ...]] = ()  # arguments that are whole numbers
    dtype: ClassVar[str | None] = None  # the output's, where it is not that of the operands

    @property
    @abstractmethod
    def name(self) -> str:
        """The op's name in messages and graphs, for example ``conv2d``."""

    @abstractmethod
    def infer(self, *shapes: Shape | None) -> Shape:
        """The output's shape; every check of arguments against each other lives here."""

    @abstractmethod
    def forward(self, *operands: Any) -> Array:
        """The output, from the definition."""

    @abstractmethod
    def backward(self, grad_output: Array, *operands: Any) -> Gradients:
        """The gradients of the `differentiable` arguments, in their order (None for an absent operand)."""

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The terms of elements of ``output`` or ``grad_<argument>``; ops that are sums of products give them.

        `at` holds an element's index in each row, `shapes` are those of the op's arguments.
        """
        raise NotImplementedError(f"{self.name} is not a sum of products")


def choices(*sizes: int) -> Rows:
    """Every combination of one number below each size, the last one changing fastest: a row of each number.

    Example:
        >>> choices(2, 3)
        (array([0, 0, 0, 1, 1, 1]), array([0, 1, 2, 0, 1, 2]))
    """
    return tuple(np.indices(sizes, np.int64).reshape(len(sizes), prod(sizes)))


def columns(at: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """The indices of elements axis by axis, shaped to meet rows of terms."""
    return tuple(at.T[:, :, None])
