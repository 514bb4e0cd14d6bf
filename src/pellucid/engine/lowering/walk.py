"""Lists of tile calls over tensors, for convolution and max pooling: where positions lie, and the call of the walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList


@dataclass(frozen=True)
class View:
    """Sizes and strides of a channels-last tensor as a walk sees it: N, (D, H, W), C."""

    images: int
    channels: int
    image: int
    strides: tuple[int, int, int]

    def offset(self, position: tuple[int, ...]) -> int:
        """Elements from the first inner element to a position, which may lie in the halo."""
        return sum(i * s for i, s in zip(position, self.strides, strict=True))

    def offsets(self, positions: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """How far positions lie from the first of them."""
        first = self.offset(positions[0])
        return tuple(self.offset(position) - first for position in positions)


def view(tensor: Tensor) -> View:
    """A tensor as it lies in memory; only after all halos are known."""
    image, *strides = tensor.strides
    return View(tensor.inner[0], tensor.inner[4], image, (strides[0], strides[1], strides[2]))


def walk(
    plan: Plan,
    tiles_: TileList,
    blocks_: tuple[Block, Block, Block, Block],
    per_image: tuple[int, int, int, int],
    images: int,
    per_part: int | None = None,
    part: int = 0,
) -> Tables:
    """The tables of `walk_tiles`: A, B, out, start and how far each moves from image to image."""
    entries, bounds, taps = tables = tiles_.finish()
    plan.owners.append(tables)
    if per_part is None:
        per_part = max(1, images // CHUNKS)
    ranges = len(bounds) - 1
    strides = [stride * size for stride, size in zip(per_image, tiles_.sizes, strict=True)]
    n: list[int | Block] = [*blocks_, *strides, part * tiles_.sizes[2], images, per_part, ranges]
    n += [entries.ctypes.data, bounds.ctypes.data, taps.ctypes.data]
    return Tables(-(-images // per_part) * ranges, (), n)


def cut_when_few(tiles_: TileList, images: int, grid: int) -> None:
    """With few images, let threads share one image's tiles."""
    if images < CHUNKS and (len(tiles_.rows) - tiles_.bounds[-1]) * CHUNKS >= images * grid:
        tiles_.cut()
