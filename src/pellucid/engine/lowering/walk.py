"""Lists of tile calls over tensors, for convolution and max pooling: where positions lie, and the call of the walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.tiling import OFFSETS, STAGE, TileList
from pellucid.kernels.loops import tiles

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Sizes and strides of a channels-last tensor as a walk sees it: N, (D, H, W), C.

    `past`: whether a loop that does little else stores it past the caches.
    """

    images: int
    channels: int
    image: int
    strides: tuple[int, int, int]
    past: bool = False

    def offset(self, position: tuple[int, ...]) -> int:
        """Elements from the first inner element to a position, which may lie in the halo."""
        (d, h, w), (slice_, row, pixel) = position, self.strides
        return d * slice_ + h * row + w * pixel

    def offsets(self, positions: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """How far positions lie from the first of them."""
        first = self.offset(positions[0])
        return tuple(self.offset(position) - first for position in positions)


def view(tensor: Tensor) -> View:
    """A tensor as it lies in memory; only after all halos are known."""
    image, *strides = tensor.strides
    return View(tensor.inner[0], tensor.inner[4], image, (strides[0], strides[1], strides[2]))


def stored(plan: Plan, tensor: Tensor) -> View:
    """The same of a tensor that is about to be stored: past the caches, if it is larger than they are.

    So the lines that are overwritten need not be read. In inference it is all read at once, from the last cache.
    What lies inside another tensor may begin in the middle of a line.
    """
    whole_lines = tensor.root is tensor and tensor.inner[4] * tensor.dtype.itemsize % _LINE_BYTES == 0
    return replace(view(tensor), past=plan.trains and whole_lines and tensor.size_bytes >= _PAST_BYTES)


_PAST_BYTES = 1 << 24
_LINE_BYTES = 64


@dataclass(frozen=True)
class Stage:
    """What a stage's calls count from: A, B, out, start (None: scratch memory), and how far each moves per unit."""

    blocks: tuple[Block | None, Block | None, Block | None, Block | None]
    per_unit: tuple[int, int, int, int]
    part: int = 0  # how far out moves from part to part
    leaves: bool = False  # whether B is written

    def sizes(self, plan: Plan) -> list[int]:
        """Bytes of an element of A, B, out and start."""
        return [(plan if block is None else block).dtype.itemsize for block in self.blocks]

    def table(self, plan: Plan) -> tiles.Stage:
        """The same in bytes."""
        sizes = self.sizes(plan)
        a, b, out, start = (step * size for step, size in zip(self.per_unit, sizes, strict=True))
        return tiles.Stage(*self.blocks, a, b, out, start, self.part * sizes[2])


def walk(
    plan: Plan,
    tiles_: TileList,
    stages: Sequence[Stage],
    units: range,
    per_part: int | None = None,
    adds_to: tuple[Block, ...] = (),
) -> Work:
    """A walk over these units, in parts of so many, which may begin with what is in some blocks that it writes."""
    calls, bounds, taps, stages_ = tables(plan, tiles_, stages)
    if per_part is None:
        per_part = max(1, len(units) // CHUNKS)
    ranges = len(bounds) - 1
    table = tiles.Walk(
        first_unit=units.start,
        last_unit=units.stop,
        per_part=per_part,
        ranges=ranges,
        calls=calls,
        bounds=bounds,
        taps=taps,
        stages=stages_,
    )
    return Work(-(-len(units) // per_part) * ranges, table, adds_to, left_by(stages))


def tables(
    plan: Plan, tiles_: TileList, stages: Sequence[Stage]
) -> tuple[Integers, Integers, Integers, tuple[tiles.Stage, ...]]:
    """Calls, bounds, taps and stages of a walk as it takes them: in bytes."""
    calls, bounds, taps = tiles_.finish()
    calls[:, OFFSETS] *= np.array([stage.sizes(plan) for stage in stages])[calls[:, STAGE]]
    return calls, bounds, taps, tuple(stage.table(plan) for stage in stages)


def left_by(stages: Sequence[Stage]) -> tuple[Block, ...]:
    """The blocks that are written where stages have what is read."""
    return tuple(block for stage in stages if stage.leaves and (block := stage.blocks[1]) is not None)


def cut_when_few(tiles_: TileList, images: int, grid: int) -> None:
    """With few images, let threads share one image's tiles."""
    if images < CHUNKS and (len(tiles_) - tiles_.bounds[-1]) * CHUNKS >= images * grid:
        tiles_.cut()
