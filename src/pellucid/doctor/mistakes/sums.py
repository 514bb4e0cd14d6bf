"""Mistakes that keep only a part of each sum: `=` where `+=` belongs, or a missing sum over the batch.

    expected[j] = Σ_k grad_output[k]·∂output[k]/∂input[j]

A loop over some axes of the output that assigns instead of adding leaves of each sum only the terms of its last round
(or the first, where the loop runs over kernel positions and so backwards over the output).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion, listed, margin, subsets
from pellucid.language import Message

_NONE = 1e-8  # of the largest derivative: less is none
_SHARE = 1 / 3  # of the wrong numbers that must be a term: the others are zero


def own_output_only(case: Case) -> Iterator[Suspicion]:
    """grad[j] = the term of the output in the same place, as if each output depended on its own input alone."""
    if case.whole and case.shape == case.point.output.shape:
        message = Message("doctor.own_output_only", name=case.name)
        yield Suspicion("own_output_only", message, np.diagonal(case.jacobian) * case.grad_output)


def assigned(case: Case) -> Iterator[Suspicion]:
    """grad[j] = the terms of the last or the first round alone."""
    products = case.jacobian * case.grad_output
    for axes, rounds in _loops(case):
        for used in _touched(case):
            for sign in (1, -1):  # the last round, the first one
                ranks = np.where(used, sign * rounds, -np.inf)
                kept = used & (ranks == ranks.max(axis=1, keepdims=True))
                yield _suspicion(case, axes, "last" if sign > 0 else "first", (products * kept).sum(axis=1))


def overwritten(case: Case) -> Iterator[Suspicion]:
    """Each wrong number is the terms of one round, or zero: rounds overwrite each other's numbers, zeros included."""
    wrong = np.flatnonzero(case.wrong)
    used, products, near = _used(case)[wrong], (case.jacobian * case.grad_output)[wrong], margin(case)
    got = case.got[wrong]
    for axes, rounds in _loops(case):
        candidates = np.stack([products[:, rounds == r].sum(axis=1) for r in np.unique(rounds)], axis=1)
        several = np.array([len(np.unique(rounds[row])) > 1 for row in used], np.bool_)
        distance = np.abs(candidates - got[:, None])
        nonzero = np.abs(got) > near
        is_term = nonzero & several & (distance.min(axis=1) <= near)
        if (is_term | ~nonzero).all() and is_term.sum() > _SHARE * len(wrong):
            predicted = case.expected.copy()
            predicted[wrong] = got
            yield _suspicion(case, axes, "one", predicted)
            return


def _suspicion(case: Case, axes: tuple[int, ...], which: str, predicted: NDArray[np.float64]) -> Suspicion:
    """The mistake's name: a loop over images alone is a sum over the batch."""
    kept = {
        "last": Message("doctor.last_round"),
        "first": Message("doctor.first_round"),
        "one": Message("doctor.one_round"),
    }[which]
    if axes == (0,) and _has_batch(case):
        message = Message("doctor.batch_sum_missing", name=case.name, kept=kept)
        return Suspicion("batch_sum_missing", message, predicted)
    message = Message("doctor.assigned_not_added", name=case.name, kept=kept, axes=listed(axes))
    return Suspicion("assigned_not_added", message, predicted)


def _has_batch(case: Case) -> bool:
    """Whether the output's first axis is that of the images: the first input has it too."""
    first = case.point.inputs[0]
    return bool(case.point.output.ndim > 1 and first.ndim and first.shape[0] == case.point.output.shape[0])


def _used(case: Case) -> NDArray[np.bool_]:
    """Which outputs depend on which positions."""
    size = np.abs(case.jacobian)
    used: NDArray[np.bool_] = size > _NONE * size.max(initial=0.0)
    return used


def _touched(case: Case) -> Iterator[NDArray[np.bool_]]:
    """Which outputs write to which positions: those that depend on them, or on others with the same first index.

    A round for output channel o writes a whole weight[o], zeros from the padding included.
    """
    used = _used(case)
    yield used
    if case.whole and len(case.shape) > 1:
        blocks = used.reshape(case.shape[0], -1, used.shape[1])
        yield np.broadcast_to(blocks.any(axis=1, keepdims=True), blocks.shape).reshape(used.shape)


def _loops(case: Case) -> Iterator[tuple[tuple[int, ...], NDArray[np.int64]]]:
    """Loops over some of the output's axes: these axes, and for each output the round in which it comes."""
    shape = case.point.output.shape
    places = np.indices(shape).reshape(len(shape), math.prod(shape))
    for axes in subsets(axis for axis, size in enumerate(shape) if size > 1):
        yield axes, np.ravel_multi_index(tuple(places[a] for a in axes), tuple(shape[a] for a in axes))
