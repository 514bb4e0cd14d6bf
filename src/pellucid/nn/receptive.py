"""Receptive fields: how far every tensor of a network sees into its input, followed op by op through the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.geometry import Axis, Index, ReceptiveField
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.flatten import Flatten
from pellucid.ops.linear import Linear
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.pad import Pad

Fields: TypeAlias = tuple[ReceptiveField, ...]


@dataclass(frozen=True)
class _View:
    """The fields of a tensor's positions, one along each spatial axis of the input, and how many positions it has.

    A flattened tensor has the positions it had before.
    """

    fields: Fields
    sizes: Index


def receptive_fields(graph: Graph) -> dict[Symbol, Fields]:
    """The fields of all tensors of which they are known, for a network whose input is (N,C,…).

    What normalises keeps the field it reads: its statistics are taken as given, as batch norm's are in inference.
    Fields of tensors that something else has rearranged (fold, max unpooling, …) are left out.
    """
    views: dict[Symbol, _View] = {
        symbol: _View((ReceptiveField(),) * len(symbol.shape[2:]), symbol.shape[2:])
        for symbol in graph.inputs.values()
    }
    for node in graph.nodes:
        read = [views.get(s) for s in node.operands if s is not None and s not in graph.arrays]
        known = [view for view in read if view is not None]
        seen = _seen(node, known) if known and len(known) == len(read) else None
        if seen is not None:
            views[node.output] = seen
    return {symbol: view.fields for symbol, view in views.items()}


def _seen(node: Node, read: Sequence[_View]) -> _View | None:
    view, output = read[0], node.output.shape
    if isinstance(node.op, Flatten):
        return view if len(output) == 2 else None
    if isinstance(node.op, Linear):
        if len(output) != 2:
            return None
        fields = (f.whole(size) for f, size in zip(view.fields, view.sizes, strict=True))
        return _View(tuple(fields), (1,) * len(view.sizes))
    axes = windows(node)
    if axes is not None and len(axes) == len(view.fields):
        back = isinstance(node.op, ConvTranspose)
        pairs = zip(view.fields, axes, strict=True)
        return _View(
            tuple(f.back_through(axis) if back else _through(f, axis) for f, axis in pairs), output[2:]
        )
    if any(other.sizes != view.sizes for other in read) or output[2:] not in (view.sizes, ()):
        return None
    return _joined(read)


def _through(field: ReceptiveField, axis: Axis) -> ReceptiveField:
    """One window over everything leaves no positions to step between."""
    whole = axis.kernel == axis.input and axis.output == 1 and not (axis.before or axis.after)
    return field.whole(axis.input) if whole else field.through(axis)


def _joined(views: Sequence[_View]) -> _View | None:
    """Of tensors that meet element by element."""
    first, *others = views
    fields = first.fields
    for other in others:
        pairs = list(zip(fields, other.fields, strict=True))
        if any(a.jump != b.jump for a, b in pairs):
            return None
        fields = tuple(a.joined(b) for a, b in pairs)
    return _View(fields, first.sizes)


def windows(node: Node) -> tuple[Axis, ...] | None:
    """The relation that an op slides its windows by, axis by axis; None for ops that have no such windows."""
    shapes, op = [operand.shape for operand in node.operands[:2] if operand is not None], node.op
    if isinstance(op, ConvTranspose):
        return op.conv(*shapes).geometry((), ()).axes
    if isinstance(op, Conv):
        return op.geometry(*shapes).axes
    if isinstance(op, MaxPool | AvgPool | LpPool):
        pool = op.mean if isinstance(op, LpPool) else op
        return pool.geometry(shapes[0]).axes
    if isinstance(op, Pad):
        return _padded(op, shapes[0])
    if isinstance(op, AdaptivePool):
        return _even(shapes[0], node.output.shape)
    return None


def _even(input: Shape, output: Shape) -> tuple[Axis, ...] | None:
    """Adaptive windows, where they are all of one size and lie side by side."""
    pairs = list(zip(input[2:], output[2:], strict=True))
    if any(size % count for size, count in pairs):
        return None
    return tuple(Axis(size, size // count, size // count) for size, count in pairs)


def _padded(op: Pad, input: Shape) -> tuple[Axis, ...] | None:
    """Padding alone: windows of one position."""
    pairs = [(0, 0)] * len(input)
    for axis, pair in enumerate(zip(op.pad[::2], op.pad[1::2], strict=True)):
        pairs[-1 - axis] = pair
    if pairs[:2] != [(0, 0)] * 2:
        return None
    return tuple(
        Axis(size, 1, before=lo, after=hi) for size, (lo, hi) in zip(input[2:], pairs[2:], strict=True)
    )
