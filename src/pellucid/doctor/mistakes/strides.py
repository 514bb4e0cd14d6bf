"""Mistakes with the stride: backward takes steps of 1 where forward takes larger ones.

∂output[y]/∂input[i] is a kernel's element k = i − y·stride + padding, so it depends on i − y·stride alone. A table of
it by this difference, read at i − y, is what a backward gives that ignores the stride. The gradient of a weight
(i = y·stride + k) and of a transposed convolution's input have tables of the same kind. Where there is no such table,
as in max pooling, each derivative moves with its window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes.suspicion import Suspicion, listed
from pellucid.doctor.slopes import Floats
from pellucid.language import Message

Places: TypeAlias = NDArray[np.int64]
_LARGEST = 4  # the largest stride that is tried
_SAME = 1e-6

# What a derivative depends on, from the place in this input, the place in the output, and the stride.
_RELATIONS: tuple[Callable[[Places, Places, int], Places], ...] = (
    lambda i, y, stride: i - y * stride,
    lambda k, y, stride: k + y * stride,
    lambda i, y, stride: y - i * stride,
)


def stride_ignored(case: Case) -> Iterator[Suspicion]:
    """The same sums with steps of 1."""
    inner, outer = case.shape[2:], case.point.output.shape[2:]
    if not case.whole or not inner or len(inner) != len(outer):
        return
    derivatives = _by_place(case)
    choices = [range(1, _LARGEST + 1) if y > 1 else (1,) for y in outer]
    for strides in product(*choices):
        if max(strides) == 1:
            continue
        message = Message("doctor.stride_ignored", name=case.name, strides=listed(strides))
        for relation in _RELATIONS:
            seen, wanted = _tables(inner, outer, strides, relation)
            table = np.zeros((*derivatives.shape[:2], int(max(seen.max(), wanted.max())) + 1))
            table[..., seen] = derivatives
            if np.allclose(table[..., seen], derivatives, rtol=0, atol=_SAME * np.abs(derivatives).max()):
                known = np.isin(wanted, seen).reshape(math.prod(inner), -1).all(axis=1)
                claimed = np.broadcast_to(known, (derivatives.shape[0], known.size)).ravel()
                yield Suspicion("stride_ignored", message, _summed(case, table[..., wanted]), claimed)
        yield Suspicion("stride_ignored", message, _carried(case, derivatives, strides))


def _by_place(case: Case) -> Floats:
    """The derivatives as (first two axes of the input, first two of the output, places of both)."""
    inner, outer = case.shape, case.point.output.shape
    count = len(inner) - 2
    both = case.jacobian.reshape(*inner, *outer)
    order = [0, 1, count + 2, count + 3, *range(2, count + 2), *range(count + 4, 2 * count + 4)]
    return both.transpose(order).reshape(math.prod(inner[:2]), math.prod(outer[:2]), -1)


def _tables(
    inner: tuple[int, ...],
    outer: tuple[int, ...],
    strides: tuple[int, ...],
    relation: Callable[[Places, Places, int], Places],
) -> tuple[Places, Places]:
    """For each pair of places, one of the input and one of the output: its row in the table with and without stride."""
    places = np.indices((*inner, *outer)).reshape(2 * len(inner), -1)
    seen, wanted = np.zeros((2, places.shape[1]), np.int64)
    for i, y, stride in zip(places, places[len(inner) :], strides, strict=False):
        rows = np.stack([relation(i, y, stride), relation(i, y, 1)])
        rows -= rows.min()
        size = rows.max() + 1
        seen, wanted = seen * size + rows[0], wanted * size + rows[1]
    return seen, wanted


def _summed(case: Case, derivatives: Floats) -> Floats:
    """The gradient that these derivatives make."""
    outer = case.point.output.shape
    inside = math.prod(case.shape[2:])
    pairs = derivatives.reshape(*derivatives.shape[:2], inside, -1)
    gradient = case.grad_output.reshape(math.prod(outer[:2]), -1)
    sums: Floats = np.einsum("abiy,by->ai", pairs, gradient)
    return sums.ravel()


def _carried(case: Case, derivatives: Floats, strides: tuple[int, ...]) -> Floats:
    """The gradient when each window lies at y instead of y·stride, with the derivatives that it has in it."""
    inner, outer = case.shape[2:], case.point.output.shape[2:]
    places = np.indices((*inner, *outer)).reshape(2 * len(inner), -1)
    here, there = places[: len(inner)], places[len(inner) :]
    target = here - there * (np.array(strides)[:, None] - 1)
    inside = (target >= 0).all(axis=0)
    flat = np.ravel_multi_index(tuple(np.where(inside, target, 0)), inner)
    moved = np.zeros((derivatives.shape[0], derivatives.shape[1], math.prod(inner), math.prod(outer)))
    flat_out = np.ravel_multi_index(tuple(there), outer)
    moved[:, :, flat[inside], flat_out[inside]] = derivatives[..., inside]
    return _summed(case, moved)
