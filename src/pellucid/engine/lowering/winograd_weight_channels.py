"""The weight gradient by Winograd's algorithm, of many channels: threads share out blocks of them.

The tiles of many images are transformed for all threads. For a block of channels, a thread then takes one part of the
batch after the other: it makes the products, transforms them back, and adds the parts as a tree, all in its own cache.
Images whose transforms have no room together come in passes, each of which leaves a subtree, or a piece of a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from pellucid import batch
from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering.parts import Parts, walk_parts
from pellucid.engine.lowering.walk import Stage, walk
from pellucid.engine.lowering.winograd import Planes, Transformed
from pellucid.engine.lowering.winograd_weight import Channels, Place, Waiting, WeightGradient
from pellucid.engine.plan import CHUNKS
from pellucid.engine.tiling import TileList, split
from pellucid.kernels.loops import layout, tiles
from pellucid.kernels.loops import parts as loops

_TRANSFORMED = 12 << 20  # numbers of the input at the points that are kept for all threads at a time, at most
_IN_CACHE = 1 << 21  # the same in whole parts of the batch: each block of channels reads them anew
_BLOCK = (56, 64)  # input and output channels of a block


@dataclass(frozen=True)
class Pass:
    """Images whose transforms have room together.

    Attributes:
        edges: of their parts.
        begins: whether they are not a further piece of a part.
        completes: how many nodes of the tree are complete behind them, one in the other.
    """

    edges: tuple[int, ...]
    begins: bool
    completes: int

    @property
    def images(self) -> range:
        """All of them."""
        return range(self.edges[0], self.edges[-1])


def passes(edges: Sequence[int], most: int) -> Iterator[Pass]:
    """The parts with these edges in passes of at most so many images: subtrees, or pieces of parts."""
    count = len(edges) - 1
    together = count
    while together > 1 and max(edges[i + together] - edges[i] for i in range(0, count, together)) > most:
        together //= 2
    for i in range(0, count, together):
        completes = _ones_at_the_end(i // together)
        pieces = split(edges[i + 1] - edges[i], most)
        if together > 1 or len(pieces) == 1:
            yield Pass(tuple(edges[i : i + together + 1]), begins=True, completes=completes)
            continue
        for first, images in pieces:
            ends = (edges[i] + first, edges[i] + first + images)
            yield Pass(ends, begins=first == 0, completes=completes if ends[1] == edges[i + 1] else 0)


def _ones_at_the_end(number: int) -> int:
    """Of its binary digits."""
    return ((number + 1) & -(number + 1)).bit_length() - 1


def by_channels(weight: WeightGradient, grad_output: Transformed) -> None:
    """The loops of all passes. What waits for its right half has a block of its own."""
    _ByChannels(weight, grad_output).lower()


@dataclass(frozen=True)
class _ByChannels:
    """What the passes share."""

    weight: WeightGradient
    grad_output: Transformed

    @property
    def per_image(self) -> int:
        """Tiles."""
        return len(self.weight.grid.tiles)

    @property
    def passes(self) -> list[Pass]:
        """All of them."""
        it = self.weight
        numbers = it.scheme.left.points**2 * it.layer.inputs * self.per_image
        edges = batch.edges(it.images, batch.large_parts(it.images))
        longest = max(stop - start for start, stop in pairwise(edges))
        whole = max(_IN_CACHE // numbers, longest)  # a piece of a part would have other bits
        most = min(_TRANSFORMED // numbers, whole)
        return list(passes(edges, max(1, most)))

    @property
    def values(self) -> Planes:
        """Room for the input at the points in a pass."""
        most = max(len(one.images) for one in self.passes)
        return Planes.of(self.weight.scheme.left.points, most * self.per_image, self.weight.layer.inputs)

    @property
    def results(self) -> Planes:
        """Room for a block's sums at the points; the slots lie behind them."""
        return Planes.of(self.weight.scheme.result.points, *_BLOCK)

    @property
    def additions(self) -> int:
        """The most that a product meets."""
        longest = max(stop - start for one in self.passes for start, stop in pairwise(one.edges))
        pieces = sum(not one.begins for one in self.passes)
        tree = batch.depth(batch.large_parts(self.weight.images))
        return self.weight.most_terms * longest * self.per_image + pieces + tree

    def lower(self) -> None:
        """Write the launches."""
        it, whole = self.weight, self.weight.gradient
        order, bytes_ = it.order(self.additions), it.plan.dtype.itemsize
        block = it.plan.block(f"{whole.name}, input at the points", self.values.end)
        blocks, waiting = [whole], 0
        for one in self.passes:
            it.plan.loop(
                it.step, block.name, tiles.walk_tiles, partial(self._transform, block, one), order=order
            )
            if one.begins:
                waiting += 1
            if waiting > len(blocks):
                blocks.append(it.plan.block(f"{whole.name}, {waiting}", it.layer.weight_size))
            products = it.step.multiply_adds("grad_weight") * len(one.images) // it.images
            bind = partial(self._multiply, block, one, blocks[waiting - 1])
            scratch = (self.results.end + self._parts(one).slots * self._slot) * bytes_
            it.plan.loop(
                it.step,
                whole.name,
                loops.walk_parts,
                bind,
                order=order,
                scratch=scratch,
                multiply_adds=products,
            )
            for _ in range(one.completes):
                waiting -= 1
                self._add(blocks[waiting - 1], blocks[waiting])
        if it.bias:
            it.bias_alone()

    def _add(self, left: Block, right: Block) -> None:
        """left += right."""
        size = self.weight.layer.weight_size
        chunk = -(-size // CHUNKS)
        work = Work(-(-size // chunk), layout.Sum(left, right, left, size, chunk))
        self.weight.plan.loop(self.weight.step, left.name, layout.add, lambda: work)

    def _transform(self, block: Block, one: Pass) -> Work:
        """The input's tiles of a pass, to the points."""
        it, list_ = self.weight, TileList()
        step = self.per_image * self.values.columns
        here = self.values.later(-one.images.start * step)
        it.input.into_planes(list_, it.grid.tiles, here, it.layer.bits)
        return walk(it.plan, list_, [it.input.stage(block, 1, step)], one.images)

    def _parts(self, one: Pass) -> Parts:
        """Those of a pass, of which a thread makes all."""
        return Parts(one.edges, self.weight.gradient.size, room=0)

    @property
    def _slot(self) -> int:
        """The most numbers of a block of the weight."""
        return self.weight.layer.taps * _BLOCK[0] * _BLOCK[1]

    def _multiply(self, block: Block, one: Pass, out: Block) -> Work:
        """Block by block of channels: for each part, the products, and back; the last part completes the sum."""
        it, parts, list_ = self.weight, self._parts(one), TileList()
        values, other = self.values, self.grad_output.planes
        steps = (self.per_image * values.columns, self.per_image * other.columns)
        here = values.later(-one.images.start * steps[0]), other
        units = sorted({*parts.images})
        for channels in it.blocks(*_BLOCK):
            slot = self._in_slot(channels)
            waiting = Waiting(slot, parts.slots - 1, self._slot) if parts.waits else None
            for images in (units[0], units[-1]):
                if parts.waits:
                    list_.stage = 0
                    it.block(list_, channels, here, self.results, images * self.per_image, slot, add=False)
                list_.end()
            list_.stage, tiles_ = 2, parts.images[-1] * self.per_image
            place = it.in_weight(channels)
            it.block(list_, channels, here, self.results, tiles_, place, add=not one.begins, waiting=waiting)
            list_.end()
        transformed = Stage((block, self.grad_output.block, None, None), (*steps, 0, 0))
        stages = [
            transformed,
            Stage((None, None, None, None), (0, 0, 0, 0), self._slot),
            transformed,
            Stage((None, None, out, None), (0, 0, 0, 0)),
        ]
        work = walk_parts(it.plan, parts, list_, stages, units, (self.results.end, self._slot), last=True)
        return work if one.begins else replace(work, adds_to=(out,))

    def _in_slot(self, channels: Channels) -> Place:
        """Where a block lies in a slot."""
        (_, rows), (_, columns) = channels
        return Place(self.results.end, (3 * rows * columns, rows * columns), columns)
