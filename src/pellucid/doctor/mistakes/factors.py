"""Mistakes that multiply the whole gradient: a mean for a sum, a sum for a mean, the sign, nothing at all."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion, listed, margin, subsets
from pellucid.language import Message

_FEW = 3  # fewer numbers that are not 0 are always each other's multiple, or nearly so


def factors(case: Case) -> Iterator[Suspicion]:
    """grad = factor · expected."""
    expected = case.expected
    square = float(expected @ expected)
    if not np.isfinite(case.got).all() or square == 0.0:
        return
    factor = float(case.got @ expected) / square
    if abs(factor) < 1e-9:
        yield Suspicion("zero", Message("doctor.zero"), np.zeros_like(expected))
    elif math.isclose(factor, -1.0, rel_tol=1e-5):
        yield Suspicion("sign", Message("doctor.sign"), -expected)
    elif (size := _whole(1 / factor)) and (axes := _axes(case, size)):
        message = Message("doctor.mean_instead_of_sum", size=size, axes=axes)
        yield Suspicion("mean_instead_of_sum", message, expected / size)
    elif (size := _whole(factor)) and (axes := _axes(case, size)):
        message = Message("doctor.sum_instead_of_mean", size=size, axes=axes)
        yield Suspicion("sum_instead_of_mean", message, expected * size)
    elif np.count_nonzero(np.abs(expected) > margin(case)) >= _FEW:
        yield Suspicion("factor", Message("doctor.factor", factor=f"{factor:.6g}"), factor * expected)


def ignored(case: Case) -> Iterator[Suspicion]:
    """The gradient of the outputs' sum: grad_output was not multiplied in."""
    yield Suspicion("grad_output_ignored", Message("doctor.grad_output_ignored"), case.jacobian.sum(axis=1))


def _whole(number: float) -> int | None:
    """The whole number above 1 that this is."""
    nearest = round(number) if abs(number) < 2**31 else 0
    return nearest if nearest > 1 and math.isclose(number, nearest, rel_tol=1e-5) else None


def _axes(case: Case, size: int) -> Message | None:
    """Axes that have so many elements together: of the output, else of this input, else of another one."""
    names = ("output", case.name, *case.point.layer.names)
    arrays = (case.point.output, case.point.inputs[case.i], *case.point.inputs)
    for name, array in zip(names, arrays, strict=True):
        for axes in subsets(axis for axis in range(array.ndim) if array.shape[axis] > 1):
            if math.prod(array.shape[axis] for axis in axes) == size:
                return Message("doctor.axes_of", axes=listed(axes), array=name)
    return None
