"""Power-average pooling: the root of a sum of powers, and the shares of the gradients that come back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import Formula, before, grown_notes, grown_terms
from pellucid.explain.question import Question
from pellucid.ops.lp_pool import LpPool


def explain_lp_pool(question: Question) -> Formula:
    """All in float64 and rounded once, what the gradient had grown to before included."""
    return _root(question) if question.source.of == "output" else _gradient(question)


def _of(question: Question) -> LpPool:
    op = question.source.op
    assert isinstance(op, LpPool)
    return op


def _root(question: Question) -> Formula:
    op = _of(question)
    element, present, sums = _sums(question, question.at)
    powers = np.power(element.gathered()[1], question.dtype.type(op.norm_type))
    image = Image(element.operand, element.rows, f"power {op.norm_type:g}", powers)

    def notes() -> Sequence[Note]:
        return [("note.powers", {"count": int(present[0].sum()), "p": op.norm_type})]

    result = sums.power(1 / op.norm_type).rounded(question.dtype)
    return Formula((Group((image,), present),), result, notes=notes)


def _sums(question: Question, at: NDArray[np.int64]) -> tuple[Element, NDArray[np.bool_], Enclosed]:
    """The elements of windows, which of them there are, and Σ elementᵖ, scaled up where a window overhangs."""
    op = _of(question)
    terms = op.terms("output", at, *question.shapes)
    present = terms.present
    assert present is not None
    element = Element(question.operand("input"), terms.factors[0][1])
    powers = where(present, Enclosed.of(element.gathered()[1]).power(op.norm_type), 0.0)
    counts = np.broadcast_to(present, powers.value.shape).sum(axis=1)
    whole = powers.sum(axis=1)
    return element, present, where(counts < op.window, whole * op.window / counts, whole)


def _gradient(question: Question) -> Formula:
    op = _of(question)
    terms = op.terms("grad_input", question.at, *question.shapes)
    there = terms.present
    assert there is not None
    element = Element(question.operand("grad_output"), terms.factors[0][1])
    number = Enclosed.of(question.operand("input").array[tuple(question.at.T)])
    slopes = _slopes(question, element, there)
    gradients = where(there, Enclosed.of(element.gathered()[1]) * slopes, 0.0)
    result = number.power(op.norm_type - 1) * gradients.sum(axis=1)
    if question.base is not None:
        result = Enclosed.of(before(question)) + result

    def notes() -> Sequence[Note]:
        count = int(there[0].sum())
        if not count:
            return [("note.unreached", {})]
        return [("note.shares", {"count": count}), *grown_notes(question)]

    return Formula(
        (*grown_terms(question), Group((element,), there)), result.rounded(question.dtype), notes=notes
    )


def _slopes(question: Question, element: Element, there: NDArray[np.bool_]) -> Enclosed:
    """sum^(1/p − 1) of the windows that hold an element, each window looked at once."""
    op, shape = _of(question), element.operand.array.shape
    places = np.broadcast_arrays(*element.rows, there)[:-1]
    numbers = np.where(there, np.ravel_multi_index(places, shape, mode="clip"), 0)
    windows, which = np.unique(numbers, return_inverse=True)
    at = np.stack(np.unravel_index(windows, shape), axis=1)
    _, present, sums = _sums(question, at)
    counts = np.broadcast_to(present, (len(at), present.shape[1])).sum(axis=1)
    slopes = sums.power(1 / op.norm_type).power(1 - op.norm_type) * op.window / counts
    return where(sums.value == 0, 0.0, slopes)[which.reshape(numbers.shape)]
