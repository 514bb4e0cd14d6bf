"""Receptive fields: how far every tensor of a network sees into its input, followed op by op through the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.geometry import Axis
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.flatten import Flatten
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.linear import Linear
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.pad import Pad
from pellucid.sizes import Index


@dataclass(frozen=True)
class ReceptiveField:
    """What the positions of a layer see of the network's input along one axis, layer upon layer.

    Position y sees the input positions spans[y], first and last: all that its window reaches, holes of a dilation and
    padding included. Further positions see the same, `advance` input positions on for every `len(spans)` of theirs;
    an advance of 0 means that all see the same. Only transposed convolutions and upsampling make several spans.

        size′ = size + dilation·(kernel − 1)·jump,    jump′ = jump·stride

    Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill (2019).

    Example:
        >>> field = ReceptiveField().through(Axis(227, 11, stride=4)).through(Axis(55, 3, stride=2))
        >>> field.size, field.jump, field.formula
        (19, Fraction(8, 1), '11 + 1·(3−1)·4 = 19')
        >>> field = ReceptiveField().back_through(Axis(8, 4, stride=2, before=1, after=1))
        >>> field.spans, field.jump, field.formula
        (((-1, 0), (0, 1)), Fraction(1, 2), '1 + floor(1·(4−1)/2)·1 = 2')
    """

    spans: tuple[tuple[int, int], ...] = ((0, 0),)
    advance: int = 1
    steps: str = ""

    @property
    def size(self) -> int:
        """How many input positions, the most that any position sees."""
        return max(last - first + 1 for first, last in self.spans)

    @property
    def jump(self) -> Fraction:
        """How far apart neighbours see: the stride from the input to here."""
        return Fraction(self.advance, len(self.spans))

    @property
    def formula(self) -> str:
        """The size with its numbers put in; among several spans the widest one's last and first position."""
        first, last = max(self.spans, key=lambda span: span[1] - span[0])
        before = f"(−{-first})" if first < 0 else f"{first}"
        return f"{self.steps or f'{last} − {before} + 1'} = {self.size}"

    def _span(self, first: int, last: int) -> tuple[int, int]:
        """What positions from `first` to `last` see together."""
        period = len(self.spans)
        low, high = self.spans[first % period][0], self.spans[last % period][1]
        return low + first // period * self.advance, high + last // period * self.advance

    def through(self, axis: Axis) -> ReceptiveField:
        """The field of what slides this window over positions of this field."""
        shared, end = gcd(axis.stride, len(self.spans)), axis.kernel - 1
        outputs = range(len(self.spans) // shared)
        spans = tuple(self._span(axis.position(y, 0), axis.position(y, end)) for y in outputs)
        steps = f"{self.size} + {axis.dilation}·({axis.kernel}−1)·{self.jump}"
        return ReceptiveField(spans, self.advance * axis.stride // shared, self._if_one(steps))

    def back_through(self, axis: Axis) -> ReceptiveField:
        """The same for a transposed convolution, whose input is the relation's output."""
        outputs = range(len(self.spans) * axis.stride)
        spans = tuple(self._span(*axis.spanning(i)) for i in outputs)
        steps = f"{self.size} + floor({axis.dilation}·({axis.kernel}−1)/{axis.stride})·{self.jump}"
        return ReceptiveField(spans, self.advance, self._if_one(steps))

    def _if_one(self, steps: str) -> str:
        """The rule as a formula, where all positions before see alike."""
        return steps if len(self.spans) == 1 else ""

    def whole(self, positions: int) -> ReceptiveField:
        """The field of what sees all of so many positions: a dense layer, a mean over everything."""
        seen = self.through(Axis(positions, positions))
        return ReceptiveField((self._span(0, positions - 1),), 0, seen.steps)

    def joined(self, other: ReceptiveField) -> ReceptiveField:
        """The field of a sum of two tensors at the same positions, which neighbours see equally far apart."""
        period = lcm(len(self.spans), len(other.spans))
        pairs = [(self._span(y, y), other._span(y, y)) for y in range(period)]
        spans = tuple((min(a, b), max(c, d)) for (a, c), (b, d) in pairs)
        both = ReceptiveField(spans, self.advance * period // len(self.spans))
        return replace(both, steps=next((f.steps for f in (self, other) if f.size == both.size), ""))


Fields: TypeAlias = tuple[ReceptiveField, ...]
_PERIOD = 1 << 16  # positions that see differently; a stride beyond it is no network's


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
        back = isinstance(node.op, ConvTranspose | Interpolate)
        if back and any(len(f.spans) * a.stride > _PERIOD for f, a in zip(view.fields, axes, strict=True)):
            return None
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
    if isinstance(op, Interpolate):
        return _upsampled(op, shapes[0])
    if isinstance(op, AdaptivePool):
        return _even(shapes[0], node.output.shape)
    return None


def _even(input: Shape, output: Shape) -> tuple[Axis, ...] | None:
    """Adaptive windows, where they are all of one size and lie side by side."""
    pairs = list(zip(input[2:], output[2:], strict=True))
    if any(size % count for size, count in pairs):
        return None
    return tuple(Axis(size, size // count, size // count) for size, count in pairs)


def _upsampled(op: Interpolate, input: Shape) -> tuple[Axis, ...] | None:
    """Upsampling by a whole factor, read backwards: a transposed convolution whose kernel is a box or a tent."""
    factors = [y // i for y, i in zip(op.size, input[2:], strict=True)]
    whole = all(y == i * factor for y, i, factor in zip(op.size, input[2:], factors, strict=True))
    if not whole or op.align_corners or op.scale not in (None, tuple(factors)):
        return None
    if op.linear:
        pairs = [(2 * factor - factor % 2, factor // 2) for factor in factors]
    else:
        pairs = [(factor, 0) for factor in factors]
    return tuple(
        Axis(y, kernel, factor, before=cropped, after=cropped)
        for y, factor, (kernel, cropped) in zip(op.size, factors, pairs, strict=True)
    )


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
