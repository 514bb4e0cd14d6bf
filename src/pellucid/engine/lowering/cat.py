"""Tensors one behind the other. Those that are not made in their place (see `Steps.within`) are copied there.

The gradients are parts of the output's, in which they may stay.
"""

from __future__ import annotations

from pellucid.engine.buffers import Tensor, Window
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand, walked
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops import broadcast, copy
from pellucid.ops.cat import Cat


@registry.forward(Cat, strided=True)
def forward(plan: Plan, step: Step) -> None:
    """Each tensor to its place."""
    y = plan.output(step)
    for name, symbol in step.node.named.items():
        if plan.steps.within.get(symbol) == (step.output, *place(step, name)):
            continue
        x, to = Operand(plan.read(step, name), symbol.shape), _part(y, step, name)

        def bind(x: Operand = x, to: Operand = to) -> Work:
            chunks, rows, width, (read, written) = walked(x.shape, (x, to))
            return Work(chunks, copy.Copied(rows, width, read, *written))

        plan.loop(step, f"{y.name} from {symbol.name}", copy.copied, bind)


@registry.backward(Cat, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """Each gradient from its place, after what it had grown to before."""
    grad_output: Tensor = plan.read(step, "grad_output")
    for role, made in step.makes.items():
        tensor, base = plan.gradient(step, role)
        if made in plan.steps.within:
            continue
        out, before = (Operand(block, tensor.shape) for block in (tensor, base))
        given = _part(grad_output, step, role.removeprefix("grad_"))

        def bind(out: Operand = out, before: Operand = before, given: Operand = given) -> Work:
            chunks, rows, width, (first, part, written) = walked(out.shape, (before, given, out))
            if before.block is None:
                return Work(chunks, copy.Copied(rows, width, part, *written))
            return Work(chunks, broadcast.Binary(rows, width, first, part, *written))

        plan.loop(step, f"{tensor.name} by {step.path}", broadcast.add if base else copy.copied, bind)


def place(step: Step, name: str) -> tuple[int, int]:
    """Where an operand lies in the output, and its gradient in the output's: the axis, and where it begins."""
    op, named = step.node.op, step.node.named
    assert isinstance(op, Cat)
    dim, starts = op.places(*(symbol.shape for symbol in named.values()))
    return dim, starts[list(named).index(name)]


def _part(whole: Tensor, step: Step, name: str) -> Operand:
    """That place as memory."""
    shape = step.node.named[name].shape
    return Operand(Window(whole.name, shape, whole, *place(step, name)), shape)
