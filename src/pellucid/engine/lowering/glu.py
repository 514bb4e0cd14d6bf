"""The gated linear unit: the halves of a tensor are stretches of it, which the gate's code reads and writes."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor, Window
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand, operand
from pellucid.engine.lowering.curve import lower
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.ops.glu import GATED, GLU


@registry.forward(GLU, strided=True)
def forward(plan: Plan, step: Step) -> None:
    """The product of the halves."""
    y = Operand(plan.output(step), step.makes["output"].shape)
    lower(plan, step, "output", y, definition=GATED, read=_halves(step, plan.read(step, "input")))


@registry.backward(GLU, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """The gradient of each half, to its place."""
    grad, halves = operand(plan, step, "grad_output"), _halves(step, plan.read(step, "input"))
    out, base = plan.gradient(step)
    bases = [Operand(None)] * 2 if base is None else _halves(step, base)
    for argument, half, begun in zip(GATED.arguments, _halves(step, out), bases, strict=True):
        lower(plan, step, f"grad_{argument}", half, begun, definition=GATED, read=[grad, *halves])


def _halves(step: Step, whole: Tensor) -> list[Operand]:
    op, shape = step.op, step.node.output.shape
    assert isinstance(op, GLU)
    at = op.axis_of(shape)
    starts = {"first": 0, "second": shape[at]}
    return [Operand(Window(f"{whole.name}, {n} half", shape, whole, at, i), shape) for n, i in starts.items()]
