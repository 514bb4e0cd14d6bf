"""The input gradient: rows are input positions of one phase of the stride, columns input channels.

A is grad_output, B the weight turned into (k, o, c) and cut into panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.walk import Stage, View, cut_when_few, view, walk
from pellucid.engine.plan import Plan, Tables
from pellucid.engine.tiling import TileList, blocks, position_tiles
from pellucid.geometry import Axis
from pellucid.kernels import simd, tiles
from pellucid.kernels.simd import Start, Tile, Turn


def grad_input(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = base + Σ grad_output·weight, phase by phase of the stride."""
    assert node.operands[0] is not None
    layer, weight = layer_of(plan, node), plan.value(node.operands[1])
    gradient, base, gate = plan.add_gated_gradient(node.operands[0])
    turned = turned_weight(plan, layer, weight)
    grad_output.widen([_reach(axis) for axis in layer.axes])

    def bind() -> Tables:
        g, x = view(grad_output), view(gradient)
        other = base if base is not None else gate
        start = view(other) if other is not None else None
        tiles_ = grad_input_tiles(layer, g, x, start, gated=gate is not None)
        per_image = (g.image, 0, x.image, start.image if start else 0)
        stage = Stage((grad_output, turned, gradient, other or turned), per_image)
        return walk(plan, tiles_, [stage], range(g.images))

    plan.launch(f"{gradient.name} by {node.path}", tiles.walk_tiles, bind)


def turned_weight(plan: Plan, layer: Layer, weight: Block) -> Block:
    """The weight as (k, o, c), cut into panels of input channels."""
    turned = plan.block(f"{layer.label}.weight, turned", layer.weight_size)

    def bind() -> Tables:
        list_ = TileList()
        panels = blocks(layer.inputs, simd.column_tile(layer.bits))
        for (first, width), tap in product(panels, range(layer.taps)):
            turn = Turn(layer.bits, width, layer.all_outputs, layer.all_outputs, width)
            a, out = tap * layer.inputs + first, first * layer.taps + tap * width
            list_.add(turn, turn, a=a * layer.all_outputs, out=out * layer.all_outputs)
            list_.cut()
        return walk(plan, list_, [Stage((weight, None, turned, None), (0, 0, 0, 0))], range(1))

    plan.launch(turned.name, tiles.walk_tiles, bind)
    return turned


def _reach(axis: Axis) -> tuple[int, int]:
    """How far before and after grad_output the positions lie that the input gradient asks for."""
    reads = [
        (i + axis.before - k * axis.dilation) // axis.stride
        for i in range(axis.input)
        for k in range(axis.kernel)
        if (i + axis.before - k * axis.dilation) % axis.stride == 0
    ]
    return max(0, -min(reads, default=0)), max(0, max(reads, default=0) - axis.output + 1)


# Input positions with equal taps: the first position, how many, and for each tap (k, the first position's y).
Phase = tuple[int, int, list[tuple[int, int]]]


def _phases(axis: Axis) -> list[Phase]:
    """The input positions along one axis, by their remainder modulo the stride."""
    phases = []
    for first in range(min(axis.stride, axis.input)):
        shifts = [(k, first + axis.before - k * axis.dilation) for k in range(axis.kernel)]
        taps = [(k, shift // axis.stride) for k, shift in shifts if shift % axis.stride == 0]
        phases.append((first, -(-(axis.input - first) // axis.stride), taps))
    return phases


def grad_input_tiles(layer: Layer, g: View, x: View, other: View | None, *, gated: bool) -> TileList:
    """One image's tiles: for each block of input channels and each phase, all its positions.

    `other` is what the sums begin with or, when `gated`, the output of the ReLU before.
    """
    result = TileList()
    columns = blocks(layer.inputs, simd.column_tile(layer.bits))
    phases = list(product(*(_phases(axis) for axis in layer.axes)))
    for group, block, phase in product(range(layer.groups), columns, phases):
        _add_phase(result, layer, (g, x, other), group, block, phase, gated=gated)
    return result


def _add_phase(
    result: TileList,
    layer: Layer,
    views: tuple[View, View, View | None],
    group: int,
    block: tuple[int, int],
    phase: Sequence[Phase],
    *,
    gated: bool,
) -> None:
    """The tiles of one block of input channels at the positions of one phase."""
    g, x, other = views
    column, columns = block
    taps = tuple(
        (g.offset((td[1], th[1], tw[1])), _turned(layer, group, columns, (td[0], th[0], tw[0])))
        for td, th, tw in product(*(taps for _, _, taps in phase))
    )
    run = layer.outputs if taps else 0
    start: Start = "base" if other and not gated else "zero"
    grid = position_tiles([count for _, count, _ in phase], simd.register_tile(layer.bits, columns))
    for tile in grid:
        places = [
            tuple(
                first + i * axis.stride for (first, _, _), i, axis in zip(phase, at, layer.axes, strict=True)
            )
            for at in tile
        ]
        rows, outs = g.offsets(tile), x.offsets(places)
        others = other.offsets(places) if other else ()
        code = Tile(layer.bits, rows, columns, 1, columns, run, outs, start, others, gate=gated)
        c = group * layer.inputs + column
        result.add(
            code,
            code,
            taps or ((0, 0),),
            a=g.offset(tile[0]) + group * layer.outputs,
            b=column * layer.taps * layer.all_outputs,
            out=x.offset(places[0]) + c,
            start=other.offset(places[0]) + c if other else 0,
        )
        cut_when_few(result, g.images, len(grid))


def _turned(layer: Layer, group: int, columns: int, k: tuple[int, int, int]) -> int:
    """Where a tap of a group begins in a panel of the turned weight: (k, group, o, c)."""
    _, h, w = layer.axes
    tap = (k[0] * h.kernel + k[1]) * w.kernel + k[2]
    return (tap * layer.all_outputs + group * layer.outputs) * columns
