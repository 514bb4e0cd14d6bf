"""The weight and bias gradients: rows are the weight's (k, c), columns output channels.

A is the input, B grad_output; taps are rows of positions, image by image.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.walk import Stage, View, view, walk
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.geometry import size_of
from pellucid.kernels import simd, tiles
from pellucid.kernels.simd import Tile

_MOST_PARTS = 8  # with fewer, each part's tiles are cut into ranges that threads share
_PART_NUMBERS = 1 << 20  # most numbers in all partial weight gradients of a layer together
_BLOCK_NUMBERS = 1 << 16  # numbers of input and grad_output that one pass keeps in cache


def grad_weight(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_weight = Σ grad_output·input and grad_bias = Σ grad_output: parts of fixed images, added in order.

    The bias gradient is one more row of the weight's: that of an input which is 1 everywhere.
    """
    assert node.operands[1] is not None
    layer, input, bias = layer_of(plan, node), plan.value(node.operands[0]), node.operands[2]
    images = input.inner[0]
    size = layer.weight_size + (0 if bias is None else layer.all_outputs)
    parts = parts_of(images, size)
    per_part = images // parts
    plan.per_part[node] = per_part
    gradient = plan.parameter_gradient(node.operands[1], size)
    if bias is not None:
        plan.part_gradient(bias, gradient, layer.weight_size)
    partial = gradient if parts == 1 else plan.block(f"{gradient.name}, parts", size * parts)

    def bind() -> Tables:
        x, g = view(input), view(grad_output)
        together = _images_together(layer, per_part)
        ranges = 1 if parts >= _MOST_PARTS else CHUNKS // parts
        tiles_ = grad_weight_tiles(layer, x, g, together, ranges, bias=bias is not None)
        per_unit = (x.image * together, g.image * together, 0, 0)
        stage = Stage((input, grad_output, partial, partial), per_unit, part=size)
        return walk(plan, tiles_, [stage], range(images // together), per_part // together)

    plan.launch(partial.name, tiles.walk_tiles, bind)
    if parts > 1:
        plan.add_parts(gradient.name, partial, parts, gradient)


def parts_of(images: int, size: int) -> int:
    """How many parts: a divisor of the images, so that all are alike and threads end together."""
    most = max(1, min(images, _MOST_PARTS, _PART_NUMBERS // size))
    return max(n for n in range(1, most + 1) if images % n == 0)


def _images_together(layer: Layer, common: int) -> int:
    """How many images one pass takes: as many as stay in cache, a divisor of every part's images."""
    numbers = size_of([a.input for a in layer.axes]) * layer.inputs * layer.groups
    numbers += size_of([a.output for a in layer.axes]) * layer.all_outputs
    return max(
        n for n in range(1, common + 1) if common % n == 0 and n * numbers <= max(numbers, _BLOCK_NUMBERS)
    )


def grad_weight_tiles(layer: Layer, x: View, g: View, together: int, ranges: int, *, bias: bool) -> TileList:
    """The tiles of `together` images: for each block of output channels, all rows (k, c) of the weight."""
    result = TileList()
    d, h, w = layer.axes
    corner = x.offset(layer.first_read((0, 0, 0)))
    steps = (w.stride * x.strides[2], g.strides[2])
    taps = tuple(
        (n * x.image + x.offset((yd * d.stride, yh * h.stride, 0)), n * g.image + g.offset((yd, yh, 0)))
        for n in range(together)
        for yd, yh in product(range(d.output), range(h.output))
    )
    calls = []
    columns_of_a_group = blocks(layer.outputs, simd.column_tile(layer.bits))
    for group, (column, columns) in product(range(layer.groups), columns_of_a_group):
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


def bias_tiles(list_: TileList, layer: Layer, g: View, together: int) -> None:
    """The bias gradient alone, of `together` images: one row of ones for each block of output channels."""
    d, h, w = layer.axes
    lines = product(range(together), range(d.output), range(h.output))
    taps = tuple((0, n * g.image + g.offset((yd, yh, 0))) for n, yd, yh in lines)
    for o, columns in blocks(layer.all_outputs, simd.column_tile(layer.bits)):
        zero = Tile(layer.bits, (None,), columns, 0, g.strides[2], w.output, (0,))
        list_.add(zero, replace(zero, start="out"), taps, a=0, b=o, out=layer.weight_size + o)


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
    tiles_ = [
        (t * c + start, rows[t * c + start :][:n]) for t in range(len(taps)) for start, n in split(c, most)
    ]
    return tiles_ + [(len(rows) - 1, rows[-1:])] * bias
