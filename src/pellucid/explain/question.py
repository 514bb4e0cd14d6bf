"""What is asked of an op: elements of one of its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.address import written
from pellucid.explain.source import Source
from pellucid.ops.base import Op, Shape
from pellucid.sizes import Index

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Operand:
    """An array with the name that addresses give it."""

    name: str
    array: Array

    def address(self, index: Iterable[int]) -> str:
        """The address of one element."""
        return written(self.name, index)


@dataclass(frozen=True, eq=False)
class Stack(Operand):
    """Several arrays of one shape as one, whose first axis tells them apart."""

    members: tuple[str, ...]

    def address(self, index: Iterable[int]) -> str:
        """The address of an element in its own array."""
        member, *rest = index
        return written(self.members[member], rest)


@dataclass(frozen=True, eq=False)
class Question:
    """Elements of one array, and access to what they were made from.

    Attributes:
        name: the array's name.
        source: where it comes from.
        at: the elements' indices, one in each row.
        value: the numbers that the engine computed.
        read: gives any array of the recording by name.
    """

    name: str
    source: Source
    at: NDArray[np.int64]
    value: Array
    read: Callable[[str], Array]

    def operand(self, argument: str) -> Operand:
        """What the op read as one of its arguments."""
        name = self.source.operands[argument]
        return Operand(name, self.read(name))

    @property
    def has(self) -> frozenset[str]:
        """The arguments that are there."""
        return frozenset(self.source.operands)

    @property
    def base(self) -> Operand | None:
        """What a gradient had grown to before this contribution."""
        return None if self.source.base is None else Operand(self.source.base, self.read(self.source.base))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numbers' type, which is also that of the arithmetic."""
        return self.value.dtype

    @property
    def addresses(self) -> list[str]:
        """The elements' addresses."""
        return [written(self.name, index) for index in self.at]

    @property
    def index(self) -> Index:
        """The first element's index."""
        return tuple(int(i) for i in self.at[0])

    @property
    def shapes(self) -> list[Shape | None]:
        """The shapes of the op's arguments."""
        op, operands = self.source.op, self.source.operands
        assert isinstance(op, Op)
        return [None if name is None else self.read(name).shape for name in op.ordered(operands)]

    @property
    def formula(self) -> str:
        """The op's formula of this result, with the operands that are there."""
        formula = self.source.op.formula(self.source.of, self.has)
        if self.source.base is not None:
            formula = formula.replace(" = ", " = gradient so far + ", 1)
        return formula
