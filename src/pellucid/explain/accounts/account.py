"""The account of numbers: what they were made of, in a form that can be judged and shown.

Chain     sums of products, one fused multiply–add after the other           (chain.py)
Formula   evaluated once more with an enclosure of every rounding            (formula.py)
Choice    one of several numbers, unchanged                                  (choice.py)

An account is of many elements at once: its arrays broadcast to (elements, terms), or (elements,) where an element has
one number. Explaining one number is an account of one element.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.question import Operand, Question
from pellucid.ops.base import Rows

Exact: TypeAlias = float | Fraction
Kind: TypeAlias = Literal["sum", "select", "formula"]
Note: TypeAlias = tuple[str, dict[str, Any]]  # a text's key and what is put in
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Element:
    """Factors that are numbers of a recorded array; outside of it there is padding, which is zero."""

    operand: Operand
    rows: Rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers."""
        return np.broadcast_shapes(*(row.shape for row in self.rows))

    def address(self, index: Iterable[int]) -> str:
        """What a factor is called in a trace; outside of the array the index alone says where the zero stands."""
        index = tuple(index)
        inside = all(0 <= i < size for i, size in zip(index, self.operand.array.shape, strict=True))
        return self.operand.address(index) + ("" if inside else " (padding)")

    def gathered(self) -> tuple[NDArray[np.bool_], Array]:
        """Which of them lie inside the array, and the numbers."""
        sizes = self.operand.array.shape
        inside: Any = np.True_
        at = []
        for rows, size in zip(self.rows, sizes, strict=True):
            if rows.size and (rows.min() < 0 or rows.max() >= size):
                inside = inside & (rows >= 0) & (rows < size)
                rows = np.clip(rows, 0, size - 1)
            at.append(rows)
        values = self.operand.array[tuple(at)]
        if inside is not np.True_:
            values = np.where(inside, values, values.dtype.type(0))
        return np.broadcast_to(inside, values.shape), values


@dataclass(frozen=True, eq=False)
class Image(Element):
    """Factors that are a function of a recorded array's numbers, as σ(conv1.output[0,3]). Their zeros have no sign.

    `beside` gives the address of a second number that the function takes, as centred(conv1.output[0,3], bn1.mean[3]).
    """

    function: str
    value: Array
    beside: Callable[[Sequence[int]], str] | None = None

    def address(self, index: Iterable[int]) -> str:
        """The function of the element."""
        index = tuple(index)
        second = "" if self.beside is None else f", {self.beside(index)}"
        return f"{self.function}({super().address(index)}{second})"

    def gathered(self) -> tuple[NDArray[np.bool_], Array]:
        """As of `Element`."""
        return np.broadcast_to(np.True_, self.value.shape), self.value + self.value.dtype.type(0)


@dataclass(frozen=True, eq=False)
class Filled(Element):
    """Factors that are numbers of a recorded array; outside of it stands one constant, called "value"."""

    constant: float

    def address(self, index: Iterable[int]) -> str:
        """The element, or the constant's name."""
        place = tuple(index)
        return super().address(place) if min(place) >= 0 else "value"

    def gathered(self) -> tuple[NDArray[np.bool_], Array]:
        """The numbers, none of which is missing."""
        inside, values = super().gathered()
        filled = np.where(inside, values, values.dtype.type(self.constant))
        return np.broadcast_to(np.True_, filled.shape), filled


@dataclass(frozen=True, eq=False)
class Quantity:
    """Factors that are no array's numbers: a setting, a count, a mask, something computed on the way.

    Their zeros have no sign: less a rate of 0 is 0.
    """

    name: str
    value: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers."""
        return self.value.shape

    def gathered(self) -> tuple[NDArray[np.bool_], Array]:
        """As of `Element`."""
        return np.broadcast_to(np.True_, self.value.shape), self.value + self.value.dtype.type(0)


@dataclass(frozen=True, eq=False)
class Group:
    """Terms of one form: for each element a row of products. `present` says which there are, all when it is None."""

    factors: tuple[Element | Quantity, ...]
    present: NDArray[np.bool_] | None = None

    @property
    def length(self) -> int:
        """How many terms an element has at most."""
        present = () if self.present is None else self.present.shape
        return int(np.broadcast_shapes((1, 1), present, *(factor.shape for factor in self.factors))[1])


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the judgement of an account says of each element.

    Attributes:
        exact: the number without any rounding but the last.
        bound: how far the engine's number can lie from it.
        certified: whether it lies so near, and agrees with the replay where there is one.
        replay: the engine's number once more, operation by operation; None where that is not done.
    """

    exact: Sequence[Exact]
    bound: NDArray[np.float64]
    certified: NDArray[np.bool_]
    replay: Array | None = None


@dataclass(frozen=True, eq=False)
class Account(ABC):
    """What numbers were made of.

    Attributes:
        terms: groups of products whose sum is the number, as far as it is a sum.
        formula: how the numbers are made; where it is empty, as the op says (`Maker.formula`).
        notes: which positions are read and the like, said of the first element.
    """

    kind: ClassVar[Kind]

    terms: tuple[Group, ...]
    formula: str = field(default="", kw_only=True)
    notes: Callable[[], Sequence[Note]] = field(default=tuple, kw_only=True)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "notes": partial(tuple, tuple(self.notes()))}  # what is said, not what says it

    @abstractmethod
    def judge(self, question: Question) -> Verdict:
        """Compare with the engine's numbers."""


def same(x: Array, y: Array) -> NDArray[np.bool_]:
    """Equal down to the sign of zero; one NaN is as good as another."""
    result: NDArray[np.bool_] = ((x == y) & (np.signbit(x) == np.signbit(y))) | (np.isnan(x) & np.isnan(y))
    return result
