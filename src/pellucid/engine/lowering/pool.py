"""Pooling: the relation between two grids of positions as tables, and the launches that gather along it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, External, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.geometry import Axis, size_of
from pellucid.kernels import pooling
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.max_pool import MaxPool

# For each position along an axis, the positions it gathers from, each with its kernel position.
Relation = Sequence[Sequence[tuple[int, int]]]


def max_pool_forward(plan: Plan, node: Node) -> None:
    """The largest element of each window, and which it was."""
    x, y = plan.value(node.operands[0]), plan.output(node)
    axes = _axes(node)
    routes = plan.saved[node, "routes"] = plan.block(f"{node.path}.routes", size_of(y.inner), "int32")

    def bind() -> Tables:
        relations = [[[(i, k) for k, i in axis.taps(at)] for at in range(axis.output)] for axis in axes]
        chunks, n = _tables(plan, relations, x, y, (0, 0, 0), _kernel_strides(axes))
        return Tables(chunks, (x, y, routes), n)

    plan.launch(node.output.name, pooling.max_pool, bind)


def max_pool_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Each input element collects from the windows that it won."""
    assert node.operands[0] is not None
    routes, axes = plan.saved[node, "routes"], _axes(node)
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        _, _, height, width, channels = grad_output.inner
        relations = [[axis.sources(i)[::-1] for i in range(axis.input)] for axis in axes]
        steps = (height * width * channels, width * channels, channels)
        chunks, n = _tables(plan, relations, grad_output, out, steps, _kernel_strides(axes), base)
        return Tables(chunks, (grad_output, out, routes, base or out), n)

    plan.launch(f"{out.name} by {node.path}", pooling.max_pool_gradient, bind)


def average_forward(plan: Plan, node: Node) -> None:
    """The mean of each window."""
    x, y = plan.value(node.operands[0]), plan.output(node)
    windows, divisors = _windows(node)
    sums = plan.block(f"{node.path}, sums", 2 * CHUNKS * y.inner[4], "float64")

    def bind() -> Tables:
        chunks, n = _tables(plan, windows, x, y, (0, 0, 0), (0, 0, 0))
        return Tables(chunks, (x, y, sums, divisors), n)

    plan.launch(node.output.name, pooling.average, bind)


def average_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Each input element collects its share of the windows that hold it."""
    assert node.operands[0] is not None
    windows, divisors = _windows(node)
    out, base = plan.add_gradient(node.operands[0])
    holders = [_holders(relation, size) for relation, size in zip(windows, out.inner[1:4], strict=True)]
    if isinstance(
        node.op, AvgPool
    ):  # its shares are added by kernel position, ascending: the last window first
        holders = [[pairs[::-1] for pairs in relation] for relation in holders]
    sums = plan.block(f"{out.name}, sums", 2 * CHUNKS * out.inner[4], "float64")

    def bind() -> Tables:
        _, _, height, width, _ = grad_output.inner
        chunks, n = _tables(plan, holders, grad_output, out, (height * width, width, 1), (0, 0, 0), base)
        return Tables(chunks, (grad_output, out, sums, base or out, divisors), n)

    plan.launch(f"{out.name} by {node.path}", pooling.average_gradient, bind)


def _axes(node: Node) -> list[Axis]:
    """The geometry of max or average pooling along D, H, W."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, MaxPool | AvgPool)
    assert input is not None
    return [Axis(1, 1)] * (3 - op.dims) + list(op.geometry(input.shape).axes)


def _windows(node: Node) -> tuple[list[Relation], Block]:
    """What each output averages along D, H, W, and the divisors."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, AvgPool | AdaptiveAvgPool)
    assert input is not None
    divisors = External(f"{node.path}.divisors", op.divisors(input.shape).astype(np.float64))
    if isinstance(op, AvgPool):
        return [
            [[(i, k) for k, i in axis.taps(y)] for y in range(axis.output)] for axis in _axes(node)
        ], divisors
    unused: list[Relation] = [[[(0, 0)]]] * (3 - op.dims)
    spans = [
        [[(i, 0) for i in range(start, stop)] for start, stop in table] for table in op.windows(input.shape)
    ]
    return [*unused, *spans], divisors


def _holders(windows: Relation, size: int) -> Relation:
    """The windows turned round: which of them hold each of `size` positions, ascending."""
    holders: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    for y, pairs in enumerate(windows):
        for i, k in pairs:
            holders[i].append((y, k))
    return holders


def _kernel_strides(axes: Sequence[Axis]) -> Shape:
    """How far apart kernel positions along D, H, W are in row-major order."""
    return axes[1].kernel * axes[2].kernel, axes[2].kernel, 1


def _tables(
    plan: Plan,
    relations: Sequence[Relation],
    source: Tensor,
    result: Tensor,
    others: Shape,
    kernels: Shape,
    base: Tensor | None = None,
) -> tuple[int, list[int]]:
    """How many chunks, and the integers that every pooling kernel takes (see `kernels/pooling.py`).

    `others` and `kernels` say what a step along D, H, W means in routes or divisors, and in kernel positions.
    """
    images, d, h, w, channels = result.inner
    per_chunk = max(1, images * d * h // CHUNKS)
    bounds = [np.cumsum([0, *map(len, relation)]) for relation in relations]
    pairs = [
        np.array([(i * step, i * other, k * kernel) for pairs in relation for i, k in pairs], np.int64)
        for relation, step, other, kernel in zip(relations, source.strides[1:], others, kernels, strict=True)
    ]
    plan.owners += [*bounds, *pairs]
    n = [per_chunk, images, d, h, w, channels, *result.strides[:3], source.strides[0]]
    n += [size_of(source.inner[1:]), *_addresses(bounds), *_addresses(pairs)]
    return -(-images * d * h // per_chunk), [*n, *(base.strides[:3] if base else (0, 0, 0))]


def _addresses(arrays: Sequence[NDArray[Any]]) -> list[int]:
    return [array.ctypes.data for array in arrays]
