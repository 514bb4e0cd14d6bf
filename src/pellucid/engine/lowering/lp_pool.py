"""Power-average pooling: sums of powers, their roots, and the shares that go back (see `kernels/loops/lp_pool.py`)."""

from __future__ import annotations

from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import source, target
from pellucid.engine.lowering.resample import along_three, axes, every_row
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError
from pellucid.kernels.loops import lp_pool
from pellucid.kernels.loops.rows import Sizes
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.resampling import Spread
from pellucid.sizes import size_of


@registry.forward(LpPool)
def forward(plan: Plan, step: Step) -> None:
    """The root of each window's sum of powers."""
    op, windows = _of(step.node)
    if op.extreme:
        rule, hint = "in a network norm_type must be finite", "pool the absolute values by max_pool"
        raise ArgumentError(op.name, rule, got=f"norm_type={op.norm_type}", hint=hint)
    x, y = plan.read(step, "input"), plan.output(step)
    sums = plan.statistic(step, "sums", size_of(y.inner))

    def bind() -> Work:
        chunks, walked = every_row(y)
        table = lp_pool.LpPool(walked, source(x), target(y), sums, axes(windows), y.inner[4], _norm(op))
        return Work(chunks, table)

    plan.loop(step, f"{step.path}.output", lp_pool.lp_pool, bind)


@registry.backward(LpPool)
def backward(plan: Plan, step: Step) -> None:
    """Each window's share of its gradient, then for each input element the shares of the windows that hold it."""
    grad_output = plan.read(step, "grad_output")
    op, windows = _of(step.node)
    x, sums = plan.read(step, "input"), plan.read(step, "sums")
    shares = plan.block(f"{step.path}.shares", size_of(grad_output.inner), "float64")
    out, base = plan.gradient(step)

    def bind_shares() -> Work:
        chunks, walked = every_row(grad_output)
        last = axes(windows), grad_output.inner[4], _norm(op)
        return Work(chunks, lp_pool.LpShares(walked, source(grad_output), sums, shares, *last))

    def bind() -> Work:
        chunks, walked = every_row(out)
        table = lp_pool.LpGradient(
            rows=walked,
            shares=shares,
            outputs=Sizes(*grad_output.inner),
            x=source(x),
            grad_input=target(out),
            base=source(base),
            holders=axes([window.transposed for window in windows]),
            channels=out.inner[4],
            norm=_norm(op),
        )
        return Work(chunks, table)

    plan.loop(step, shares.name, lp_pool.lp_shares, bind_shares)
    plan.loop(step, f"{out.name} by {step.path}", lp_pool.lp_gradient, bind, scratch=8 * out.inner[4])


def _of(node: Node) -> tuple[LpPool, list[Spread]]:
    """The op, and which positions its windows hold along D, H, W."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, LpPool)
    assert input is not None
    along = op.mean.geometry(input.shape).axes
    held = [tuple(tuple((i, 1.0) for _, i in axis.taps(y)) for y in range(axis.output)) for axis in along]
    spreads = [Spread(rows, axis.input) for rows, axis in zip(held, along, strict=True)]
    return op, along_three(spreads)


def _norm(op: LpPool) -> lp_pool.Norm:
    return lp_pool.Norm(float(op.norm_type), op.window)
