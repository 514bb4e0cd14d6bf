"""The norm of all gradients, and with it the answer to whether a step may change anything."""

from __future__ import annotations

from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.update import stretches
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.functions.sums import LANES
from pellucid.kernels import simd
from pellucid.kernels.loops import grad_norm
from pellucid.kernels.simd.channels import HEADER
from pellucid.ops.grad_norm import ROOM, GradNorm


@registry.norm(GradNorm)
def gradients_norm(plan: Plan, step: Step) -> None:
    """A pass over the gradients, and the gate of all that changes the model."""
    gradients = [plan.value(symbol) for symbol in step.reads.values()]
    chunks = stretches([gradient.size for gradient in gradients])
    sums = plan.block(f"{step.path}, squares", len(chunks), "float64")
    norm = plan.statistic(step, "norm", 1)
    assert plan.gate is not None
    plan.last(norm, plan.gate)
    code, scratch = simd.Channels(plan.bits, LANES, "squares"), 8 * (HEADER + LANES)
    table = chunks, tuple(map(grad_norm.Gradient, gradients)), sums

    def bind() -> Work:
        return Work(len(chunks), grad_norm.Squares(*table, simd.address(code)))

    plan.loop(step, sums.name, grad_norm.squares, bind, scratch=scratch)
    assert isinstance(step.op, GradNorm)
    factor = plan.statistic(step, "factor", 1) if "factor" in step.makes else None
    loss = plan.value(plan.graph.output)
    root = grad_norm.Norm(sums, len(chunks), loss, norm, plan.gate, factor, step.op.max_norm or 0.0, ROOM)
    plan.loop(step, norm.name, grad_norm.norm, lambda: Work(1, root), scratch=scratch)
