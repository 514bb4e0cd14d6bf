"""The numbers of the positions that max pooling chose: where its routes lead to (see `kernels/loops/max_unpool.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.max_pool import Spans, Windows, axes_of, pool
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops import max_unpool
from pellucid.ops.max_indices import AdaptiveMaxPoolIndices, MaxPoolIndices
from pellucid.sizes import size_of


@registry.forward(AdaptiveMaxPoolIndices, MaxPoolIndices)
def forward(plan: Plan, step: Step) -> None:
    """By the routes of the pooling beside it; without one it pools for them."""
    routes = plan.read(step, "routes")
    if routes is None:
        routes = pool(plan, step, plan.tensor(f"{step.path}.largest", step.output.shape))
    indices, axes = plan.output(step), axes_of(step.node)

    def bind() -> Work:
        images, *outputs, channels = indices.inner
        positions = images * size_of(outputs)
        per_chunk = max(1, positions // CHUNKS)
        table = max_unpool.Indices(
            routes=routes,
            route_bytes=routes.dtype.itemsize,
            indices=indices,
            indices_places=places(indices),
            first=_numbers(axes, [[_start(axis, y) for y in range(axis.output)] for axis in axes]),
            further=_numbers(axes, [[_tap(axis, k) for k in range(axis.kernel)] for axis in axes]),
            images=images,
            channels=channels,
            per_chunk=per_chunk,
        )
        return Work(-(-positions // per_chunk), table)

    plan.loop(step, f"{step.path}.output", max_unpool.indices, bind)


def places(tensor: Tensor) -> max_unpool.Places:
    """Where a tensor's numbers lie."""
    steps = zip(tensor.inner[1:4], tensor.strides[1:], strict=True)
    positions = _outer([np.arange(size) * step for size, step in steps])
    return max_unpool.Places(tensor.strides[0], positions, len(positions))


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
