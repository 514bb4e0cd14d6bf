"""Numbers that are one of several others, unchanged: the winner of a maximum, an element of a reshaped array."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Account, Kind, Verdict, same
from pellucid.explain.question import Question


@dataclass(frozen=True, eq=False)
class Choice(Account):
    """The winner among candidates, which are the terms.

    Attributes:
        winner: which term of each element wins, by the op's rule.
        by: what the winner is among the terms.
    """

    kind: ClassVar[Kind] = "select"

    winner: NDArray[np.int64]
    by: Literal["max", "min"] = field(default="max", kw_only=True)

    def judge(self, question: Question) -> Verdict:
        """Whether the engine's numbers are the winners, bit by bit."""
        (products,) = self.terms
        (factor,) = products.factors
        _, values = factor.gathered()
        shape = np.broadcast_shapes((len(question.at), 1), values.shape)
        chosen: NDArray[Any] = np.take_along_axis(
            np.broadcast_to(values, shape), self.winner[:, None], axis=1
        )[:, 0]
        certified = same(question.value, chosen)
        return Verdict([float(x) for x in chosen], np.zeros(len(chosen)), certified)
