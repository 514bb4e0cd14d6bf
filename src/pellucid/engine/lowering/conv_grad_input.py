"""The input gradient: rows are input positions of one phase of the stride, columns input channels.

A is grad_output, B the weight turned into (k, o, c) and cut into panels.
"""

from __future__ import annotations

from itertools import product

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.layer import Layer, View, cut_when_few, layer_of, view_of, walk
from pellucid.engine.plan import Plan, Tables
from pellucid.engine.tiling import TileList, blocks, position_tiles
from pellucid.geometry import Axis
from pellucid.kernels import simd, tiles
from pellucid.kernels.simd import Tile
from pellucid.ops.conv import Conv


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
                    (
                        g.offset((td[1], th[1], tw[1])),
                        _turned(layer, kernel, group, columns, (td[0], th[0], tw[0])),
                    )
                    for td, th, tw in product(*(p[2] for p in phase))
                )
                grid = position_tiles([p[1] for p in phase], most)
                for tile in grid:
                    places = [
                        tuple(f + i * s for f, i, s in zip(first, at, step, strict=True)) for at in tile
                    ]
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
                    result.add(
                        code,
                        code,
                        taps or ((0, 0),),
                        a=a,
                        b=column * layer.taps * layer.all_outputs,
                        out=out,
                        start=start,
                    )
                    cut_when_few(result, g.images, len(grid))
    return result


def _turned(layer: Layer, kernel: list[int], group: int, columns: int, k: tuple[int, int, int]) -> int:
    """Where a tap of a group begins in a panel of the turned weight: (k, group, o, c)."""
    tap = (k[0] * kernel[1] + k[1]) * kernel[2] + k[2]
    return (tap * layer.all_outputs + group * layer.outputs) * columns
