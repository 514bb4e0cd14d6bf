"""The numbers of the positions that max pooling chose: where its routes lead to (see `kernels/loops/max_unpool.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.max_pool import Spans, Windows, axes_of, pool
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.kernels.loops import max_unpool
from pellucid.sizes import size_of


def forward(plan: Plan, node: Node) -> None:
    """By the routes of the pooling beside it; without one it pools for them."""
    routes = _routes_beside(plan, node)
    if routes is None:
        routes = pool(plan, node, plan.tensor(f"{node.path}.largest", node.output.shape))
    indices, axes = plan.output(node), axes_of(node)

    def bind() -> Tables:
        images, *outputs, channels = indices.inner
        count = size_of(outputs)
        per_chunk = max(1, images * count // CHUNKS)
        windows = _numbers(axes, [[_start(axis, y) for y in range(axis.output)] for axis in axes])
        taps = _numbers(axes, [[_tap(axis, k) for k in range(axis.kernel)] for axis in axes])
        plan.owners += windows, taps
        tables = places(plan, indices), windows.ctypes.data, taps.ctypes.data
        n = (per_chunk, images, count, channels, routes.dtype.itemsize, indices.strides[0], *tables)
        return Tables(-(-images * count // per_chunk), (routes, indices), n)

    plan.launch(node.output.name, max_unpool.indices, bind)


def places(plan: Plan, tensor: Tensor) -> int:
    """The address of a table: how far each position of an image, row-major, lies from its first element."""
    steps = zip(tensor.inner[1:4], tensor.strides[1:], strict=True)
    table = _outer([np.arange(size) * step for size, step in steps])
    plan.owners.append(table)
    return int(table.ctypes.data)


def _routes_beside(plan: Plan, node: Node) -> Block | None:
    """Those of the max pooling, whose kind of op this one is, of the same input with the same settings."""
    assert node.operands[0] is not None
    for other in plan.readers(node.operands[0]):
        alike = isinstance(node.op, type(other.op)) and vars(other.op) == vars(node.op)
        if alike and other is not node and (other, "routes") in plan.saved:
            return plan.saved[other, "routes"]
    return None


def _start(axis: Windows, y: int) -> int:
    """Where a window begins, which may lie in the padding."""
    return axis.table[y][0] if isinstance(axis, Spans) else axis.position(y, 0)


def _tap(axis: Windows, k: int) -> int:
    """How far a kernel position lies from the window's first."""
    return k if isinstance(axis, Spans) else axis.position(0, k) - axis.position(0, 0)


def _numbers(axes: Sequence[Windows], along: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Of positions along each axis, every combination's number in the plane, row-major."""
    strides = (axes[1].input * axes[2].input, axes[2].input, 1)
    return _outer([np.array(found, np.int64) * stride for found, stride in zip(along, strides, strict=True)])


def _outer(along: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """All sums of one number from each, row-major."""
    deep, high, wide = along
    return (deep[:, None, None] + high[:, None] + wide).ravel()
