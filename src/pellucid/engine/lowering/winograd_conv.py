"""Convolution by Winograd's algorithm: the output, and the input gradient, which is a convolution again.

A thread works in its own cache. Where the transformed weight is small, it stands ready for all, and a thread does some
tiles at a time: transforms them, makes the products for one block of output channels after the other, transforms back.
Where the weight is large, its transform would not stay in any cache: then all tiles are transformed first, and a thread
takes one block of output channels at a time: transforms that part of the weight, makes the products, transforms back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.engine import joining
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.conv_grad_input import turned_weight
from pellucid.engine.lowering.layer import layer_of
from pellucid.engine.lowering.walk import Stage, walk
from pellucid.engine.lowering.winograd import Planes, Source, scheme, taps_of
from pellucid.engine.lowering.winograd_target import End, Target
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd, tiles
from pellucid.kernels.simd import Tile
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import Scheme
from pellucid.winograd import grad_input as input_gradient
from pellucid.winograd import output as outputs

_TILES = 48  # about how many tiles a thread has in its cache
_LARGE_WEIGHT = 1 << 15  # products of channels from which on the transformed weight is large
_PART = 256  # input channels whose transformed weight, for one block of output channels, a thread keeps


@dataclass(frozen=True)
class _Weight:
    """The weight in blocks of output channels: where each begins, and its numbers from input channel to channel."""

    block: Block
    places: Sequence[tuple[int, int]]


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
    algorithm = scheme(layer, outputs)
    end: End = "nothing" if bias is None else "bias"
    panels = blocks(layer.outputs, simd.column_tile(plan.bits))
    _Convolution(
        plan,
        f"{node.path}.output",
        Source(input, algorithm, "left"),
        Target(
            output, algorithm, (h.output, w.output), end, bias, activation is not None, plan.routes.get(node)
        ),
        _Weight(weight, [(first, layer.outputs) for first, _ in panels]),
    ).lower()


def grad_input(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = base + the convolution of grad_output with the turned and flipped weight."""
    assert node.operands[0] is not None
    layer = layer_of(plan, node)
    _, h, w = layer.axes
    gradient, base, gate = plan.add_gated_gradient(node.operands[0])
    turned = turned_weight(plan, layer, plan.value(node.operands[1]))
    algorithm = scheme(layer, input_gradient)
    end: End = "base" if base else "gate" if gate else "nothing"
    panels = blocks(layer.inputs, simd.column_tile(plan.bits))
    _Convolution(
        plan,
        f"{gradient.name} by {node.path}",
        Source(grad_output, algorithm, "left", plan.routes.get(node)),
        Target(gradient, algorithm, (h.input, w.input), end, base or gate),
        _Weight(turned, [(first * layer.taps * layer.outputs, width) for first, width in panels]),
    ).lower()


@dataclass(frozen=True)
class _Convolution:
    """A convolution that slides over `source` and fills `target`."""

    plan: Plan
    label: str
    source: Source
    target: Target
    weight: _Weight

    @property
    def inputs(self) -> int:
        """Channels of the source."""
        return self.source.tensor.inner[4]

    @property
    def scheme(self) -> Scheme:
        """The algorithm."""
        return self.source.scheme

    @property
    def panels(self) -> list[tuple[int, int]]:
        """Output channels in blocks: (first, how many)."""
        return blocks(self.target.tensor.inner[4], simd.column_tile(self.plan.bits))

    def lower(self) -> None:
        """Write the launches."""
        grid, images = self.target.grid(1), self.source.tensor.inner[0]
        self.source.widen(grid)
        large = self.inputs * self.target.tensor.inner[4] >= _LARGE_WEIGHT
        if large or images * len(grid.tiles) < 4 * _TILES:
            self._by_channels(images)
        else:
            self._by_tiles(images)

    def _by_tiles(self, images: int) -> None:
        """The weight's transform, then one launch: group by group of tiles, everything."""
        together = self.target.grid(1).together(images, _TILES)
        grid, width = self.target.grid(together), self.panels[0][1]
        groups = split(len(grid.tiles), _TILES)
        parts = split(self.inputs, _PART)
        values = Planes.of(self.source.points, groups[0][1], self.inputs)
        results = Planes.of(self.scheme.points("result"), groups[0][1], width, values.end)
        weights = Planes.of(self.scheme.points("right"), self.inputs * len(self.panels), width)
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
                self.source.into_planes(list_, group, values, self.plan.bits)
                for panel, planes in enumerate(panels):
                    list_.stage = 1
                    for part in parts:
                        rows, factors = values.later(part[0]), planes.later(part[0] * width)
                        self._multiply(list_, panel, rows, factors, results, count, part)
                    list_.stage = 2
                    self.target.from_planes(list_, grid, group, self.panels[panel], results, self.plan.bits)
                if images // together < CHUNKS:
                    list_.cut()
            a, b = self.source.per_image
            stages = [
                Stage((*self.source.blocks, None, None), (together * a, together * b, 0, 0)),
                Stage((None, transformed, None, None), (0, 0, 0, 0)),
                self.target.stage(together),
            ]
            return walk(self.plan, list_, stages, range(images // together))

        self.plan.launch(transformed.name, tiles.walk_tiles, bind_weight)
        self.plan.launch(self.label, tiles.walk_tiles, bind)

    def _by_channels(self, images: int) -> None:
        """All tiles' transform, then one launch: block by block of output channels, everything."""
        one, grid, width = self.target.grid(1), self.target.grid(images), self.panels[0][1]
        values = Planes.of(self.source.points, len(grid.tiles), self.inputs)
        transformed = self.plan.block(f"{self.label}, input at the points", values.end)
        parts, groups = split(self.inputs, _PART), split(len(grid.tiles), _TILES)
        weights = Planes.of(self.scheme.points("right"), parts[0][1], width)
        rows_ = len(grid.tiles) if len(parts) > 1 else groups[0][1]
        results = Planes.of(self.scheme.points("result"), rows_, width, weights.end)
        self.plan.need_scratch(results.end)

        def bind_input() -> Tables:
            list_ = TileList()
            self.source.into_planes(list_, one.tiles, values, self.plan.bits)
            per_unit = (*self.source.per_image, len(one.tiles) * self.inputs, 0)
            stage = Stage((*self.source.blocks, transformed, None), per_unit)
            return walk(self.plan, list_, [stage], range(images))

        def bind() -> Tables:
            list_ = TileList()
            for panel in range(len(self.panels)):
                for part in parts:
                    list_.stage = 0
                    self._transform_weight(list_, panel, part, weights)
                    for first, count in groups:
                        here = results.later(first * width if len(parts) > 1 else 0)
                        rows = values.later(first * self.inputs + part[0])
                        list_.stage = 1
                        self._multiply(list_, panel, rows, weights, here, count, part)
                        if part is parts[-1]:
                            list_.stage = 2
                            group = grid.tiles[first : first + count]
                            self.target.from_planes(
                                list_, grid, group, self.panels[panel], here, self.plan.bits
                            )
                list_.cut()
            stages = [
                Stage((self.weight.block, None, None, None), (0, 0, 0, 0)),
                Stage((transformed, None, None, None), (0, 0, 0, 0)),
                self.target.stage(1),
            ]
            return walk(self.plan, list_, stages, range(1))

        self.plan.launch(transformed.name, tiles.walk_tiles, bind_input)
        self.plan.launch(self.label, tiles.walk_tiles, bind)

    def _transform_weight(self, list_: TileList, panel: int, part: tuple[int, int], planes: Planes) -> None:
        """Part of the weight for one block of output channels: (input × output channels) at each point."""
        (begin, step), columns = self.weight.places[panel], self.panels[panel][1]
        steps, next_tile = (3 * self.inputs * step, self.inputs * step), (step, planes.columns, 0)
        for pair in self.scheme.pairs("right"):
            code = Transform(self.plan.bits, pair.kinds, columns, pair.steps(steps), planes.steps, next_tile)
            at = begin + part[0] * step + pair.offset(steps)
            list_.add(code, code, a=at, out=planes.at(pair.point), count=part[1])

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
        for point, factors in enumerate(self.scheme.products):
            a, b, taps = taps_of(factors, values, weights)
            for first, rows in pieces:
                code = codes[rows]
                out = results.at(point) + first * step
                list_.add(code, code, taps, a=a + first * self.inputs, b=b, out=out)
