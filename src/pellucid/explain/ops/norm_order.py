"""In which order a batch norm's numbers are summed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Shape
from pellucid.sizes import size_of
from pellucid.winograd import SIDE

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Order:
    """In which order the numbers of a channel are summed: in parts from 0, the parts of a group in order, the groups.

    Attributes:
        places: which number comes when, (groups, numbers of a group).
        edges: where the parts of a group begin, and the end of the last one.
    """

    places: NDArray[np.int64]
    edges: NDArray[np.int64]

    @property
    def additions(self) -> int:
        """The most that a number of a group meets."""
        return int(np.diff(self.edges).max(initial=0)) + len(self.edges) - 1

    @classmethod
    def in_lanes(cls, shape: Shape, images: int, side_by_side: int) -> Order:
        """Parts of so many images; in each, pixels that lie so far apart have a sum of their own."""
        pixels = size_of(shape[2:])
        numbers, size = shape[0] * pixels, images * pixels
        starts = range(0, numbers, size) if size else ()
        parts = [np.arange(start, min(start + size, numbers)) for start in starts]
        lanes = [lane for part in parts for lane in part.reshape(-1, side_by_side).T]
        places = np.concatenate([np.zeros(0, np.int64), *lanes])
        return cls(places[None], np.cumsum([0, *map(len, lanes)]))

    @classmethod
    def in_tiles(cls, shape: Shape) -> Order:
        """A group is an image, a part one of its tiles."""
        images, _, height, width = shape
        image = np.arange(height * width).reshape(height, width)
        corners = [(y, x) for y in range(0, height, SIDE) for x in range(0, width, SIDE)]
        tiles = [image[y : y + SIDE, x : x + SIDE].reshape(-1) for y, x in corners]
        places = np.arange(images)[:, None] * image.size + np.concatenate(tiles)
        return cls(places, np.cumsum([0, *map(len, tiles)]))

    def sums(self, left: Array, right: Array | None = None) -> Array:
        """Each group's Σ left·right, or Σ left, of arrays (elements, numbers of a channel), as (elements, groups)."""
        from pellucid.kernels.loops.replay import replay  # imports LLVM: only when it is needed

        if not self.places.size:
            return np.zeros((len(left), 1))
        right = np.ones_like(left) if right is None else right
        groups, size = self.places.shape
        left_, right_ = (np.ascontiguousarray(x[:, self.places].reshape(-1, size)) for x in (left, right))
        sums = np.zeros((len(left) * groups, len(self.edges) - 1))
        replay(left_, right_, self.edges, sums)
        return sums[:, :1].reshape(len(left), -1)

    def sum(self, left: Array, right: Array | None = None) -> Array:
        """The groups' sums, added in order, as (elements, 1)."""
        return in_order(self.sums(left, right))


def in_order(sums: Array) -> Array:
    """Added in order, as (elements, 1)."""
    totals: Array = np.add.accumulate(sums, axis=1)
    return totals[:, -1:]
