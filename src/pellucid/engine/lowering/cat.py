"""Tensors one behind the other: each is copied to its place, and its gradient from there."""

from __future__ import annotations

from pellucid.engine.buffers import Part, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.arithmetic import Operand, walked
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops import broadcast, copy
from pellucid.ops.cat import Cat


@registry.forward(Cat)
def forward(plan: Plan, step: Step) -> None:
    """Each tensor to its place."""
    y = plan.output(step)
    for name, symbol in step.node.named.items():
        x = Operand(plan.read(step, name), symbol.shape)

        def bind(x: Operand = x, name: str = name) -> Work:
            chunks, rows, width, (read, written) = walked(x.shape, (x, Operand(y, x.shape)))
            numbers = _part(y, step, name)
            return Work(chunks, copy.Copied(rows, width, read, numbers, written.strides))

        plan.loop(step, f"{y.name} from {symbol.name}", copy.copied, bind)


@registry.backward(Cat)
def backward(plan: Plan, step: Step) -> None:
    """Each gradient from its place, after what it had grown to before."""
    grad_output: Tensor = plan.read(step, "grad_output")
    for role in step.makes:
        name = role.removeprefix("grad_")
        tensor, base = plan.gradient(step, role)
        out, before = (Operand(block, tensor.shape) for block in (tensor, base))

        def bind(out: Operand = out, before: Operand = before, name: str = name) -> Work:
            read = (before, Operand(grad_output, out.shape), out)
            chunks, rows, width, (first, given, written) = walked(out.shape, read)
            part = given._replace(numbers=_part(grad_output, step, name))
            if before.block is None:
                return Work(chunks, copy.Copied(rows, width, part, *written))
            return Work(chunks, broadcast.Binary(rows, width, first, part, *written))

        plan.loop(step, f"{tensor.name} by {step.path}", broadcast.add if base else copy.copied, bind)


def _part(whole: Tensor, step: Step, name: str) -> Part:
    """Where one of the tensors begins in the output, or in its gradient."""
    op, named = step.node.op, step.node.named
    assert isinstance(op, Cat)
    dim, starts = op.places(*(symbol.shape for symbol in named.values()))
    start = starts[list(named).index(name)] * Operand(whole, whole.shape).steps[dim]
    return Part(whole.name, whole, start, 0)
