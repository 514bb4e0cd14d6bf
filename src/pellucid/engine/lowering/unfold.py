"""Unfold and fold: a list of windows and taps for the one, lists of what lies at each position for the other.

Columns are a tensor of one axis of positions, whose channels are (c,k); see `kernels/loops/unfold.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import source, target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.geometry import Axis, Geometry
from pellucid.kernels.loops import unfold
from pellucid.kernels.loops.lists import Lists
from pellucid.kernels.loops.rows import Rows, Source, Target
from pellucid.ops.columns import Columns
from pellucid.ops.fold import Fold
from pellucid.ops.unfold import Unfold
from pellucid.sizes import size_of


@registry.forward(Unfold)
def unfold_forward(plan: Plan, step: Step) -> None:
    """Every window a column."""
    image = plan.read(step, "input")
    _copy(plan, step, f"{step.path}.output", _geometry(step.node), image, plan.output(step), None)


@registry.backward(Unfold)
def unfold_backward(plan: Plan, step: Step) -> None:
    """Columns added up."""
    grad_output = plan.read(step, "grad_output")
    out, base = plan.gradient(step)
    _add_up(plan, step, f"{out.name} by {step.path}", _geometry(step.node), grad_output, out, base)


@registry.forward(Fold)
def fold_forward(plan: Plan, step: Step) -> None:
    """Columns added up."""
    columns = plan.read(step, "input")
    _add_up(plan, step, f"{step.path}.output", _geometry(step.node), columns, plan.output(step), None)


@registry.backward(Fold)
def fold_backward(plan: Plan, step: Step) -> None:
    """Every window a column."""
    grad_output = plan.read(step, "grad_output")
    out, base = plan.gradient(step)
    _copy(plan, step, f"{out.name} by {step.path}", _geometry(step.node), grad_output, out, base)


def _geometry(node: Node) -> Geometry:
    op, input = node.op, node.operands[0]
    assert isinstance(op, Columns)
    assert input is not None
    return op.geometry(input.shape)


def _copy(
    plan: Plan,
    step: Step,
    label: str,
    geometry: Geometry,
    image: Tensor,
    columns: Tensor,
    base: Tensor | None,
) -> None:
    image.widen([(0, 0), *geometry.padded])

    def bind() -> Work:
        axes = list(zip(geometry.axes, image.strides[2:], strict=True))
        windows = _sums([[axis.position(y, 0) * step for y in range(axis.output)] for axis, step in axes])
        taps = _sums([[axis.dilation * k * step for k in range(axis.kernel)] for axis, step in axes])
        images, _, _, length, column = columns.inner
        per_chunk = max(1, images * length // CHUNKS)
        table = unfold.Unfold(
            rows=Rows(per_chunk, images, 1, length, column),  # a column is a row
            image=source(image),
            columns=Target(columns, columns.strides[0], 0, columns.strides[3]),
            base=Source(base, base.strides[0], 0, base.strides[3]) if base else source(None),
            windows=windows,
            taps=taps,
            taps_count=len(taps),
            channels=image.inner[4],
        )
        return Work(-(-images * length // per_chunk), table)

    plan.loop(step, label, unfold.unfold, bind)


def _add_up(
    plan: Plan,
    step: Step,
    label: str,
    geometry: Geometry,
    columns: Tensor,
    image: Tensor,
    base: Tensor | None,
) -> None:
    down, along = geometry.axes
    column = columns.inner[4]  # numbers in one

    def bind() -> Work:
        images, _, height, width, channels = image.inner
        per_chunk = max(1, images * height // CHUNKS)
        table = unfold.Fold(
            rows=Rows(per_chunk, images, 1, height, width * channels),
            columns=source(columns),
            image=target(image),
            base=source(base),
            height=_lists(down, along.output * column, along.kernel),
            width=_lists(along, column, 1),
            taps_count=size_of(geometry.kernel),
            channels=channels,
        )
        return Work(-(-images * height // per_chunk), table)

    plan.loop(step, label, unfold.fold, bind)


def _lists(axis: Axis, step: int, tap: int) -> Lists:
    """What lies at each position along an axis: windows are a `step`, kernel positions a `tap` apart."""
    found = [[y * step + k * tap for y, k in axis.sources(i)] for i in range(axis.input)]
    begins = np.cumsum([0, *map(len, found)], dtype=np.int64)
    return Lists(begins, np.array([place for places in found for place in places], np.int64))


def _sums(along: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Of one number from each of two lists, row-major."""
    down, across = along
    return np.add.outer(np.array(down, np.int64), np.array(across, np.int64)).ravel()
