"""Mistakes that put the right numbers in wrong places: flipped, transposed, or moved by a wrong crop."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion, listed, spatial, subsets
from pellucid.language import Message

_FARTHEST = 4  # places along an axis by which a crop can be wrong
_LEAST = 0.2  # share of a gradient that a moved one must overlap


def flipped(case: Case) -> Iterator[Suspicion]:
    """grad[…, k] = expected[…, K − 1 − k]."""
    if not case.whole:
        return
    expected = case.expected.reshape(case.shape)
    for axes in subsets(spatial(case.shape)):
        message = Message("doctor.kernel_flipped", name=case.name, axes=listed(axes))
        yield Suspicion("kernel_flipped", message, np.flip(expected, axes).ravel())


def transposed(case: Case) -> Iterator[Suspicion]:
    """grad[a, b] = expected[b, a]."""
    if not case.whole:
        return
    expected = case.expected.reshape(case.shape)
    for order in same_shape(case.shape):
        message = Message("doctor.transposed", name=case.name, order=listed(order))
        yield Suspicion("transposed", message, expected.transpose(order).ravel())


def same_shape(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The orders of the axes that leave a shape as it is, without those that only exchange axes of one place."""
    axes = tuple(range(len(shape)))
    for order in permutations(axes):
        moved = [axis for axis, other in zip(axes, order, strict=True) if axis != other]
        if moved and tuple(shape[a] for a in order) == shape and all(shape[a] > 1 for a in moved):
            yield order


def moved(case: Case) -> Iterator[Suspicion]:
    """grad[…, i] = expected[…, i + shift] wherever both are inside: a padded gradient cropped in a wrong place."""
    if not case.whole:
        return
    expected = case.expected.reshape(case.shape)
    inside = spatial(case.shape)
    reach = [range(-min(_FARTHEST, case.shape[a] - 1), min(_FARTHEST, case.shape[a] - 1) + 1) for a in inside]
    for shifts in sorted(product(*reach), key=lambda shifts: sum(map(abs, shifts))):
        here, there = [slice(None)] * expected.ndim, [slice(None)] * expected.ndim
        for axis, shift in zip(inside, shifts, strict=True):
            size = case.shape[axis]
            here[axis] = slice(max(0, -shift), size - max(0, shift))
            there[axis] = slice(max(0, shift), size - max(0, -shift))
        predicted, claimed = np.zeros(case.shape), np.zeros(case.shape, np.bool_)
        predicted[tuple(here)], claimed[tuple(here)] = expected[tuple(there)], True
        if any(shifts) and claimed.sum() >= max(3, _LEAST * claimed.size):
            steps = {axis: f"{shift:+d}" for axis, shift in zip(inside, shifts, strict=True) if shift}
            message = Message(
                "doctor.padding_cropped", name=case.name, axes=listed(steps), shifts=", ".join(steps.values())
            )
            yield Suspicion("padding_cropped", message, predicted.ravel(), claimed.ravel())
