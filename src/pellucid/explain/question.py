"""What is asked of an op: one element of one of its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import getdoc
from sys import modules
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.graph import Node
from pellucid.explain.address import written
from pellucid.geometry import Index
from pellucid.ops.base import Shape


@dataclass(frozen=True, eq=False)
class Operand:
    """An array with the name that addresses give it."""

    name: str
    array: NDArray[Any]

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


@dataclass(frozen=True)
class Question:
    """One number, and access to what it was made from.

    Attributes:
        address: the number's address.
        value: the number that the engine computed.
        node: the op that made it.
        of: which result of the op it belongs to: "output" or "grad_<argument>".
        index: which element.
        operand: gives the op's arguments by name, also "grad_output".
        base: what a gradient with several contributions had grown to before this one; None for the first.
        per_part: how many images one part of a weight gradient sums.
        winograd: the most additions that a product of the weight gradient meets, where Winograd's algorithm computed
            the op; None where the direct sum did.
    """

    address: str
    value: np.floating[Any]
    node: Node
    of: str
    index: Index
    operand: Callable[[str], Operand]
    base: Operand | None = None
    per_part: int | None = None
    winograd: int | None = None

    @property
    def shapes(self) -> list[Shape | None]:
        """The shapes of the op's arguments."""
        return [None if symbol is None else symbol.shape for symbol in self.node.operands]

    @property
    def formula(self) -> str:
        """The line of the op's own documentation that defines this result."""
        text = getdoc(modules[type(self.node.op).__module__]) or ""
        lines = [" ".join(line.split()) for line in text.splitlines()]
        formula = next((line for line in lines if line.startswith(f"{self.of}[")), self.of)
        if self.of == "output" and None in self.node.operands:
            formula = formula.replace("bias[o] + ", "")
        if self.base is not None:
            formula = formula.replace(" = ", " = gradient so far + ", 1)
        return formula
