"""Average pooling: the relation between two grids of positions as tables, and the launches that gather along it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, External, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.geometry import Axis
from pellucid.kernels import average
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape

# For each position along an axis, the positions it gathers from.
Relation = Sequence[Sequence[int]]


def forward(plan: Plan, node: Node) -> None:
    """The mean of each window."""
    x, y = plan.value(node.operands[0]), plan.output(node)
    windows, divisors = _windows(node)
    sums = plan.block(f"{node.path}, sums", 2 * CHUNKS * y.inner[4], "float64")

    def bind() -> Tables:
        chunks, n = _tables(plan, windows, x, y, (0, 0, 0), None)
        return Tables(chunks, (x, y, sums, divisors), n)

    plan.launch(node.output.name, average.average, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Each input element collects its share of the windows that hold it."""
    assert node.operands[0] is not None
    windows, divisors = _windows(node)
    out, base = plan.add_gradient(node.operands[0])
    holders = [_holders(relation, size) for relation, size in zip(windows, out.inner[1:4], strict=True)]
    if isinstance(node.op, AvgPool):  # shares are added by kernel position, ascending: the last window first
        holders = [[ys[::-1] for ys in relation] for relation in holders]
    sums = plan.block(f"{out.name}, sums", 2 * CHUNKS * out.inner[4], "float64")

    def bind() -> Tables:
        _, _, height, width, _ = grad_output.inner
        chunks, n = _tables(plan, holders, grad_output, out, (height * width, width, 1), base)
        return Tables(chunks, (grad_output, out, sums, base or out, divisors), n)

    plan.launch(f"{out.name} by {node.path}", average.average_gradient, bind)


def _windows(node: Node) -> tuple[list[Relation], Block]:
    """What each output averages along D, H, W, and the divisors."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, AvgPool | AdaptiveAvgPool)
    assert input is not None
    divisors = External(f"{node.path}.divisors", op.divisors(input.shape).astype(np.float64))
    if isinstance(op, AvgPool):
        axes = [Axis(1, 1)] * (3 - op.dims) + list(op.geometry(input.shape).axes)
        return [[[i for _, i in axis.taps(y)] for y in range(axis.output)] for axis in axes], divisors
    unused: list[Relation] = [[[0]]] * (3 - op.dims)
    return unused + [
        [range(start, stop) for start, stop in table] for table in op.windows(input.shape)
    ], divisors


def _holders(windows: Relation, size: int) -> Relation:
    """The windows turned round: which of them hold each of `size` positions, ascending."""
    holders: list[list[int]] = [[] for _ in range(size)]
    for y, positions in enumerate(windows):
        for i in positions:
            holders[i].append(y)
    return holders


def _tables(
    plan: Plan,
    relations: Sequence[Relation],
    source: Tensor,
    result: Tensor,
    divisors: Shape,
    base: Tensor | None,
) -> tuple[int, list[int]]:
    """How many chunks, and the integers that both kernels take (see `kernels/average.py`).

    `divisors` says how far apart the divisors of the source's neighbours along D, H, W are.
    """
    images, d, h, w, channels = result.inner
    per_chunk = max(1, images * d * h // CHUNKS)
    bounds = [np.cumsum([0, *map(len, relation)]) for relation in relations]
    pairs = [
        np.array([(i * step, i * divisor) for positions in relation for i in positions], np.int64)
        for relation, step, divisor in zip(relations, source.strides[1:], divisors, strict=True)
    ]
    plan.owners += [*bounds, *pairs]
    n = [per_chunk, images, d, h, w, channels, *result.strides[:3], source.strides[0]]
    n += [*_addresses(bounds), *_addresses(pairs), *(base.strides[:3] if base else (0, 0, 0))]
    return -(-images * d * h // per_chunk), n


def _addresses(arrays: Sequence[NDArray[Any]]) -> list[int]:
    return [array.ctypes.data for array in arrays]
