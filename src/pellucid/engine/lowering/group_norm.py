"""Group, instance and layer normalisation: an image is a chunk; gradients of weights are sums over images."""

from __future__ import annotations

import numpy as np

from pellucid import batch
from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import source, target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError, say
from pellucid.functions.sums import LANES
from pellucid.kernels import simd
from pellucid.kernels.loops import group_norm
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.simd.channels import HEADER
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of


@registry.forward(GroupNorm, LayerNorm)
def forward(plan: Plan, step: Step) -> None:
    """Statistics of every group of every image, then one scale and shift."""
    node, groups = step.node, _groups(step.node)
    x, weight, bias = (plan.read(step, name) for name in ("input", "weight", "bias"))
    y, sets = plan.output(step), x.inner[0] * groups
    given = weight is not None, bias is not None
    codes = (
        simd.Channels(plan.bits, x.inner[4], "sums"),
        simd.Channels(plan.bits, x.inner[4], "squares"),
        simd.Channels(plan.bits, x.inner[4], "normalise", *given, weight_step=_weights(node).pixel),
    )
    mean, var, istd = (plan.statistic(step, name, sets) for name in ("mean", "var", "istd"))

    def bind() -> Work:
        table = group_norm.Normalise(
            sizes=Sizes(*x.inner),
            channels=x.inner[4] // groups,
            x=source(x),
            y=target(y),
            weights=_weights(node),
            weight=weight,
            bias=bias,
            codes=group_norm.Codes(*map(simd.address, codes)),
            mean=mean,
            var=var,
            istd=istd,
            size=_size(node, x),
            eps=_eps(node),
        )
        return Work(x.inner[0], table)

    scratch = 8 * (HEADER + 2 * x.inner[4] + LANES)
    plan.loop(step, f"{step.path}.output", group_norm.normalise, bind, scratch=scratch)


@registry.backward(GroupNorm, LayerNorm)
def backward(plan: Plan, step: Step) -> None:
    """grad_weight and grad_bias, and grad_input when it is wanted."""
    if step.makes.keys() & {"grad_weight", "grad_bias"}:
        _weight_gradients(plan, step)
    if "grad_input" in step.makes:
        _grad_input(plan, step)


def _grad_input(plan: Plan, step: Step) -> None:
    node = step.node
    grad_output, x, weight = (plan.read(step, name) for name in ("grad_output", "input", "weight"))
    mean, istd = plan.read(step, "mean"), plan.read(step, "istd")
    inner = {name: plan.statistic(step, f"grad_{name}", mean.size) for name in ("istd", "var", "mean")}
    out, base = plan.gradient(step)
    channels, given, beside = x.inner[4], (weight is not None, False), _weights(node).pixel
    sums = simd.Channels(plan.bits, channels, "gradient_sums", *given, False, beside)
    write = simd.Channels(plan.bits, channels, "gradient", *given, base is not None, beside)

    def bind() -> Work:
        table = group_norm.NormaliseGradient(
            sizes=Sizes(*x.inner),
            channels=x.inner[4] // _groups(node),
            grad_output=source(grad_output),
            x=source(x),
            grad_input=target(out),
            base=source(base),
            weights=_weights(node),
            weight=weight,
            codes=group_norm.Codes(*map(simd.address, (sums, sums, write))),
            mean=mean,
            istd=istd,
            grad_istd=inner["istd"],
            grad_var=inner["var"],
            grad_mean=inner["mean"],
            size=_size(node, x),
        )
        return Work(x.inner[0], table)

    label, scratch = f"{out.name} by {step.path}", 8 * (HEADER + 4 * x.inner[4] + LANES)
    plan.loop(step, label, group_norm.normalise_gradient, bind, scratch=scratch)


def _weight_gradients(plan: Plan, step: Step) -> None:
    """A sum over the images of each part of the batch; then the parts are added."""
    node = step.node
    grad_output, x, mean, istd = (plan.read(step, name) for name in ("grad_output", "input", "mean", "istd"))
    given = [name for name in ("weight", "bias") if name in step.reads]
    count, size = batch.small_parts(x.inner[0]), size_of(step.reads[given[0]].shape)
    parts = plan.block(f"{step.path}.parts", 2 * count * size, "float64")
    code = simd.Channels(plan.bits, x.inner[4], "weight_sums", weight_step=_weights(node).pixel)

    def bind() -> Work:
        table = group_norm.WeightGradientParts(
            sizes=Sizes(*x.inner),
            channels=x.inner[4] // _groups(node),
            grad_output=source(grad_output),
            x=source(x),
            weights=_weights(node),
            mean=mean,
            istd=istd,
            edges=np.array(batch.edges(x.inner[0], count)),
            parts=parts,
            size=size,
            code=simd.address(code),
        )
        return Work(count, table)

    order, scratch = {f"grad_{name}": {"parts": count} for name in given}, 8 * (HEADER + 2 * x.inner[4])
    plan.loop(step, parts.name, group_norm.weight_gradient_parts, bind, order=order, scratch=scratch)
    made = {name: plan.parameter_gradient(step, f"grad_{name}") for name in given}
    grad_weight, grad_bias = made.get("weight"), made.get("bias")
    per_chunk = -(-size // CHUNKS)
    table = group_norm.WeightGradients(
        parts=parts,
        grad_weight=grad_weight,
        grad_bias=grad_bias,
        weighted=grad_weight is not None,
        biased=grad_bias is not None,
        parts_count=count,
        size=size,
        per_chunk=per_chunk,
    )
    work = Work(-(-size // per_chunk), table)
    plan.loop(step, f"{step.path}.weight_gradients", group_norm.weight_gradients, lambda: work)


def _groups(node: Node) -> int:
    """How many groups an image has. A layer norm has one, so it must take in all of the image."""
    op, shape = node.op, node.output.shape
    if isinstance(op, GroupNorm):
        return op.groups(shape[1])
    assert isinstance(op, LayerNorm)
    if tuple(op.normalized_shape) != shape[1:]:
        raise ArgumentError(
            op.name,
            "in a network normalized_shape must be all axes but the batch",
            expected=f"normalized_shape={shape[1:]}",
            got=say(
                "normalized_shape={normalized_shape} for input {shape}",
                normalized_shape=tuple(op.normalized_shape),
                shape=shape,
            ),
        )
    return 1


def _eps(node: Node) -> float:
    assert isinstance(node.op, GroupNorm | LayerNorm)
    return node.op.eps


def _size(node: Node, x: Tensor) -> int:
    """The values of a group."""
    return max(1, size_of(x.inner[1:]) // _groups(node))


def _weights(node: Node) -> group_norm.Weights:
    """From depth to depth, row to row, pixel to pixel, in a weight for every number, whose memory is a parameter's.

    Parameters (O,C,K₁,K₂) lie as (K₁,K₂,C,O), so of (C,D,H,W) channels are side by side, then comes D.
    """
    channels, *space = node.output.shape[1:]
    strides, stride = [0] * len(space), channels
    for axis in (0, *range(len(space) - 1, 0, -1))[: len(space)]:
        strides[axis], stride = stride, stride * space[axis]
    if isinstance(node.op, GroupNorm):
        strides = [0] * len(space)
    return group_norm.Weights(*(0,) * (3 - len(space)), *strides)
