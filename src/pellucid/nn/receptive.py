"""Receptive fields: how far every tensor of a network sees into its input, followed op by op through the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.geometry import Axis
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.dropout import Dropout
from pellucid.ops.flatten import Flatten
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.linear import Linear
from pellucid.ops.local_response_norm import LocalResponseNorm
from pellucid.ops.log_softmax import AlongAxis
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.pad import Pad
from pellucid.ops.pointwise import Pointwise
from pellucid.sizes import Index

Span: TypeAlias = tuple[int, int]  # the first and the last


@dataclass(frozen=True)
class ReceptiveField:
    """What the positions of a layer see of the network's input along one axis, layer upon layer, far from all borders.

    Position y sees the input positions spans[y], first and last, holes between them included; None where it sees
    nothing, as between the windows of a transposed convolution whose stride exceeds its kernel. Further positions see
    the same, `advance` input positions on for every `len(spans)` of theirs; an advance of 0 means that all see the
    same. Only transposed convolutions, upsampling and adaptive pooling make several spans.

        size′ = size + dilation·(kernel − 1)·jump,    jump′ = jump·stride
        size′ = size + dilation/g·floor((kernel − 1)/(stride/g))·jump,    g = gcd(stride, dilation)    (transposed)

    Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill (2019).

    Example:
        >>> field = ReceptiveField().through(Axis(227, 11, stride=4)).through(Axis(55, 3, stride=2))
        >>> field.size, field.jump, field.formula
        (19, Fraction(8, 1), '11 + 1·(3−1)·4 = 19')
        >>> field = ReceptiveField().back_through(Axis(8, 4, stride=2, before=1, after=1))
        >>> field.spans, field.jump, field.formula
        (((-1, 0), (0, 1)), Fraction(1, 2), '1 + 1·floor((4−1)/2)·1 = 2')
    """

    spans: tuple[Span | None, ...] = ((0, 0),)
    advance: int = 1
    steps: str = ""

    @property
    def size(self) -> int:
        """How many input positions, the most that any position sees."""
        return max((last - first + 1 for first, last in self._seen), default=0)

    @property
    def jump(self) -> Fraction:
        """How far apart neighbours see: the stride from the input to here."""
        return Fraction(self.advance, len(self.spans))

    @property
    def formula(self) -> str:
        """The size with its numbers put in; among several spans the widest one's last and first position."""
        if not self._seen:
            return "0"
        first, last = max(self._seen, key=lambda span: span[1] - span[0])
        before = f"(−{-first})" if first < 0 else f"{first}"
        return f"{self.steps or f'{last} − {before} + 1'} = {self.size}"

    @property
    def _seen(self) -> list[Span]:
        return [span for span in self.spans if span is not None]

    def at(self, y: int) -> Span | None:
        """What position y sees."""
        turn, place = divmod(y, len(self.spans))
        span, shift = self.spans[place], turn * self.advance
        return None if span is None else (span[0] + shift, span[1] + shift)

    def through(self, axis: Axis) -> ReceptiveField:
        """The field of what slides this window over positions of this field."""
        first = axis.position(0, 0)
        window = range(first, first + axis.extent, axis.dilation)
        steps = f"{self.size} + {axis.dilation}·({axis.kernel}−1)·{self.jump}"
        return self._reading([window], axis.stride, steps)

    def back_through(self, axis: Axis) -> ReceptiveField:
        """The same for a transposed convolution, whose input is the relation's output."""
        shared = gcd(axis.stride, axis.dilation)
        taps = f"floor(({axis.kernel}−1)/{axis.stride // shared})"
        steps = f"{self.size} + {axis.dilation // shared}·{taps}·{self.jump}"
        return self._reading([axis.holding(i) for i in range(axis.stride)], 1, steps)

    def shared_out(self, positions: int, outputs: int) -> ReceptiveField:
        """The field of adaptive pooling, whose windows over so many positions differ in size where they must."""
        shared = gcd(positions, outputs)
        step, period = positions // shared, outputs // shared
        return self._reading(
            [range(y * step // period, -(-(y + 1) * step // period)) for y in range(period)], step
        )

    def whole(self, positions: int) -> ReceptiveField:
        """The field of what sees all of so many positions: a dense layer, a mean over everything."""
        return self._reading([range(positions)], 0, f"{self.size} + 1·({positions}−1)·{self.jump}")

    def joined(self, other: ReceptiveField) -> ReceptiveField:
        """The field of a sum of two tensors at the same positions, which neighbours see equally far apart."""
        period = lcm(len(self.spans), len(other.spans))
        spans = tuple(_hull([self.at(y), other.at(y)]) for y in range(period))
        both = ReceptiveField(spans, self.advance * period // len(self.spans))
        return replace(both, steps=next((f.steps for f in (self, other) if f.size == both.size), ""))

    def _reading(self, windows: Sequence[range], step: int, steps: str = "") -> ReceptiveField:
        """The field of what reads these positions, then the same `step` positions on, and so forth.

        `steps` is the size's formula where all positions of this field see alike.
        """
        period = len(self.spans)
        turns = period // gcd(step, period)
        spans = tuple(
            _hull([self.at(turn * step + y) for y in self._outermost(window)])
            for turn in range(turns)
            for window in windows
        )
        alike = period == 1 and self.spans[0] is not None
        return ReceptiveField(spans, self.advance * step * turns // period, steps if alike else "")

    def _outermost(self, window: range) -> Iterable[int]:
        """Those of a window's positions that can see furthest: of positions that see alike, the first and the last."""
        count = len(self.spans) // gcd(window.step, len(self.spans))
        return window if len(window) <= 2 * count else (*window[:count], *window[-count:])


def _hull(spans: Iterable[Span | None]) -> Span | None:
    """From the first to the last of all that is seen."""
    seen = [span for span in spans if span is not None]
    return (min(first for first, _ in seen), max(last for _, last in seen)) if seen else None


Fields: TypeAlias = tuple[ReceptiveField, ...]
_PERIOD = 1 << 12  # positions that see differently; a stride beyond it is no network's
_ALIKE = (
    Pointwise,
    Add,
    Dropout,
    BatchNorm,
    GroupNorm,
    LayerNorm,
)  # ops whose outputs see what the same inputs do


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
        if seen is not None and all(len(field.spans) <= _PERIOD for field in seen.fields):
            views[node.output] = seen
    return {symbol: view.fields for symbol, view in views.items()}


def _seen(node: Node, read: Sequence[_View]) -> _View | None:
    view, op, output = read[0], node.op, node.output.shape
    each = list(zip(view.fields, view.sizes, strict=True))
    if isinstance(op, Flatten):
        return view if len(output) == 2 else None
    if isinstance(op, Linear):
        return _View(tuple(f.whole(size) for f, size in each), (1,) * len(each)) if len(output) == 2 else None
    if isinstance(op, AlongAxis):  # a flattened tensor's features are channels and positions
        axis = op.dim % len(output)
        fields = (
            f.whole(size) if axis == (d if len(output) > 2 else 1) else f
            for d, (f, size) in enumerate(each, 2)
        )
        return _View(tuple(fields), view.sizes)
    axes = windows(node)
    if axes is not None and len(axes) == len(each):
        back = isinstance(op, ConvTranspose | Interpolate)
        if back and any(len(f.spans) * a.stride > _PERIOD for f, a in zip(view.fields, axes, strict=True)):
            return None
        through = ReceptiveField.back_through if back else _through
        return _View(tuple(map(through, view.fields, axes)), output[2:])
    if isinstance(op, AdaptivePool) and len(output) == len(each) + 2:
        shared = (f.shared_out(size, count) for (f, size), count in zip(each, output[2:], strict=True))
        return _View(tuple(shared), output[2:])
    across = isinstance(op, LocalResponseNorm) and len(output) > 2  # channels, at every position by itself
    if not (across or isinstance(op, _ALIKE)) or any(other.sizes != view.sizes for other in read):
        return None
    return _joined(read) if output[2:] in (view.sizes, ()) else None


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
        if any(a.jump != b.jump or lcm(len(a.spans), len(b.spans)) > _PERIOD for a, b in pairs):
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
