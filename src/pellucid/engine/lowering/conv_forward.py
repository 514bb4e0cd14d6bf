"""The output of a convolution: rows are output positions, columns output channels.

A is the input, B the weight (k, c, o) as it lies or packed into panels. Where output channels are few, a row is several
positions packed into one vector (`packed.py`).
"""

from __future__ import annotations

from itertools import product

import numpy as np

from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering import norm
from pellucid.engine.lowering.curve import activated
from pellucid.engine.lowering.layer import Layer, laid_weight, layer_of
from pellucid.engine.lowering.packed import Packing, best_packing, panel
from pellucid.engine.lowering.walk import Stage, View, cut_when_few, stored, view, walk
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks, position_tiles, split
from pellucid.geometry import Geometry
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Start, Tile
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.curve import Curve
from pellucid.ops.relu import ReLU
from pellucid.sizes import size_of

_RUN = 2048  # longest stretch of products before a tile moves on, so that its part of B stays in cache


def forward(plan: Plan, step: Step) -> None:
    """output = bias + Σ input·weight; and the batch norm, the ReLU or the activation that are fused into it."""
    input, bias = plan.read(step, "input"), plan.read(step, "bias")
    layer, weight = layer_of(step.node, plan.bits), laid_weight(plan, step)
    packing, normalised = packed_outputs(layer), step.carried(BatchNorm)
    output, relu, smooth = plan.output(step), step.carried(ReLU) is not None, step.carried(Curve)
    apart = smooth is not None and plan.trains and "input" in smooth.op.reads("grad_input")
    made = plan.own_output(step) if apart else output
    table = norm.running_coefficients(plan, step, normalised) if normalised else None
    input.widen(Geometry(layer.axes).padded)
    panels = pack(plan, step, layer, weight) if worth_packing(layer, input.inner[0]) else None
    if packing:
        places = packing.places(layer).swapaxes(2, 3)
        panels = panel(plan, step, f"{layer.label}.weight, broadcast", weight, places)
        if bias is not None:
            channels = np.tile(np.arange(layer.outputs), packing.positions)
            bias = panel(plan, step, f"{layer.label}.bias, repeated", bias, channels)

    def bind() -> Work:
        x, y = view(input), view(made) if smooth else stored(plan, output)
        if packing:
            tiles_ = packed_tiles(layer, x, y, packing, bias=bias is not None, relu=relu)
        else:
            start: Start = "bias" if bias is not None else "zero"
            tiles_ = forward_tiles(
                layer, x, y, None, start, in_panels=panels is not None, normal=table is not None, relu=relu
            )
        stages = [Stage((input, panels or weight, made, table or bias or weight), (x.image, 0, y.image, 0))]
        if smooth:
            stages.append(activated(plan, smooth, tiles_, made, output))
        return walk(plan, tiles_, stages, range(x.images))

    plan.loop(step, f"{step.path}.output", tiles.walk_tiles, bind, multiply_adds=step.multiply_adds("output"))


def in_one_range(layer: Layer, images: int) -> bool:
    """Whether one thread makes all of an image, so that what is behind the convolution can follow at once."""
    return images >= CHUNKS and layer.axes[2].kernel * layer.inputs <= _RUN


def worth_packing(layer: Layer, images: int) -> bool:
    """Whether the weight's rows are so long, and so often read, that panels pay for their making."""
    positions = images * size_of([a.output for a in layer.axes])
    return not layer.depthwise and layer.all_outputs > 2 * simd.column_tile(layer.bits) and positions >= 256


def pack(plan: Plan, step: Step, layer: Layer, weight: Block) -> Block:
    """The weight as panels, one for each block of output channels."""
    panels = plan.block(f"{layer.label}.weight, packed", layer.weight_size)
    rows, width, pieces = layer.taps * layer.inputs, min(simd.column_tile(layer.bits), layer.outputs), 4
    count = len(blocks(layer.outputs, width)) * layer.groups
    work = Work(count * pieces, tiles.Panels(weight, panels, rows, layer.all_outputs, width, pieces))
    plan.loop(step, panels.name, tiles.pack_panels, lambda: work)
    return panels


def packed_outputs(layer: Layer) -> Packing | None:
    """How output positions are packed, if they are."""
    w = layer.axes[2]
    if layer.groups > 1:  # neighbours are not neighbours in memory
        return None
    result = best_packing(
        [k * w.dilation for k in range(w.kernel)], w.stride, w.output, layer.outputs, layer.bits
    )
    return result if result.positions > 1 and len(result.steps) * layer.inputs <= _RUN else None


def packed_tiles(layer: Layer, x: View, y: View, packing: Packing, *, bias: bool, relu: bool) -> TileList:
    """One image's tiles whose rows are several positions each."""
    result = TileList()
    d, h, w = layer.axes
    columns, run = packing.positions * layer.outputs, len(packing.steps) * layer.inputs
    pieces = packing.pieces(x.strides[2], layer.inputs, layer.outputs)
    taps = tuple(
        (x.offset((kd * d.dilation, kh * h.dilation, 0)), (kd * h.kernel + kh) * run * columns)
        for kd, kh in product(range(d.kernel), range(h.kernel))
    )
    starts = packing.starts(w.output)
    grid = position_tiles((d.output, h.output, len(starts)), simd.register_tile(layer.bits, columns))
    for tile in grid:
        places = [(yd, yh, starts[i]) for yd, yh, i in tile]
        reads = [layer.first_read(at) for at in places]
        rows, outs = x.offsets(reads), y.offsets(places)
        start: Start = "bias" if bias else "zero"
        code = Tile(layer.bits, rows, columns, 1, columns, run, outs, start, relu=relu, pieces=pieces)
        result.add(code, code, taps, a=x.offset(reads[0]), out=y.offset(places[0]))
        cut_when_few(result, x.images, len(grid))
    return result


def forward_tiles(
    layer: Layer,
    x: View,
    y: View,
    base: View | None,
    begin: Start,
    *,
    in_panels: bool,
    normal: bool = False,
    relu: bool = False,
) -> TileList:
    """One image's tiles: for each block of output channels and each stretch of the sum, all output positions."""
    result = TileList()
    for part in layer.passes(layer.outputs, [a.output for a in layer.axes]):
        o = part.group * layer.outputs + part.first
        b, b_step = (o * layer.taps * layer.inputs, part.columns) if in_panels else (o, layer.all_outputs)
        stretches = _forward_stretches(layer, x, b_step)
        for i, (run, taps) in enumerate(stretches):
            start: Start = "out" if i else begin
            last = i == len(stretches) - 1
            table = layer.all_outputs if normal and last else 0
            for tile in part.tiles:
                reads = [layer.first_read(at) for at in tile]
                rows, outs = x.offsets(reads), y.offsets(tile)
                others = base.offsets(tile) if base and start == "base" else ()
                code = Tile(
                    layer.bits,
                    rows,
                    part.columns,
                    1,
                    b_step,
                    run,
                    outs,
                    start,
                    others,
                    relu=relu and last,
                    norm=table,
                    depthwise=layer.depthwise,
                    past=layer.depthwise and y.past,
                )
                a = x.offset(reads[0]) + part.group * layer.inputs
                begins = o + (base.offset(tile[0]) if others and base else 0)
                result.add(code, code, taps, a=a, b=b, out=y.offset(tile[0]) + o, start=begins)
                if len(stretches) == 1:
                    cut_when_few(result, x.images, part.grid)
        if len(stretches) > 1:
            result.cut()
    return result


def _forward_stretches(layer: Layer, x: View, b_step: int) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    """The reduction as (run, taps): runs of one kernel row where it is contiguous in memory, else of one tap."""
    d, h, w = layer.axes
    contiguous = w.dilation == 1 and layer.groups == 1 and x.strides[2] == layer.inputs
    columns, run = (1, w.kernel * layer.inputs) if contiguous else (w.kernel, layer.inputs)
    taps = [
        (
            x.offset((kd * d.dilation, kh * h.dilation, kw * w.dilation)),
            ((kd * h.kernel + kh) * columns + kw) * run * b_step,
        )
        for kd, kh, kw in product(range(d.kernel), range(h.kernel), range(columns))
    ]
    if run <= _RUN:
        return [(run, tuple(taps))]
    return [
        (length, ((a + start, b + start * b_step),))
        for a, b in taps
        for start, length in split(run, _RUN // 2)
    ]
