"""Local response normalisation."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import rows, source, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops import local_response_norm
from pellucid.ops.local_response_norm import LocalResponseNorm


@registry.forward(LocalResponseNorm)
def forward(plan: Plan, step: Step) -> None:
    """Pixel by pixel."""
    op = step.op
    assert isinstance(op, LocalResponseNorm)
    x, y = plan.read(step, "input"), plan.output(step)

    def bind() -> Work:
        chunks, walked = rows(x, y)
        table = local_response_norm.Normalise(walked, source(x), target(y), _measure(op, x))
        return Work(chunks, table)

    plan.loop(
        step, f"{step.path}.output", local_response_norm.local_response_norm, bind, scratch=8 * x.inner[4]
    )


@registry.backward(LocalResponseNorm)
def backward(plan: Plan, step: Step) -> None:
    """From the input again."""
    grad_output = plan.read(step, "grad_output")
    op = step.op
    assert isinstance(op, LocalResponseNorm)
    x = plan.read(step, "input")
    out, base = plan.gradient(step)

    def bind() -> Work:
        chunks, walked = rows(grad_output, x, out, base)
        table = local_response_norm.Gradient(
            walked,
            source(grad_output),
            source(x),
            target(out),
            source(base),
            measure=_measure(op, x),
            slope=2 * op.alpha * op.beta / op.size,
        )
        return Work(chunks, table)

    kernel = local_response_norm.local_response_norm_gradient
    plan.loop(step, f"{out.name} by {step.path}", kernel, bind, scratch=3 * 8 * x.inner[4])


def _measure(op: LocalResponseNorm, x: Tensor) -> local_response_norm.Measure:
    """What a pixel's numbers are divided by."""
    return local_response_norm.Measure(x.inner[4], op.size, op.alpha / op.size, op.beta, op.k)
