"""The weight gradient by Winograd's algorithm, of few channels: threads share out parts of the batch.

For some images at a time, a unit, a thread does everything in its own cache: it transforms, makes the products,
transforms back; and with it the input gradient, which takes the same transform of grad_output.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from pellucid import batch
from pellucid.derived import derived
from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering.parts import Parts, copy, list_calls, walk_parts
from pellucid.engine.lowering.walk import Stage
from pellucid.engine.lowering.winograd import Planes
from pellucid.engine.lowering.winograd_conv import Convolution
from pellucid.engine.lowering.winograd_weight import WeightGradient
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import parts as loops

_UNIT_NUMBERS = 9 << 14  # transformed numbers of a unit that a thread keeps in its cache,
_LEAST_TILES = 32  # but so many tiles at least: the products' sums are that long
_SHARED = 8  # parts that threads share, where there are so many images
_ROOM = 3 << 20  # most numbers of these parts together
_INPUT, _GRAD_OUTPUT, _PRODUCT, _BACK, _BIAS, _END, _OTHER = range(7)  # stages


def in_parts(weight: WeightGradient, other: Convolution | None) -> None:
    """One launch, for the input gradient, too, if it is there; then the parts are added."""
    transformed = other.transform_weight() if other else None
    _InParts(weight, other, transformed).lower()


@dataclass(frozen=True)
class _InParts:
    """What a thread does with a unit.

    Attributes:
        weight: the weight gradient.
        other: the input gradient.
        transformed: the weight, transformed for that.
    """

    weight: WeightGradient
    other: Convolution | None
    transformed: Block | None

    @derived
    def parts(self) -> Parts:
        """Threads share parts alone here; where there are few, each is halved on, down the same tree."""
        images, least = self.weight.images, batch.large_parts(self.weight.images)
        count = max(least, min(_SHARED, batch.small_parts(images)))
        return Parts(tuple(batch.edges(images, count)), self.weight.gradient.size, _ROOM)

    @property
    def bias(self) -> bool:
        """Whether the bias gradient is summed in the same launch: where parts are those that it has by itself."""
        return self.weight.bias and self.parts.count == batch.large_parts(self.weight.images)

    @property
    def wanted(self) -> int:
        """Tiles that are worked on at a time, about."""
        it = self.weight
        inputs, outputs = it.scheme.left.points**2, it.scheme.right.points**2
        return max(_LEAST_TILES, _UNIT_NUMBERS // (inputs * it.layer.inputs + outputs * it.layer.outputs))

    @property
    def together(self) -> int:
        """Images of a unit."""
        return self.weight.grid.together(min(self.parts.images), self.wanted)

    @property
    def groups(self) -> list[tuple[int, int]]:
        """The tiles of a unit in groups."""
        return split(self.together * len(self.weight.grid.tiles), self.wanted)

    @derived
    def values(self) -> tuple[Planes, Planes]:
        """A group's tiles of the input and of grad_output at the points."""
        it, (_, tiles_) = self.weight, self.groups[0]
        inputs = Planes.of(it.scheme.left.points, tiles_, it.layer.inputs)
        return inputs, Planes.of(it.scheme.right.points, tiles_, it.layer.outputs, inputs.end)

    @derived
    def block(self) -> tuple[int, int]:
        """Input and output channels of a block of the weight: those of a tile."""
        layer = self.weight.layer
        columns = min(simd.column_tile(layer.bits), layer.outputs)
        return max(
            simd.register_tile(layer.bits, width) for _, width in blocks(layer.outputs, columns)
        ), columns

    @derived
    def results(self) -> Planes:
        """A block's sums at the points."""
        return Planes.of(self.weight.scheme.result.points, *self.block, self.values[1].end)

    @property
    def slots(self) -> int:
        """Where the sums of several parts lie in scratch memory."""
        ends = [self.results.end]
        if self.other:
            ends.append(self.other.results(self.groups[0][1], self.values[1].end).end)
        return max(ends)

    @property
    def additions(self) -> int:
        """The most that a product meets."""
        units = max(self.parts.images) // self.together + len(self.parts.units(self.together)) - 1
        tree = batch.depth(self.parts.count)
        return self.weight.most_terms * self.groups[0][1] + len(self.groups) * units + tree

    def lower(self) -> None:
        """Write the launches."""
        it, parts = self.weight, self.parts
        sums, products = parts.room_for(it.plan, it.gradient), it.step.multiply_adds("grad_weight")
        it.plan.loop(
            it.step,
            f"gradients by {it.step.path}" if self.other else sums.name,
            loops.walk_parts,
            lambda: self._bind(sums),
            order=it.order(self.additions, bias=self.bias),
            scratch=(self.slots + parts.slots * parts.size) * it.plan.dtype.itemsize,
            multiply_adds=products + (self.other.multiply_adds if self.other else 0),
        )
        parts.add(it.plan, it.step, sums, it.gradient)
        if it.bias and not self.bias:
            it.bias_alone()

    def _bind(self, sums: Block) -> Work:
        it, parts, list_ = self.weight, self.parts, TileList()
        units = parts.units(self.together)
        list_calls(list_, units, partial(self._unit, list_), partial(self._copy, list_))
        to = None if parts.waits else sums
        stages = [
            it.input.stage(None, 1),
            it.grad_output.stage(None, 1),
            Stage((None, None, None, None), (0, 0, 0, 0)),
            Stage((None, None, to, None), (0, 0, 0, 0), parts.size),
            replace(it.bias_stage(to), part=parts.size),
            Stage((None, None, sums, None), (0, 0, 0, 0), parts.size),
        ]
        if self.other and self.transformed:
            stages += self.other.last_stages(self.transformed, 1)
        return walk_parts(it.plan, parts, list_, stages, units, (self.slots, parts.size))

    def _copy(self, list_: TileList) -> None:
        """The sum of several parts to its place."""
        list_.stage = _END
        if self.parts.waits:
            copy(list_, self.weight.layer.bits, self.slots, self.parts.size)

    def _unit(self, list_: TileList, images: int) -> None:
        """All that there is to do for some images."""
        it, place = self.weight, self.slots if self.parts.waits else 0
        grid = replace(it.grid, images=images)
        for first, count in split(len(grid.tiles), self.wanted):
            group = grid.tiles[first : first + count]
            list_.stage = _INPUT
            it.input.into_planes(list_, group, self.values[0], it.layer.bits)
            list_.stage = _GRAD_OUTPUT
            it.grad_output.into_planes(list_, group, self.values[1], it.layer.bits)
            list_.stage = _PRODUCT
            for block in it.blocks(*self.block):
                it.block(
                    list_, block, self.values, self.results, count, it.in_weight(block, place), add=first > 0
                )
            if self.other:
                self.other.from_planes(list_, _OTHER, grid, group, self.values[1])
        if self.bias:
            list_.stage = _BIAS
            it.add_bias(list_, images, place + it.layer.weight_size)
