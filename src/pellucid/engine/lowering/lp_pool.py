"""Power-average pooling: sums of powers, their roots, and the shares that go back (see `kernels/loops/lp_pool.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.resample import along_three, table_of
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.errors import ArgumentError
from pellucid.kernels.loops import lp_pool
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.resampling import Spread
from pellucid.sizes import size_of


def forward(plan: Plan, node: Node) -> None:
    """The root of each window's sum of powers."""
    op, windows = _of(node)
    if op.extreme:
        rule, hint = "in a network norm_type must be finite", "pool the absolute values by max_pool"
        raise ArgumentError(op.name, rule, got=f"norm_type={op.norm_type}", hint=hint)
    x, y = plan.value(node.operands[0]), plan.output(node)
    sums = plan.saved[node, "sums"] = plan.block(f"{node.path}.sums", size_of(y.inner), "float64")

    def bind() -> Tables:
        chunks, n = _sizes(plan, op, x, y, windows)
        return Tables(chunks, (x, y, sums), n, (float(op.norm_type),))

    plan.launch(node.output.name, lp_pool.lp_pool, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Each window's share of its gradient, then for each input element the shares of the windows that hold it."""
    assert node.operands[0] is not None
    op, windows = _of(node)
    x, sums = plan.value(node.operands[0]), plan.saved[node, "sums"]
    shares = plan.block(f"{node.path}.shares", size_of(grad_output.inner), "float64")
    out, base = plan.add_gradient(node.operands[0])
    plan.need_scratch(-(-out.inner[4] * 8 // plan.dtype.itemsize))

    def bind_shares() -> Tables:
        chunks, n = _sizes(plan, op, grad_output, grad_output, windows)
        return Tables(chunks, (grad_output, sums, shares), n, (float(op.norm_type),))

    def bind() -> Tables:
        chunks, n = _sizes(plan, op, x, out, [window.turned for window in windows])
        strides = base.strides[:3] if base else (0, 0, 0)
        p = (shares, x, out, base or out)
        return Tables(chunks, p, (*n, *grad_output.inner[1:4], *strides), (float(op.norm_type),))

    plan.launch(shares.name, lp_pool.lp_shares, bind_shares)
    plan.launch(f"{out.name} by {node.path}", lp_pool.lp_gradient, bind)


def _of(node: Node) -> tuple[LpPool, list[Spread]]:
    """The op, and which positions its windows hold along D, H, W."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, LpPool)
    assert input is not None
    axes = op.mean.geometry(input.shape).axes
    held = [tuple(tuple((i, 1.0) for _, i in axis.taps(y)) for y in range(axis.output)) for axis in axes]
    spreads = [Spread(rows, axis.input) for rows, axis in zip(held, axes, strict=True)]
    return op, along_three(spreads)


def _sizes(
    plan: Plan, op: LpPool, source: Tensor, out: Tensor, spreads: Sequence[Spread]
) -> tuple[int, list[int]]:
    """How many chunks, and the integers of the kernels."""
    images, depth, height, width, channels = out.inner
    per_chunk = max(1, images * depth * height // CHUNKS)
    tables = [table for spread in spreads for table in table_of(spread.rows)[:2]]
    plan.owners.append(tables)
    n = [per_chunk, images, depth, height, width, channels, *source.strides[:3], *out.strides[:3]]
    chunks = -(-images * depth * height // per_chunk)
    return chunks, [*n, *(table.ctypes.data for table in tables), op.window]
