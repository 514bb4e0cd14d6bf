"""Padding and interpolation: tables of what each axis reads, for one loop over rows (`kernels/loops/resample.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.errors import ShapeError
from pellucid.kernels.loops import resample
from pellucid.ops.base import Shape
from pellucid.ops.pad import Pad
from pellucid.ops.resampling import Resampling, Spread


def forward(plan: Plan, node: Node) -> None:
    """Copies where every output is one input element or a constant, else weighted sums."""
    op, input = _of(node)
    if isinstance(op, Pad) and len(op.pad) > 2 * (len(input) - 2):
        raise ShapeError(
            op.name,
            "in a network only the axes behind the channels are padded",
            expected=f"at most {2 * max(0, len(input) - 2)} widths for input {input}",
            got=f"pad={op.pad}",
        )
    x, y = plan.value(node.operands[0]), plan.output(node)
    spreads = along_three(op.spreads(input))
    copies = all(spread.copies for spread in spreads)
    constant = (op.value or 0.0) if isinstance(op, Pad) else 0.0

    def bind() -> Tables:
        chunks, n = _sizes(plan, x, y, spreads)
        if copies:
            return Tables(chunks, (x, y), n, (float(constant),))
        return Tables(chunks, (x, y, y), (*n, 0, 0, 0))

    plan.launch(node.output.name, resample.pick if copies else resample.spread, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """The same tables turned round: each input element sums over the outputs that read it."""
    assert node.operands[0] is not None
    op, input = _of(node)
    out, base = plan.add_gradient(node.operands[0])
    spreads = along_three(op.directed("grad_input", input))

    def bind() -> Tables:
        chunks, n = _sizes(plan, grad_output, out, spreads)
        strides = base.strides[:3] if base else (0, 0, 0)
        return Tables(chunks, (grad_output, out, base or out), (*n, *strides))

    plan.launch(f"{out.name} by {node.path}", resample.spread, bind)


def _of(node: Node) -> tuple[Resampling, Shape]:
    op, input = node.op, node.operands[0]
    assert isinstance(op, Resampling)
    assert input is not None
    return op, input.shape


def along_three(spreads: Sequence[Spread]) -> list[Spread]:
    """Along D, H and W; an axis that is not there has one position, which stays."""
    return [Spread((((0, 1.0),),), 1)] * (3 - len(spreads)) + list(spreads)


def _sizes(plan: Plan, source: Tensor, out: Tensor, spreads: list[Spread]) -> tuple[int, list[int]]:
    """How many chunks, and the integers of both kernels."""
    images, depth, height, _, channels = out.inner
    per_chunk = max(1, images * depth * height // CHUNKS)
    deep, high, wide = spreads
    runs, lists = _runs(wide)
    tables = [runs]
    for rows in (deep.rows, high.rows, lists):
        tables += table_of(rows)
    plan.owners.append(tables)
    n = [per_chunk, images, depth, height, *source.strides[:3], *out.strides[:3], channels, len(runs)]
    return -(-images * depth * height // per_chunk), [*n, *(table.ctypes.data for table in tables)]


def _runs(spread: Spread) -> tuple[NDArray[np.int64], list[tuple[tuple[int, float], ...]]]:
    """Results side by side that read alike: the first and how many; and what the first reads."""

    def alike(y: int) -> tuple[tuple[int, float], ...]:
        return tuple((i - y, weight) for i, weight in spread.rows[y])

    groups = [list(group) for _, group in groupby(range(len(spread.rows)), alike)]
    runs = np.array([(group[0], len(group)) for group in groups], np.int64).reshape(-1, 2)
    return runs, [spread.rows[group[0]] for group in groups]


def table_of(rows: Sequence[tuple[tuple[int, float], ...]]) -> tuple[NDArray[Any], ...]:
    """Where the lists begin, the lists, and their weights."""
    begins = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    positions = np.array([i for row in rows for i, _ in row] or [0], np.int64)
    weights = np.array([weight for row in rows for _, weight in row] or [0.0], np.float64)
    return begins, positions, weights
