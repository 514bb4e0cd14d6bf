"""Mistakes with another input: this gradient is right for a weight that is flipped or transposed.

The layer is asked itself: the derivatives of forward with the other input changed are what backward would give.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pellucid.doctor.case import Case, along
from pellucid.doctor.layer import Array
from pellucid.doctor.mistakes.rearranged import same_shape
from pellucid.doctor.mistakes.suspicion import Suspicion, listed, spatial, subsets
from pellucid.language import Message


def replaced(case: Case) -> Iterator[Suspicion]:
    """grad = what is expected with another input flipped or transposed."""
    direction = np.random.default_rng(0).standard_normal(case.shape)
    for other, array in enumerate(case.point.inputs):
        if other == case.i or array.dtype.kind != "f":
            continue
        for kind, message, changed in _changes(case.point.layer.names[other], array):
            point = case.point.with_input(other, changed)
            if along(point, case.i, case.gradient, direction).ok:
                columns = [point.column(case.i, int(position))[0] for position in case.positions]
                yield Suspicion(kind, message, np.array(columns) @ case.grad_output)


def _changes(name: str, array: Array) -> Iterator[tuple[str, Message, Array]]:
    """The ways in which an array is mistaken for itself."""
    for axes in subsets(spatial(array.shape)):
        message = Message("doctor.kernel_not_flipped", other=name, axes=listed(axes))
        yield "kernel_flipped", message, np.flip(array, axes)
    for order in same_shape(array.shape):
        message = Message("doctor.weight_transposed", other=name, order=listed(order))
        yield "transposed", message, array.transpose(order)
