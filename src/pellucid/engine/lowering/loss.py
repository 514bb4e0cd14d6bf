"""The mean squared error."""

from __future__ import annotations

import numpy as np

from pellucid import batch
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import rows, source, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError
from pellucid.kernels.loops import loss
from pellucid.kernels.loops.rows import Rows
from pellucid.ops.mse_loss import MSELoss
from pellucid.sizes import size_of


@registry.forward(MSELoss)
def mse_forward(plan: Plan, step: Step) -> None:
    """A sum of squares for each part of the batch, then the mean."""
    assert isinstance(step.op, MSELoss)
    if step.op.reduction != "mean":
        raise ArgumentError("mse_loss", "a network's loss is a mean", got=f"reduction={step.op.reduction!r}")
    x, wanted, y = plan.read(step, "input"), plan.read(step, "target"), plan.output(step)
    images, d, h, w, channels = x.inner
    count = batch.small_parts(images)
    parts, edges = plan.block(f"{step.path}.parts", count, "float64"), np.array(batch.edges(images, count))

    def bind() -> Work:
        walked = Rows(d * h, images, d, h, w * channels)
        return Work(count, loss.SquaredError(walked, source(x), source(wanted), edges, parts))

    plan.loop(step, parts.name, loss.squared_error, bind, order={"output": {"parts": count}})
    mean = Work(1, loss.MeanParts(parts, y, count, size_of(x.inner)))
    plan.loop(step, f"{step.path}.output", loss.mean_parts, lambda: mean)


@registry.backward(MSELoss)
def mse_backward(plan: Plan, step: Step) -> None:
    """Twice the difference, with opposite signs for input and target."""
    for role, factor in {"grad_input": 2.0, "grad_target": -2.0}.items():
        if role in step.makes:
            _difference(plan, step, role, factor)


def _difference(plan: Plan, step: Step, role: str, factor: float) -> None:
    x, wanted, grad_output = (plan.read(step, name) for name in ("input", "target", "grad_output"))
    out, base = plan.gradient(step, role)

    def bind() -> Work:
        chunks, walked = rows(x, wanted, out, base)
        table = loss.SquaredErrorGradient(
            walked,
            source(x),
            source(wanted),
            target(out),
            source(base),
            grad_output=grad_output,
            is_root=grad_output is None,
            factor=factor,
            size=size_of(x.inner),
        )
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", loss.squared_error_gradient, bind)
