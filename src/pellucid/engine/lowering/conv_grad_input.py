"""The input gradient: rows are input positions of one phase of the stride, columns input channels.

A is grad_output, B the weight transposed to (k, o, c) and cut into panels. Where input channels are few and the stride
along W is 1, a row is several positions packed into one vector (`packed.py`). Where much of a row would meet padding,
its positions are taken by what they do not (`skips_padding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.layer import Layer, Pass, laid_weight, layer_of
from pellucid.engine.lowering.packed import Packing, best_packing, panel
from pellucid.engine.lowering.walk import Stage, View, cut_when_few, stored, view, walk
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import Taps, TileList, blocks
from pellucid.geometry import Axis, skips_padding
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Piece, Start, Tile, Transpose


def grad_input(plan: Plan, step: Step) -> None:
    """grad_input = base + Σ grad_output·weight, phase by phase of the stride; masked where a ReLU is fused into it."""
    grad_output, mask = plan.read(step, "grad_output"), plan.read(step, "mask")
    layer, weight = layer_of(step.node, plan.bits), laid_weight(plan, step)
    gradient, base = plan.gradient(step)
    packing = packed_inputs(layer)
    transposed = transposed_weight(plan, step, layer, weight, packing)
    widen(grad_output, layer)

    def bind() -> Work:
        g, x = view(grad_output), stored(plan, gradient)
        other = base if base is not None else mask
        start = view(other) if other is not None else None
        begin: Start = "base" if base is not None else "zero"
        tiles_ = grad_input_tiles(layer, g, x, start, packing, begin, masked=mask is not None)
        per_image = (g.image, 0, x.image, start.image if start else 0)
        stage = Stage((grad_output, transposed, gradient, other or transposed), per_image)
        return walk(plan, tiles_, [stage], range(g.images))

    label, products = f"{gradient.name} by {step.path}", step.multiply_adds("grad_input")
    plan.loop(step, label, tiles.walk_tiles, bind, multiply_adds=products)


def widen(grad_output: Tensor, layer: Layer) -> None:
    """Ask for the zeros around grad_output that the tiles read."""
    reach = [_reach(axis) for axis in layer.axes]
    grad_output.widen([*reach[:2], (0, 0)] if skips_padding(layer.axes) else reach)


def transposed_weight(plan: Plan, step: Step, layer: Layer, weight: Block, packing: Packing | None) -> Block:
    """The weight as (k, o, c), cut into panels of input channels, or broadcast to packed positions."""
    if packing:
        places = packing.places(layer).transpose(0, 1, 4, 2, 3)
        return panel(plan, step, f"{layer.label}.weight, transposed and broadcast", weight, places)
    if layer.depthwise:
        return weight
    transposed = plan.block(f"{layer.label}.weight, transposed", layer.weight_size)

    def bind() -> Work:
        list_ = TileList()
        panels = blocks(layer.inputs, simd.column_tile(layer.bits))
        for (first, width), tap in product(panels, range(layer.taps)):
            code = Transpose(layer.bits, width, layer.all_outputs, layer.all_outputs, width)
            a, out = tap * layer.inputs + first, first * layer.taps + tap * width
            list_.add(code, code, a=a * layer.all_outputs, out=out * layer.all_outputs)
            list_.cut()
        return walk(plan, list_, [Stage((weight, None, transposed, None), (0, 0, 0, 0))], range(1))

    plan.loop(step, transposed.name, tiles.walk_tiles, bind)
    return transposed


def _reach(axis: Axis) -> tuple[int, int]:
    """How far before and after grad_output the positions lie that the input gradient asks for."""
    reads = [
        (i + axis.before - k * axis.dilation) // axis.stride
        for i in range(axis.input)
        for k in range(axis.kernel)
        if (i + axis.before - k * axis.dilation) % axis.stride == 0
    ]
    return max(0, -min(reads, default=0)), max(0, max(reads, default=0) - axis.output + 1)


# Input positions first + i·stride with equal taps: the first, all i, and for each tap (k, y − i). Where positions are
# packed, i is the first of a vector, and k the number of a step.
Phase = tuple[int, Sequence[int], Sequence[tuple[int, int]]]


def _phases(axis: Axis) -> list[Phase]:
    """The input positions along one axis, by their remainder modulo the stride."""
    phases = list[Phase]()
    for first in range(min(axis.stride, axis.input)):
        shifts = [(k, first + axis.before - k * axis.dilation) for k in range(axis.kernel)]
        taps = [(k, shift // axis.stride) for k, shift in shifts if shift % axis.stride == 0]
        phases.append((first, range(-(-(axis.input - first) // axis.stride)), taps))
    return phases


def _phases_along(layer: Layer, packing: Packing | None) -> list[Phase]:
    """The phases of the last axis: packed, and apart from padding, where that is so."""
    axis = layer.axes[2]
    phases = _phases(axis)
    if packing:
        phases = [(0, packing.starts(axis.input), [(j, read) for j, (read, _) in enumerate(packing.steps)])]
    if not skips_padding(layer.axes):
        return phases
    ((first, indices, taps),) = phases
    groups = groupby(indices, lambda i: [(k, y) for k, y in taps if 0 <= y + i < axis.output])
    return [(first, list(group), met) for met, group in groups]


def packed_inputs(layer: Layer) -> Packing | None:
    """How input positions are packed, if they are."""
    w = layer.axes[2]
    if layer.groups > 1 or w.stride > 1:  # neighbours have no sums with the same taps, or not in memory
        return None
    ((_, _, taps),) = _phases(w)
    result = best_packing([y for _, y in taps], 1, w.input, layer.inputs, layer.bits)
    return result if result.positions > 1 else None


def grad_input_tiles(
    layer: Layer,
    g: View,
    x: View,
    other: View | None,
    packing: Packing | None,
    begin: Start,
    *,
    masked: bool = False,
    relu: bool = False,
) -> TileList:
    """One image's tiles: for each block of input channels and each phase, all its positions.

    `other` is what the sums begin with ("base") or, when `masked`, the output of the ReLU before.
    """
    result = TileList()
    phases = list(product(*map(_phases, layer.axes[:2]), _phases_along(layer, packing)))
    for phase in phases:
        sizes = [len(indices) for _, indices, _ in phase]
        for part in layer.passes(layer.inputs, sizes, packing.positions if packing else 1):
            _add_pass(result, layer, (g, x, other), phase, part, packing, begin, masked=masked, relu=relu)
    return result


def _add_pass(
    result: TileList,
    layer: Layer,
    views: tuple[View, View, View | None],
    phase: Sequence[Phase],
    part: Pass,
    packing: Packing | None,
    begin: Start,
    *,
    masked: bool,
    relu: bool,
) -> None:
    """The tiles of some input channels at positions of one phase."""
    g, x, other = views
    run, pieces, taps = _taps(layer, g, part.group, part.columns, phase, packing)
    columns = part.columns * (packing.positions if packing else 1)
    for tile in part.tiles:
        reads = [tuple(indices[i] for (_, indices, _), i in zip(phase, at, strict=True)) for at in tile]
        places = [
            tuple(
                first + i * axis.stride for (first, _, _), i, axis in zip(phase, at, layer.axes, strict=True)
            )
            for at in reads
        ]
        rows, outs = g.offsets(reads), x.offsets(places)
        others = other.offsets(places) if other else ()
        code = Tile(
            layer.bits,
            rows,
            columns,
            1,
            columns,
            run,
            outs,
            begin,
            others,
            relu=relu,
            mask=masked,
            pieces=pieces,
            depthwise=layer.depthwise,
            past=layer.depthwise and x.past,
        )
        c = part.group * layer.inputs + part.first
        result.add(
            code,
            code,
            taps or ((0, 0),),
            a=g.offset(reads[0]) + part.group * layer.outputs,
            b=part.first * layer.taps * layer.all_outputs,
            out=x.offset(places[0]) + c,
            start=other.offset(places[0]) + c if other else c if begin == "bias" else 0,
        )
        cut_when_few(result, g.images, part.grid)


def _taps(
    layer: Layer, g: View, group: int, columns: int, phase: Sequence[Phase], packing: Packing | None
) -> tuple[int, tuple[Piece, ...], Taps]:
    """The reduction of a phase: products of a tap, the pieces that they come in, and where taps begin."""
    (_, _, depth), (_, _, height), (_, _, width) = phase
    if packing is None:
        taps = tuple(
            (g.offset((td[1], th[1], tw[1])), _transposed(layer, group, columns, (td[0], th[0], tw[0])))
            for td, th, tw in product(depth, height, width)
        )
        return layer.outputs if taps else 0, (), taps
    size = len(packing.steps) * layer.outputs * packing.positions * columns
    pieces = packing.pieces(g.strides[2], layer.outputs, columns, [j for j, _ in width])
    run = len(width) * layer.outputs
    taps = tuple(
        (g.offset((td[1], th[1], 0)), (td[0] * layer.axes[1].kernel + th[0]) * size)
        for td, th in product(depth, height)
    )
    return (run, pieces, taps) if taps and pieces else (0, (), ())


def _transposed(layer: Layer, group: int, columns: int, k: tuple[int, int, int]) -> int:
    """Where a tap of a group begins in a panel of the transposed weight: (k, group, o, c)."""
    _, h, w = layer.axes
    tap = (k[0] * h.kernel + k[1]) * w.kernel + k[2]
    return (tap * layer.all_outputs + group * layer.outputs) * (1 if layer.depthwise else columns)
