"""Convolution and the linear layer as lists of tiles. (The formulas and orders are those of `ops/conv.py`.)

What is a row of a tile, a column and a tap differs by direction; the micro-kernel is the same:

    direction     rows                 columns           taps × run           A            B
    forward       output positions y   output channels   k × input channels   input        weight (k, c, o)
    grad_input    input positions i    input channels    k × output channels  grad_output  weight, as (k, o, c)
    grad_weight   (k, input channel)   output channels   images, rows of y    input        grad_output

A linear layer is a convolution of one image whose positions are the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import gcd

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList, blocks, position_tiles, split
from pellucid.geometry import Axis, Geometry, size_of
from pellucid.kernels import simd, tiles
from pellucid.kernels.simd import Start, Tile
from pellucid.ops.base import Shape
from pellucid.ops.conv import Conv

_RUN = 2048  # longest stretch of products before a tile moves on, so that its part of B stays in cache
_PART_NUMBERS = 1 << 20  # most numbers in all partial weight gradients of a layer together
_BLOCK_NUMBERS = 1 << 16  # numbers of input and grad_output that one weight-gradient pass keeps in cache


@dataclass(frozen=True)
class View:
    """Sizes and strides of a channels-last tensor as one side of a convolution: N, (D, H, W), C."""

    images: int
    channels: int
    image: int
    strides: tuple[int, int, int]

    def offset(self, position: tuple[int, ...]) -> int:
        """Elements from the first inner element to a position, which may lie in the halo."""
        return sum(i * s for i, s in zip(position, self.strides, strict=True))


def view(tensor: Tensor) -> View:
    """A tensor as it lies in memory; only after all halos are known."""
    image, *strides = tensor.strides
    return View(tensor.inner[0], tensor.inner[4], image, (strides[0], strides[1], strides[2]))


def batch_view(tensor: Tensor) -> View:
    """(N, features) as one image whose W axis is the batch."""
    features = tensor.inner[4]
    return View(1, features, 0, (0, 0, features))


@dataclass(frozen=True)
class Layer:
    """What the three directions share."""

    label: str
    axes: tuple[Axis, Axis, Axis]
    groups: int
    inputs: int  # input channels of a group
    outputs: int  # output channels of a group
    bits: int

    @property
    def taps(self) -> int:
        """Kernel positions."""
        return size_of([a.kernel for a in self.axes])

    @property
    def all_outputs(self) -> int:
        """Output channels."""
        return self.groups * self.outputs

    @property
    def weight_size(self) -> int:
        """Numbers in the weight."""
        return self.taps * self.inputs * self.all_outputs


def layer_of(plan: Plan, node: Node) -> Layer:
    """The convolution that a node is."""
    weight = node.operands[1]
    assert weight is not None
    op = node.op
    if isinstance(op, Conv):
        assert node.operands[0] is not None
        geometry, groups = op.geometry(node.operands[0].shape, weight.shape), op.groups
        axes = (Axis(1, 1),) * (3 - op.dims) + geometry.axes
    else:
        assert node.operands[0] is not None
        axes, groups = (Axis(1, 1), Axis(1, 1), Axis(node.operands[0].shape[0], 1)), 1
    return Layer(node.path, (axes[0], axes[1], axes[2]), groups, weight.shape[1], weight.shape[0] // groups, plan.bits)


def view_of(node: Node, tensor: Tensor) -> View:
    """A tensor of a convolution node, or of a linear one."""
    return view(tensor) if isinstance(node.op, Conv) else batch_view(tensor)


# ---------------------------------------------------------------------------------------------------------- forward


def forward(plan: Plan, node: Node) -> None:
    """output = bias + Σ input·weight, and its ReLU where the plan joins the two."""
    activation = plan.joined_relu(node)
    output, relu = plan.output(activation or node), activation is not None
    input, weight, bias = (plan.value(s) for s in node.operands)
    layer = layer_of(plan, node)
    if isinstance(node.op, Conv):
        input.widen(Geometry(layer.axes).padded)

    panels = pack(plan, layer, weight) if worth_packing(layer, input.inner[0]) else None

    def bind() -> Tables:
        x, y = view_of(node, input), view_of(node, output)
        tiles_ = forward_tiles(layer, x, y, packed=panels is not None, bias=bias is not None, relu=relu)
        images = (x.image, 0, y.image, 0)
        return walk(plan, tiles_, (input, panels or weight, output, bias or weight), images, x.images)

    plan.launch(f"{node.path}.output", tiles.walk_tiles, bind)


def worth_packing(layer: Layer, images: int) -> bool:
    """Whether the weight's rows are so long, and so often read, that panels pay for their making."""
    positions = images * size_of([a.output for a in layer.axes])
    return layer.all_outputs > 2 * simd.column_tile(layer.bits) and positions >= 256


def pack(plan: Plan, layer: Layer, weight: Block) -> Block:
    """The weight as panels, one for each block of output channels."""
    panels = plan.block(f"{layer.label}.weight, packed", layer.weight_size)
    rows, width, pieces = layer.taps * layer.inputs, min(simd.column_tile(layer.bits), layer.outputs), 4
    count = len(blocks(layer.outputs, width)) * layer.groups
    tables = Tables(count * pieces, (weight, panels), (rows, layer.all_outputs, width, pieces))
    plan.launch(panels.name, tiles.pack_panels, lambda: tables)
    return panels


def forward_tiles(layer: Layer, x: View, y: View, *, packed: bool, bias: bool, relu: bool) -> TileList:
    """One image's tiles: for each block of output channels, all output positions."""
    result = TileList(layer.bits // 8)
    reduction = layer.taps * layer.inputs
    sizes = [a.output for a in layer.axes]
    corner = x.offset(tuple(-a.before for a in layer.axes))
    step = tuple(a.stride for a in layer.axes)
    for group in range(layer.groups):
        for column, columns in blocks(layer.outputs, simd.column_tile(layer.bits)):
            o = group * layer.outputs + column
            b, b_step = (o * reduction, columns) if packed else (o, layer.all_outputs)
            stretches = _forward_stretches(layer, x, b_step)
            grid = position_tiles(sizes, simd.register_tile(layer.bits, columns))
            for i, (run, taps) in enumerate(stretches):
                for tile in grid:
                    origin = tuple(p * s for p, s in zip(tile[0], step, strict=True))
                    rows = tuple(
                        x.offset(tuple(p * s for p, s in zip(at, step, strict=True))) - x.offset(origin) for at in tile
                    )
                    outs = tuple(y.offset(at) - y.offset(tile[0]) for at in tile)
                    start: Start = "out" if i else "bias" if bias else "zero"
                    code = Tile(
                        layer.bits, rows, columns, 1, b_step, run, outs, start,
                        relu=relu and i == len(stretches) - 1,
                    )  # fmt: skip
                    out = y.offset(tile[0]) + o
                    a = corner + x.offset(origin) + group * layer.inputs
                    result.add(code, code, taps, a=a, b=b, out=out, start=o)
                    if len(stretches) == 1:
                        _cut_when_few(result, x.images, len(grid))
            if len(stretches) > 1:
                result.cut()
    return result


def _forward_stretches(layer: Layer, x: View, b_step: int) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    """The reduction as (run, taps): runs of one kernel row where it lies side by side in memory, else of one tap."""
    d, h, w = layer.axes
    joined = w.dilation == 1 and layer.groups == 1 and x.strides[2] == layer.inputs
    columns, run = (1, w.kernel * layer.inputs) if joined else (w.kernel, layer.inputs)
    taps = [
        (x.offset((kd * d.dilation, kh * h.dilation, kw * w.dilation)), ((kd * h.kernel + kh) * columns + kw) * run * b_step)
        for kd, kh, kw in product(range(d.kernel), range(h.kernel), range(columns))
    ]
    if run <= _RUN:
        return [(run, tuple(taps))]
    return [(length, ((a + start, b + start * b_step),)) for a, b in taps for start, length in split(run, _RUN // 2)]


def _cut_when_few(tiles_: TileList, images: int, grid: int) -> None:
    """With few images, let threads share one image's tiles."""
    if images < CHUNKS and (len(tiles_.rows) - tiles_.bounds[-1]) * CHUNKS >= images * grid:
        tiles_.cut()


# ------------------------------------------------------------------------------------------------------- grad_input


def grad_input(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = base + Σ grad_output·weight, phase by phase of the stride."""
    assert node.operands[0] is not None
    layer, weight = layer_of(plan, node), plan.value(node.operands[1])
    gradient, base = plan.add_gradient(node.operands[0])
    turned = plan.block(f"{node.path}.weight, turned", layer.weight_size)
    turn = simd.Turn(layer.bits)
    sizes = (layer.taps, layer.inputs, layer.all_outputs, simd.column_tile(layer.bits))
    chunks = layer.taps * -(-layer.all_outputs // turn.side)
    plan.launch(
        turned.name,
        tiles.turn_panels,
        lambda: Tables(chunks, (weight, turned), (simd.address(turn), turn.side, *sizes)),
    )
    if isinstance(node.op, Conv):
        grad_output.widen([_reach(axis) for axis in layer.axes])

    def bind() -> Tables:
        g, x = view_of(node, grad_output), view_of(node, gradient)
        start = view_of(node, base) if base is not None else None
        tiles_ = grad_input_tiles(layer, g, x, start)
        images = (g.image, 0, x.image, start.image if start else 0)
        return walk(plan, tiles_, (grad_output, turned, gradient, base or turned), images, g.images)

    plan.launch(f"grad({node.operands[0].name}) by {node.path}", tiles.walk_tiles, bind)


def _reach(axis: Axis) -> tuple[int, int]:
    """How far before and after grad_output the positions lie that the input gradient asks for."""
    reads = [
        (i + axis.before - k * axis.dilation) // axis.stride
        for i in range(axis.input)
        for k in range(axis.kernel)
        if (i + axis.before - k * axis.dilation) % axis.stride == 0
    ]
    return max(0, -min(reads, default=0)), max(0, max(reads, default=0) - axis.output + 1)


def _phases(axis: Axis) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Input positions with equal taps: (first position, how many, [(k, first position's y)]) for each phase."""
    phases = []
    for first in range(min(axis.stride, axis.input)):
        shifts = [(k, first + axis.before - k * axis.dilation) for k in range(axis.kernel)]
        taps = [(k, shift // axis.stride) for k, shift in shifts if shift % axis.stride == 0]
        phases.append((first, -(-(axis.input - first) // axis.stride), taps))
    return phases


def grad_input_tiles(layer: Layer, g: View, x: View, base: View | None) -> TileList:
    """One image's tiles: for each block of input channels and each phase, all its positions."""
    result = TileList(layer.bits // 8)
    step = tuple(a.stride for a in layer.axes)
    kernel = [a.kernel for a in layer.axes]
    for group in range(layer.groups):
        for column, columns in blocks(layer.inputs, simd.column_tile(layer.bits)):
            c = group * layer.inputs + column
            most = simd.register_tile(layer.bits, columns)
            for phase in product(*(_phases(axis) for axis in layer.axes)):
                first = tuple(p[0] for p in phase)
                taps = tuple(
                    (g.offset((td[1], th[1], tw[1])), _turned(layer, kernel, group, columns, (td[0], th[0], tw[0])))
                    for td, th, tw in product(*(p[2] for p in phase))
                )
                grid = position_tiles([p[1] for p in phase], most)
                for tile in grid:
                    places = [tuple(f + i * s for f, i, s in zip(first, at, step, strict=True)) for at in tile]
                    rows = tuple(g.offset(at) - g.offset(tile[0]) for at in tile)
                    outs = tuple(x.offset(at) - x.offset(places[0]) for at in places)
                    bases = tuple(base.offset(at) - base.offset(places[0]) for at in places) if base else ()
                    code = Tile(
                        layer.bits, rows, columns, 1, columns, layer.outputs if taps else 0, outs,
                        "base" if base else "zero", bases,
                    )  # fmt: skip
                    a = g.offset(tile[0]) + group * layer.outputs
                    start = base.offset(places[0]) + c if base else 0
                    out = x.offset(places[0]) + c
                    result.add(code, code, taps or ((0, 0),), a=a, b=column * layer.taps * layer.all_outputs, out=out, start=start)
                    _cut_when_few(result, g.images, len(grid))
    return result


def _turned(layer: Layer, kernel: list[int], group: int, columns: int, k: tuple[int, int, int]) -> int:
    """Where a tap of a group begins in a panel of the turned weight: (k, group, o, c)."""
    tap = (k[0] * kernel[1] + k[1]) * kernel[2] + k[2]
    return (tap * layer.all_outputs + group * layer.outputs) * columns


# ------------------------------------------------------------------------------------------------------ grad_weight


def grad_weight(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_weight = Σ grad_output·input and grad_bias = Σ grad_output: parts of fixed images, added in order.

    The bias gradient is one more row of the weight's: that of an input which is 1 everywhere.
    """
    assert node.operands[1] is not None
    layer, input, bias = layer_of(plan, node), plan.value(node.operands[0]), node.operands[2]
    images = input.inner[0] if isinstance(node.op, Conv) else 1
    size = layer.weight_size + (0 if bias is None else layer.all_outputs)
    parts = max(1, min(images, CHUNKS // 2, _PART_NUMBERS // size))
    per_part = -(-images // parts)
    parts = -(-images // per_part)
    gradient = plan.parameter_gradient(node.operands[1], size)
    if bias is not None:
        plan.part_gradient(bias, gradient, layer.weight_size)
    partial = gradient if parts == 1 else plan.block(f"{gradient.name}, parts", size * parts)

    def bind() -> Tables:
        x, g = view_of(node, input), view_of(node, grad_output)
        together = _images_together(layer, gcd(images, per_part))
        ranges = 1 if parts > 1 else CHUNKS
        tiles_ = grad_weight_tiles(layer, x, g, together, ranges, bias=bias is not None)
        per_image = (x.image * together, g.image * together, 0, 0)
        return walk(
            plan, tiles_, (input, grad_output, partial, partial), per_image, images // together,
            per_part=per_part // together, part=size,
        )  # fmt: skip

    plan.launch(partial.name, tiles.walk_tiles, bind)
    if parts > 1:
        plan.add_parts(gradient.name, partial, parts, gradient)


def _images_together(layer: Layer, common: int) -> int:
    """How many images one pass takes: as many as stay in cache, a divisor of every part's images."""
    numbers = size_of([a.input for a in layer.axes]) * layer.inputs * layer.groups
    numbers += size_of([a.output for a in layer.axes]) * layer.all_outputs
    return max(n for n in range(1, common + 1) if common % n == 0 and n * numbers <= max(numbers, _BLOCK_NUMBERS))


def grad_weight_tiles(layer: Layer, x: View, g: View, together: int, ranges: int, *, bias: bool) -> TileList:
    """The tiles of `together` images: for each block of output channels, all rows (k, c) of the weight."""
    result = TileList(layer.bits // 8)
    d, h, w = layer.axes
    corner = x.offset(tuple(-a.before for a in layer.axes))
    steps = (w.stride * x.strides[2], g.strides[2])
    taps = tuple(
        (n * x.image + x.offset((yd * d.stride, yh * h.stride, 0)), n * g.image + g.offset((yd, yh, 0)))
        for n in range(together)
        for yd, yh in product(range(d.output), range(h.output))
    )
    calls = []
    for group in range(layer.groups):
        for column, columns in blocks(layer.outputs, simd.column_tile(layer.bits)):
            o = group * layer.outputs + column
            for first, rows in _weight_rows(layer, x, simd.register_tile(layer.bits, columns), bias=bias):
                origin = rows[0] or 0
                reads = tuple(None if r is None else r - origin for r in rows)
                outs = tuple(i * layer.all_outputs for i in range(len(rows)))
                zero = Tile(layer.bits, reads, columns, *steps, w.output, outs)
                out = first * layer.all_outputs + o
                calls.append((zero, corner + origin + group * layer.inputs, o, out))
    for i, (zero, a, b, out) in enumerate(calls):
        result.add(zero, replace(zero, start="out"), taps, a=a, b=b, out=out)
        if (i + 1) * ranges // len(calls) > i * ranges // len(calls):
            result.cut()
    return result


def _weight_rows(layer: Layer, x: View, most: int, *, bias: bool) -> list[tuple[int, list[int | None]]]:
    """The rows (k, c) of the weight in tiles: (first row, where each row reads the input; None for the bias)."""
    d, h, w = layer.axes
    taps = [
        x.offset((kd * d.dilation, kh * h.dilation, kw * w.dilation))
        for kd, kh, kw in product(range(d.kernel), range(h.kernel), range(w.kernel))
    ]
    c, ones = layer.inputs, [None] if bias else []
    rows = [*(at + i for at in taps for i in range(c)), *ones]
    if c < most:
        return [(start, rows[start : start + n]) for start, n in split(len(rows), most)]
    tiles_ = [(t * c + start, rows[t * c + start :][:n]) for t in range(len(taps)) for start, n in split(c, most)]
    return tiles_ + [(len(rows) - 1, rows[-1:])] * bias


# ------------------------------------------------------------------------------------------------------------ shared


def walk(
    plan: Plan,
    tiles_: TileList,
    blocks_: tuple[Block, Block, Block, Block],
    per_image: tuple[int, int, int, int],
    images: int,
    per_part: int | None = None,
    part: int = 0,
) -> Tables:
    """The tables of `walk_tiles`: A, B, out, start and how far each moves from image to image."""
    size = plan.dtype.itemsize
    entries, bounds, taps = tables = tiles_.finish()
    plan.owners.append(tables)
    if per_part is None:
        per_part = max(1, images // CHUNKS)
    ranges = len(bounds) - 1
    addresses = [block.address for block in blocks_]
    strides = [stride * size for stride in per_image]
    n = [*addresses, *strides, part * size, images, per_part, ranges]
    n += [entries.ctypes.data, bounds.ctypes.data, taps.ctypes.data]
    return Tables(-(-images // per_part) * ranges, (), n)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """All the gradients that somebody wants."""
    grad_weight(plan, node, grad_output)
    if plan.wants(node.operands[0]):
        grad_input(plan, node, grad_output)

