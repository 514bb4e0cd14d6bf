"""What a convolution by Winograd's algorithm fills, and what its last transform does in passing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.lowering.walk import Stage, View, view
from pellucid.engine.lowering.winograd import Grid, Planes, Position, rows_of
from pellucid.engine.tiling import TileList
from pellucid.kernels.simd.pooled import Routes
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import SIDE, Pair, Plane


@dataclass(frozen=True)
class Target:
    """A tensor that is filled tile by tile; with routes it holds the outputs pooled, 2×2."""

    tensor: Tensor
    plane: Plane
    size: tuple[int, int]  # of the outputs, before they are pooled
    start: Literal["nothing", "bias", "base", "norm"]
    other: Block | None  # the bias, the base or what normalises
    mask: Tensor | None = None
    added: Tensor | None = None
    relu: bool = False
    routes: Tensor | None = None  # the positions that won
    moments: Block | None = None  # of each image's outputs

    def grid(self, images: int) -> Grid:
        """The tiles of so many images."""
        return Grid(images, *self._sizes(0))

    def _sizes(self, first: int) -> list[int]:
        """Along H and W, how many outputs lie at `first` and every stride from there on."""
        return [len(range(first, size, self.plane.h.stride)) for size in self.size]

    def span(self, group: Sequence[Position]) -> range:
        """Where pixels lie, from the first that belongs to some tiles to the last."""
        y, scale, (height, width) = view(self.tensor), 2 if self.routes else 1, self.tensor.inner[2:4]
        (first, row, _), (last, end, _), stride = group[0], group[-1], self.plane.h.stride
        rows = min(height, (end + SIDE) * stride // scale)
        stop = last * y.image + y.offset((0, rows - 1, width))
        return range(first * y.image + y.offset((0, row * stride // scale, 0)), stop, y.strides[2])

    def stage(self, images: int) -> Stage:
        """What its transforms count from, for so many images at a time."""
        views = (self._beside, view(self.tensor), self._other)
        b, out, other = (images * v.image if v else 0 for v in views)
        blocks_ = (None, self.routes or self.mask or self.added or self.moments, self.tensor, self.other)
        leaves = self.routes is not None or (self.moments is not None and not self.mask and not self.added)
        return Stage(blocks_, (0, b or images * self._sums, out, other), leaves=leaves)

    def from_planes(
        self, list_: TileList, grid: Grid, group: Sequence[Position], panel: tuple[int, int], results: Planes
    ) -> None:
        """Transform some tiles back, for a block of channels: tile t is row t of the planes."""
        for pair in self.plane.pairs:
            self._pair_from_planes(list_, pair, grid, group, panel, results)

    def _pair_from_planes(
        self,
        list_: TileList,
        pair: Pair,
        grid: Grid,
        group: Sequence[Position],
        panel: tuple[int, int],
        results: Planes,
    ) -> None:
        """Calls take tiles side by side that are stored alike."""
        first, columns = panel
        inside = Grid(grid.images, self._sizes(pair.h.first)[0], self._sizes(pair.w.first)[1])
        y, other, scale = view(self.tensor), self._other, 2 if self.routes else 1
        beside = self._beside
        routes = None
        if self.routes and beside:
            routes = Routes(beside.strides[1:], SIDE // scale * beside.strides[2], masked=self.relu)
        start_steps, beside_steps = (v.strides[1:] if v else (0, 0) for v in (other, beside))
        stride = self.plane.h.stride
        next_tile = (results.columns, SIDE * stride // scale * y.strides[2], SIDE * stride * start_steps[1])

        def alike(tile: Position) -> tuple[tuple[int, int], bool]:
            return inside.stored(tile), bool(self.moments) and tile[1:] == (0, 0)

        for t, count in rows_of(group, alike):
            (n, row, column), (stored, new) = group[t], alike(group[t])
            if min(stored) <= 0:
                continue
            code = Transform(
                8 * self.tensor.dtype.itemsize,
                pair.kinds,
                columns,
                results.steps,
                pair.steps(y.strides[1:]),
                next_tile,
                stored,
                self.start,
                (self.tensor.inner[4], 0) if self.start == "norm" else pair.steps(start_steps),
                pair.steps(beside_steps) if self.mask else None,
                pair.steps(beside_steps) if self.added else None,
                self.relu,
                routes=routes,
                moments=self._sums // 3,
                new=new,
            )
            place = (0, row * stride // scale + pair.h.first, column * stride // scale + pair.w.first)
            out, b, start = (first + (n * v.image + v.offset(place) if v else 0) for v in (y, beside, other))
            b += n * self._sums
            list_.add(code, code, a=results.at(pair.point, t), b=b, out=out, start=start, count=count)

    @property
    def _beside(self) -> View | None:
        """What lies as the target does and is read or written in passing."""
        beside = self.routes or self.mask or self.added
        return view(beside) if beside else None

    @property
    def _sums(self) -> int:
        """Numbers of an image's moments."""
        return 3 * self.tensor.inner[4] if self.moments else 0

    @property
    def _other(self) -> View | None:
        """The base, which lies as the target does; a bias does not."""
        return view(self.other) if isinstance(self.other, Tensor) else None
