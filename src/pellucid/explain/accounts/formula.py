"""Numbers that are no plain chain of multiply–adds: a formula, evaluated once more with every rounding enclosed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Account, Element, Group, Kind, Note, Quantity, Verdict, same
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.question import Question
from pellucid.ops.base import columns

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Formula(Account):
    """A formula's value in higher precision, with the distance that the engine's roundings can make (`enclosed.py`).

    Attributes:
        result: the values, one an element.
        replay: the engine's own operations once more, where each is one that every processor does alike.
        root: which root of the terms' sum the number is; 1 for the sum itself.
    """

    kind: ClassVar[Kind] = "formula"

    result: Enclosed
    replay: NDArray[Any] | None = None
    root: float = field(default=1.0, kw_only=True)

    def judge(self, question: Question) -> Verdict:
        """Whether the engine's numbers lie in their enclosures, and are those of the replay."""
        exact = self.result.value
        with np.errstate(all="ignore"):  # also for NaN that signals, as foreign files may hold it
            value = question.value.astype(exact.dtype)
            radius = np.where(np.isnan(self.result.radius), np.inf, self.result.radius)
            bound = np.nextafter((radius * (1 + 2.0**-40)).astype(np.float64), np.inf)
            bound = np.where(radius == 0, 0.0, bound)
            within = abs(value - exact) <= bound
        finite = np.isfinite(exact)
        bound = np.where(finite & ~np.isnan(bound), bound, np.where(finite, np.inf, 0.0))
        certified = np.where(finite, within, _alike(value, exact)) | self._overflown(value, question.dtype)
        if self.replay is not None:
            certified = certified & same(question.value, self.replay)
        return Verdict([float(x) for x in exact], bound, certified, self.replay)

    def _overflown(self, value: NDArray[Any], dtype: Any) -> NDArray[np.bool_]:
        """Infinite, where the enclosure goes beyond the type's largest number."""
        with np.errstate(all="ignore"):
            reach = abs(self.result.value) + self.result.radius
            result: NDArray[np.bool_] = (
                np.isinf(value)
                & (reach >= np.finfo(dtype).max)
                & (np.signbit(value) == np.signbit(self.result.value))
            )
        return result


def again(compute: Callable[[], T]) -> T:
    """What a function gives with the engine's arithmetic, in which denormal numbers count as zero."""
    from pellucid.kernels.flushing import flushed  # imports LLVM: only when it is needed

    return flushed(compute)


def grown(question: Question, result: Enclosed) -> Enclosed:
    """A contribution, added to what the gradient had grown to before."""
    if question.base is None:
        return result
    return (Enclosed.of(before(question)) + result).rounded(question.dtype)


def grown_replay(question: Question, replay: NDArray[Any]) -> NDArray[Any]:
    """The same in the engine's own float type."""
    return replay if question.base is None else replay + before(question)


def before(question: Question) -> NDArray[Any]:
    """What gradients with several contributions had grown to before this one."""
    assert question.base is not None
    numbers: NDArray[Any] = question.base.array[tuple(question.at.T)]
    return numbers


def grown_terms(question: Question) -> tuple[Group, ...]:
    """The same as a term."""
    base = question.base
    return () if base is None else (Group((Element(base, columns(question.at)),)),)


def grown_notes(question: Question) -> list[Note]:
    """The same in words."""
    base = question.base
    return [] if base is None else [("note.added", {"address": base.address(question.index)})]


def first_of(factor: Element) -> dict[str, str]:
    """The first number of a factor and its address, as notes name it."""
    address = factor.address(int(np.ravel(rows)[0]) for rows in factor.rows)
    return {"address": address, "value": str(np.ravel(factor.gathered()[1])[0])}


def defined(*definitions: str, number: Element | None = None) -> Note:
    """What symbols in a formula stand for, and the number that a function among the factors is of."""
    numbers = [] if number is None else ["{address} = {value}".format(**first_of(number))]
    return "note.where", {"definition": ", ".join([*filter(None, definitions), *numbers])}


def read(factor: Element | Quantity) -> Enclosed:
    """What the engine reads as a factor."""
    return Enclosed.of(factor.gathered()[1])


def constant(name: str, value: float) -> Quantity:
    """The same factor in every term."""
    return Quantity(name, np.array(value))


def shortest(x: float) -> str:
    """A setting in as few digits as say it, a whole number without a point.

    Example:
        >>> shortest(2), shortest(1.23456789)
        ('2', '1.23456789')
    """
    return str(float(x)).removesuffix(".0")


def _alike(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
    """Equal, or both NaN."""
    result: NDArray[np.bool_] = (x == y) | (np.isnan(x) & np.isnan(y))
    return result
