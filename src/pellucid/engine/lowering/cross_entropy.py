"""Cross-entropy of labels and of class probabilities."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pellucid import batch
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import rows, source, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError
from pellucid.kernels import simd
from pellucid.kernels.loops import loss, spread_loss
from pellucid.ops.class_loss import ClassLoss
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy
from pellucid.sizes import size_of


@registry.forward(CrossEntropy)
def cross_entropy_forward(plan: Plan, step: Step) -> None:
    """A loss for each position, then their mean."""
    if _checked(step).label_smoothing:
        _spread_losses(plan, step)
    else:
        _losses(plan, step)
    _mean(plan, step, "count", _labels(plan, step))


@registry.forward(SoftCrossEntropy)
def soft_cross_entropy_forward(plan: Plan, step: Step) -> None:
    """The same; each position counts as one."""
    _checked(step)
    _spread_losses(plan, step)
    _mean(plan, step, "size", loss.Labels(False, None, 0, False, None))


@registry.backward(CrossEntropy)
def cross_entropy_backward(plan: Plan, step: Step) -> None:
    """The softmax's share minus the target's; without a grad_output this is the root of all gradients."""
    if _checked(step).label_smoothing:
        _spread_gradient(plan, step, "grad_input", "count")
        return
    grad_output, x = plan.read(step, "grad_output"), plan.read(step, "input")
    out, base = plan.gradient(step)
    code = simd.Softmax(plan.bits, x.inner[4], "cross_entropy_gradient", base is not None)

    def bind() -> Work:
        chunks, walked = rows(x, out, base)
        table = loss.CrossEntropyGradient(
            walked,
            source(x),
            target(out),
            source(base),
            size=plan.read(step, "count"),
            sums=plan.read(step, "sums"),
            grad_output=grad_output,
            is_root=grad_output is None,
            channels=x.inner[4],
            labels=_labels(plan, step),
            code=simd.address(code),
        )
        return Work(chunks, table)

    scratch = 3 * 8 * size_of(x.inner[1:4])
    plan.loop(step, f"{out.name} by {step.path}", loss.cross_entropy_gradient, bind, scratch=scratch)


@registry.backward(SoftCrossEntropy)
def soft_cross_entropy_backward(plan: Plan, step: Step) -> None:
    """The same, and the logarithms that a probability counts."""
    for role in step.makes:
        if role in ("grad_input", "grad_target"):
            _spread_gradient(plan, step, role, "size")


def _checked(step: Step) -> ClassLoss:
    """The op. In a network, a loss is one number for a batch."""
    op, input = step.op, step.reads["input"]
    assert isinstance(op, ClassLoss)
    if op.reduction != "mean" or input.ndim < 2:
        rule = "a network's loss is the mean over a batch"
        raise ArgumentError(op.name, rule, got=f"reduction={op.reduction!r}, input {input.shape}")
    return op


def _labels(plan: Plan, step: Step) -> loss.Labels:
    """The classes, those to be ignored, and their weights."""
    op, weight = step.op, plan.read(step, "weight")
    if isinstance(op, SoftCrossEntropy):
        return loss.Labels(False, None, 0, weight is not None, weight)
    assert isinstance(op, CrossEntropy)
    return loss.Labels(True, plan.read(step, "target"), op.ignore_index, weight is not None, weight)


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
    grad_output, x = plan.read(step, "grad_output"), plan.read(step, "input")
    out, base = plan.gradient(step, role)
    soft = isinstance(step.op, SoftCrossEntropy)
    kind: Literal["gradient", "target_gradient"] = "gradient" if role == "grad_input" else "target_gradient"
    code = simd.Spread(plan.bits, x.inner[4], kind, soft, base is not None)

    def bind() -> Work:
        chunks, walked = rows(x, _probabilities(plan, step), out, base)
        table = spread_loss.SpreadGradient(
            walked,
            source(x),
            _targets(plan, step, x),
            target(out),
            source(base),
            size=plan.read(step, size),
            sums=plan.read(step, "sums"),
            grad_output=grad_output,
            is_root=grad_output is None,
            channels=x.inner[4],
            code=simd.address(code),
        )
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", spread_loss.spread_gradient, bind, scratch=_scratch(x))


def _left(plan: Plan, step: Step) -> tuple[Block, Block]:
    """Memory for the losses, and for what gradients need of each position."""
    positions = size_of(plan.read(step, "input").inner[:4])
    return plan.statistic(step, "losses", positions), plan.statistic(step, "sums", 2 * positions)


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


def _mean(plan: Plan, step: Step, size: str, labels: loss.Labels) -> None:
    """The mean of the losses, and what it is divided by."""
    x, y, losses = plan.read(step, "input"), plan.output(step), plan.value(step.makes["losses"])
    count = batch.small_parts(x.inner[0])
    edges = np.array(batch.edges(x.inner[0], count)) * size_of(x.inner[1:4])
    mean = Work(1, loss.MeanLoss(losses, plan.statistic(step, size, 1), y, edges, count, labels))
    order = {"output": {"parts": count}}
    if size in step.makes and labels.are_weighted:
        order[size] = {"parts": count}
    plan.loop(step, f"{step.path}.output", loss.mean_loss, lambda: mean, order=order, scratch=16 * count)
