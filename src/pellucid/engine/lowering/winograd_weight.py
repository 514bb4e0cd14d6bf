"""The weight gradient by Winograd's algorithm.

The input is cut into tiles and grad_output into the windows that meet them, as for the input gradient. Both are
transformed, at each of the points (input channels × tiles) is multiplied by (tiles × output channels), and small blocks
of the results are transformed back while they are in cache:

    grad_weight = Σ over units A[ Σ over the unit's tiles (L·input·Lᵀ) ⊙ (R·grad_output·Rᵀ) ]Aᵀ

With few channels a unit is what a thread transforms in its own cache, and parts of fixed images are added in order, as
for the direct weight gradient. With many, the tiles of many images are transformed first, and threads share out blocks
of channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from pellucid import winograd
from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering.conv_grad_weight import add_parts, bias_tiles, parts_of
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.walk import Stage, view, walk
from pellucid.engine.lowering.winograd import (
    Grid,
    Planes,
    Source,
    Transformed,
    scheme,
    taps_of,
    transform_all,
)
from pellucid.engine.lowering.winograd_conv import Convolution
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Tile
from pellucid.kernels.simd.pooled import UnpooledSum
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import Scheme

_MANY_CHANNELS = {1: 257, 2: 385}  # by stride: inputs and outputs from which on threads share blocks of them
_UNIT_NUMBERS = 9 << 14  # transformed numbers of a unit that a thread keeps in its cache,
_LEAST_TILES = 32  # but so many tiles at least: the products' sums are that long
_SHARED_NUMBERS = 12 << 20  # transformed numbers that are kept for all threads at a time
_SHARED_BLOCK = (56, 128)  # input and output channels that a thread takes at a time then
_RUN = 256  # most tiles in one stretch of products, so that their transforms stay in cache


def weight_gradient(plan: Plan, step: Step, grad_output: Source) -> WeightGradient:
    """grad_weight and grad_bias; the bias is one more row of the weight, summed directly."""
    layer, input, bias = layer_of(step.node, plan.bits), plan.read(step, "input"), "bias" in step.reads
    gradient = plan.parameter_gradient(step, "grad_weight", layer.weight_size + bias * layer.outputs)
    if bias:
        plan.part_gradient(step, "grad_bias", gradient, layer.weight_size)
    algorithm = scheme(layer, winograd.grad_weight)
    source = Source(input, algorithm.left)
    it = WeightGradient(plan, step, layer, algorithm, source, grad_output, gradient, bias)
    it.input.widen(it.grid)
    it.grad_output.widen(it.grid)
    return it


@dataclass(frozen=True)
class WeightGradient:
    """What both ways share."""

    plan: Plan
    step: Step
    layer: Layer
    scheme: Scheme
    input: Source
    grad_output: Source
    gradient: Block
    bias: bool

    @property
    def grid(self) -> Grid:
        """The tiles of one image."""
        _, h, w = self.layer.axes
        return Grid(1, -(-h.input // h.stride), -(-w.input // w.stride))

    @property
    def channels(self) -> int:
        """Input and output channels together."""
        return self.layer.inputs + self.layer.outputs

    @property
    def images(self) -> int:
        """The batch."""
        return self.input.tensor.inner[0]

    @property
    def by_tiles(self) -> bool:
        """Whether threads share out the images; else the channels."""
        return self.channels < _MANY_CHANNELS[self.layer.axes[1].stride]

    @property
    def most_terms(self) -> int:
        """How many products of a tile the sum at one point has at most."""
        return max(map(len, self.scheme.products))

    def lower(self) -> None:
        """Write the launches."""
        if self.by_tiles:
            self.in_parts(None)
        else:
            self.by_channels(
                transform_all(
                    self.plan, self.step, f"{self.step.path}.output's gradient", self.grad_output, self.grid
                )
            )

    def in_parts(self, other: Convolution | None) -> None:
        """One launch: a thread does everything for a part of the images, unit by unit; the input gradient, too."""
        plan, layer = self.plan, self.layer
        # threads share parts alone here: at stride 2, where channels may be more, parts may take twice the room
        parts = parts_of(self.images, self.gradient.size // self.layer.axes[1].stride)
        per_part = self.images // parts
        name, size = f"{self.gradient.name}, parts", self.gradient.size
        parts_block = self.gradient if parts == 1 else plan.block(name, size * parts)
        inputs, outputs = self.scheme.left.points**2, self.scheme.right.points**2
        wanted = max(_LEAST_TILES, _UNIT_NUMBERS // (inputs * layer.inputs + outputs * layer.outputs))
        together = self.grid.together(per_part, wanted)
        grid = replace(self.grid, images=together)
        groups = split(len(grid.tiles), wanted)
        values = self._planes(groups[0][1])
        columns = min(simd.column_tile(layer.bits), layer.outputs)
        rows = max(simd.register_tile(layer.bits, width) for _, width in blocks(layer.outputs, columns))
        results = Planes.of(self.scheme.result.points, rows, columns, values[1].end)
        scratch = results.end
        additions = self.most_terms * groups[0][1] + len(groups) * (per_part // together) + parts
        weight = None
        if other:
            weight = other.transform_weight()
            scratch = max(scratch, other.results(groups[0][1], values[1].end).end)

        def bind() -> Work:
            list_ = TileList()
            for first, count in groups:
                group = grid.tiles[first : first + count]
                list_.stage = 0
                self.input.into_planes(list_, group, values[0], layer.bits)
                list_.stage = 1
                self.grad_output.into_planes(list_, group, values[1], layer.bits)
                self._blocks(list_, values, results, rows, count, stage=2, first=first == 0)
                if other:
                    other.from_planes(list_, 5, grid, group, values[1])
            if self.bias:
                list_.stage = 4
                self._sum(list_, together)
            stages = [
                self.input.stage(None, together),
                self.grad_output.stage(None, together),
                Stage((None, None, None, None), (0, 0, 0, 0)),
                Stage((None, None, parts_block, None), (0, 0, 0, 0), size),
                self._sum_stage(parts_block, together, size),
            ]
            if other and weight:
                stages += other.last_stages(weight, together)
            return walk(plan, list_, stages, range(self.images // together), per_part // together)

        label = parts_block.name if other is None else f"gradients by {self.step.path}"
        products = self.step.multiply_adds("grad_weight") + (other.multiply_adds if other else 0)
        self._loop(label, bind, per_part, additions, scratch, products)
        if parts > 1:
            add_parts(plan, self.step, parts_block, parts, self.gradient)

    def _loop(
        self,
        name: str,
        bind: Callable[[], Work],
        per_part: int,
        additions: int,
        scratch: int = 0,
        multiply_adds: int = 0,
    ) -> None:
        parts = {"images_per_part": per_part}
        order = {"grad_weight": {**parts, "winograd_additions": additions}}
        if self.bias:
            order["grad_bias"] = parts
        scratch *= self.plan.dtype.itemsize
        self.plan.loop(
            self.step,
            name,
            tiles.walk_tiles,
            bind,
            order=order,
            scratch=scratch,
            multiply_adds=multiply_adds,
        )

    def by_channels(self, grad_output: Transformed) -> None:
        """Transform the input's tiles, then block by block of channels; more images go on from there."""
        plan, per_image = self.plan, len(self.grid.tiles)
        points = self.scheme.left.points
        passes = split(self.images, max(1, _SHARED_NUMBERS // points**2 // self.layer.inputs // per_image))
        values = Planes.of(points, passes[0][1] * per_image, self.layer.inputs)
        results = Planes.of(self.scheme.result.points, *_SHARED_BLOCK)
        block = plan.block(f"{self.gradient.name}, input at the points", values.end)
        additions = self.most_terms * passes[0][1] * per_image + len(passes)

        def bind_values(first: int, count: int) -> Work:
            list_ = TileList()
            step = per_image * values.columns
            here = values.later(-first * step)
            self.input.into_planes(list_, self.grid.tiles, here, self.layer.bits)
            return walk(plan, list_, [self.input.stage(block, 1, step)], range(first, first + count))

        def bind(first: int, count: int) -> Work:
            list_ = TileList()
            both = values, grad_output.planes.later(first * per_image * grad_output.planes.columns)
            rows = _SHARED_BLOCK[0]
            self._blocks(list_, both, results, rows, count * per_image, stage=0, first=first == 0, cut=True)
            stages = [
                Stage((block, grad_output.block, None, None), (0, 0, 0, 0)),
                Stage((None, None, self.gradient, None), (0, 0, 0, 0)),
            ]
            return walk(plan, list_, stages, range(1), adds_to=(self.gradient,) if first else ())

        for images in passes:
            self._loop(block.name, partial(bind_values, *images), self.images, additions)
            products = self.step.multiply_adds("grad_weight") * images[1] // self.images
            pass_ = partial(bind, *images)
            self._loop(self.gradient.name, pass_, self.images, additions, results.end, products)
        if self.bias:
            self._loop(f"{self.gradient.name}, bias", self._bind_bias, self.images, additions)

    def _bind_bias(self) -> Work:
        """The bias gradient by itself: one part of all images."""
        list_ = TileList()
        self._sum(list_, 1)
        return walk(self.plan, list_, [self._sum_stage(self.gradient, 1)], range(self.images), self.images)

    def _sum(self, list_: TileList, together: int) -> None:
        """The bias gradient of a unit: grad_output summed position by position."""
        layer, g = self.layer, view(self.grad_output.tensor)
        if not self.grad_output.routes:
            bias_tiles(list_, layer, g, together)
            return
        r, (height, width) = view(self.grad_output.routes), self.grad_output.tensor.inner[2:4]
        add = UnpooledSum(layer.bits, layer.outputs, width, g.strides[1:], r.strides[1:], "out")
        for n in range(together):
            first = add if n else replace(add, start="zero")
            list_.add(first, add, a=n * g.image, b=n * r.image, out=layer.weight_size, count=height)

    def _sum_stage(self, out: Block, together: int, part: int = 0) -> Stage:
        b = self.grad_output.routes or self.grad_output.tensor
        steps = [together * view(t).image for t in (self.grad_output.tensor, b)]
        return Stage((self.grad_output.tensor, b, out, None), (steps[0], steps[1], 0, 0), part)

    def _planes(self, tiles_: int) -> tuple[Planes, Planes]:
        """So many tiles of the input and of grad_output at the points."""
        inputs = Planes.of(self.scheme.left.points, tiles_, self.layer.inputs)
        return inputs, Planes.of(self.scheme.right.points, tiles_, self.layer.outputs, inputs.end)

    def _blocks(
        self,
        list_: TileList,
        values: tuple[Planes, Planes],
        results: Planes,
        most: int,
        count: int,
        *,
        stage: int,
        first: bool,
        cut: bool = False,
    ) -> None:
        """Block by block of (input × output channels): the products at all points, then back into the gradient."""
        layer = self.layer
        steps = (3 * layer.inputs * layer.outputs, layer.inputs * layer.outputs)
        channels = product(split(layer.inputs, most), blocks(layer.outputs, results.columns))
        for (c, rows), (o, columns) in channels:
            list_.stage = stage
            here = values[0].later(c), values[1].later(o)
            write = partial(self._products, list_, here, results, count, (rows, columns))
            list_.once((count, rows, columns), write, a=c, b=o)
            list_.stage = stage + 1
            next_tile = (results.columns, layer.outputs, 0)
            for pair in self.scheme.result.pairs:
                zero = Transform(layer.bits, pair.kinds, columns, results.steps, pair.steps(steps), next_tile)
                add, at = replace(zero, start="out"), c * layer.outputs + o + pair.offset(steps)
                list_.add(zero if first else add, add, a=results.at(pair.point), out=at, count=rows)
            if cut:
                list_.cut()

    def _products(
        self,
        list_: TileList,
        values: tuple[Planes, Planes],
        results: Planes,
        count: int,
        sizes: tuple[int, int],
    ) -> None:
        """The products of a block at all points."""
        for point in range(len(self.scheme.products)):
            self._multiply(list_, point, values, results, count, sizes)

    def _multiply(
        self,
        list_: TileList,
        point: int,
        values: tuple[Planes, Planes],
        results: Planes,
        count: int,
        sizes: tuple[int, int],
    ) -> None:
        """At one point: (input channels × tiles) by (tiles × output channels)."""
        bits, (inputs, outputs), step = self.layer.bits, values, results.columns
        a, b, taps = taps_of(self.scheme.products[point], inputs, outputs)
        out = results.at(point)
        stretches = [
            (t, run, v) for t, run in split(count, _RUN) for v in blocks(sizes[1], simd.column_tile(bits))
        ]
        for t, run, (v, width) in stretches:
            for r, rows in split(sizes[0], simd.register_tile(bits, width)):
                code = Tile(
                    bits,
                    tuple(range(rows)),
                    width,
                    inputs.columns,
                    outputs.columns,
                    run,
                    tuple(m * step for m in range(rows)),
                    "out" if t else "zero",
                )
                a_at, b_at = a + t * inputs.columns + r, b + t * outputs.columns + v
                list_.add(code, code, taps, a=a_at, b=b_at, out=out + r * step + v)
