"""One convolution by Winograd's algorithm: of the input by the weight, or of grad_output by the flipped weight.

A thread works in its own cache. Where there are many tiles, the transformed weight stands ready for all, and a thread
does some tiles at a time: transforms them, makes the products for one block of output channels after the other,
transforms back. Where there are few, writing that weight would take longer than it saves: then all tiles are
transformed first, and a thread takes one block of output channels at a time: transforms that part of the weight, makes
the products, transforms back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from pellucid.engine.buffers import Block
from pellucid.engine.loops import Orders, Work
from pellucid.engine.lowering.walk import Stage, view, walk
from pellucid.engine.lowering.winograd import (
    WINOGRAD,
    Grid,
    Planes,
    Position,
    Source,
    Transformed,
    taps_of,
    transform_all,
)
from pellucid.engine.lowering.winograd_target import Target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Tile
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import Scheme

_TILES = 48  # about how many tiles a thread has in its cache
_MANY_TILES = 192  # of the whole batch, from which on threads share them out
PART = 256  # input channels whose transformed weight, for one block of output channels, a thread keeps


@dataclass(frozen=True)
class Weight:
    """The weight in blocks of output channels: where each begins, and its numbers from input channel to channel."""

    block: Block
    places: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Convolution:
    """A convolution that slides over `source` and fills `target`."""

    plan: Plan
    step: Step
    label: str
    scheme: Scheme
    source: Source
    weight: Weight
    target: Target

    @property
    def inputs(self) -> int:
        """Channels of the source."""
        return self.source.tensor.inner[4]

    @property
    def outputs(self) -> int:
        """Channels of the target."""
        return self.target.tensor.inner[4]

    @property
    def panels(self) -> list[tuple[int, int]]:
        """Output channels in blocks: (first, how many)."""
        return blocks(self.outputs, simd.column_tile(self.plan.bits))

    @property
    def by_tiles(self) -> bool:
        """Whether threads share out the tiles; else the output channels."""
        return self.source.tensor.inner[0] * len(self.target.grid(1).tiles) >= _MANY_TILES

    def lower(self) -> None:
        """Write the launches."""
        self.source.widen(self.target.grid(1))
        if self.by_tiles:
            self._by_tiles()
        else:
            self.by_channels(self.transform_source())

    def _by_tiles(self) -> None:
        """The weight's transform, then one launch: group by group of tiles, everything."""
        images = self.source.tensor.inner[0]
        together = self.target.grid(1).together(images, _TILES)
        grid = self.target.grid(together)
        groups = split(len(grid.tiles), _TILES)
        values = Planes.of(self.scheme.left.points, groups[0][1], self.inputs)
        transformed = self.transform_weight()
        scratch = self.results(groups[0][1], values.end).end * self.plan.dtype.itemsize

        def bind() -> Work:
            list_ = TileList()
            for first, count in groups:
                group = grid.tiles[first : first + count]
                list_.stage = 0
                self.source.into_planes(list_, group, values, self.plan.bits)
                self.from_planes(list_, 1, grid, group, values)
                if (
                    images // together < CHUNKS and not self.target.moments
                ):  # an image's sums belong to one thread
                    list_.cut()
            stages = [self.source.stage(None, together), *self.last_stages(transformed, together)]
            return walk(self.plan, list_, stages, range(images // together))

        self._loop(self.label, bind, scratch, self.multiply_adds)

    @property
    def result(self) -> str:
        """Which result of the step it makes."""
        return "output" if self.step.way == "forward" else "grad_input"

    @property
    def multiply_adds(self) -> int:
        """How many the sum has as it is defined."""
        return self.step.multiply_adds(self.result)

    @property
    def order(self) -> Orders:
        """What its loops say of the order of the sums."""
        return {self.result: WINOGRAD}

    def _loop(self, name: str, bind: Callable[[], Work], scratch: int = 0, multiply_adds: int = 0) -> None:
        self.plan.loop(
            self.step,
            name,
            tiles.walk_tiles,
            bind,
            order=self.order,
            scratch=scratch,
            multiply_adds=multiply_adds,
        )

    def transform_weight(self) -> Block:
        """A launch that transforms the whole weight, and the block it fills."""
        block = self.plan.block(f"{self.label}, weight at the points", self._weights[0].end)

        def bind() -> Work:
            list_ = TileList()
            for panel, planes in enumerate(self._weights):
                self.add_weight(list_, panel, (0, self.inputs), planes)
                list_.cut()
            stage = Stage((self.weight.block, None, block, None), (0, 0, 0, 0))
            return walk(self.plan, list_, [stage], range(1))

        self._loop(block.name, bind)
        return block

    @property
    def _weights(self) -> list[Planes]:
        """Where the transform of the whole weight lies, block by block of output channels."""
        width = self.panels[0][1]
        first = Planes.of(self.scheme.right.points, self.inputs * len(self.panels), width)
        return [first.later(panel * self.inputs * width) for panel in range(len(self.panels))]

    def results(self, count: int, start: int) -> Planes:
        """Room for the results of so many tiles, for one block of output channels."""
        return Planes.of(self.scheme.result.points, count, self.panels[0][1], start)

    def from_planes(
        self, list_: TileList, stage: int, grid: Grid, group: Sequence[Position], values: Planes
    ) -> None:
        """Some tiles from their transform on, in two stages; the results lie behind `values`."""
        results = self.results(len(group), values.end)
        for panel, weights in enumerate(self._weights):
            list_.stage = stage
            parts, span = split(self.inputs, PART), self.target.span(group)
            for part in parts:
                rows, factors = values.later(part[0]), weights.later(part[0] * weights.columns)
                beside = span if part is parts[-1] else range(0)
                self.add_products(list_, panel, rows, factors, results, len(group), part, beside)
            list_.stage = stage + 1
            self.target.from_planes(list_, grid, group, self.panels[panel], results)

    def last_stages(self, transformed: Block, together: int) -> list[Stage]:
        """What those two stages count from."""
        target = self.target.tensor
        products = Stage((None, transformed, None, target), (0, 0, 0, together * view(target).image))
        return [products, self.target.stage(together)]

    def transform_source(self) -> Transformed:
        """A launch that transforms all tiles."""
        return transform_all(self.plan, self.step, f"{self.label}, input", self.source, self.target.grid(1))

    def by_channels(self, source: Transformed) -> None:
        """One launch on transformed tiles: block by block of output channels, everything."""
        grid, width, values = self.target.grid(self.source.tensor.inner[0]), self.panels[0][1], source.planes
        parts, groups = split(self.inputs, PART), split(len(grid.tiles), _TILES)
        weights = Planes.of(self.scheme.right.points, parts[0][1], width)
        results = self.results(len(grid.tiles) if len(parts) > 1 else groups[0][1], weights.end)
        scratch = results.end * self.plan.dtype.itemsize

        def bind() -> Work:
            list_ = TileList()
            for panel in range(len(self.panels)):
                for part in parts:
                    list_.stage = 0
                    self.add_weight(list_, panel, part, weights)
                    for first, count in groups:
                        here = results.later(first * width if len(parts) > 1 else 0)
                        rows = values.later(first * self.inputs + part[0])
                        list_.stage = 1
                        write = partial(self.add_products, list_, panel, rows, weights, here, count, part)
                        list_.once((self.panels[panel][1], part, first), write)  # alike for panels alike
                        if part is parts[-1]:
                            list_.stage = 2
                            group = grid.tiles[first : first + count]
                            self.target.from_planes(list_, grid, group, self.panels[panel], here)
                list_.cut()
            stages = [
                Stage((self.weight.block, None, None, None), (0, 0, 0, 0)),
                Stage((source.block, None, None, None), (0, 0, 0, 0)),
                self.target.stage(1),
            ]
            return walk(self.plan, list_, stages, range(1))

        self._loop(self.label, bind, scratch, self.multiply_adds)

    def add_weight(self, list_: TileList, panel: int, part: tuple[int, int], planes: Planes) -> None:
        """Part of the weight for one block of output channels: (input × output channels) at each point."""
        (begin, step), columns = self.weight.places[panel], self.panels[panel][1]
        steps, next_tile = (3 * self.inputs * step, self.inputs * step), (step, planes.columns, 0)
        for pair in self.scheme.right.pairs:
            code = Transform(self.plan.bits, pair.kinds, columns, pair.steps(steps), planes.steps, next_tile)
            at = begin + part[0] * step + pair.offset(steps)
            list_.add(code, code, a=at, out=planes.at(pair.point), count=part[1])

    def add_products(
        self,
        list_: TileList,
        panel: int,
        values: Planes,
        weights: Planes,
        results: Planes,
        count: int,
        part: tuple[int, int],
        span: range = range(0),
    ) -> None:
        """At each point: (tiles × input channels) by (input channels × a block of output channels).

        Meanwhile the pixels that the results will go to are brought into the cache, some by each call.
        """
        columns, step = self.panels[panel][1], results.columns
        pieces = split(count, simd.register_tile(self.plan.bits, columns))
        products = self.scheme.products
        claimed, pixel = -(-len(span) // (len(products) * len(pieces))), span.start + self.panels[panel][0]
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
                claims=(claimed, span.step),
            )
            for _, rows in pieces
        }
        for call, ((point, factors), (first, rows)) in enumerate(product(enumerate(products), pieces)):
            a, b, taps = taps_of(factors, values, weights)
            code = codes[rows]
            list_.add(
                code,
                code,
                taps,
                a=a + first * self.inputs,
                b=b,
                out=results.at(point, first),
                start=pixel + call * claimed * span.step,
            )
