"""Winograd's algorithm for 3×3 convolutions: when it serves, and what its directions share.

An image is cut into tiles of 4×4 outputs. The inputs that a tile reads are transformed, and so is the weight; each
point of the result is then a sum of products of matrices (tiles × input channels by input channels × output channels),
one at stride 1, up to four at stride 2; and the results are transformed back: 36 or 81 products for a tile in place of
144. The matrices, and which points are multiplied, are in `winograd.py` of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pellucid.derived import derived
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.layer import Layer
from pellucid.engine.lowering.walk import Stage, view, walk
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd.norm import NormalLoad
from pellucid.kernels.simd.pooled import Routes
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import SIDE, Along, Pair, Plane, Scheme, output

_LEAST_CHANNELS = 16  # times the stride: with fewer, the transforms cost what the products save
_LEAST_SAVING = 0.7  # at most this share of the direct products, where images are no multiple of tiles

Position = tuple[int, int, int]  # image, y, x
WINOGRAD = {"winograd_additions": 0}  # of an output and an input gradient: no sums beyond the transforms'


def serves(layer: Layer) -> bool:
    """Whether Winograd's algorithm can compute a convolution, in all three directions."""
    depth, *plane = layer.axes
    flat = depth.kernel == depth.input == depth.output == 1
    windows = {(axis.kernel, axis.stride, axis.dilation) for axis in plane}
    return flat and layer.groups == 1 and windows in ({(3, 1, 1)}, {(3, 2, 1)})


def pays(layer: Layer) -> bool:
    """Whether it is the faster way: by the shape of an image and the channels alone."""
    _, h, w = layer.axes
    if not serves(layer) or min(layer.inputs, layer.outputs) < _LEAST_CHANNELS * h.stride:
        return False
    products = sum(map(len, scheme(layer, output).products)) * -(-h.output // SIDE) * -(-w.output // SIDE)
    return products <= _LEAST_SAVING * layer.taps * h.output * w.output


def scheme(layer: Layer, direction: Callable[[int, int], Along]) -> Scheme:
    """The algorithm for one direction of a convolution."""
    _, h, w = layer.axes
    return Scheme(direction(h.stride, h.before), direction(w.stride, w.before))


@dataclass(frozen=True)
class Grid:
    """The tiles of some images that are worked on together."""

    images: int
    height: int  # outputs along H; of an input gradient, as many as one phase of the stride has
    width: int

    @derived
    def tiles(self) -> list[Position]:
        """Each tile's first output."""
        height, width = range(0, self.height, SIDE), range(0, self.width, SIDE)
        return [(n, y, x) for n in range(self.images) for y in height for x in width]

    def stored(self, tile: Position) -> tuple[int, int]:
        """How many rows and columns of a tile's outputs lie inside the image."""
        return min(SIDE, self.height - tile[1]), min(SIDE, self.width - tile[2])

    def together(self, images: int, tiles: int) -> int:
        """How many of so many images have about so many tiles: a divisor, one at least. For the grid of one image."""
        most = max(1, tiles // len(self.tiles))
        return max(n for n in range(1, most + 1) if images % n == 0)


@dataclass(frozen=True)
class Planes:
    """A matrix for each of points × points, one behind the other; `start` is where the first one begins."""

    points: int
    start: int
    step: int  # from plane to plane
    columns: int

    @classmethod
    def of(cls, points: int, rows: int, columns: int, start: int = 0) -> Planes:
        """Planes for rows × columns, an odd number of cache lines apart, so that they do not collide there."""
        lines = -(-rows * columns // 16)
        return cls(points, start, 16 * (lines + 1 - lines % 2), columns)

    @property
    def steps(self) -> tuple[int, int]:
        """From row to row and from column to column of points."""
        return self.points * self.step, self.step

    @property
    def end(self) -> int:
        """Where the next thing can begin."""
        return self.start + self.points**2 * self.step

    def at(self, point: int, row: int = 0) -> int:
        """Where a row of a point's matrix begins."""
        return self.start + point * self.step + row * self.columns

    def later(self, numbers: int) -> Planes:
        """The same planes from so many numbers further on."""
        return replace(self, start=self.start + numbers)


@dataclass(frozen=True)
class Normalised:
    """What the gradient of a batch norm's input is made of besides grad_output."""

    input: Tensor
    slopes: Block  # (see `NormalGradient`)
    lanes: int


@dataclass(frozen=True)
class Source:
    """A tensor that is cut into overlapping tiles; with routes it is what a 2×2 pooling gives back.

    With `norm` it is the gradient of a batch norm's input, and `tensor` that of its output.
    """

    tensor: Tensor
    plane: Plane
    routes: Tensor | None = None
    norm: Normalised | None = None

    def stage(self, out: Block | None, images: int, step: int = 0) -> Stage:
        """What its transforms count from; `out` moves by `step` from unit to unit of so many images."""
        beside = self.routes or (self.norm.input if self.norm else None)
        a, b = (view(t).image if t else 0 for t in (self.tensor, beside))
        table = self.norm.slopes if self.norm else None
        return Stage((self.tensor, beside, out, table), (images * a, images * b, step, 0))

    def widen(self, grid: Grid) -> None:
        """Have zeros where tiles stick out."""
        scale = 2 if self.routes else 1
        sides, sizes = (self.plane.h, self.plane.w), (grid.height, grid.width)
        halo = [(0, 0)]
        for side, size, here in zip(sides, sizes, self.tensor.inner[2:4], strict=True):
            last = side.corner + (size - 1) // SIDE * SIDE * side.stride + side.reach - 1
            halo.append((max(0, -(side.corner // scale)), max(0, last // scale + 1 - here)))
        for tensor in (self.tensor, self.routes):
            if tensor is not None and self.norm is None:
                tensor.widen(halo)

    def into_planes(self, list_: TileList, group: Sequence[Position], planes: Planes, bits: int) -> None:
        """Transform some tiles: tile t becomes row t of all planes."""
        for pair in self.plane.pairs:
            self._pair_into_planes(list_, pair, group, planes, bits)

    def _pair_into_planes(
        self, list_: TileList, pair: Pair, group: Sequence[Position], planes: Planes, bits: int
    ) -> None:
        h, w = self.plane.h, self.plane.w
        x, scale = view(self.tensor), 2 if self.routes else 1
        beside = view(self.routes or (self.norm.input if self.norm else self.tensor))
        next_tile, next_beside = (SIDE * w.stride // scale * v.strides[2] for v in (x, beside))
        origin, steps = (h.corner % scale, w.corner % scale), x.strides[1:]
        routes = Routes(beside.strides[1:], next_beside, origin) if self.routes else None
        for t, count in rows_of(group, self._inside if self.norm else None):
            n, y, column = group[t]
            normal = None
            if self.norm:
                normal = NormalLoad(beside.strides[1:], next_beside, self.norm.lanes, self._inside(group[t]))
            code = Transform(
                bits,
                pair.kinds,
                x.channels,
                pair.steps(steps),
                planes.steps,
                (next_tile, planes.columns, 0),
                routes=routes,
                normal=normal,
            )
            place = (0, (y * h.stride + h.corner) // scale, (column * w.stride + w.corner) // scale)
            a, b = (n * v.image + v.offset(place) for v in (x, beside))
            list_.add(code, code, a=a + pair.offset(steps), b=b, out=planes.at(pair.point, t), count=count)

    def _inside(self, tile: Position) -> tuple[range, range]:
        """The rows and the columns of a tile's window that lie in the image."""
        sides = zip((self.plane.h, self.plane.w), tile[1:], self.tensor.inner[2:4], strict=True)
        rows, columns = (
            range(max(0, -at - side.corner), min(side.reach, size - at - side.corner))
            for side, at, size in sides
        )
        return rows, columns


@dataclass(frozen=True)
class Transformed:
    """All tiles of a tensor at the points, for all threads."""

    block: Block
    planes: Planes


def transform_all(plan: Plan, step: Step, label: str, source: Source, grid: Grid) -> Transformed:
    """A launch that transforms the tiles of all images; `grid` is that of one."""
    images, channels = source.tensor.inner[0], source.tensor.inner[4]
    planes = Planes.of(source.plane.points, images * len(grid.tiles), channels)
    block = plan.block(f"{label} at the points", planes.end)

    def bind() -> Work:
        list_ = TileList()
        source.into_planes(list_, grid.tiles, planes, plan.bits)
        return walk(plan, list_, [source.stage(block, 1, len(grid.tiles) * channels)], range(images))

    plan.loop(step, block.name, tiles.walk_tiles, bind)
    return Transformed(block, planes)


def taps_of(
    factors: Sequence[tuple[int, int]], left: Planes, right: Planes
) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    """Where the first of some pairs of points begin in A and B, and how far from there all of them."""
    places = [(left.at(i), right.at(j)) for i, j in factors]
    a, b = places[0]
    return a, b, tuple((x - a, y - b) for x, y in places)


def rows_of(
    group: Sequence[Position], alike: Callable[[Position], Any] | None = None
) -> list[tuple[int, int]]:
    """Tiles that lie in one row, side by side, and are alike: (first, how many)."""
    runs: list[tuple[int, int]] = []
    for _, row in groupby(group, key=lambda tile: (*tile[:2], alike(tile) if alike else None)):
        first = sum(runs[-1]) if runs else 0
        runs.append((first, len(list(row))))
    return runs
