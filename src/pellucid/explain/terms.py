"""The terms of one number, as columns that may be very long: a term is made when somebody asks for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Exact, Group, Quantity
from pellucid.explain.accounts.chain import nearest, product_sum

Factor: TypeAlias = tuple[str, float]


@dataclass(frozen=True)
class Term:
    """One product: its factors as (address, value), and their exact product.

    `digits` has each value in the shortest text that is this number and no other of its own type.
    """

    factors: tuple[Factor, ...]
    product: Exact
    digits: tuple[str, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The term as values that JSON knows."""
        factors = [{"address": address, "value": as_json(value)} for address, value in self.factors]
        return {"factors": factors, **exact_json("product", self.product)}


class Products(Sequence[Term]):
    """The terms of one element in the order in which they are summed, kept as columns; a term is made when asked for.

    Args:
        labels: for each factor what writes the address of an element of its array, or the name of a quantity.
        indices: for each factor one index a row; None for a quantity.
        values: for each factor the numbers.
    """

    def __init__(
        self,
        labels: Sequence[Callable[[Iterable[int]], str] | str],
        indices: Sequence[NDArray[np.int64] | None],
        values: Sequence[NDArray[Any]],
    ) -> None:
        self.labels, self.indices, self.values = tuple(labels), tuple(indices), tuple(values)

    def __len__(self) -> int:
        return len(self.values[0])

    @overload
    def __getitem__(self, at: int) -> Term: ...

    @overload
    def __getitem__(self, at: slice) -> Products: ...

    def __getitem__(self, at: int | slice) -> Term | Products:
        if isinstance(at, slice):
            indices = [None if rows is None else rows[at] for rows in self.indices]
            return Products(self.labels, indices, [v[at] for v in self.values])
        numbers = [column[at] for column in self.values]
        names = [
            label if isinstance(label, str) else label(() if rows is None else rows[at])
            for label, rows in zip(self.labels, self.indices, strict=True)
        ]
        factors = tuple(zip(names, map(float, numbers), strict=True))
        return Term(factors, product_of(numbers), tuple(map(digits_of, numbers)))

    @property
    def magnitudes(self) -> NDArray[np.float64]:
        """|product| of every term, rounded to float64."""
        with np.errstate(all="ignore"):
            product = np.prod([np.asarray(v, np.float64) for v in self.values], axis=0)
        magnitudes: NDArray[np.float64] = np.abs(product)
        return magnitudes

    @property
    def total(self) -> Fraction | None:
        """The exact sum of all terms; None when one of them is not finite."""
        return product_sum(self.values)

    @classmethod
    def of(cls, group: Group, element: int, elements: int) -> Products:
        """The terms of one element, those that meet padding in their places."""
        found = [factor.gathered() for factor in group.factors]
        present = np.True_ if group.present is None else group.present
        shape = np.broadcast_shapes((elements, 1), np.shape(present), *(values.shape for _, values in found))
        kept = np.broadcast_to(present, shape)[element]
        labels: list[Callable[[Iterable[int]], str] | str] = []
        indices: list[NDArray[np.int64] | None] = []
        for factor in group.factors:
            if isinstance(factor, Quantity):
                labels.append(factor.name)
                indices.append(None)
            else:
                labels.append(factor.address)
                rows = [np.broadcast_to(r, shape)[element][kept] for r in factor.rows]
                indices.append(np.stack(rows, axis=1) if rows else np.zeros((int(kept.sum()), 0), np.int64))
        return cls(labels, indices, [np.broadcast_to(v, shape)[element][kept] for _, v in found])


class Joined(Sequence[Term]):
    """Terms of several forms, one form after the other."""

    def __init__(self, groups: Sequence[Products]) -> None:
        self.groups = tuple(groups)

    def __len__(self) -> int:
        return sum(map(len, self.groups))

    @overload
    def __getitem__(self, at: int) -> Term: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Term]: ...

    def __getitem__(self, at: int | slice) -> Term | Sequence[Term]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        for group in self.groups:
            if at < len(group):
                return group[at]
            at -= len(group)
        raise IndexError(at)  # range() has refused it already

    @property
    def magnitudes(self) -> NDArray[np.float64]:
        """|product| of every term, rounded to float64."""
        return np.concatenate([np.zeros(0), *(group.magnitudes for group in self.groups)])

    @property
    def total(self) -> Fraction | None:
        """The exact sum of all terms; None when one of them is not finite."""
        totals = [group.total for group in self.groups]
        return None if None in totals else sum((t for t in totals if t is not None), Fraction(0))


def largest(terms: Products | Joined, most: int) -> list[int]:
    """Which terms are the largest, at most so many, in order; one that is not a number comes before all others."""
    magnitudes = terms.magnitudes
    sizes = np.where(np.isnan(magnitudes), np.inf, magnitudes)
    return [int(i) for i in np.argsort(-sizes, kind="stable")[:most]]


def product_of(numbers: Sequence[np.floating[Any]]) -> Exact:
    """The exact product: that of two float32 numbers fits a float64, that of float64 numbers is a fraction."""
    wide = any(x.dtype != np.float32 for x in numbers) or len(numbers) > 2
    exact = wide and all(map(math.isfinite, numbers))
    return math.prod(Fraction(float(x)) for x in numbers) if exact else math.prod(float(x) for x in numbers)


def digits_of(number: np.generic) -> str:
    """The shortest text that is this number and no other of its type."""
    return str(number) if isinstance(number, np.float32) else str(float(number))


def as_json(value: float) -> float | str:
    """The number, or as text what JSON has no number for."""
    return value if math.isfinite(value) else str(value)


def exact_json(key: str, value: Exact) -> dict[str, Any]:
    """An exact number: as the nearest float and, where it is a fraction, as text besides."""
    fraction = {f"{key}_fraction": str(value)} if isinstance(value, Fraction) else {}
    return {key: as_json(nearest(value)), **fraction}
