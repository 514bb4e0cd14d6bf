"""Losses of elements: sums for each part of the batch, which are then added; gradients element by element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid import batch
from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.arithmetic import combine, one
from pellucid.engine.lowering.broadcast import Operand, operand
from pellucid.engine.lowering.pointwise import lines, source, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels import simd
from pellucid.kernels.loops import broadcast, element_loss
from pellucid.kernels.loops.rows import Rows, Source
from pellucid.ops.element_loss import ElementLoss


@registry.forward(ElementLoss)
def element_loss_forward(plan: Plan, step: Step) -> None:
    """The losses, then what they are reduced to."""
    op, read = _op(step), _operands(plan, step)
    y, (images, d, h, w, c) = plan.output(step), _sizes(step)
    scratch, name = 8 * w * c, f"{step.path}.losses"
    if not op.is_reduced:

        def bind_each() -> Work:
            chunks, walked = lines((images, d, h, w, c))
            table = element_loss.EachElementLoss(walked, _read(plan, op, "losses", read), target(y))
            return Work(chunks, table)

        plan.loop(step, y.name, element_loss.each_element_loss, bind_each, scratch=scratch)
        return
    count = batch.small_parts(images)
    parts, edges = plan.block(f"{name} in parts", count, "float64"), np.array(batch.edges(images, count))
    kept = plan.tensor(step.makes["losses"].name, step.reads["input"].shape, "float64") if plan.keep else None
    if kept is not None:
        plan.put(step.makes["losses"], kept)

    def bind() -> Work:
        walked = Rows(d * h, images, d, h, w * c)
        losses = element_loss.Kept(*source(kept), kept is not None)
        table = element_loss.ElementLosses(walked, _read(plan, op, "losses", read), losses, edges, parts)
        return Work(count, table)

    plan.loop(step, name, element_loss.element_losses, bind, scratch=scratch)
    size = float(op.divisor(step.reads["input"].shape))
    reduced = Work(1, element_loss.ReducedParts(parts, y, count, op.is_mean, size))
    order = {"output": {"parts": count}}
    plan.loop(step, y.name, element_loss.reduced_parts, lambda: reduced, order=order)


@registry.backward(ElementLoss)
def element_loss_backward(plan: Plan, step: Step) -> None:
    """The slope in each operand whose gradient is wanted."""
    read = _operands(plan, step)
    for role in step.makes:
        _gradient(plan, step, role, read)


def _gradient(plan: Plan, step: Step, role: str, read: Sequence[Tensor | None]) -> None:
    op, grad_output, sizes = _op(step), plan.read(step, "grad_output"), _sizes(step)
    name, (out, base) = role.removeprefix("grad_"), plan.gradient(step, role)

    def bind() -> Work:
        chunks, walked = lines(sizes)
        table = element_loss.ElementGradient(
            walked,
            _read(plan, op, f"slope_{name}", read),
            source(grad_output),
            is_root=grad_output is None,
            is_each=not op.is_reduced,
            is_mean=op.is_mean,
            size=float(op.divisor(step.reads["input"].shape)),
            grad=target(out),
            base=source(base),
        )
        return Work(chunks, table)

    plan.loop(
        step,
        f"{out.name} by {step.path}",
        element_loss.element_gradient,
        bind,
        scratch=8 * sizes[3] * sizes[4],
    )


def _operands(plan: Plan, step: Step) -> list[Tensor | None]:
    """Each operand as a tensor of the input's shape, None where 1 stands for it."""
    return [_whole(plan, step, name) if name in step.reads else None for name in _op(step).arguments]


def _whole(plan: Plan, step: Step, name: str) -> Tensor:
    """An operand as it is, or repeated to the input's shape."""
    block, shape = plan.read(step, name), step.reads["input"].shape
    if isinstance(block, Tensor) and block.shape == shape:
        return block
    copy = plan.tensor(f"{step.path}.{name}, whole", shape)
    combine(plan, step, broadcast.multiply, operand(plan, step, name), one(plan), Operand(copy, shape))
    return copy


def _read(plan: Plan, op: ElementLoss, of: str, operands: Sequence[Tensor | None]) -> element_loss.Operands:
    """The code for a result, and where it finds its operands."""
    single = tuple(tensor is None for tensor in operands)
    code = simd.Curve(plan.bits, op, of, single=single if any(single) else (), wide=True)
    nothing = Source(None, 0, 0, 0)
    found = [Source(one(plan).block, 0, 0, 0) if tensor is None else source(tensor) for tensor in operands]
    first, second, third, fourth = (*found, nothing, nothing)[:4]
    return element_loss.Operands(first, second, third, fourth, simd.address(code))


def _sizes(step: Step) -> tuple[int, ...]:
    """N, D, H, W and C of the operands."""
    return Tensor("", step.reads["input"].shape, "float64").inner


def _op(step: Step) -> ElementLoss:
    assert isinstance(step.op, ElementLoss)
    return step.op
