"""Losses of labels and of class probabilities: a loss for each position, then what they are reduced to."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pellucid import batch
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand, operand
from pellucid.engine.lowering.pointwise import lines, rows, source, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError
from pellucid.kernels import simd
from pellucid.kernels.loops import loss, spread_loss
from pellucid.kernels.loops.broadcast import Repeated, Strides
from pellucid.kernels.loops.rows import Rows
from pellucid.ops.class_loss import Smoothed
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.label_loss import LabelLoss
from pellucid.ops.loss import Loss
from pellucid.ops.nll_loss import NLLLoss
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy
from pellucid.sizes import size_of

NOWHERE = Strides(0, 0, 0, 0, 0)  # of a number that is the same at each position


@registry.forward(CrossEntropy)
def cross_entropy_forward(plan: Plan, step: Step) -> None:
    """A loss for each position, then what they are reduced to."""
    if _checked(step).label_smoothing:
        _spread_losses(plan, step)
    else:
        _losses(plan, step)
    _reduce(plan, step, "count", _labels(plan, step))


@registry.forward(SoftCrossEntropy)
def soft_cross_entropy_forward(plan: Plan, step: Step) -> None:
    """The same; each position counts as one."""
    _checked(step)
    _spread_losses(plan, step)
    _reduce(plan, step, "size", loss.Labels(False, None, 0, False, None))


@registry.forward(NLLLoss)
def nll_loss_forward(plan: Plan, step: Step) -> None:
    """The same, of numbers that are logarithms already."""
    check_batch(step)
    x, losses = plan.read(step, "input"), _losses_of(plan, step)

    def bind() -> Work:
        chunks, walked = rows(x)
        table = loss.Likelihoods(walked, source(x), losses, x.inner[4], _labels(plan, step))
        return Work(chunks, table)

    plan.loop(step, losses.name, loss.likelihoods, bind)
    _reduce(plan, step, "count", _labels(plan, step))


@registry.backward(CrossEntropy)
def cross_entropy_backward(plan: Plan, step: Step) -> None:
    """The softmax's share minus the target's."""
    if _checked(step).label_smoothing:
        _spread_gradient(plan, step, "grad_input", "count")
        return
    x, (out, base) = plan.read(step, "input"), plan.gradient(step)
    code = simd.Softmax(plan.bits, x.inner[4], "cross_entropy_gradient", base is not None)

    def bind() -> Work:
        chunks, walked = _walked(step, x, out, base)
        table = loss.CrossEntropyGradient(
            walked,
            source(x),
            target(out),
            source(base),
            incoming(plan, step, "count"),
            sums=plan.read(step, "sums"),
            channels=x.inner[4],
            labels=_labels(plan, step),
            code=simd.address(code),
        )
        return Work(chunks, table)

    scratch = 3 * 8 * size_of(x.inner[1:4])
    plan.loop(step, f"{out.name} by {step.path}", loss.cross_entropy_gradient, bind, scratch=scratch)


@registry.backward(NLLLoss)
def nll_loss_backward(plan: Plan, step: Step) -> None:
    """The weights at the targets."""
    out, base = plan.gradient(step)

    def bind() -> Work:
        chunks, walked = _walked(step, out, base)
        shared, labels = incoming(plan, step, "count"), _labels(plan, step)
        table = loss.LikelihoodsGradient(walked, target(out), source(base), shared, out.inner[4], labels)
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", loss.likelihoods_gradient, bind)


@registry.backward(SoftCrossEntropy)
def soft_cross_entropy_backward(plan: Plan, step: Step) -> None:
    """The same, and the logarithms that a probability counts."""
    for role in step.makes:
        if role in ("grad_input", "grad_target"):
            _spread_gradient(plan, step, role, "size")


def _checked(step: Step) -> Smoothed:
    """The op. In a network there is a batch."""
    check_batch(step)
    assert isinstance(step.op, Smoothed)
    return step.op


def check_batch(step: Step) -> None:
    """Raises: ArgumentError for a single sample's classes."""
    input = step.reads["input"]
    if input.ndim < 2:
        raise ArgumentError(step.op.name, "a network's loss is one of a batch", got=f"input {input.shape}")


def incoming(plan: Plan, step: Step, divisor: str) -> loss.Incoming:
    """What slopes are multiplied by: where nothing is reduced, a number for each position."""
    op = step.op
    assert isinstance(op, Loss)
    size = plan.read(step, divisor) if op.is_mean else None
    if "grad_output" not in step.reads:
        return loss.Incoming(Repeated(None, NOWHERE), True, size, op.is_mean)
    grad = operand(plan, step, "grad_output")
    return loss.Incoming(Repeated(grad.block, by_position(grad)), False, size, op.is_mean)


def by_position(one: Operand) -> Strides:
    """How a tensor lies that has a number for each position of another one: its axes behind the batch are spatial."""
    if not one.shape:
        return NOWHERE
    image, *spatial = one.steps
    slice_, row, pixel = (0, 0, 0, *spatial)[-3:]
    return Strides(image, slice_, row, pixel, 0)


def _labels(plan: Plan, step: Step) -> loss.Labels:
    """The classes, those to be ignored, and their weights."""
    op, weight = step.op, plan.read(step, "weight")
    if not isinstance(op, LabelLoss):
        return loss.Labels(False, None, 0, weight is not None, weight)
    return loss.Labels(True, plan.read(step, "target"), op.ignore_index, weight is not None, weight)


def _walked(step: Step, *tensors: Tensor | None) -> tuple[int, Rows]:
    """The rows of a gradient; an image is one row only where nothing says apart what its positions are given."""
    op, first = step.op, tensors[0]
    assert isinstance(op, Loss)
    assert first is not None
    return lines(first.inner) if op.reduction == "none" else rows(*tensors)


def _losses(plan: Plan, step: Step) -> None:
    """A loss for each position, of its own class alone."""
    x, losses, sums = plan.read(step, "input"), *_left(plan, step)
    code = simd.Softmax(plan.bits, x.inner[4], "sums")

    def bind() -> Work:
        chunks, walked = rows(x)
        labels, address = _labels(plan, step), simd.address(code)
        return Work(chunks, loss.CrossEntropy(walked, source(x), sums, losses, x.inner[4], labels, address))

    plan.loop(step, losses.name, loss.cross_entropy, bind)


def _spread_losses(plan: Plan, step: Step) -> None:
    """A loss for each position, of all classes."""
    x, losses, sums = plan.read(step, "input"), *_left(plan, step)
    code = simd.Spread(plan.bits, x.inner[4], "losses", isinstance(step.op, SoftCrossEntropy))

    def bind() -> Work:
        chunks, walked = rows(x, _probabilities(plan, step))
        targets, address = _targets(plan, step, x), simd.address(code)
        table = spread_loss.SpreadLosses(walked, source(x), targets, sums, losses, x.inner[4], address)
        return Work(chunks, table)

    plan.loop(step, losses.name, spread_loss.spread_losses, bind, scratch=_scratch(x))


def _spread_gradient(plan: Plan, step: Step, role: str, size: str) -> None:
    """The gradient of the logits, or of probabilities."""
    x, (out, base) = plan.read(step, "input"), plan.gradient(step, role)
    soft = isinstance(step.op, SoftCrossEntropy)
    kind: Literal["gradient", "target_gradient"] = "gradient" if role == "grad_input" else "target_gradient"
    code = simd.Spread(plan.bits, x.inner[4], kind, soft, base is not None)

    def bind() -> Work:
        chunks, walked = _walked(step, x, _probabilities(plan, step), out, base)
        table = spread_loss.SpreadGradient(
            walked,
            source(x),
            _targets(plan, step, x),
            target(out),
            source(base),
            incoming(plan, step, size),
            sums=plan.read(step, "sums"),
            channels=x.inner[4],
            code=simd.address(code),
        )
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", spread_loss.spread_gradient, bind, scratch=_scratch(x))


def _left(plan: Plan, step: Step) -> tuple[Block, Block]:
    """Memory for the losses, and for what gradients need of each position."""
    losses = _losses_of(plan, step)
    return losses, plan.statistic(step, "sums", 2 * losses.size)


def _losses_of(plan: Plan, step: Step) -> Block:
    """Memory for a loss of each position."""
    return plan.statistic(step, "losses", size_of(plan.read(step, "input").inner[:4]))


def _probabilities(plan: Plan, step: Step) -> Tensor | None:
    """The target, where it is a tensor of probabilities."""
    found: Tensor | None = plan.read(step, "target") if isinstance(step.op, SoftCrossEntropy) else None
    return found


def _targets(plan: Plan, step: Step, x: Tensor) -> spread_loss.Targets:
    """What is spread, and how."""
    spread, probabilities = _checked(step).spread(x.inner[4]), _probabilities(plan, step)
    return spread_loss.Targets(_labels(plan, step), source(probabilities), spread.slope, spread.even)


def _scratch(x: Tensor) -> int:
    """Two factors of each class, and the words of a row's positions."""
    return 8 * (2 * x.inner[4] + simd.WORDS * size_of(x.inner[1:4]))


def _reduce(plan: Plan, step: Step, size: str, labels: loss.Labels) -> None:
    """The sum of the losses or their mean, and what it is divided by; or each of them, rounded."""
    x, y, losses = plan.read(step, "input"), plan.output(step), plan.value(step.makes["losses"])
    op, (images, d, h, w, _) = step.op, x.inner
    assert isinstance(op, Loss)
    if op.reduction == "none":

        def bind() -> Work:
            chunks, walked = lines((images, d, h, w, 1))
            strides = by_position(Operand(y, step.makes["output"].shape))
            return Work(chunks, loss.EachLoss(walked, losses, y, strides))

        plan.loop(step, y.name, loss.each_loss, bind)
        return
    count = batch.small_parts(images)
    edges = np.array(batch.edges(images, count)) * (d * h * w)
    sizes = plan.statistic(step, size, 1)
    reduced = Work(1, loss.ReducedLoss(losses, sizes, op.is_mean, y, edges, count, labels))
    order = {"output": {"parts": count}}
    if size in step.makes and labels.are_weighted:
        order[size] = {"parts": count}
    plan.loop(step, y.name, loss.reduced_loss, lambda: reduced, order=order, scratch=16 * count)
