"""Dropout: a number times its mask, 1 or 0 by a draw that anybody can repeat, and times the scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import Formula, again, grown, grown_notes, grown_replay, grown_terms
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Array, columns
from pellucid.ops.dropout import Dropout
from pellucid.ops.dropout_slices import DropoutSlices, FeatureDropout, StochasticDepth


@explains(Dropout, FeatureDropout, StochasticDepth)
def explain_dropout(question: Question) -> Formula:
    """Elements of the output or of the input gradient, which keep and drop alike."""
    op, dtype = question.source.op, question.dtype
    assert isinstance(op, Dropout)
    source = question.source
    drawn = {key: int({**source.facts, **source.order}[key]) for key in ("seed", "step", "layer")}
    array = question.operand("input" if question.source.of == "output" else "grad_output")
    number = Element(array, columns(question.at))
    numbers = number.gathered()[1]
    places = op.places(question.at, array.array.shape)
    draws = op.stream(**drawn).draws_at(places)
    kept, scale = (draws >= op.threshold)[:, None], dtype.type(op.scale)

    def engine() -> Array:
        product = (numbers.astype(np.float64) * np.float64(scale)).astype(dtype)
        return grown_replay(question, np.where(kept, product, dtype.type(0))[:, 0])

    replay = again(engine)
    with np.errstate(all="ignore"):
        result = where(kept, (Enclosed.of(numbers) * scale).rounded(dtype), 0.0)
        result = grown(question, result[:, 0])
    factors = (number, Quantity("mask", kept.astype(dtype)), Quantity("scale", scale.reshape(1, 1)))
    group = Group(factors, kept | np.isfinite(numbers))  # what is dropped is 0, infinity too

    def notes() -> Sequence[Note]:
        keys = (
            ("note.slice_dropped", "note.slice_kept")
            if isinstance(op, DropoutSlices)
            else ("note.dropped", "note.kept")
        )
        key = keys[int(kept[0, 0])]
        values = {"place": int(places[0]), "draw": int(draws[0]), "threshold": op.threshold, **drawn}
        return [(key, values), *grown_notes(question)]

    return Formula((*grown_terms(question), group), result, replay, notes=notes)
