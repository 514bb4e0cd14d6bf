"""What a convolution by Winograd's algorithm fills: the way back from the points, and what ends it."""

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
from pellucid.winograd import SIDE, Pair, Scheme

End = Literal["nothing", "bias", "base", "gate"]


@dataclass(frozen=True)
class Target:
    """A tensor that tiles of results fill."""

    tensor: Tensor
    scheme: Scheme
    size: tuple[int, int]  # of the results, before they are pooled
    end: End
    other: Block | None  # the bias, base or gate
    relu: bool = False
    routes: Tensor | None = None  # the tensor holds pooled results, and this the positions that won

    @property
    def stride(self) -> int:
        """SIDE times this is from tile to tile."""
        return self.scheme.h.strides[1]

    def grid(self, images: int) -> Grid:
        """The tiles of so many images."""
        return Grid(images, *(-(-size // self.stride) for size in self.size))

    def stage(self, images: int) -> Stage:
        """The stage of the calls, for units of so many images."""
        views = (view(tensor) if tensor else None for tensor in (self.routes, self.tensor))
        b, out, other = (images * v.image if v else 0 for v in (*views, self._other))
        return Stage((None, self.routes, self.tensor, self.other), (0, b, out, other))

    def from_planes(
        self,
        list_: TileList,
        grid: Grid,
        group: Sequence[Position],
        channels: tuple[int, int],
        results: Planes,
        bits: int,
    ) -> None:
        """Some channels of some tiles: tile t is row t of the planes."""
        for pair in self.scheme.pairs("result"):
            phases = zip(pair.phases, self.size, strict=True)
            inside = Grid(grid.images, *(len(range(phase.first, size, phase.step)) for phase, size in phases))
            for t, count in rows_of(group, inside.stored):
                stored = inside.stored(group[t])
                if min(stored) > 0:
                    code = self._code(pair, stored, channels[1], results, bits)
                    self._add(list_, code, pair, group[t], channels[0], results.row(pair.point, t), count)

    def _code(
        self, pair: Pair, stored: tuple[int, int], channels: int, results: Planes, bits: int
    ) -> Transform:
        """For tiles side by side that are stored alike."""
        y, scale = view(self.tensor), self._scale
        routes = None
        if self.routes:
            steps = view(self.routes).strides[1:]
            routes = Routes(steps, SIDE // scale * steps[1], gated=self.relu)
        end_steps = self._end_steps
        per_tile = SIDE * self.stride
        return Transform(
            bits,
            pair.kinds,
            channels,
            results.steps,
            pair.steps(y.strides[1:]),
            (results.columns, per_tile // scale * y.strides[2], per_tile * end_steps[1]),
            stored,
            self.end,
            pair.steps(end_steps),
            self.relu,
            routes=routes,
        )

    def _add(
        self, list_: TileList, code: Transform, pair: Pair, tile: Position, channel: int, a: int, count: int
    ) -> None:
        n, *first = tile
        y, other = view(self.tensor), self._other
        route = view(self.routes) if self.routes else y
        row, column = (at * self.stride // self._scale for at in first)
        place, start = (0, row, column), channel
        if other:
            start += n * other.image + other.offset(place) + pair.offset(self._end_steps)
        list_.add(
            code,
            code,
            a=a,
            b=n * route.image + route.offset(place) + channel,
            out=n * y.image + y.offset(place) + pair.offset(y.strides[1:]) + channel,
            start=start,
            count=count,
        )

    @property
    def _scale(self) -> int:
        """Results in a row for each number that is stored."""
        return 2 if self.routes else 1

    @property
    def _other(self) -> View | None:
        """The base or gate, which lies as the tensor does; a bias does not."""
        return view(self.other) if isinstance(self.other, Tensor) else None

    @property
    def _end_steps(self) -> tuple[int, int]:
        return self._other.strides[1:] if self._other else (0, 0)
