"""Mistakes with another input: this gradient is another input's, or right for a weight that is flipped or transposed.

The layer is asked itself: the derivatives of forward with the other input changed are what backward would give.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pellucid.doctor.case import Case, along
from pellucid.doctor.dice import Dice
from pellucid.doctor.layer import Array
from pellucid.doctor.mistakes.rearranged import same_shape
from pellucid.doctor.mistakes.suspicion import Suspicion, listed, spatial, subsets
from pellucid.doctor.slopes import Point
from pellucid.language import Message


def replaced(case: Case) -> Iterator[Suspicion]:
    """grad = what is expected with another input flipped or transposed."""
    for other, array in enumerate(case.point.inputs):
        if other != case.i and array.dtype.kind == "f":
            for kind, message, changed in _changes(case.point.layer.names[other], array):
                yield from _asked(case, case.point.with_input(other, changed), case.i, kind, message)


def exchanged(case: Case) -> Iterator[Suspicion]:
    """grad = what is expected for another input."""
    for other, array in enumerate(case.point.inputs):
        if other != case.i and array.dtype.kind == "f" and array.shape == case.shape:
            message = Message("doctor.exchanged", name=case.name, other=case.point.layer.names[other])
            yield from _asked(case, case.point, other, "exchanged", message)


def _asked(case: Case, point: Point, i: int, kind: str, message: Message) -> Iterator[Suspicion]:
    """The suspicion that backward gave the gradient of input i at this point, if one direction speaks for it."""
    direction = Dice(0, place=1).direction(case.shape)
    if along(point, i, case.gradient, direction).ok:
        columns = [point.column(i, int(position))[0] for position in case.positions]
        yield Suspicion(kind, message, np.array(columns) @ case.grad_output)


def _changes(name: str, array: Array) -> Iterator[tuple[str, Message, Array]]:
    """The ways in which an array is mistaken for itself."""
    for axes in subsets(spatial(array.shape)):
        message = Message("doctor.kernel_not_flipped", other=name, axes=listed(axes))
        yield "kernel_flipped", message, np.flip(array, axes)
    for order in same_shape(array.shape):
        message = Message("doctor.weight_transposed", other=name, order=listed(order))
        yield "transposed", message, array.transpose(order)
