"""The linear layer along the last axis of tensors with more than two: (N,T,features) and the like.

Axis 1 is innermost in memory. So an image, or a line of it, lies as a matrix (features, axis 1), and the layer
multiplies it by its weight from the left:

    direction     rows               columns            taps × run        A                B
    forward       output features o  axis 1             input features    weight           input
    grad_input    input features c   axis 1             output features   weight           grad_output
    grad_weight   input features c   output features o  lines × axis 1    input            grad_output, transposed

All images share the weight: it is cut into panels once per step, in which a tile's rows lie side by side. A thread
takes some panels, which stay in its cache, through some images. (Formulas and orders: `ops/linear.py`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.parts import Parts, copy_rows, list_calls, walk_parts
from pellucid.engine.lowering.walk import Stage, View, cut_when_few, view, walk
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import parts as loops
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Start, Tile, Transpose
from pellucid.ops.relu import ReLU

_CACHE = 1 << 18  # bytes of the panels that a thread takes at a time


def forward(plan: Plan, step: Step) -> None:
    """output = bias + Σ input·weight, and its ReLU where the two are fused."""
    input, weight, bias = (plan.read(step, role) for role in ("input", "weight", "bias"))
    outputs, inputs = step.reads["weight"].shape
    output, panels = plan.output(step), _Panels(plan, outputs, inputs)
    packed = plan.block(f"{step.reads['weight'].name}, by outputs", weight.size)
    table = tiles.Panels(weight, packed, inputs, outputs, panels.height, 1)
    pack = Work(len(panels.all), table)
    plan.loop(step, packed.name, tiles.pack_panels, lambda: pack)
    begin: Start = "zero" if bias is None else "rows"
    relu = step.carried(ReLU) is not None
    bind = partial(panels.walk, packed, input, output, bias, begin, relu=relu)
    products = step.multiply_adds("output")
    plan.loop(step, f"{step.path}.output", tiles.walk_tiles, bind, multiply_adds=products)


def backward(plan: Plan, step: Step) -> None:
    """All the gradients that somebody wants."""
    if "grad_input" in step.makes:
        _grad_input(plan, step)
    if step.makes.keys() & {"grad_weight", "grad_bias"}:
        _grad_weight(plan, step)


def _grad_input(plan: Plan, step: Step) -> None:
    """Σ grad_output·weight, added to the sum so far, or masked."""
    grad_output, weight, mask = (plan.read(step, role) for role in ("grad_output", "weight", "mask"))
    outputs, inputs = step.reads["weight"].shape
    gradient, base = plan.gradient(step)
    panels = _Panels(plan, inputs, outputs)
    packed = plan.block(f"{step.reads['weight'].name}, by inputs", weight.size)

    def pack() -> Work:
        list_ = TileList()
        for first, rows in panels.all:
            code = Transpose(plan.bits, rows, outputs, outputs, rows)
            list_.add(code, code, a=first * outputs, out=first * outputs)
            list_.cut()
        return walk(plan, list_, [Stage((weight, None, packed, None), (0, 0, 0, 0))], range(1))

    plan.loop(step, packed.name, tiles.walk_tiles, pack)
    begin: Start = "zero" if base is None else "base"
    bind = partial(panels.walk, packed, grad_output, gradient, base or mask, begin, mask=mask is not None)
    label, products = f"{gradient.name} by {step.path}", step.multiply_adds("grad_input")
    plan.loop(step, label, tiles.walk_tiles, bind, multiply_adds=products)


@dataclass(frozen=True)
class _Panels:
    """A weight of so many rows, some of which lie side by side in a panel, each of `depth` numbers."""

    plan: Plan
    rows: int
    depth: int

    @property
    def height(self) -> int:
        """The rows of a panel."""
        return simd.register_tile(self.plan.bits, simd.column_tile(self.plan.bits))

    @property
    def all(self) -> list[tuple[int, int]]:
        """The first row of each, and how many it has."""
        return blocks(self.rows, self.height)

    def walk(
        self,
        packed: Block,
        x: Tensor,
        y: Tensor,
        start: Block | None,
        begin: Start,
        *,
        relu: bool = False,
        mask: bool = False,
    ) -> Work:
        """y = start + panels·x, image by image and line by line."""
        bits, list_, here, there = self.plan.bits, TileList(), view(x), view(y)
        like = view(start) if isinstance(start, Tensor) else None
        pixel = 1 if like is None else like.strides[2]
        panels = self.all
        some = max(1, _CACHE * 8 // (bits * self.depth * self.height))
        few = max(1, len(panels) * min(CHUNKS, here.images) // CHUNKS)  # so that there are enough ranges
        for first, count in split(len(panels), min(some, few)):
            for line in _lines(x):
                at, to = here.offset(line), there.offset(line)
                begins = 0 if like is None else like.offset(line)
                for c, width in blocks(here.channels, simd.column_tile(bits)):
                    for row, height in panels[first : first + count]:
                        code = Tile(
                            bits,
                            tuple(range(height)),
                            width,
                            height,
                            here.strides[2],
                            self.depth,
                            _steps(height, there.strides[2]),
                            begin,
                            base_rows=_steps(height, pixel),
                            relu=relu,
                            mask=mask,
                        )
                        out = to + row * there.strides[2] + c
                        starts = begins + row * pixel + (0 if like is None else c)
                        list_.add(code, code, a=row * self.depth, b=at + c, out=out, start=starts)
            list_.cut()
        steps = (0, here.image, there.image, 0 if like is None else like.image)
        return walk(self.plan, list_, [Stage((packed, x, y, start), steps)], range(here.images))


def _grad_weight(plan: Plan, step: Step) -> None:
    """Σ grad_output·input, part by part of the batch. The bias gradient is one more row: of an input of ones."""
    input, grad_output = plan.read(step, "input"), plan.read(step, "grad_output")
    outputs, inputs = step.reads["weight"].shape
    bias = "bias" in step.reads
    size = (inputs + bias) * outputs
    parts = Parts.of(input.inner[0], size)
    gradient = plan.parameter_gradient(step, "grad_weight", size)
    if bias:
        plan.part_gradient(step, "grad_bias", gradient, inputs * outputs)
    sums, image = parts.room_for(plan, gradient), size_of_image(grad_output)
    turned = plan.block(f"{grad_output.name}, by positions", input.inner[0] * image)
    made = _Sums(plan.bits, inputs, outputs, bias, parts)

    def turn() -> Work:
        list_, here = TileList(), view(grad_output)
        per_line = here.channels * outputs
        for i, line in enumerate(_lines(grad_output)):
            for o, width in made.columns:
                code = Transpose(plan.bits, width, here.channels, here.strides[2], width)
                a, out = here.offset(line) + o * here.strides[2], i * per_line + o * here.channels
                list_.add(code, code, a=a, out=out)
                cut_when_few(list_, here.images, per_line // made.widest)
        stage = Stage((grad_output, None, turned, None), (here.image, 0, image, 0))
        return walk(plan, list_, [stage], range(here.images))

    def bind() -> Work:
        here = view(input)
        out = None if parts.waits else sums
        place = Stage(
            (input, turned, out, None), (here.image, image, 0, 0), made.slot if parts.waits else size
        )
        end = Stage((None, None, sums, None), (0, 0, 0, 0), size)
        list_ = made.listed(here, _lines(input))
        return walk_parts(plan, parts, list_, [place, end], parts.units(1), (0, made.slot))

    plan.loop(step, turned.name, tiles.walk_tiles, turn)
    plan.loop(
        step,
        sums.name,
        loops.walk_parts,
        bind,
        order=dict.fromkeys(("grad_weight", "grad_bias")[: 1 + bias], parts.order),
        scratch=parts.slots * made.slot * plan.dtype.itemsize,
        multiply_adds=step.multiply_adds("grad_weight"),
    )
    parts.add(plan, step, sums, gradient)


_Piece = tuple[int, int, int, int]  # of the weight: its first row and how many, its first column and how many


@dataclass(frozen=True)
class _Sums:
    """The tiles of a weight gradient (c, o), with a row for the bias."""

    bits: int
    inputs: int
    outputs: int
    bias: bool
    parts: Parts

    @property
    def widest(self) -> int:
        """The columns of a tile."""
        return simd.column_tile(self.bits)

    @property
    def columns(self) -> list[tuple[int, int]]:
        """Output features in blocks, whose numbers of grad_output lie side by side."""
        return blocks(self.outputs, self.widest)

    @property
    def ranges(self) -> list[list[_Piece]]:
        """All pieces, in the ranges that threads share: those of the same output features one after the other."""
        rows = self.inputs + self.bias
        found = [
            (row, height, o, width)
            for o, width in self.columns
            for row, height in split(rows, simd.register_tile(self.bits, width))
        ]
        count = min(len(found), self.parts.ranges)
        return [found[first : first + n] for first, n in split(len(found), -(-len(found) // count))]

    @property
    def slot(self) -> int:
        """The most numbers of a range, where they wait in a slot."""
        return max(sum(height * width for _, height, _, width in pieces) for pieces in self.ranges)

    def listed(self, x: View, lines: Sequence[tuple[int, int, int]]) -> TileList:
        """The calls for an image, line by line."""
        list_ = TileList()
        for pieces in self.ranges:
            list_.stage = 0
            unit, end = partial(self._unit, list_, pieces, x, lines), partial(self._copies, list_, pieces)
            list_calls(list_, self.parts.units(1), unit, end)
        return list_

    def _unit(
        self, list_: TileList, pieces: list[_Piece], x: View, lines: Sequence[tuple[int, int, int]], _: int
    ) -> None:
        slot, length = 0, x.channels
        taps = tuple((x.offset(line), i * length * self.outputs) for i, line in enumerate(lines))
        for row, height, o, width in pieces:
            reads = tuple(i * x.strides[2] if row + i < self.inputs else None for i in range(height))
            step = width if self.parts.waits else self.outputs
            code = Tile(self.bits, reads, width, 1, width, length, _steps(height, step))
            out = slot if self.parts.waits else row * self.outputs + o
            a = row * x.strides[2]
            list_.add(code, replace(code, start="out"), taps, a=a, b=o * length, out=out)
            slot += height * width

    def _copies(self, list_: TileList, pieces: list[_Piece]) -> None:
        """From the first slot to the weight's gradient, if it is there."""
        list_.stage, slot = 1, 0
        for row, height, o, width in pieces if self.parts.waits else ():
            rows = [(slot + i * width, (row + i) * self.outputs + o) for i in range(height)]
            copy_rows(list_, self.bits, rows, width)
            slot += height * width


def size_of_image(tensor: Tensor) -> int:
    """Numbers of an image."""
    _, depth, height, width, channels = tensor.inner
    return depth * height * width * channels


def _lines(tensor: Tensor) -> list[tuple[int, int, int]]:
    """Where the lines of an image begin."""
    _, depth, height, _, _ = tensor.inner
    return [(d, h, 0) for d, h in product(range(depth), range(height))]


def _steps(count: int, step: int) -> tuple[int, ...]:
    return tuple(i * step for i in range(count))
