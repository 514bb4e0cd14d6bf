"""Mistakes of ReLU and its kin: a gate on the wrong tensor.

    expected = grad_output · (high where the gate is open, low elsewhere)         high, low: 1 and 0 for ReLU

Behind another layer, relu(z(input, …, bias)), the expected gradient is Σ_k grad_output[k]·[z[k] > 0]·∂z[k]/∂input.
Where a gate is closed, forward shows nothing of ∂z; a large number added to the bias opens all of them. Without a bias
z(−input) = −z(input): there the closed ones are open, and ∂z/∂input is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion
from pellucid.doctor.slopes import Floats
from pellucid.language import Message

_SAME = 1e-6
_OPENING = 100.0  # added to an input to open all gates


def gates(case: Case) -> Iterator[Suspicion]:
    """grad = grad_output · (high where another tensor is positive, low elsewhere), or without any gate."""
    point = case.point
    if not case.whole or case.shape != point.output.shape:
        return
    slopes = np.diagonal(case.jacobian)
    low, high = slopes.min(), slopes.max()
    two = np.minimum(np.abs(slopes - low), np.abs(slopes - high)) <= _SAME * abs(high - low)
    if (
        np.count_nonzero(case.jacobian) > np.count_nonzero(slopes)
        or low == high
        or not two[case.judged].all()
    ):
        return
    tensors = {"grad_output": point.grad_output} | {
        name: array
        for name, array in zip(point.layer.names, point.inputs, strict=True)
        if array.shape == case.shape and array.dtype.kind == "f"
    }
    gradient = case.grad_output
    for name, tensor in tensors.items():
        is_open = tensor.ravel() > 0
        yield _gate(f"{name} > 0", gradient * np.where(is_open, high, low))
        yield _gate(f"{name} <= 0", gradient * np.where(is_open, low, high))
    yield _no_gate(gradient * high)


def gates_behind(case: Case) -> Iterator[Suspicion]:
    """The same for a ReLU behind a sum with a bias."""
    gradient = case.grad_output
    closed = ~case.jacobian.any(axis=0)
    if not case.whole or not closed.any() or case.gradient.size == 1:
        return
    for opened in _opened(case, np.asarray(closed)):
        near = _SAME * np.abs(opened).max(initial=0.0)
        if np.abs(np.where(closed, 0.0, opened) - case.jacobian).max(initial=0.0) <= near:
            yield _gate("grad_output > 0", opened @ (gradient * (gradient > 0)))
            yield _gate("output <= 0", opened @ (gradient * closed))
            yield _no_gate(opened @ gradient)


def _opened(case: Case, closed: NDArray[np.bool_]) -> Iterator[Floats]:
    """∂z/∂input with all gates open, if the layer is a sum with a bias, or one without."""

    def jacobian(other: int, array: Floats) -> Floats:
        point = case.point.with_input(other, array)
        return np.array([point.column(case.i, int(position))[0] for position in case.positions])

    for other, array in enumerate(case.point.inputs):
        if array.dtype.kind == "f":
            yield jacobian(other, array + _OPENING)
    mirrored = jacobian(case.i, -case.point.inputs[case.i])
    if not mirrored[:, ~closed].any():
        yield case.jacobian + mirrored


def _gate(where: str, predicted: Floats) -> Suspicion:
    return Suspicion("relu_gate", Message("doctor.relu_gate", tensor=where), predicted)


def _no_gate(predicted: Floats) -> Suspicion:
    return Suspicion("relu_gate_missing", Message("doctor.relu_gate_missing"), predicted)
