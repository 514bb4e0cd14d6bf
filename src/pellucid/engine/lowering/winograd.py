"""Winograd's algorithm for 3×3 convolutions: when it serves, and what its directions share.

An image is cut into tiles of 4×4 outputs. The inputs that a tile reads are transformed, and so is the weight; each
point of the result is then a sum of products of matrices (tiles × input channels by input channels × output channels),
one at stride 1, up to four at stride 2; and the results are transformed back: 36 or 81 products for a tile in place of
144. The matrices, and which points are multiplied, are in `winograd.py` of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from pellucid.engine.buffers import Tensor
from pellucid.engine.lowering.layer import Layer
from pellucid.engine.lowering.walk import view
from pellucid.engine.tiling import TileList
from pellucid.kernels.simd.pooled import Routes
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import SIDE, Along, Pair, Scheme, Side, output

_LEAST_CHANNELS = 16  # times the stride: with fewer, the transforms cost what the products save
_LEAST_SAVING = 0.7  # at most this share of the direct products, where images are no multiple of tiles

Position = tuple[int, int, int]  # image, y, x


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
    products = scheme(layer, output).multiplications * len(Grid(1, h.output, w.output).tiles)
    return products <= _LEAST_SAVING * layer.taps * h.output * w.output


def scheme(layer: Layer, direction: Callable[[int, int], Along]) -> Scheme:
    """The algorithm for a convolution in one direction."""
    _, h, w = layer.axes
    return Scheme(direction(h.stride, h.before), direction(w.stride, w.before))


@dataclass(frozen=True)
class Grid:
    """The tiles of some images that are worked on together."""

    images: int
    height: int  # outputs along H, or pairs of positions of an input gradient of stride 2
    width: int

    @cached_property
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

    def at(self, point: int) -> int:
        """Where a point's matrix begins."""
        return self.start + point * self.step

    def row(self, point: int, row: int) -> int:
        """Where a row of it begins."""
        return self.at(point) + row * self.columns

    def later(self, numbers: int) -> Planes:
        """The same planes from so many numbers further on."""
        return replace(self, start=self.start + numbers)


@dataclass(frozen=True)
class Source:
    """A tensor that is cut into overlapping tiles; with routes it is what a 2×2 pooling gives back."""

    tensor: Tensor
    scheme: Scheme
    side: Side  # the factor that it is: left, or right and not moved by padding
    routes: Tensor | None = None

    @property
    def blocks(self) -> tuple[Tensor, Tensor | None]:
        """A and B of the calls."""
        return self.tensor, self.routes

    @property
    def per_image(self) -> tuple[int, int]:
        """How far they move from image to image."""
        return view(self.tensor).image, view(self.routes).image if self.routes else 0

    @property
    def points(self) -> int:
        """Points along an axis."""
        return self.scheme.points(self.side)

    @property
    def _stride(self) -> int:
        """SIDE times this is from tile to tile."""
        return self.scheme.h.strides[0] if self.side == "left" else 1

    @property
    def _corner(self) -> tuple[int, int]:
        """Where the first tile begins."""
        return (self.scheme.h.corner, self.scheme.w.corner) if self.side == "left" else (0, 0)

    def widen(self, grid: Grid) -> None:
        """Have zeros where tiles stick out."""
        scale = 2 if self.routes else 1
        halo = [(0, 0)]
        for along, begin, outputs, here in zip(
            (self.scheme.h, self.scheme.w),
            self._corner,
            (grid.height, grid.width),
            self.tensor.inner[2:4],
            strict=True,
        ):
            reach = max(phase.positions[-1] for phase in along.phases(self.side))
            last = begin + (outputs - 1) // SIDE * SIDE * self._stride + reach
            halo.append((max(0, -(begin // scale)), max(0, last // scale + 1 - here)))
        for tensor in self.blocks:
            if tensor is not None:
                tensor.widen(halo)

    def into_planes(self, list_: TileList, tiles: Sequence[Position], planes: Planes, bits: int) -> None:
        """Transform tiles: tile t becomes row t of all planes."""
        for pair in self.scheme.pairs(self.side):
            self._pair_into_planes(list_, pair, tiles, planes, bits)

    def _pair_into_planes(
        self, list_: TileList, pair: Pair, tiles: Sequence[Position], planes: Planes, bits: int
    ) -> None:
        x, scale, corner = view(self.tensor), 2 if self.routes else 1, self._corner
        route = view(self.routes) if self.routes else x
        origin = (corner[0] % scale, corner[1] % scale)
        routes = Routes(route.strides[1:], SIDE // scale * route.strides[2], origin) if self.routes else None
        next_tile = (SIDE * self._stride // scale * x.strides[2], planes.columns, 0)
        steps = pair.steps(x.strides[1:])
        code = Transform(bits, pair.kinds, x.channels, steps, planes.steps, next_tile, routes=routes)
        for t, count in rows_of(tiles):
            n, *tile = tiles[t]
            y, column = ((at * self._stride + c) // scale for at, c in zip(tile, corner, strict=True))
            a, b = (n * v.image + v.offset((0, y, column)) for v in (x, route))
            a += pair.offset(x.strides[1:])
            list_.add(code, code, a=a, b=b, out=planes.row(pair.point, t), count=count)


def taps_of(
    factors: Sequence[tuple[int, int]], left: Planes, right: Planes
) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    """Where the first of some pairs of points begin in A and B, and how far from there all of them."""
    places = [(left.at(i), right.at(j)) for i, j in factors]
    a, b = places[0]
    return a, b, tuple((x - a, y - b) for x, y in places)


def rows_of(
    tiles: Sequence[Position], stored: Callable[[Position], tuple[int, int]] | None = None
) -> list[tuple[int, int]]:
    """Tiles that lie in one row, side by side, and are stored alike: (first, how many)."""
    runs: list[tuple[int, int]] = []
    for _, row in groupby(tiles, key=lambda tile: (*tile[:2], stored(tile) if stored else None)):
        first = sum(runs[-1]) if runs else 0
        runs.append((first, len(list(row))))
    return runs
