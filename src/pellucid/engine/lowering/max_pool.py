"""Max pooling as a list of runs: positions along a row that have the same taps. (See `kernels/simd/pool.py`.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, product
from typing import Literal, TypeAlias

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.walk import Stage, View, cut_when_few, view, walk
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks
from pellucid.geometry import Axis
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Route, Window
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.max_pool import MaxPool
from pellucid.sizes import size_of

_VECTORS = 4  # vectors of channels that one call keeps in registers, with as many of routes


@dataclass(frozen=True)
class Spans:
    """Adaptive windows along one axis, in the words of `Axis`; k counts from a window's first position.

    Attributes:
        input: how many positions there are.
        table: the first and the past-the-end position of each window.
    """

    input: int
    table: Sequence[tuple[int, int]]

    @property
    def output(self) -> int:
        """How many windows there are."""
        return len(self.table)

    @property
    def kernel(self) -> int:
        """The size of the largest window."""
        return max(stop - start for start, stop in self.table)

    @property
    def stride(self) -> int:
        """How far windows are apart, where that is even."""
        return max(1, self.input // self.output)

    def taps(self, y: int) -> list[tuple[int, int]]:
        """The pairs (k, i) of a window, k ascending."""
        return list(enumerate(range(*self.table[y])))

    def sources(self, i: int) -> list[tuple[int, int]]:
        """The pairs (y, k) whose window holds position `i`, y descending."""
        holding = [(y, i - start) for y, (start, stop) in enumerate(self.table) if start <= i < stop]
        return holding[::-1]


Windows: TypeAlias = Axis | Spans


@registry.forward(AdaptiveMaxPool, MaxPool, strided=True)
def forward(plan: Plan, step: Step) -> None:
    """The largest element of each window, and its kernel position: the route."""
    pool(plan, step, plan.output(step))


def pool(plan: Plan, step: Step, y: Tensor) -> Block:
    """Launch a node's pooling into `y`; returns the routes."""
    x, axes = plan.read(step, "input"), axes_of(step.node)
    kind = "uint8" if size_of([axis.kernel for axis in axes]) <= 256 else "int32"
    routes = plan.statistic(step, "routes", size_of(y.inner), kind)

    def bind() -> Work:
        source, result, compact = view(x), view(y), compact_view(y)
        list_, pixels = TileList(), (source.strides[2], result.strides[2], compact.channels)
        lines = product(range(axes[0].output), range(axes[1].output), runs_forward(axes[2]))
        for (first, channels), (d, h, (w, positions, along)) in product(channel_blocks(plan, y), list(lines)):
            origin = tuple(at * a.stride for at, a in zip((d, h, w), axes, strict=True))
            taps = tuple(
                (source.offset((id - origin[0], ih - origin[1], step)), _number(axes, (kd, kh, kw)))
                for (kd, id), (kh, ih), (kw, step) in product(axes[0].taps(d), axes[1].taps(h), along)
            )
            code = Window(plan.bits, 8 * routes.dtype.itemsize, channels, pixels, axes[2].stride, positions)
            out, b = result.offset((d, h, w)) + first, compact.offset((d, h, w)) + first
            list_.add(code, code, taps, a=source.offset(origin) + first, b=b, out=out)
            cut_when_few(list_, source.images, size_of(y.inner[1:3]))
        per_image = (source.image, compact.image, result.image, 0)
        stage = Stage((x, routes, y, y), per_image, leaves=True)
        return walk(plan, list_, [stage], range(source.images))

    plan.loop(step, y.name, tiles.walk_tiles, bind)
    return routes


@registry.backward(AdaptiveMaxPool, MaxPool, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """Each input element collects from the windows that it won, in their order."""
    grad_output = plan.read(step, "grad_output")
    routes, axes = plan.read(step, "routes"), axes_of(step.node)
    (gradient, base), mask = plan.gradient(step), plan.read(step, "mask")
    other = mask if base is None else base
    start: Literal["zero", "base", "mask"] = "base" if base else "mask" if mask else "zero"

    def bind() -> Work:
        g, x, compact = view(grad_output), view(gradient), compact_view(grad_output)
        begin = view(other) if other is not None else None
        list_ = TileList()
        pixels = (g.strides[2], compact.channels, x.strides[2], begin.strides[2] if begin else 0)
        lines = product(range(axes[0].input), range(axes[1].input), runs_backward(axes[2]))
        for (first, channels), (d, h, (w, positions, along)) in product(
            channel_blocks(plan, gradient), list(lines)
        ):
            origin = tuple(at // a.stride for at, a in zip((d, h, w), axes, strict=True))
            taps: list[tuple[int, int]] = []
            for (yd, kd), (yh, kh), (step, kw) in product(
                axes[0].sources(d)[::-1], axes[1].sources(h)[::-1], along
            ):
                away = (yd - origin[0], yh - origin[1], step)
                taps += [(g.offset(away), compact.offset(away)), (_number(axes, (kd, kh, kw)), 0)]
            kind = (plan.bits, 8 * routes.dtype.itemsize, channels, pixels, axes[2].stride, positions)
            code = Route(*kind, len(taps) // 2, start)
            list_.add(
                code,
                code,
                tuple(taps) or ((0, 0),),
                a=g.offset(origin) + first,
                b=compact.offset(origin) + first,
                out=x.offset((d, h, w)) + first,
                start=begin.offset((d, h, w)) + first if begin else 0,
            )
            cut_when_few(list_, x.images, size_of(gradient.inner[1:3]))
        per_image = (g.image, compact.image, x.image, begin.image if begin else 0)
        stage = Stage((grad_output, routes, gradient, other or gradient), per_image)
        return walk(plan, list_, [stage], range(x.images))

    plan.loop(step, f"{gradient.name} by {step.path}", tiles.walk_tiles, bind)


def _number(axes: list[Windows], k: tuple[int, int, int]) -> int:
    """A kernel position's number in row-major order."""
    return (k[0] * axes[1].kernel + k[1]) * axes[2].kernel + k[2]


def axes_of(node: Node) -> list[Windows]:
    """The windows along D, H, W."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, MaxPool | AdaptiveMaxPool)
    assert input is not None
    unused: list[Windows] = [Axis(1, 1)] * (3 - op.dims)
    if isinstance(op, MaxPool):
        return [*unused, *op.geometry(input.shape).axes]
    each = zip(input.shape[2:], op.windows(input.shape), strict=True)
    return [
        *unused,
        *(Spans(size, [(start, stop) for start, stop in table.tolist()]) for size, table in each),
    ]


def compact_view(tensor: Tensor) -> View:
    """A tensor's sizes as they would lie without a halo: routes do."""
    images, _, h, w, c = tensor.inner
    return View(images, c, size_of(tensor.inner[1:]), (h * w * c, w * c, c))


def channel_blocks(plan: Plan, tensor: Tensor) -> list[tuple[int, int]]:
    """The channels in parts that fit the registers."""
    return blocks(tensor.inner[4], _VECTORS * simd.vector_lanes(plan.bits))


def runs_forward(axis: Windows) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Outputs with the same taps: (first, how many, [(k, input position from the window's first)])."""
    patterns = [[(k, i - y * axis.stride) for k, i in axis.taps(y)] for y in range(axis.output)]
    return _runs(range(axis.output), patterns)


def runs_backward(axis: Windows) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Inputs of one phase with the same windows: (first, how many, [(output position from i // stride, k)])."""
    result = []
    for phase in range(min(axis.stride, axis.input)):
        inputs = range(phase, axis.input, axis.stride)
        patterns = [[(y - i // axis.stride, k) for y, k in axis.sources(i)[::-1]] for i in inputs]
        result += _runs(inputs, patterns)
    return result


def _runs(
    positions: range, patterns: list[list[tuple[int, int]]]
) -> list[tuple[int, int, list[tuple[int, int]]]]:
    grouped = [
        list(group) for _, group in groupby(zip(positions, patterns, strict=True), key=lambda item: item[1])
    ]
    return [(group[0][0], len(group), group[0][1]) for group in grouped]
