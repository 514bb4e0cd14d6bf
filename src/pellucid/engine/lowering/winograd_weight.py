"""The weight gradient by Winograd's algorithm.

The input is cut into tiles and grad_output into the windows that meet them, as for the input gradient. Both are
transformed, at each of the points (input channels × tiles) is multiplied by (tiles × output channels), and small blocks
of the results are transformed back while they are in cache:

    grad_weight = Σ over units A[ Σ over the unit's tiles (L·input·Lᵀ) ⊙ (R·grad_output·Rᵀ) ]Aᵀ

With few channels threads share out parts of the batch (`winograd_weight_parts.py`), with many blocks of channels
(`winograd_weight_channels.py`). Either way each part of the batch is transformed back by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from pellucid import batch, winograd
from pellucid.engine.buffers import Block, Part
from pellucid.engine.loops import Orders
from pellucid.engine.lowering.grad_bias import add_ones, grad_bias
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.walk import Stage, view
from pellucid.engine.lowering.winograd import Grid, Planes, Source, scheme, taps_of
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import Alike, Taps, TileList, alike, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.simd import Tile
from pellucid.kernels.simd.pooled import UnpooledSum
from pellucid.kernels.simd.winograd import Transform
from pellucid.winograd import Scheme

_MANY_CHANNELS = {1: 257, 2: 385}  # by stride: inputs and outputs from which on threads share blocks of them
_RUN = 256  # most tiles in one stretch of products, so that their transforms stay in cache

# Some of the input and of the output: the first of them, and how many.
Channels = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Place:
    """Where a block of a weight begins, and its steps along H and W and from input channel to input channel."""

    start: int
    steps: tuple[int, int]
    row: int


@dataclass(frozen=True)
class Waiting:
    """Sums that wait for a right half: where the first one lies, how many there are, how far apart."""

    place: Place
    count: int
    apart: int


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

    def order(self, additions: int, *, bias: bool = False) -> Orders:
        """What the loops say of the sums."""
        parts = {"parts": batch.large_parts(self.images)}
        order = {"grad_weight": {**parts, "winograd_additions": additions}}
        return {**order, "grad_bias": parts} if bias else order

    def bias_alone(self) -> None:
        """Loops for the bias gradient by itself."""
        whole = Part(f"{self.gradient.name}, bias", self.gradient, self.layer.weight_size, self.layer.outputs)
        sums = partial(self.add_bias, images=1, out=0)
        grad_bias(self.plan, self.step, whole, lambda: self.bias_stage(None), sums)

    def add_bias(self, list_: TileList, images: int, out: int) -> None:
        """The bias gradient of a unit: grad_output summed position by position."""
        layer, g = self.layer, view(self.grad_output.tensor)
        if not self.grad_output.routes:
            add_ones(list_, layer.bits, self.grad_output.tensor, images, out)
            return
        r, (height, width) = view(self.grad_output.routes), self.grad_output.tensor.inner[2:4]
        add = UnpooledSum(layer.bits, layer.outputs, width, g.strides[1:], r.strides[1:], "out")
        for n in range(images):
            first = add if n else replace(add, start="zero")
            list_.add(first, add, a=n * g.image, b=n * r.image, out=out, count=height)

    def bias_stage(self, out: Block | None) -> Stage:
        """What the sums of the bias gradient count from."""
        b = self.grad_output.routes or self.grad_output.tensor
        steps = [view(t).image for t in (self.grad_output.tensor, b)]
        return Stage((self.grad_output.tensor, b, out, None), (steps[0], steps[1], 0, 0))

    def blocks(self, rows: int, columns: int) -> list[Channels]:
        """Blocks of input and output channels."""
        return list(product(split(self.layer.inputs, rows), blocks(self.layer.outputs, columns)))

    def in_weight(self, block: Channels, start: int = 0) -> Place:
        """Where a block of the weight lies in it."""
        (c, _), (o, _) = block
        inputs, outputs = self.layer.inputs, self.layer.outputs
        return Place(start + c * outputs + o, (3 * inputs * outputs, inputs * outputs), outputs)

    def block(
        self,
        list_: TileList,
        block: Channels,
        values: tuple[Planes, Planes],
        results: Planes,
        tiles_: int,
        place: Place,
        *,
        add: bool,
        waiting: Waiting | None = None,
    ) -> None:
        """The products of so many tiles at all points, and in the next stage back to a block of the weight.

        There it is added to what was there before, or to sums that are waiting.
        """
        (c, rows), (o, columns) = block
        here = values[0].later(c), values[1].later(o)
        write = partial(self._products, list_, here, results, tiles_, (rows, columns))
        list_.once((tiles_, rows, columns), write, a=c, b=o)
        list_.stage += 1
        for pair in self.scheme.result.pairs:
            steps, beside = pair.steps(place.steps), waiting.place if waiting else place
            zero = Transform(
                self.layer.bits,
                pair.kinds,
                columns,
                results.steps,
                steps,
                (results.columns, place.row, beside.row),
                start="waiting" if waiting else "nothing",
                start_steps=pair.steps(beside.steps),
                waiting=(waiting.count, waiting.apart) if waiting else (0, 0),
            )
            on = zero if waiting else replace(zero, start="out")
            at, start = (p.start + pair.offset(p.steps) for p in (place, beside))
            list_.add(on if add else zero, on, a=results.at(pair.point), out=at, start=start, count=rows)
        list_.stage -= 1

    def _products(
        self,
        list_: TileList,
        values: tuple[Planes, Planes],
        results: Planes,
        tiles_: int,
        sizes: tuple[int, int],
    ) -> None:
        """The products of a block at all points: (input channels × tiles) by (tiles × output channels)."""
        products, (inputs, outputs) = self.scheme.products, values
        points = 1
        if all(factors == ((i, i),) for i, factors in enumerate(products)):  # one call does all points
            points = len(products)
        for first in range(0, len(products), points):
            a, b, taps = taps_of(products[first], inputs, outputs)
            repeats = (points, inputs.step, outputs.step, results.step)
            for t, run in split(tiles_, _RUN):
                for rows, columns in self._cut(sizes):
                    write = partial(self._multiply, list_, taps, repeats, (inputs, outputs, results))
                    write(
                        a + t * inputs.columns,
                        b + t * outputs.columns,
                        results.at(first),
                        run,
                        rows,
                        columns,
                        t > 0,
                    )

    def _cut(self, sizes: tuple[int, int]) -> Iterator[tuple[Alike, Alike]]:
        """Rows and columns of a block in tiles: the first, how many a tile has, how many tiles."""
        bits = self.layer.bits
        for columns in alike(blocks(sizes[1], simd.column_tile(bits))):
            for rows in alike(split(sizes[0], simd.register_tile(bits, columns[1]))):
                yield rows, columns

    def _multiply(
        self,
        list_: TileList,
        taps: Taps,
        points: tuple[int, int, int, int],
        planes: tuple[Planes, Planes, Planes],
        a: int,
        b: int,
        out: int,
        run: int,
        rows: Alike,
        columns: Alike,
        more: bool,
    ) -> None:
        """Some tiles at one point, or at all."""
        (inputs, outputs, results), (r, height, of_rows), (v, width, of_columns) = planes, rows, columns
        code = Tile(
            self.layer.bits,
            tuple(range(height)),
            width,
            inputs.columns,
            outputs.columns,
            run,
            tuple(m * results.columns for m in range(height)),
            "out" if more else "zero",
            ahead=points[2] if points[0] > 1 else 0,  # the next point's
            repeats=(points, (of_columns, 0, width, width), (of_rows, height, 0, height * results.columns)),
        )
        list_.add(code, code, taps, a=a + r, b=b + v, out=out + r * results.columns + v)
