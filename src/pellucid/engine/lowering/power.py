"""Powers with a constant exponent."""

from __future__ import annotations

from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.arithmetic import gradient
from pellucid.engine.lowering.broadcast import Operand, operand, walked
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import power
from pellucid.ops.pow import Pow


@registry.forward(Pow, strided=True)
def forward(plan: Plan, step: Step) -> None:
    """y = xᵖ."""
    _loop(plan, step, power.power, Operand(plan.output(step), step.makes["output"].shape))


@registry.backward(Pow, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """grad_input = grad_output·p·x^(p − 1), of which all but grad_output is made first."""
    shape = step.reads["input"].shape
    slope = Operand(plan.tensor(f"{step.path}.slope", shape), shape)
    _loop(plan, step, power.slope, slope)
    gradient(plan, step, "grad_input", 1, slope)


def _loop(plan: Plan, step: Step, kernel: Kernel, y: Operand) -> None:
    op, x = step.op, operand(plan, step, "input")
    assert isinstance(op, Pow)

    def bind() -> Work:
        chunks, rows, width, (read, written) = walked(y.shape, (x, y))
        return Work(chunks, power.Power(rows, width, read, *written, float(op.exponent)))

    plan.loop(step, y.name, kernel, bind)
