"""Receptive fields: how far every tensor of a network sees into its input, followed op by op through the graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.geometry import Axis
from pellucid.nn import costs
from pellucid.ops.base import Op
from pellucid.ops.flatten import Flatten
from pellucid.ops.relation import Shares, Sliding
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
    if isinstance(op, Flatten):
        return view if len(output) == 2 else None
    if mixed := op.mixed(len(output)):
        return _mixed(view, op, len(output), mixed)
    sliding = op.sliding(*costs.shapes(node))
    if sliding is not None and len(sliding.axes) == len(view.fields) == len(output) - 2:
        return _slid(view, sliding, output[2:])
    if not op.keeps_positions or output[2:] not in (_sizes(read), ()):
        return None
    return _joined(read)


def _mixed(view: _View, op: Op, rank: int, mixed: Sequence[int]) -> _View | None:
    """Along these axes every output sees everything; a flattened tensor's features are channels and positions."""
    if not op.keeps_positions and rank != 2:
        return None
    each = enumerate(zip(view.fields, view.sizes, strict=True), 2)
    fields = (f.whole(size) if (d if rank > 2 else 1) in mixed else f for d, (f, size) in each)
    return _View(tuple(fields), view.sizes if op.keeps_positions else (1,) * len(view.sizes))


def _slid(view: _View, sliding: Sliding, sizes: Index) -> _View | None:
    """Windows over positions; read backwards each stride makes as many kinds of positions."""
    each = list(zip(view.fields, sliding.axes, strict=True))
    if not sliding.backwards:
        return _View(tuple(_through(field, axis) for field, axis in each), sizes)
    pairs = [(field, axis) for field, axis in each if isinstance(axis, Axis)]
    if any(len(field.spans) * axis.stride > _PERIOD for field, axis in pairs):
        return None
    return _View(tuple(field.back_through(axis) for field, axis in pairs), sizes)


def _through(field: ReceptiveField, axis: Axis | Shares) -> ReceptiveField:
    """One window over everything leaves no positions to step between."""
    if isinstance(axis, Shares):
        return field.shared_out(axis.input, axis.output)
    whole = axis.kernel == axis.input and axis.output == 1 and not (axis.before or axis.after)
    return field.whole(axis.input) if whole else field.through(axis)


def _sizes(views: Sequence[_View]) -> Index:
    """Of tensors that meet element by element; along an axis of size 1 a tensor is repeated."""
    return tuple(map(max, *(view.sizes for view in views))) if len(views) > 1 else views[0].sizes


def _joined(views: Sequence[_View]) -> _View | None:
    """Of tensors that meet element by element."""
    sizes, (first, *others) = _sizes(views), views
    fields: list[ReceptiveField | None] = list(first.fields)
    known = first.sizes
    for view in others:
        ends = zip(fields, known, view.fields, view.sizes, strict=True)
        fields = [None if a is None else _met(a, m, b, n) for a, m, b, n in ends]
        known = tuple(map(max, known, view.sizes))
    found = tuple(field for field in fields if field is not None)
    return _View(found, sizes) if len(found) == len(fields) else None


def _met(a: ReceptiveField, positions: int, b: ReceptiveField, others: int) -> ReceptiveField | None:
    """Along one axis. One that is repeated sees everything that the positions of the other see, or it is not known."""
    if positions == others:
        alike = a.jump == b.jump and lcm(len(a.spans), len(b.spans)) <= _PERIOD
        return a.joined(b) if alike else None
    if positions == 1:
        return _met(b, others, a, positions)
    span = b.at(0)
    seen = _hull([*([] if span is None else [span]), a.at(0), a.at(positions - 1)])
    return ReceptiveField((span,), 0, b.steps) if others == 1 and seen == span else None
