"""A suspected mistake, and the gradient that it would give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.case import Case
from pellucid.doctor.slopes import Floats
from pellucid.language import Message

_LEAST = 0.1  # share of the wrong numbers that a mistake must explain


@dataclass(frozen=True, eq=False)
class Suspicion:
    """What a mistake would give at the case's positions.

    Attributes:
        kind: the mistake's name.
        message: what it is and how to mend it.
        predicted: the numbers that it gives.
        claimed: where it says so; None for everywhere.
    """

    kind: str
    message: Message
    predicted: Floats
    claimed: NDArray[np.bool_] | None = None


def agrees(case: Case, suspicion: Suspicion) -> bool:
    """Whether backward's numbers are those of the mistake, and not the right ones."""
    claimed = case.judged if suspicion.claimed is None else suspicion.claimed & case.judged
    with np.errstate(invalid="ignore"):
        close = np.abs(suspicion.predicted - case.got) <= margin(case)
    return bool(close[claimed].all() and explained(case, suspicion).sum() > _LEAST * case.wrong.sum())


def explained(case: Case, suspicion: Suspicion) -> NDArray[np.bool_]:
    """The wrong numbers of which a mistake that agrees says what they are."""
    return case.wrong if suspicion.claimed is None else case.wrong & suspicion.claimed


def margin(case: Case) -> float:
    """How far a suspected number may lie from backward's."""
    return 10 * float(case.tolerance.max(initial=0.0))


def subsets(axes: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """All choices of at least one axis, small ones first."""
    axes = list(axes)
    return chain.from_iterable(combinations(axes, count) for count in range(1, len(axes) + 1))


def spatial(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of space with more than one place: those behind (N, C) or (O, C), all of an array with fewer axes."""
    return tuple(axis for axis in range(2 if len(shape) > 2 else 0, len(shape)) if shape[axis] > 1)


def listed(axes: Iterable[int]) -> str:
    """Axes as text."""
    return ", ".join(map(str, axes))
