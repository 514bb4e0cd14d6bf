"""Lists of tile calls over tensors, for convolution and max pooling: where positions lie, and the call of the walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList


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
    """
    whole_lines = tensor.inner[4] * tensor.dtype.itemsize % _LINE_BYTES == 0
    return replace(view(tensor), past=plan.trains and whole_lines and tensor.size_bytes >= _PAST_BYTES)


_PAST_BYTES = 1 << 24
_LINE_BYTES = 64
FIRST_STAGE = 7  # where in a walk's n its stages begin, with the address of A


@dataclass(frozen=True)
class Stage:
    """What a stage's calls count from: A, B, out, start (None: scratch memory), and how far each moves per unit."""

    blocks: tuple[Block | None, Block | None, Block | None, Block | None]
    per_unit: tuple[int, int, int, int]
    part: int = 0  # how far out moves from part to part


def walk(
    plan: Plan, tiles_: TileList, stages: Sequence[Stage], units: range, per_part: int | None = None
) -> Tables:
    """The tables of `walk_tiles`."""
    tables = tiles_.finish()
    sizes = np.array([_sizes(plan, stage) for stage in stages])
    tables[0][:, 3:7] *= sizes[tables[0][:, 2]]
    plan.owners.append(tables)
    if per_part is None:
        per_part = max(1, len(units) // CHUNKS)
    ranges = len(tables[1]) - 1
    n: list[int | Block] = [
        units.start,
        units.stop,
        per_part,
        ranges,
        *(table.ctypes.data for table in tables),
    ]
    for stage, sizes_ in zip(stages, sizes.tolist(), strict=True):
        n += [0 if block is None else block for block in stage.blocks]
        n += [stride * size for stride, size in zip(stage.per_unit, sizes_, strict=True)]
        n.append(stage.part * sizes_[2])
    return Tables(-(-len(units) // per_part) * ranges, (), n)


def _sizes(plan: Plan, stage: Stage) -> list[int]:
    """Bytes of an element of A, B, out and start."""
    return [(plan if block is None else block).dtype.itemsize for block in stage.blocks]


def cut_when_few(tiles_: TileList, images: int, grid: int) -> None:
    """With few images, let threads share one image's tiles."""
    if images < CHUNKS and (len(tiles_) - tiles_.bounds[-1]) * CHUNKS >= images * grid:
        tiles_.cut()
