"""Convolution by Winograd's algorithm: the output, and the input gradient, which is a convolution again.

A thread works in its own cache. Where the transformed weight is small, it stands ready for all, and a thread does some
tiles at a time: transforms them, makes the products for one block of output channels after the other, transforms back.
Where the weight is large, its transform would not stay in any cache: then all tiles are transformed first, and a thread
takes one block of output channels at a time: transforms that part of the weight, makes the products, transforms back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pellucid.engine import joining
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.conv_grad_input import turned_weight
from pellucid.engine.lowering.layer import layer_of
from pellucid.engine.lowering.walk import Stage, View, view, walk
from pellucid.engine.lowering.winograd import PLANES, Grid, Planes, Position, Source, rows_of
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd, tiles
from pellucid.kernels.simd import Tile
from pellucid.kernels.simd.pooled import Routes
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import POINTS, SIDE

_TILES = 48  # about how many tiles a thread has in its cache
_LARGE_WEIGHT = 1 << 15  # products of channels from which on the transformed weight is large
_PART = 256  # input channels whose transformed weight, for one block of output channels, a thread keeps


@dataclass(frozen=True)
class _Weight:
    """The weight in blocks of output channels: where each begins, and its numbers from input channel to channel."""

    block: Block
    places: Sequence[tuple[int, int]]
    flip: bool = False


def forward(plan: Plan, node: Node) -> None:
    """output = bias + Σ input·weight, and its ReLU and 2×2 max pooling where the plan joins them."""
    activation = joining.take_relu(plan, node)
    pool = joining.take_pool(plan, activation or node)
    output = plan.output(pool or activation or node)
    if pool is not None:
        plan.pools[pool] = node
        plan.routes[node] = plan.tensor(f"{pool.path}.routes", pool.output.shape, np.uint8)
    input, weight, bias = (plan.value(s) for s in node.operands)
    layer = layer_of(plan, node)
    _, h, w = layer.axes
    panels = blocks(layer.outputs, simd.column_tile(plan.bits))
    _Convolution(
        plan,
        f"{node.path}.output",
        Source(input, (-h.before, -w.before)),
        output,
        (h.output, w.output),
        _Weight(weight, [(first, layer.outputs) for first, _ in panels]),
        "nothing" if bias is None else "bias",
        bias,
        activation is not None,
        plan.routes.get(node),
    ).lower()


def grad_input(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = base + the convolution of grad_output with the turned and flipped weight."""
    assert node.operands[0] is not None
    layer = layer_of(plan, node)
    _, h, w = layer.axes
    gradient, base, gate = plan.add_gated_gradient(node.operands[0])
    turned = turned_weight(plan, layer, plan.value(node.operands[1]))
    panels = blocks(layer.inputs, simd.column_tile(plan.bits))
    _Convolution(
        plan,
        f"{gradient.name} by {node.path}",
        Source(grad_output, (h.before - 2, w.before - 2), plan.routes.get(node)),
        gradient,
        (h.input, w.input),
        _Weight(turned, [(first * layer.taps * layer.outputs, width) for first, width in panels], flip=True),
        "base" if base else "gate" if gate else "nothing",
        base or gate,
    ).lower()


@dataclass(frozen=True)
class _Convolution:
    """A 3×3 convolution of stride 1 that slides over `source` and fills `target`."""

    plan: Plan
    label: str
    source: Source
    target: Tensor
    size: tuple[int, int]  # of the outputs, before they are pooled
    weight: _Weight
    end: Literal["nothing", "bias", "base", "gate"]
    other: Block | None  # the bias, base or gate
    relu: bool = False
    routes: Tensor | None = None  # the target holds pooled outputs, and this the positions that won

    @property
    def inputs(self) -> int:
        """Channels of the source."""
        return self.source.tensor.inner[4]

    @property
    def panels(self) -> list[tuple[int, int]]:
        """Output channels in blocks: (first, how many)."""
        return blocks(self.target.inner[4], simd.column_tile(self.plan.bits))

    def grid(self, images: int) -> Grid:
        """The tiles of so many images."""
        return Grid(images, *self.size)

    def lower(self) -> None:
        """Write the launches."""
        grid, images = self.grid(1), self.source.tensor.inner[0]
        self.source.widen(grid, POINTS)
        large = self.inputs * self.target.inner[4] >= _LARGE_WEIGHT
        if large or images * len(grid.tiles) < 4 * _TILES:
            self._by_channels(images)
        else:
            self._by_tiles(images)

    def _by_tiles(self, images: int) -> None:
        """The weight's transform, then one launch: group by group of tiles, everything."""
        together = self.grid(1).together(images, _TILES)
        grid, width = self.grid(together), self.panels[0][1]
        groups = split(len(grid.tiles), _TILES)
        values = Planes.of(groups[0][1], self.inputs)
        results = Planes.of(groups[0][1], width, values.end)
        weights = Planes.of(self.inputs * len(self.panels), width)
        transformed = self.plan.block(f"{self.label}, weight at the points", weights.end)
        self.plan.need_scratch(results.end)
        panels = [weights.later(panel * self.inputs * width) for panel in range(len(self.panels))]

        def bind_weight() -> Tables:
            list_ = TileList()
            for panel, planes in enumerate(panels):
                self._transform_weight(list_, panel, (0, self.inputs), planes)
                list_.cut()
            stage = Stage((self.weight.block, None, transformed, None), (0, 0, 0, 0))
            return walk(self.plan, list_, [stage], range(1))

        def bind() -> Tables:
            list_ = TileList()
            for first, count in groups:
                group = grid.tiles[first : first + count]
                list_.stage = 0
                self.source.into_planes(list_, "input", group, values, self.plan.bits)
                for panel, planes in enumerate(panels):
                    list_.stage = 1
                    self._multiply(list_, panel, values, planes, results, count, (0, self.inputs))
                    list_.stage = 2
                    self._transform_back(list_, grid, group, panel, results)
                if images // together < CHUNKS:
                    list_.cut()
            a, b = self.source.per_image
            stages = [
                Stage((*self.source.blocks, None, None), (together * a, together * b, 0, 0)),
                Stage((None, transformed, None, None), (0, 0, 0, 0)),
                self._last_stage(together),
            ]
            return walk(self.plan, list_, stages, range(images // together))

        self.plan.launch(transformed.name, tiles.walk_tiles, bind_weight)
        self.plan.launch(self.label, tiles.walk_tiles, bind)

    def _by_channels(self, images: int) -> None:
        """All tiles' transform, then one launch: block by block of output channels, everything."""
        one, grid, width = self.grid(1), self.grid(images), self.panels[0][1]
        values = Planes.of(len(grid.tiles), self.inputs)
        transformed = self.plan.block(f"{self.label}, input at the points", values.end)
        parts, groups = split(self.inputs, _PART), split(len(grid.tiles), _TILES)
        weights = Planes.of(parts[0][1], width)
        results = Planes.of(len(grid.tiles) if len(parts) > 1 else groups[0][1], width, weights.end)
        self.plan.need_scratch(results.end)

        def bind_input() -> Tables:
            list_ = TileList()
            self.source.into_planes(list_, "input", one.tiles, values, self.plan.bits)
            per_unit = (*self.source.per_image, len(one.tiles) * self.inputs, 0)
            stage = Stage((*self.source.blocks, transformed, None), per_unit)
            return walk(self.plan, list_, [stage], range(images))

        def bind() -> Tables:
            list_ = TileList()
            done: dict[tuple[int, ...], range] = {}  # products; those of the next panel are the same
            for panel in range(len(self.panels)):
                for part in parts:
                    list_.stage = 0
                    self._transform_weight(list_, panel, part, weights)
                    for first, count in groups:
                        here = results.later(first * width if len(parts) > 1 else 0)
                        rows = values.later(first * self.inputs + part[0])
                        list_.stage, key = 1, (self.panels[panel][1], *part, first)
                        if key in done:
                            list_.again(done[key])
                        else:
                            begin = len(list_)
                            self._multiply(list_, panel, rows, weights, here, count, part)
                            done[key] = range(begin, len(list_))
                        if part is parts[-1]:
                            list_.stage = 2
                            group = grid.tiles[first : first + count]
                            self._transform_back(list_, grid, group, panel, here)
                list_.cut()
            stages = [
                Stage((self.weight.block, None, None, None), (0, 0, 0, 0)),
                Stage((transformed, None, None, None), (0, 0, 0, 0)),
                self._last_stage(1),
            ]
            return walk(self.plan, list_, stages, range(1))

        self.plan.launch(transformed.name, tiles.walk_tiles, bind_input)
        self.plan.launch(self.label, tiles.walk_tiles, bind)

    def _transform_weight(self, list_: TileList, panel: int, part: tuple[int, int], planes: Planes) -> None:
        """Part of the weight for one block of output channels: (input × output channels) at each point."""
        (begin, step), columns = self.weight.places[panel], self.panels[panel][1]
        steps, next_tile = (3 * self.inputs * step, self.inputs * step), (step, planes.columns, 0)
        code = Transform(
            self.plan.bits, "weight", columns, steps, planes.steps, next_tile, flip=self.weight.flip
        )
        list_.add(code, code, a=begin + part[0] * step, out=planes.start, count=part[1])

    def _multiply(
        self,
        list_: TileList,
        panel: int,
        values: Planes,
        weights: Planes,
        results: Planes,
        count: int,
        part: tuple[int, int],
    ) -> None:
        """At each point: (tiles × input channels) by (input channels × a block of output channels)."""
        columns, step = self.panels[panel][1], results.columns
        pieces = split(count, simd.register_tile(self.plan.bits, columns))
        codes = {
            rows: Tile(
                self.plan.bits,
                tuple(r * self.inputs for r in range(rows)),
                columns,
                1,
                weights.columns,
                part[1],
                tuple(r * step for r in range(rows)),
                "out" if part[0] else "zero",
            )
            for _, rows in pieces
        }
        for point in range(PLANES):
            a, b, out = (planes.start + point * planes.step for planes in (values, weights, results))
            for first, rows in pieces:
                code = codes[rows]
                list_.add(code, code, a=a + first * self.inputs, b=b, out=out + first * step)

    def _transform_back(
        self, list_: TileList, grid: Grid, group: Sequence[Position], panel: int, results: Planes
    ) -> None:
        """Tile t is row t of the planes; calls take tiles side by side that are stored alike."""
        first, columns = self.panels[panel]
        y, other, scale = view(self.target), self._other, 2 if self.routes else 1
        route = view(self.routes) if self.routes else y
        routes = None
        if self.routes:
            routes = Routes(route.strides[1:], SIDE // scale * route.strides[2], gated=self.relu)
        end_steps = other.strides[1:] if other else (0, 0)
        next_tile = (results.columns, SIDE // scale * y.strides[2], SIDE * end_steps[1])
        for t, count in rows_of(group, grid.stored):
            n, row, column = group[t]
            code = Transform(
                self.plan.bits,
                "output",
                columns,
                results.steps,
                y.strides[1:],
                next_tile,
                grid.stored(group[t]),
                self.end,
                end_steps,
                self.relu,
                routes=routes,
            )
            place = (0, row // scale, column // scale)
            list_.add(
                code,
                code,
                a=results.start + t * results.columns,
                b=n * route.image + route.offset(place) + first,
                out=n * y.image + y.offset(place) + first,
                start=first + (n * other.image + other.offset((0, row, column)) if other else 0),
                count=count,
            )

    @property
    def _other(self) -> View | None:
        """The base or gate, which lies as the target does; a bias does not."""
        return view(self.other) if isinstance(self.other, Tensor) else None

    def _last_stage(self, images: int) -> Stage:
        views = (view(tensor) if tensor else None for tensor in (self.routes, self.target))
        b, out, other = (images * v.image if v else 0 for v in (*views, self._other))
        return Stage((None, self.routes, self.target, self.other), (0, b, out, other))
