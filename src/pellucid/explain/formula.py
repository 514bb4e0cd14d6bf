"""Numbers that are no plain chain of multiply–adds: a formula, evaluated once more with every rounding enclosed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.account import Account, Kind, Verdict, same
from pellucid.explain.enclosed import Enclosed
from pellucid.explain.question import Question


@dataclass(frozen=True, eq=False)
class Formula(Account):
    """A formula's value in higher precision, with the distance that the engine's roundings can make (`enclosed.py`).

    Attributes:
        result: the values, one an element.
        replay: the engine's numbers once more, operation by operation, where that is possible.
    """

    kind: ClassVar[Kind] = "formula"

    result: Enclosed
    replay: NDArray[Any] | None = None

    def judge(self, question: Question) -> Verdict:
        """Whether the engine's numbers lie in their enclosures, and are those of the replay."""
        exact, value = self.result.value, question.value.astype(self.result.value.dtype)
        with np.errstate(all="ignore"):
            bound = np.nextafter((self.result.radius * (1 + 2.0**-40)).astype(np.float64), np.inf)
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


def _alike(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
    """Equal, or both NaN."""
    result: NDArray[np.bool_] = (x == y) | (np.isnan(x) & np.isnan(y))
    return result
