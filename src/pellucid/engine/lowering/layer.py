"""What the three directions of a convolution share: its sizes, and its weight as it lies in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.engine.buffers import Block
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import blocks, paired_tiles, position_tiles
from pellucid.geometry import Axis
from pellucid.kernels import simd
from pellucid.kernels.loops import layout
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Pass:
    """Tiles whose calls follow one another: some columns at some positions.

    Attributes:
        group: that of the channels.
        first: the first of them, counted in the group.
        columns: how many.
        tiles: the positions, tile by tile.
        grid: how many tiles these columns have in all passes.
    """

    group: int
    first: int
    columns: int
    tiles: list[list[tuple[int, ...]]]
    grid: int


@dataclass(frozen=True)
class Layer:
    """What the three directions share."""

    label: str
    axes: tuple[Axis, Axis, Axis]
    groups: int
    inputs: int  # input channels of a group
    outputs: int  # output channels of a group
    bits: int

    def first_read(self, output: Sequence[int]) -> tuple[int, ...]:
        """Where the window of an output position begins; in the padding, it may be below 0."""
        return tuple(axis.position(y, 0) for axis, y in zip(self.axes, output, strict=True))

    @property
    def depthwise(self) -> bool:
        """Whether every output channel meets one input channel alone, its own: groups are columns then."""
        return self.groups > 1 and self.inputs == self.outputs == 1

    def column_blocks(self, channels: int) -> list[tuple[int, int, int]]:
        """The columns of tiles, of so many channels in a group: the group, the first of its channels, how many."""
        width = simd.column_tile(self.bits)
        if self.depthwise:
            return [(first, 0, count) for first, count in blocks(self.groups, width)]
        return [
            (group, first, count) for group in range(self.groups) for first, count in blocks(channels, width)
        ]

    def passes(self, channels: int, sizes: Sequence[int], packed: int = 1) -> list[Pass]:
        """All columns at all positions of a grid, where `packed` positions share a row.

        Depthwise, a tile is little work: columns follow one another at the same positions, as they lie in memory.
        """
        found = self.column_blocks(channels)
        if self.depthwise:
            grid = paired_tiles(sizes, simd.register_tile(self.bits, simd.column_tile(self.bits)))
            return [Pass(*block, [tile], len(grid)) for tile in grid for block in found]
        result = list[Pass]()
        for group, first, columns in found:
            grid = position_tiles(sizes, simd.register_tile(self.bits, packed * columns))
            result.append(Pass(group, first, columns, grid, len(grid)))
        return result

    @property
    def taps(self) -> int:
        """Kernel positions."""
        return size_of([a.kernel for a in self.axes])

    @property
    def all_inputs(self) -> int:
        """Input channels."""
        return self.groups * self.inputs

    @property
    def all_outputs(self) -> int:
        """Output channels."""
        return self.groups * self.outputs

    @property
    def weight_size(self) -> int:
        """Numbers in the weight."""
        return self.taps * self.inputs * self.all_outputs


def layer_of(node: Node, bits: int) -> Layer:
    """The convolution that a node is, or that a transposed one is read backwards from: the weight is the same."""
    op, (input, weight, *_) = node.op, node.operands
    assert isinstance(op, Conv | ConvTranspose)
    assert input is not None
    assert weight is not None
    conv = op if isinstance(op, Conv) else op.conv(input.shape, weight.shape)
    d, h, w = (Axis(1, 1),) * (3 - op.dims) + conv.geometry(input.shape, weight.shape).axes
    return Layer(node.path, (d, h, w), op.groups, weight.shape[1], weight.shape[0] // op.groups, bits)


def laid_weight(plan: Plan, step: Step) -> Block:
    """The weight of a convolution as it lies in the window: a true convolution's is flipped first."""
    layer, weight = layer_of(step.node, plan.bits), plan.read(step, "weight")
    assert isinstance(step.op, Conv)
    return flipped(plan, step, layer, weight, f"{layer.label}.weight, flipped") if step.op.flip else weight


def flipped(plan: Plan, step: Step, layer: Layer, weight: Block, name: str) -> Block:
    """A weight, or its gradient, flipped along every axis: its kernel positions (k, c·o) in the opposite order."""
    result = plan.block(name, layer.weight_size)
    table = layout.Reverse(weight, result, layer.taps, layer.inputs * layer.all_outputs)
    plan.loop(step, name, layout.reverse, lambda: Work(layer.taps, table))
    return result
