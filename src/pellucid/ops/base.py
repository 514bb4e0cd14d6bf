"""What an op is: a shape rule, a forward, a gradient and the terms of any one number. Pure NumPy, any float type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Gradients: TypeAlias = tuple[Array | None, ...]


@dataclass(frozen=True)
class Terms:
    """One number written as a sum of products, in the order in which it is summed.

    `factors` names each factor of a term and lists its index term by term, as rows of an integer array. `start` is
    the operand element that the sum begins with (a bias), `scale` multiplies the finished sum (1/m of a mean);
    `divisors` divides each term by a whole number of its own (the windows of averages differ in size).
    """

    factors: tuple[tuple[str, NDArray[np.int64]], ...]
    start: tuple[str, Shape] | None = None
    scale: float = 1.0
    divisors: NDArray[np.int64] | None = None


class Op(ABC):
    """One operation of a network. Subclasses are frozen dataclasses whose fields are the op's settings."""

    arguments: ClassVar[tuple[str, ...]] = ("input",)
    differentiable: ClassVar[tuple[str, ...]] = ("input",)

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

    def terms(self, of: str, index: Shape, *shapes: Shape | None) -> Terms:
        """The terms of one element of ``output`` or ``grad_<argument>``; ops that are sums of products give them."""
        raise NotImplementedError(f"{self.name} is not a sum of products")


def index_rows(rows: Sequence[Shape], width: int) -> NDArray[np.int64]:
    """A list of indices as an integer array with `width` columns, also when the list is empty."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)
