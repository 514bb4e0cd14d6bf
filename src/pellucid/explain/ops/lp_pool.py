"""Power-average pooling: the root of a sum of powers, and the shares of the gradients that come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    before,
    defined,
    grown_notes,
    grown_terms,
    read,
    shortest,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import in_order
from pellucid.explain.question import Question
from pellucid.functions import arrays
from pellucid.ops.base import Array
from pellucid.ops.lp_pool import LpPool


@explains(LpPool)
def explain_lp_pool(question: Question) -> Formula:
    """All in float64 and rounded once, what the gradient had grown to before included."""
    return _root(question) if question.source.of == "output" else _gradient(question)


def _of(question: Question) -> LpPool:
    op = question.source.op
    assert isinstance(op, LpPool)
    return op


def _root(question: Question) -> Formula:
    op = _of(question)
    element, present, powers = _powers(question, question.at)
    counts = _counts(present, len(question.at))
    image = Image(
        element.operand, element.rows, f"power {shortest(op.norm_type)}", powers.value.astype(np.float64)
    )
    scale, formula = _scale(question, counts[:, None])

    def notes() -> Sequence[Note]:
        count = int(counts[0])
        found: list[Note] = [("note.powers", {"count": count, "p": shortest(op.norm_type)})]
        return [*found, defined(f"K = {op.window}", f"count = {count}")] if scale else found

    def replay() -> Array:
        return arrays.raised(_engine_sums(op, present, element), 1 / op.norm_type).astype(question.dtype)

    return Formula(
        (Group((image, *scale), present),),
        _sums(op, present, powers).power(1 / op.norm_type).rounded(question.dtype),
        again(replay),
        formula=formula,
        root=float(op.norm_type),
        notes=notes,
    )


def _powers(question: Question, at: NDArray[np.int64]) -> tuple[Element, NDArray[np.bool_], Enclosed]:
    """The elements of windows, which of them there are, and elementᵖ."""
    op = _of(question)
    terms = op.terms("output", at, *question.shapes)
    present = terms.present
    assert present is not None
    element = Element(question.operand("input"), terms.factors[0][1])
    return element, present, _power(element, op.norm_type)


def _power(element: Element, p: float) -> Enclosed:
    """elementᵖ. Denormal numbers of float32 are 0, of their sign, once they are float64 numbers."""
    numbers = read(element)
    if element.operand.array.dtype == np.float32:
        numbers = Enclosed(np.where(numbers.radius > 0, 0 * numbers.value, numbers.value), numbers.radius)
    return numbers.power(p)


def _sums(op: LpPool, present: NDArray[np.bool_], powers: Enclosed) -> Enclosed:
    """Σ elementᵖ, scaled up where a window overhangs."""
    counts = _counts(present, len(powers.value))
    sums = where(present, powers, 0.0).sum(axis=1)
    return where(counts < op.window, sums * op.window / counts, sums)


def _engine_sums(op: LpPool, present: NDArray[np.bool_], element: Element) -> Array:
    """The same as the engine adds them."""
    numbers = np.where(present, arrays.raised(element.gathered()[1], op.norm_type), 0.0)
    counts = _counts(present, len(numbers))
    sums = in_order(numbers)[:, 0]
    return np.where(counts < op.window, sums * op.window / counts, sums)


def _counts(present: NDArray[np.bool_], windows: int) -> NDArray[np.int64]:
    """How many elements each window has."""
    counts: NDArray[np.int64] = np.broadcast_to(present, (windows, present.shape[1])).sum(axis=1)
    return counts


def _scale(question: Question, counts: NDArray[np.int64]) -> tuple[tuple[Quantity, ...], str]:
    """What sums of so many elements are scaled up by, as a factor, and the formula; neither where all are whole."""
    window = _of(question).window
    if (counts == window).all():
        return (), question.formula.replace("·K/count[y]", "")
    return (Quantity("K/count", window / counts),), question.formula


def _gradient(question: Question) -> Formula:
    op = _of(question)
    terms = op.terms("grad_input", question.at, *question.shapes)
    there = terms.present
    assert there is not None
    element = Element(question.operand("grad_output"), terms.factors[0][1])
    x = Element(question.operand("input"), tuple(question.at.T))
    sums, counts, engine_sums = _windows(question, element, there)
    slopes = where(sums.value == 0, 0.0, sums.power(1 / op.norm_type).power(1 - op.norm_type))
    perhaps_zero = abs(sums.value) <= sums.radius  # and then there is no gradient
    slopes = Enclosed(slopes.value, slopes.radius + np.where(perhaps_zero, abs(slopes.value), 0))
    scale, formula = _scale(question, np.where(there, counts, op.window))
    power = _power(x, op.norm_type - 1)
    shares = Enclosed.of(element.gathered()[1]) * slopes * op.window / counts
    result = power * where(there, shares, 0.0).sum(axis=1)
    if question.base is not None:
        result = Enclosed.of(before(question)) + result
    ratio = Quantity("(input/output)^(p−1)", (power[:, None] * slopes).value.astype(np.float64))

    def notes() -> Sequence[Note]:
        count = int(there[0].sum())
        if not count:
            return [("note.unreached", {})]
        zero = bool((there & (sums.value == 0))[0].any())
        found: list[Note] = [
            ("note.shares", {"count": count}),
            defined(f"p = {shortest(op.norm_type)}", number=x),
        ]
        found += [("note.no_norm", {})] if zero else []
        return [*found, *grown_notes(question)]

    def replay() -> Array:
        total, p = engine_sums(), op.norm_type
        slope = np.where(total == 0, 0.0, arrays.raised(arrays.raised(total, 1 / p), 1 - p))
        shares = element.gathered()[1].astype(np.float64) * slope * op.window / counts
        gradient = arrays.raised(x.gathered()[1], p - 1) * in_order(np.where(there, shares, 0.0))[:, 0]
        gradient = gradient if question.base is None else gradient + before(question)
        return gradient.astype(question.dtype)

    return Formula(
        (*grown_terms(question), Group((element, ratio, *scale), there), _unreached(x, power, there, op)),
        result.rounded(question.dtype),
        again(replay),
        formula=formula,
        notes=notes,
    )


def _unreached(x: Element, power: Enclosed, there: NDArray[np.bool_], op: LpPool) -> Group:
    """Where no window holds an element, its power still meets a sum of nothing: of infinity that makes NaN."""
    name, numbers = f"power {shortest(op.norm_type - 1)}", power.value.astype(np.float64)[:, None]
    image = Image(x.operand, tuple(row[:, None] for row in x.rows), name, numbers)
    present = ~there.any(axis=1, keepdims=True) & ~np.isfinite(numbers)
    return Group((Quantity("Σ over no window", np.array(0.0)), image), present)


def _windows(
    question: Question, element: Element, there: NDArray[np.bool_]
) -> tuple[Enclosed, NDArray[np.int64], Callable[[], Array]]:
    """The sums of the windows that hold an element, how many these have, and how the engine gets the sums."""
    op, (at, which) = _of(question), _holding(element, there)
    elements, present, powers = _powers(question, at)
    counts = _counts(present, len(at))[which]
    return _sums(op, present, powers)[which], counts, lambda: _engine_sums(op, present, elements)[which]


def _holding(element: Element, there: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The windows that hold some elements, each once, and which of them hold each."""
    places = np.broadcast_arrays(*element.rows, there)[:-1]
    numbers = np.where(there, np.ravel_multi_index(places, element.operand.array.shape, mode="clip"), 0)
    windows, which = np.unique(numbers, return_inverse=True)
    at = np.stack(np.unravel_index(windows, element.operand.array.shape), axis=1)
    return at, which.reshape(numbers.shape)
