"""In which order a batch norm's numbers are summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import batch
from pellucid.derived import derived
from pellucid.explain.ops.fused import fused_sums
from pellucid.explain.ops.parts import in_order
from pellucid.ops.base import Shape
from pellucid.sizes import size_of
from pellucid.winograd import SIDE

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Run:
    """Numbers that are summed around one of them: stretch by stretch from 0, the stretches' sums in order.

    Attributes:
        centre: which one.
        stretches: which number comes when.
    """

    centre: int
    stretches: Sequence[NDArray[np.int64]]

    @property
    def places(self) -> NDArray[np.int64]:
        """Its numbers."""
        return np.concatenate(self.stretches)


@dataclass(frozen=True, eq=False)
class Order:
    """In which order the numbers of a channel are summed.

    Attributes:
        parts: of the batch, which are added as a tree; in each, the runs that are added in order, from 0.
    """

    parts: Sequence[Sequence[Run]]

    @classmethod
    def in_lanes(cls, shape: Shape, parts: int, side_by_side: int) -> Order:
        """In each part, pixels that lie so far apart have a sum of their own; all have the part's first as centre."""
        pixels = size_of(shape[2:])
        ends = [(start * pixels, stop * pixels) for start, stop in pairwise(batch.edges(shape[0], parts))]
        lanes = [(start, np.arange(start, stop).reshape(-1, side_by_side).T) for start, stop in ends]
        return cls([[Run(start, [lane]) for lane in some] for start, some in lanes if some.size])

    @classmethod
    def in_tiles(cls, shape: Shape, parts: int) -> Order:
        """Each image has a sum and a centre of its own; its stretches are tiles."""
        images, _, height, width = shape
        image = np.arange(height * width).reshape(height, width)
        corners = [(y, x) for y in range(0, height, SIDE) for x in range(0, width, SIDE)]
        tiles = [image[y : y + SIDE, x : x + SIDE].reshape(-1) for y, x in corners]
        runs = [Run(n * image.size, [n * image.size + tile for tile in tiles]) for n in range(images)]
        return cls([runs[start:stop] for start, stop in pairwise(batch.edges(images, parts))])

    @derived
    def runs(self) -> list[Run]:
        """All of them."""
        return [run for part in self.parts for run in part]

    @derived
    def stretches(self) -> list[NDArray[np.int64]]:
        """Those of all runs."""
        return [stretch for run in self.runs for stretch in run.stretches]

    @property
    def centres(self) -> NDArray[np.int64]:
        """Each run's."""
        return np.array([run.centre for run in self.runs], np.int64)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many numbers each run has."""
        return np.array([len(run.places) for run in self.runs], np.int64)

    @property
    def centre_of(self) -> NDArray[np.int64]:
        """For each number, the centre of its run."""
        result = np.zeros(int(self.sizes.sum()), np.int64)
        for run in self.runs:
            result[run.places] = run.centre
        return result

    @property
    def additions(self) -> int:
        """The most that a number meets."""
        in_runs = max((max(map(len, run.stretches)) + len(run.stretches) - 1 for run in self.runs), default=0)
        return in_runs + max(map(len, self.parts), default=0) + batch.depth(max(1, len(self.parts)))

    def each(self, left: Array, right: Array | None = None) -> Array:
        """Each run's Σ left·right, or Σ left, of arrays (elements, numbers of a channel), as (elements, runs)."""
        right = np.ones_like(left) if right is None else right
        places = np.concatenate([np.zeros(0, np.int64), *self.stretches])
        sums = fused_sums(left[:, places], right[:, places], np.cumsum([0, *map(len, self.stretches)]))
        ends = np.cumsum([0, *(len(run.stretches) for run in self.runs)])
        runs = [np.add.accumulate(sums[:, start:stop], axis=1)[:, -1] for start, stop in pairwise(ends)]
        return np.stack(runs, axis=1) if runs else np.zeros((len(left), 0))

    def whole(self, sums: Array) -> Array:
        """The sums of all runs, part by part, the parts as a tree, as (elements, 1)."""
        ends = np.cumsum([0, *map(len, self.parts)])
        parts = [in_order(sums[:, start:stop]) for start, stop in pairwise(ends)]
        return batch.added(parts, np.add) if parts else np.zeros((len(sums), 1))

    def sum(self, left: Array, right: Array | None = None) -> Array:
        """Σ left·right, or Σ left, as (elements, 1)."""
        return self.whole(self.each(left, right))
