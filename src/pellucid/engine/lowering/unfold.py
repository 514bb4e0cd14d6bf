"""Unfold and fold: a list of windows and taps for the one, lists of what lies at each position for the other.

Columns are a tensor of one axis of positions, whose channels are (c,k); see `kernels/loops/unfold.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.geometry import Axis, Geometry
from pellucid.kernels.loops import unfold
from pellucid.ops.columns import Columns
from pellucid.sizes import size_of


def unfold_forward(plan: Plan, node: Node) -> None:
    """Every window a column."""
    image = plan.value(node.operands[0])
    _copy(plan, node.output.name, _geometry(node), image, plan.output(node), None)


def unfold_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Columns added up."""
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])
    _add_up(plan, f"{out.name} by {node.path}", _geometry(node), grad_output, out, base)


def fold_forward(plan: Plan, node: Node) -> None:
    """Columns added up."""
    columns = plan.value(node.operands[0])
    _add_up(plan, node.output.name, _geometry(node), columns, plan.output(node), None)


def fold_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Every window a column."""
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])
    _copy(plan, f"{out.name} by {node.path}", _geometry(node), grad_output, out, base)


def _geometry(node: Node) -> Geometry:
    op, input = node.op, node.operands[0]
    assert isinstance(op, Columns)
    assert input is not None
    return op.geometry(input.shape)


def _copy(
    plan: Plan, label: str, geometry: Geometry, image: Tensor, columns: Tensor, base: Tensor | None
) -> None:
    image.widen([(0, 0), *geometry.padded])

    def bind() -> Tables:
        axes = list(zip(geometry.axes, image.strides[2:], strict=True))
        windows = _sums([[axis.position(y, 0) * step for y in range(axis.output)] for axis, step in axes])
        taps = _sums([[axis.dilation * k * step for k in range(axis.kernel)] for axis, step in axes])
        images, _, _, length, _ = columns.inner
        per_chunk = max(1, images * length // CHUNKS)
        n = [per_chunk, images, length, image.inner[4], len(taps), image.strides[0], columns.strides[0]]
        n += [base.strides[0] if base else 0, *_addresses(plan, windows, taps)]
        return Tables(-(-images * length // per_chunk), (image, columns, base or columns), n)

    plan.launch(label, unfold.unfold, bind)


def _add_up(
    plan: Plan, label: str, geometry: Geometry, columns: Tensor, image: Tensor, base: Tensor | None
) -> None:
    down, along = geometry.axes
    column = columns.inner[4]  # numbers in one

    def bind() -> Tables:
        images, _, height, width, channels = image.inner
        per_chunk = max(1, images * height // CHUNKS)
        n = [per_chunk, images, height, width, channels, size_of(geometry.kernel)]
        for tensor in (image, base):
            n += [0, 0] if tensor is None else [tensor.strides[0], tensor.strides[2]]
        lists = *_lists(down, along.output * column, along.kernel), *_lists(along, column, 1)
        n += [columns.strides[0], *_addresses(plan, *lists)]
        return Tables(-(-images * height // per_chunk), (columns, image, base or image), n)

    plan.launch(label, unfold.fold, bind)


def _lists(axis: Axis, step: int, tap: int) -> tuple[list[int], list[int]]:
    """Where each position's list begins, and the lists: windows are a `step`, kernel positions a `tap` apart."""
    found = [[y * step + k * tap for y, k in axis.sources(i)] for i in range(axis.input)]
    return np.cumsum([0, *map(len, found)]).tolist(), [place for places in found for place in places]


def _sums(along: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Of one number from each of two lists, row-major."""
    down, across = along
    return np.add.outer(np.array(down, np.int64), np.array(across, np.int64)).ravel()


def _addresses(plan: Plan, *lists: Sequence[int] | NDArray[np.int64]) -> list[int]:
    """Where the lists lie as tables, which the plan keeps."""
    tables = [np.array(list_, np.int64) for list_ in lists]
    plan.owners.append(tables)
    return [table.ctypes.data for table in tables]
