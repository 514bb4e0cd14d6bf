"""Softmax and the mean squared error."""

from __future__ import annotations

import numpy as np

from pellucid import batch
from pellucid.engine.beside import Alike
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import emitted, rows, source, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError
from pellucid.kernels import simd
from pellucid.kernels.loops import loss, pointwise
from pellucid.kernels.loops.rows import Rows
from pellucid.ops.base import Op, Shape
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.softmax import Softmax
from pellucid.sizes import size_of


@registry.forward(LogSoftmax, Softmax)
def softmax_forward(plan: Plan, step: Step) -> None:
    """Softmax over the channels, or its logarithm."""
    _check_axis(step.node)
    x, y = plan.read(step, "input"), plan.output(step)
    code = simd.Softmax(plan.bits, x.inner[4], _kinds(step.op)[0])
    plan.loop(
        step,
        f"{step.path}.output",
        pointwise.emitted,
        lambda: emitted(code, y, x, unit=x.inner[4]),
        scratch=8 * x.inner[4],
    )


@registry.backward(LogSoftmax, Softmax)
def softmax_backward(plan: Plan, step: Step) -> None:
    """From the output."""
    grad_output, y = plan.read(step, "grad_output"), plan.read(step, "output")
    out, base = plan.gradient(step)
    code = simd.Softmax(plan.bits, y.inner[4], _kinds(step.op)[1], base is not None)

    def bind() -> Work:
        return emitted(code, out, grad_output, y, base, unit=y.inner[4])

    plan.loop(step, f"{out.name} by {step.path}", pointwise.emitted, bind)


@registry.beside(LogSoftmax, Softmax)
def softmax_beside(op: Op, bits: int, shape: Shape) -> Alike:
    """Along any axis."""
    assert isinstance(op, LogSoftmax | Softmax)
    dim = op.dim % len(shape)
    forward, backward = (simd.Softmax(bits, shape[dim], kind) for kind in _kinds(op))
    return Alike(forward, backward, "output", shape[dim], size_of(shape[dim + 1 :]))


def _kinds(op: object) -> tuple[simd.Kind, simd.Kind]:
    """What is made forward and backward."""
    if isinstance(op, LogSoftmax):
        return "log_softmax", "log_softmax_gradient"
    return "softmax", "softmax_gradient"


def _check_axis(node: Node) -> None:
    """In a network, probabilities are those of the channels."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, Softmax | LogSoftmax)
    assert input is not None
    if input.ndim < 2 or op.dim % input.ndim != 1:
        raise ArgumentError(
            op.name,
            "in a network dim must be the axis of the channels",
            expected="dim=1",
            got=f"dim={op.dim}",
        )


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
