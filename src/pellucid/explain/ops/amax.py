"""The largest and the smallest number over axes, and what those that tie get of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.enclosed import Enclosed, normal
from pellucid.explain.accounts.formula import Formula, grown_notes
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.over_axes import all_of, one_of, shared
from pellucid.explain.question import Question
from pellucid.ops.amax import Amax
from pellucid.ops.amin import Amin
from pellucid.ops.base import columns

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Compared(Element):
    """Numbers as the engine compares them: with zeros in the place of denormal ones."""

    def gathered(self) -> tuple[NDArray[np.bool_], Array]:
        """As of `Element`."""
        inside, values = super().gathered()
        return inside, normal(values)


@explains(Amax, Amin)
def explain_amax(question: Question) -> Choice | Formula:
    """The winner of all candidates; for an input, its share of the gradient."""
    op = question.source.op
    assert isinstance(op, Amax)
    return _winner(question, op) if question.source.of == "output" else _share(question, op)


def _winner(question: Question, op: Amax) -> Choice:
    (shape,) = question.shapes
    assert shape is not None
    candidates = _Compared(question.operand("input"), op.met_by(question.at, shape))
    values = np.broadcast_to(candidates.gathered()[1], (len(question.at), op.count(shape)))
    wins = op.winner(values)

    def notes() -> Sequence[Note]:
        win = values[0, wins[0]]
        ties = int(np.count_nonzero(values[0] == win))
        at = [int(np.broadcast_to(row, values.shape)[0, wins[0]]) for row in candidates.rows]
        key = "note.nan_is_chosen" if np.isnan(win) else "note.chosen"
        return [(key, {"address": candidates.address(at), "count": values.shape[1], "ties": ties})]

    return Choice((Group((candidates,)),), wins, by="max" if op.sign > 0 else "min", notes=notes)


def _share(question: Question, op: Amax) -> Formula:
    (shape,) = question.shapes
    assert shape is not None
    place = op.place(question.at, shape)
    own = one_of(question, _Compared(question.operand("input"), columns(question.at)))
    most = one_of(question, _Compared(question.operand("output"), place))
    outputs = np.stack(np.broadcast_arrays(*place), axis=-1)[:, 0] if place else np.zeros((len(own), 0), int)
    numbers = normal(all_of(question, op, outputs)[1])
    mask, ties = own == most, np.count_nonzero(numbers == most[:, None], axis=1)
    grad = Element(question.operand("grad_output"), place)
    factors = (
        grad,
        Quantity("mask", mask.astype(np.float64)[:, None]),
        Quantity("1/ties", 1 / ties.astype(np.float64)[:, None]),
    )
    g = one_of(question, grad)

    def notes() -> Sequence[Note]:
        return [("note.ties", {"mask": str(int(mask[0])), "ties": int(ties[0])}), *grown_notes(question)]

    return shared(
        question,
        (Group(factors),),
        Enclosed.of(g) / ties * mask.astype(np.float64),
        lambda: g.astype(np.float64) / ties * mask,
        notes,
    )
