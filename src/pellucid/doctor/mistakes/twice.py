"""Mistakes that send a gradient back through softmax or sigmoid once more: p − y has been through already."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion
from pellucid.doctor.slopes import Floats
from pellucid.language import Message


def differentiated_twice(case: Case) -> Iterator[Suspicion]:
    """grad = the derivative of the activation, at this input, applied to expected."""
    if not case.whole:
        return
    expected = case.expected.reshape(case.shape)
    for activation, predicted in _again(case.point.inputs[case.i].astype(np.float64), expected):
        message = Message("doctor.differentiated_twice", name=case.name, activation=activation)
        yield Suspicion("differentiated_twice", message, predicted.ravel())


def _again(scores: Floats, gradient: Floats) -> Iterator[tuple[str, Floats]]:
    """The gradient behind softmax along each axis, in full and by its diagonal alone, and behind sigmoid."""
    for axis in range(scores.ndim):
        p = np.exp(scores - scores.max(axis=axis, keepdims=True))
        p /= p.sum(axis=axis, keepdims=True)
        yield "softmax", p * (gradient - (p * gradient).sum(axis=axis, keepdims=True))
        yield "softmax", p * (1 - p) * gradient
    tanh = np.tanh(scores / 2)  # sigmoid is (1 + tanh)/2
    yield "sigmoid", (1 - tanh * tanh) / 4 * gradient
