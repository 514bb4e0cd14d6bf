"""Mistakes of ReLU and its kin: a mask of the wrong tensor.

    expected = grad_output · (high where the mask is 1, low elsewhere)         high, low: 1 and 0 for ReLU

Behind another layer, relu(z(input, …, bias)), the expected gradient is Σ_k grad_output[k]·[z[k] > 0]·∂z[k]/∂input.
Where the mask is 0, forward shows nothing of ∂z; a large number added to the bias makes it 1 everywhere. Without a bias
z(−input) = −z(input): there it is 1 where it was 0, and ∂z/∂input is the same.
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
_RAISED = 100.0  # added to an input to make the mask 1 everywhere


def masks(case: Case) -> Iterator[Suspicion]:
    """grad = grad_output · (high where another tensor is positive, low elsewhere), or without any mask."""
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
        positive = tensor.ravel() > 0
        yield _mask(f"{name} > 0", gradient * np.where(positive, high, low))
        yield _mask(f"{name} <= 0", gradient * np.where(positive, low, high))
    yield _no_mask(gradient * high)


def masks_behind(case: Case) -> Iterator[Suspicion]:
    """The same for a ReLU behind a sum with a bias."""
    gradient = case.grad_output
    masked = ~case.jacobian.any(axis=0)
    if not case.whole or not masked.any() or case.gradient.size == 1:
        return
    for slopes in _unmasked(case, np.asarray(masked)):
        near = _SAME * np.abs(slopes).max(initial=0.0)
        if np.abs(np.where(masked, 0.0, slopes) - case.jacobian).max(initial=0.0) <= near:
            yield _mask("grad_output > 0", slopes @ (gradient * (gradient > 0)))
            yield _mask("output <= 0", slopes @ (gradient * masked))
            yield _no_mask(slopes @ gradient)


def _unmasked(case: Case, masked: NDArray[np.bool_]) -> Iterator[Floats]:
    """∂z/∂input without the mask, if the layer is a sum with a bias, or one without."""

    def jacobian(other: int, array: Floats) -> Floats:
        point = case.point.with_input(other, array)
        return np.array([point.column(case.i, int(position))[0] for position in case.positions])

    for other, array in enumerate(case.point.inputs):
        if array.dtype.kind == "f":
            yield jacobian(other, array + _RAISED)
    mirrored = jacobian(case.i, -case.point.inputs[case.i])
    if not mirrored[:, ~masked].any():
        yield case.jacobian + mirrored


def _mask(where: str, predicted: Floats) -> Suspicion:
    return Suspicion("relu_mask", Message("doctor.relu_mask", tensor=where), predicted)


def _no_mask(predicted: Floats) -> Suspicion:
    return Suspicion("relu_mask_missing", Message("doctor.relu_mask_missing"), predicted)
