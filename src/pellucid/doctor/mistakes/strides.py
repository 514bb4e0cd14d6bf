"""Mistakes with the stride: backward takes steps of 1 where forward takes larger ones.

∂output[y]/∂input[i] is a kernel's element k = i − y·stride + padding, so it depends on i − y·stride alone. A table of
it by this difference, read at i − y, is what a backward gives that ignores the stride. The gradient of a weight
(i = y·stride + k) and of a transposed convolution's input have tables of the same kind. Where there is no such table,
as in max pooling, each derivative moves with its window. A weight's gradient with the stride ignored may need elements
of the input that forward never meets with it; these are looked up in the input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.case import Case
from pellucid.doctor.layer import Array, Arrays
from pellucid.doctor.mistakes.suspicion import Suspicion, listed
from pellucid.doctor.slopes import Floats
from pellucid.language import Message

Places: TypeAlias = NDArray[np.int64]
_LARGEST = 3  # the largest stride and dilation that are tried
_PADDED = 3  # the widest padding that is tried
_SAME = 1e-6

Relation: TypeAlias = Callable[[Places, Places, int], Places]  # of places in input and output, and the stride


def stride_ignored(case: Case) -> Iterator[Suspicion]:
    """The same sums with steps of 1."""
    inner, outer = case.shape[2:], case.point.output.shape[2:]
    if not case.whole or not inner or len(inner) != len(outer):
        return
    derivatives = _by_place(case)
    for strides in product(*(range(1, _LARGEST + 1) if y > 1 else (1,) for y in outer)):
        if max(strides) == 1:
            continue
        message = Message("doctor.stride_ignored", name=case.name, strides=listed(strides))
        for relations in _relations(inner):
            table = _Table.of(derivatives, inner, outer, strides, relations)
            if table.holds(derivatives):
                for tried in (table, *table.completed(case.point.inputs)):
                    if tried.filled.all() or tried.repeats(derivatives):
                        claimed = np.broadcast_to(tried.known, (len(derivatives), len(tried.known))).ravel()
                        yield Suspicion("stride_ignored", message, _summed(case, tried.read), claimed)
        yield Suspicion("stride_ignored", message, _carried(case, derivatives, strides))


def _relations(inner: tuple[int, ...]) -> Iterator[tuple[Relation, ...]]:
    """What a derivative depends on: for a convolution's input, for a transposed one's, for a weight with dilation."""
    yield (lambda i, y, stride: i - y * stride,) * len(inner)
    yield (lambda i, y, stride: y - i * stride,) * len(inner)
    for dilations in product(*(range(1, _LARGEST + 1) if k > 1 else (1,) for k in inner)):
        yield tuple(_of_weight(dilation) for dilation in dilations)


def _of_weight(dilation: int) -> Relation:
    """The relation of a weight's axis: the place in the convolution's input."""
    return lambda k, y, stride: k * dilation + y * stride


@dataclass(frozen=True, eq=False)
class _Table:
    """Derivatives by what they depend on.

    Attributes:
        entries: for each pair of channels the derivatives in their order.
        filled: which entries are known.
        sizes: the extents of the entries along the axes of space.
        seen: the entry of each pair of places, one of the input and one of the output.
        wanted: the same where the stride is ignored.
        places: how many places the input has.
    """

    entries: Floats
    filled: NDArray[np.bool_]
    sizes: tuple[int, ...]
    seen: Places
    wanted: Places
    places: int

    @classmethod
    def of(
        cls,
        derivatives: Floats,
        inner: tuple[int, ...],
        outer: tuple[int, ...],
        strides: tuple[int, ...],
        relations: tuple[Relation, ...],
    ) -> _Table:
        """Enter the derivatives; where several belong to one entry, one of them remains."""
        places = np.indices((*inner, *outer)).reshape(2 * len(inner), -1)
        seen, wanted = np.zeros((2, places.shape[1]), np.int64)
        sizes = []
        for i, y, stride, relation in zip(places, places[len(inner) :], strides, relations, strict=False):
            rows = np.stack([relation(i, y, stride), relation(i, y, 1)])
            rows -= rows.min()
            sizes.append(int(rows.max()) + 1)
            seen, wanted = seen * sizes[-1] + rows[0], wanted * sizes[-1] + rows[1]
        entries = np.zeros((*derivatives.shape[:2], math.prod(sizes)))
        filled = np.zeros(math.prod(sizes), np.bool_)
        entries[..., seen], filled[seen] = derivatives, True
        return cls(entries, filled, tuple(sizes), seen, wanted, math.prod(inner))

    @property
    def read(self) -> Floats:
        """The derivatives where the stride is ignored."""
        return self.entries[..., self.wanted]

    @property
    def known(self) -> NDArray[np.bool_]:
        """At which places of the input all of them are known."""
        missing = ~self.filled[self.wanted].reshape(self.places, -1)
        known: NDArray[np.bool_] = np.count_nonzero(missing, axis=1) == 0
        return known

    def holds(self, derivatives: Floats) -> bool:
        """Whether derivatives that belong to one entry are equal."""
        apart = np.abs(self.entries[..., self.seen] - derivatives).max(initial=0.0)
        return bool(apart <= _SAME * np.abs(derivatives).max(initial=0.0))

    def repeats(self, derivatives: Floats) -> bool:
        """Whether some entry belongs to several derivatives: else any table would hold."""
        near = _SAME * np.abs(derivatives).max(initial=0.0)
        entered = np.count_nonzero(np.abs(self.entries[..., np.unique(self.seen)]) > near)
        return bool(entered < np.count_nonzero(np.abs(derivatives) > near))

    def completed(self, inputs: Arrays) -> Iterator[_Table]:
        """Entries that no derivative shows, from another input whose elements, padded, are the others."""
        if self.filled.all():
            return
        for array in inputs:
            if array.ndim == len(self.sizes) + 2 and array.dtype.kind == "f":
                for padding in product(range(_PADDED + 1), repeat=len(self.sizes)):
                    entries = self._found_in(_padded(array, padding, self.sizes))
                    if entries is not None:
                        yield replace(self, entries=entries, filled=np.ones_like(self.filled))

    def _found_in(self, rows: Floats) -> Floats | None:
        """The entries taken from these rows, if each pair of channels has one that agrees with what is known of it."""
        near = _SAME * np.abs(self.entries).max(initial=0.0)
        entries = np.zeros_like(self.entries)
        for pair in np.ndindex(entries.shape[:2]):
            known = self.entries[pair][self.filled]
            if np.abs(known).max() > near:
                distances = np.abs(rows[:, self.filled] - known).max(axis=1)
                if distances.min() > near:
                    return None
                entries[pair] = rows[distances.argmin()]
        return entries


def _padded(array: Array, padding: tuple[int, ...], sizes: tuple[int, ...]) -> Floats:
    """An array with zeros before each axis of space, cut or filled up with zeros to these sizes: (channels, places)."""
    rows = np.zeros((*array.shape[:2], *sizes))
    both = [slice(None)] * 2
    kept = [
        min(have, max(0, size - p)) for have, size, p in zip(array.shape[2:], sizes, padding, strict=True)
    ]
    inside = [slice(p, p + k) for p, k in zip(padding, kept, strict=True)]
    rows[tuple(both + inside)] = array[tuple(both + [slice(k) for k in kept])]
    return rows.reshape(math.prod(array.shape[:2]), -1)


def _by_place(case: Case) -> Floats:
    """The derivatives as (first two axes of the input, first two of the output, places of both)."""
    inner, outer = case.shape, case.point.output.shape
    count = len(inner) - 2
    both = case.jacobian.reshape(*inner, *outer)
    order = [0, 1, count + 2, count + 3, *range(2, count + 2), *range(count + 4, 2 * count + 4)]
    return both.transpose(order).reshape(math.prod(inner[:2]), math.prod(outer[:2]), -1)


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
