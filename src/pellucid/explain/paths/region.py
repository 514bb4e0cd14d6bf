"""Some elements of an array: how many, where, and whether they fill the box around them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.address import written
from pellucid.language import text
from pellucid.ops.base import Shape
from pellucid.sizes import Index

_NAMED = 4  # addresses that are written out
Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Region:
    """Elements of one array.

    Attributes:
        name: the array's name.
        mask: which elements; an array of truth values of the array's own shape.
    """

    name: str
    mask: NDArray[np.bool_]

    @property
    def shape(self) -> Shape:
        """Of the array."""
        return self.mask.shape

    @property
    def positions(self) -> NDArray[np.int64]:
        """The indices of the elements in row-major order, one in each row."""
        return np.argwhere(self.mask)

    @property
    def box(self) -> tuple[Span, ...]:
        """The first and the last index along every axis. A region without elements has no box: ()."""
        spans = []
        for axis in range(self.mask.ndim):
            met = np.flatnonzero(self.mask.any(axis=tuple(a for a in range(self.mask.ndim) if a != axis)))
            if not len(met):
                return ()
            spans.append((int(met[0]), int(met[-1])))
        return tuple(spans)

    @property
    def full(self) -> bool:
        """Whether the region fills its box."""
        return len(self) == self._box_size

    @property
    def addresses(self) -> list[str]:
        """The addresses of the first few elements."""
        rows = self.mask.reshape(-1, *self.shape[1:])  # a single number is a row of itself
        found: list[Index] = []
        for first, row in enumerate(rows):
            some = np.argwhere(row)[: _NAMED - len(found)].tolist()
            found += [(first, *index)[: len(self.shape)] for index in some]
            if len(found) == _NAMED:
                break
        return [written(self.name, index) for index in found]

    def __len__(self) -> int:
        return int(np.count_nonzero(self.mask))

    def __contains__(self, index: tuple[int, ...]) -> bool:
        return bool(self.mask[tuple(index)])

    def to_dict(self) -> dict[str, Any]:
        """The region as values that JSON knows."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "elements": len(self),
            "box": [list(span) for span in self.box],
            "full": self.full,
            "addresses": self.addresses,
        }

    def text(self, lang: str | None = None) -> str:
        """The smallest box around the region, and how many of its elements belong to it.

        Args:
            lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        spans = ", ".join(f"{first}…{last}" if first < last else f"{first}" for first, last in self.box)
        place = f"{self.name}[{spans}]" if spans else self.name
        count, size = len(self), self.mask.size
        if not count:
            return text("region.empty", lang, place=place, size=size)
        if self.full:
            return text("region.full", lang, place=place, count=count, size=size)
        return text("region.scattered", lang, place=place, count=count, size=size, box=self._box_size)

    def __str__(self) -> str:
        return self.text()

    @property
    def _box_size(self) -> int:
        return prod(last - first + 1 for first, last in self.box) if len(self) else 0
