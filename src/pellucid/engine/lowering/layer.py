"""What the three directions of a convolution share: its sizes, and its tensors as views.

A linear layer is a convolution of one image whose positions are the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.walk import View, view
from pellucid.engine.plan import Plan
from pellucid.geometry import Axis, size_of
from pellucid.ops.conv import Conv


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
