"""Which elements of an array read which elements of an operand, for whole sets of elements at once.

How arrays meet, the ops say (`ops/relation.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.geometry import Meeting
from pellucid.ops.base import Shape
from pellucid.ops.relation import Labels

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Relation:
    """The relation of a result to one of its operands.

    Attributes:
        operand: the labels of the operand's axes. "y0", "k0" and "i0" stand for positions along the first spatial axis.
        result: those of the result's.
        sizes: how many indices each label has.
        links: which positions meet, for each spatial axis.
    """

    operand: Labels
    result: Labels
    sizes: Mapping[str, int]
    links: tuple[tuple[Meeting, ...], ...] = ()

    def readers(self, mask: Mask) -> Mask:
        """The elements of the result that read any of these elements of the operand; the result's axes are labelled."""
        return self._carried(mask, self.operand, self.result)

    def read(self, mask: Mask) -> Mask:
        """The elements of the operand that any of these elements of the result reads."""
        return self._carried(mask, self.result, self.operand)

    def _carried(self, mask: Mask, source: Labels, target: Labels) -> Mask:
        """From one labelled array to the other, label by label."""
        mask = mask.reshape([self.sizes[label] for label in source])
        labels = list(source)
        for axis, label in enumerate(source):
            other = self._partner(label, target)
            if other is None:
                mask = np.any(mask, axis=axis, keepdims=True)
            elif other != label:
                mask = _met(mask, axis, self.links[int(label[1:])], label[0], other[0], self.sizes[other])
                labels[axis] = other
        kept = [axis for axis, label in enumerate(labels) if label in target]
        mask = mask.reshape([mask.shape[axis] for axis in kept])  # the others have one index left
        labels = [labels[axis] for axis in kept]
        mask = mask.transpose([labels.index(label) for label in target if label in labels])
        mask = mask[tuple(slice(None) if label in labels else None for label in target)]
        return np.broadcast_to(mask, [self.sizes[label] for label in target])

    def _partner(self, label: str, target: Labels) -> str | None:
        """The same label on the other side, or another one of the same spatial axis."""
        if label in target:
            return label
        places = (f"{kind}{label[1:]}" for kind in "yki") if label[1:] else ()
        return next((place for place in places if place in target), None)


@dataclass(frozen=True)
class Chained:
    """A result that reads an operand through something in between: one relation after the other."""

    first: Relation
    then: Relation

    def readers(self, mask: Mask) -> Mask:
        """As of `Relation`."""
        return self.then.readers(self.first.readers(mask))

    def read(self, mask: Mask) -> Mask:
        """As of `Relation`."""
        return self.first.read(self.then.read(mask))


@dataclass(frozen=True, eq=False)
class Routes:
    """A result of which no two elements read the same element of the operand.

    Attributes:
        places: for each element of the operand the flat index of the one element of the result that reads it; −1 where
            none does.
        shape: of the result.
    """

    places: NDArray[np.int64]
    shape: Shape

    def readers(self, mask: Mask) -> Mask:
        """As of `Relation`."""
        result = np.zeros(prod(self.shape) + 1, np.bool_)  # the last one stands for none
        result[self.places[mask]] = True
        return result[:-1].reshape(self.shape)

    def read(self, mask: Mask) -> Mask:
        """As of `Relation`."""
        return np.append(mask, np.False_)[self.places]


@dataclass(frozen=True)
class Transposed:
    """Operand and result of a relation change places."""

    relation: Routes

    def readers(self, mask: Mask) -> Mask:
        """As of `Relation`."""
        return self.relation.read(mask)

    def read(self, mask: Mask) -> Mask:
        """As of `Relation`."""
        return self.relation.readers(mask)


AnyRelation: TypeAlias = Relation | Chained | Routes | Transposed


def _met(mask: Mask, axis: int, meetings: tuple[Meeting, ...], source: str, target: str, size: int) -> Mask:
    """Along one axis, the positions that meet those of the mask."""
    result = np.zeros((*mask.shape[:axis], size, *mask.shape[axis + 1 :]), np.bool_)
    for meeting in meetings:
        part = mask[(slice(None),) * axis + (meeting[source],)]
        place = result[(slice(None),) * axis + (meeting[target],)]
        if place.shape[axis] == 1:
            part = np.any(part, axis=axis, keepdims=True)
        np.logical_or(place, part, out=place)
    return result
