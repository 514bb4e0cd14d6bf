"""Average pooling as a list of runs: positions along a row that gather alike. (See `kernels/simd/average.py`.)"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, External, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.max_pool import channel_blocks, compact_view
from pellucid.engine.lowering.pointwise import rows, source
from pellucid.engine.lowering.walk import Stage, cut_when_few, view, walk
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList
from pellucid.geometry import Axis
from pellucid.kernels.loops import average, tiles
from pellucid.kernels.simd import Average
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.sizes import size_of

# For each position along an axis, the positions it gathers from.
Relation = Sequence[Sequence[int]]


@registry.forward(AdaptiveAvgPool, AvgPool)
def forward(plan: Plan, step: Step) -> None:
    """The mean of each window."""
    x, y = plan.read(step, "input"), plan.output(step)
    windows, divisors, stride = _windows(step.node)

    def bind() -> Work:
        here, result = view(x), view(y)
        list_ = TileList()
        runs = _runs(windows, (stride, 1), divisors)
        for (first, channels), (at, positions, places) in product(channel_blocks(plan, y), runs):
            code = Average(plan.bits, channels, y.inner[4], positions, stride, 1, False, False, taps=True)
            origin = here.offset(places[0])
            taps = tuple((here.offset(place) - origin, int(divisors[at])) for place in places)
            list_.add(code, code, taps, a=origin + first, out=result.offset(at) + first)
            cut_when_few(list_, result.images, size_of(y.inner[1:3]))
        stage = Stage((x, x, y, y), (here.image, 0, result.image, 0))
        return walk(plan, list_, [stage], range(result.images))

    plan.loop(step, f"{step.path}.output", tiles.walk_tiles, bind)


@registry.backward(AdaptiveAvgPool, AvgPool)
def backward(plan: Plan, step: Step) -> None:
    """Each window's share of its gradient, then for each input element the shares of the windows that hold it."""
    grad_output = plan.read(step, "grad_output")
    windows, divisors, stride = _windows(step.node)
    shares = _shares(plan, step, grad_output, divisors)
    out, base = plan.gradient(step)
    holders = [_holders(relation, size) for relation, size in zip(windows, out.inner[1:4], strict=True)]
    if isinstance(step.op, AvgPool):  # shares are added by kernel position, ascending: the last window first
        holders = [[ys[::-1] for ys in relation] for relation in holders]

    def bind() -> Work:
        here, result, start = compact_view(grad_output), view(out), view(base) if base else None
        list_ = TileList()
        runs = _runs(holders, (1, stride))
        for (first, channels), (at, positions, places) in product(channel_blocks(plan, out), runs):
            sizes = (plan.bits, channels, out.inner[4], positions, 1, stride)
            code = Average(*sizes, shares=True, base=base is not None, taps=bool(places))
            origin = here.offset(places[0]) if places else 0
            taps = tuple((here.offset(place) - origin, 1) for place in places) or ((0, 1),)
            begin = start.offset(at) + first if start else 0
            list_.add(code, code, taps, a=origin + first, out=result.offset(at) + first, start=begin)
            cut_when_few(list_, result.images, size_of(out.inner[1:3]))
        per_image = (here.image, 0, result.image, start.image if start else 0)
        stage = Stage((shares, shares, out, base or out), per_image)
        return walk(plan, list_, [stage], range(result.images))

    plan.loop(step, f"{out.name} by {step.path}", tiles.walk_tiles, bind)


def _shares(plan: Plan, step: Step, grad_output: Tensor, divisors: NDArray[np.int64]) -> Block:
    """grad_output / divisor, once for all the elements of a window."""
    shares = plan.block(f"{step.path}.shares", size_of(grad_output.inner), "float64")
    table = External(f"{step.path}.divisors", np.ascontiguousarray(divisors, np.float64))

    def bind() -> Work:
        chunks, walked = rows(grad_output)
        return Work(chunks, average.Shares(walked, source(grad_output), shares, table, grad_output.inner[4]))

    plan.loop(step, shares.name, average.shares, bind)
    return shares


def _windows(node: Node) -> tuple[list[Relation], NDArray[np.int64], int]:
    """What each output averages along D, H, W; the divisors; how far windows are apart along W, where that is even."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, AvgPool | AdaptiveAvgPool)
    assert input is not None
    unused: list[Relation] = [[[0]]] * (5 - input.ndim)
    divisors = op.divisors(input.shape)
    divisors = divisors.reshape((1,) * len(unused) + divisors.shape)
    if isinstance(op, AvgPool):
        axes: Sequence[Axis] = op.geometry(input.shape).axes
        spans = [[[i for _, i in axis.taps(y)] for y in range(axis.output)] for axis in axes]
        return [*unused, *spans], divisors, axes[-1].stride
    ranges = [[range(start, stop) for start, stop in table] for table in op.windows(input.shape)]
    return [*unused, *ranges], divisors, max(1, input.shape[-1] // max(1, len(ranges[-1])))


def _holders(windows: Relation, size: int) -> list[list[int]]:
    """The windows transposed: which of them hold each of `size` positions, ascending."""
    holders: list[list[int]] = [[] for _ in range(size)]
    for y, positions in enumerate(windows):
        for i in positions:
            holders[i].append(y)
    return holders


def _runs(
    relations: Sequence[Relation], steps: tuple[int, int], divisors: NDArray[np.int64] | None = None
) -> list[tuple[Shape, int, list[Shape]]]:
    """Positions along a row that gather alike: the first, how many, and where it gathers.

    From one to the next the source moves by steps[0], the position by steps[1]; their divisors are equal.
    """
    deep, high, wide = relations
    runs: list[tuple[Shape, int, list[Shape]]] = []
    for d, h, phase in np.ndindex(len(deep), len(high), min(steps[1], len(wide))):

        def pattern(w: int, d: int = d, h: int = h) -> tuple[list[int], int]:
            back = w // steps[1] * steps[0]
            return [i - back for i in wide[w]], 0 if divisors is None else int(divisors[d, h, w])

        for _, group in groupby(range(phase, len(wide), steps[1]), pattern):
            w, *others = group
            runs.append(((d, h, w), 1 + len(others), list(product(deep[d], high[h], wide[w]))))
    return runs
