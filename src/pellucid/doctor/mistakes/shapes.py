"""Gradients of a wrong shape: transposed, not summed, summed too far, or with the padding still around them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np

from pellucid.doctor.mistakes.suspicion import listed, subsets
from pellucid.doctor.slopes import Floats
from pellucid.language import Message


def wrong_shape(name: str, got: Floats, expected: Floats, margin: float) -> tuple[str, Message]:
    """The mistake's name and text for a gradient whose shape is not its input's."""
    for kind, message, candidate, target in _readings(name, got, expected):
        if candidate.shape == target.shape and (np.abs(candidate - target) <= margin).all():
            return kind, message
    return "shape", Message("doctor.shape", name=name, got=got.shape, expected=expected.shape)


def _readings(name: str, got: Floats, expected: Floats) -> Iterator[tuple[str, Message, Floats, Floats]]:
    """Each mistake with what must be equal if it was made."""
    for order in permutations(range(expected.ndim)):
        transposed = expected.transpose(order)
        if transposed.shape == got.shape:
            yield "transposed", Message("doctor.transposed", name=name, order=listed(order)), got, transposed
    if got.size == expected.size:
        message = Message("doctor.shape_only", name=name, got=got.shape, expected=expected.shape)
        yield "shape", message, got.reshape(expected.shape), expected
    for axes in subsets(range(got.ndim)):
        message = Message("doctor.sum_missing", name=name, axes=listed(axes))
        kind = "batch_sum_missing" if axes[0] == 0 else "sum_missing"
        total = got.sum(axis=axes)
        if total.size == expected.size:
            yield kind, message, total.reshape(expected.shape), expected
    for axes in subsets(range(expected.ndim)):
        total = np.asarray(expected.sum(axis=axes))
        if total.size == got.size:
            message = Message("doctor.summed_too_far", name=name, axes=listed(axes))
            yield "summed_too_far", message, got, total.reshape(got.shape)
    if got.ndim == expected.ndim:
        spare = [range(max(0, g - e) + 1) for g, e in zip(got.shape, expected.shape, strict=True)]
        for start in product(*spare):
            block = got[tuple(slice(s, s + e) for s, e in zip(start, expected.shape, strict=True))]
            message = Message("doctor.padding_not_cropped", name=name, start=listed(start))
            yield "padding_not_cropped", message, block, expected
