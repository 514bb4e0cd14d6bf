"""Gradients of functions of several numbers (`ops/meeting.py`), summed where an operand is repeated."""

from __future__ import annotations

from pellucid.engine.lowering import registry
from pellucid.engine.lowering.arithmetic import gradient
from pellucid.engine.lowering.broadcast import Operand
from pellucid.engine.lowering.curve import lower, seen
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.ops.meeting import Meeting


@registry.backward(Meeting, strided=True)
def meeting_backward(plan: Plan, step: Step) -> None:
    """The contributions; of an operand that is repeated they are made first, and then added."""
    op = step.op
    assert isinstance(op, Meeting)
    output, shapes = step.node.output.shape, [s.shape for s in step.node.named.values()]
    for role in step.makes:
        argument = role.removeprefix("grad_")
        if op.repeats(argument, *shapes):
            full = Operand(plan.tensor(f"{step.path}.{role} of each output", output), output)
            lower(plan, step, role, full)
            gradient(plan, step, role, 1, None, contributions=full)
            continue
        own = step.node.named[argument]
        if own in plan.graph.arrays:
            lower(
                plan, step, role, seen(op, argument, plan.parameter_gradient(step, role), own.shape, output)
            )
        else:
            out, base = plan.gradient(step, role)
            lower(plan, step, role, Operand(out, own.shape), Operand(base, own.shape))
