"""What the three directions of a convolution share: its sizes, its tensors as views, and the call of the walk.

A linear layer is a convolution of one image whose positions are the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList
from pellucid.geometry import Axis, size_of
from pellucid.ops.conv import Conv


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

    def offsets(self, positions: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """How far positions lie from the first of them."""
        first = self.offset(positions[0])
        return tuple(self.offset(position) - first for position in positions)


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

    def first_read(self, output: Sequence[int]) -> tuple[int, ...]:
        """Where the window of an output position begins; in the padding, it may be below 0."""
        return tuple(axis.position(y, 0) for axis, y in zip(self.axes, output, strict=True))

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
    return Layer(
        node.path, (axes[0], axes[1], axes[2]), groups, weight.shape[1], weight.shape[0] // groups, plan.bits
    )


def view_of(node: Node, tensor: Tensor) -> View:
    """A tensor of a convolution node, or of a linear one."""
    return view(tensor) if isinstance(node.op, Conv) else batch_view(tensor)


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
    entries, bounds, taps = tables = tiles_.finish()
    plan.owners.append(tables)
    if per_part is None:
        per_part = max(1, images // CHUNKS)
    ranges = len(bounds) - 1
    addresses = [block.address for block in blocks_]
    strides = [stride * size for stride, size in zip(per_image, tiles_.sizes, strict=True)]
    n = [*addresses, *strides, part * tiles_.sizes[2], images, per_part, ranges]
    n += [entries.ctypes.data, bounds.ctypes.data, taps.ctypes.data]
    return Tables(-(-images // per_part) * ranges, (), n)


def cut_when_few(tiles_: TileList, images: int, grid: int) -> None:
    """With few images, let threads share one image's tiles."""
    if images < CHUNKS and (len(tiles_.rows) - tiles_.bounds[-1]) * CHUNKS >= images * grid:
        tiles_.cut()
