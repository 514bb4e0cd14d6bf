"""Mistakes of ReLU and its kin: a gate on the wrong tensor.

expected = grad_output · (high where the gate is open, low elsewhere)         high, low: 1 and 0 for ReLU
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion
from pellucid.language import Message

_SAME = 1e-6


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
    tensors = [("grad_output", point.grad_output)]
    tensors += [
        (name, array)
        for name, array in zip(point.layer.names, point.inputs, strict=True)
        if array.shape == case.shape and array.dtype.kind == "f"
    ]
    gradient = case.grad_output
    for name, tensor in tensors:
        is_open = tensor.ravel() > 0
        message = Message("doctor.relu_gate", tensor=f"{name} > 0")
        yield Suspicion("relu_gate", message, gradient * np.where(is_open, high, low))
        message = Message("doctor.relu_gate", tensor=f"{name} <= 0")
        yield Suspicion("relu_gate", message, gradient * np.where(is_open, low, high))
    yield Suspicion("relu_gate_missing", Message("doctor.relu_gate_missing"), gradient * high)
