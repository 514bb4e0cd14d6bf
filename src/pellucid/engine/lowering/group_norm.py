"""Group, instance and layer normalisation: an image is a chunk; gradients of weights are sums over images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import batch
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Orders, Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import NOWHERE, source, target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError, say
from pellucid.functions.sums import LANES
from pellucid.kernels import simd
from pellucid.kernels.loops import group_norm
from pellucid.kernels.loops import group_norm_gradient as gradient
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.simd.channels import HEADER, Kind
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of


class _Walk:
    """The walk along rows of pixels, with a table of `columns`.

    These are the channels. An image of one pixel, in one group, is walked as if its numbers were pixels of as many
    channels as a sum has lanes, and a rest: then they are summed in registers.
    """

    def __init__(self, node: Node, x: Tensor) -> None:
        images, depth, height, width, columns = x.inner
        groups, self.weights = _groups(node), _weights(node)
        self.own = isinstance(node.op, LayerNorm)  # whether every number has weights of its own
        self.rest = 0
        if self.own and depth * height * width == 1:
            width, self.rest = divmod(columns, LANES)
            columns, self.weights = LANES, group_norm.Weights(0, 0, LANES)
        self.columns, self.statistics = columns, images * groups
        self.order = {"columns": columns // groups}
        per_chunk = max(1, images // CHUNKS)
        self.chunks = -(-images // per_chunk)
        size = size_of(x.inner[1:]) // groups
        sizes = Sizes(images, depth, height, width, columns)
        self.sets = group_norm.Sets(sizes, columns // groups, per_chunk, size)

    def code(self, plan: Plan, kind: Kind, **settings: bool) -> simd.Channels:
        """The loop along a row."""
        return simd.Channels(plan.bits, self.columns, kind, self.weights.pixel, self.rest, **settings)

    def scratch(self, rows: int) -> int:
        """The bytes of a table with so many rows, and of a sum's lanes."""
        return 8 * (HEADER + rows * self.columns + LANES)


@registry.forward(GroupNorm, LayerNorm)
def forward(plan: Plan, step: Step) -> None:
    """Statistics of every group of every image, then one scale and shift."""
    x, weight, bias = (plan.read(step, name) for name in ("input", "weight", "bias"))
    y, walk = plan.output(step), _Walk(step.node, x)
    weighted, biased = weight is not None, bias is not None
    codes = walk.code(plan, "moments"), walk.code(plan, "normalise", weighted=weighted, biased=biased)
    mean, var, istd = (plan.statistic(step, name, walk.statistics) for name in ("mean", "var", "istd"))

    def bind() -> Work:
        table = group_norm.Normalise(
            sets=walk.sets,
            x=source(x),
            y=target(y),
            weights=walk.weights,
            weight=weight,
            bias=bias,
            weighted=weighted and not walk.own,
            biased=biased and not walk.own,
            codes=group_norm.Codes(*map(simd.address, codes)),
            mean=mean,
            var=var,
            istd=istd,
            eps=_eps(step.node),
        )
        return Work(walk.chunks, table)

    order, label = dict.fromkeys(("mean", "var"), walk.order), f"{step.path}.output"
    plan.loop(step, label, group_norm.normalise, bind, order=order, scratch=walk.scratch(rows=3))


@registry.backward(GroupNorm, LayerNorm)
def backward(plan: Plan, step: Step) -> None:
    """grad_weight and grad_bias, and grad_input when it is wanted."""
    walk = _Walk(step.node, plan.read(step, "input"))
    trained, written = step.makes.keys() & {"grad_weight", "grad_bias"}, "grad_input" in step.makes
    sums = None
    if trained and not walk.own:
        sums = plan.block(f"{step.path}.sums", 2 * walk.sets.sizes.images * walk.columns, "float64")
    if written or sums is not None:
        _grad_input(plan, step, walk, sums)
    if trained:
        _weight_gradients(plan, step, walk, sums)


def _grad_input(plan: Plan, step: Step, walk: _Walk, kept: Block | None) -> None:
    """grad_input, if it is wanted, and the sums that it is made of, if others go on with them."""
    grad_output, x, weight = (plan.read(step, name) for name in ("grad_output", "input", "weight"))
    mean, istd = plan.read(step, "mean"), plan.read(step, "istd")
    inner = {name: plan.statistic(step, f"grad_{name}", mean.size) for name in ("istd", "var", "mean")}
    out, base = plan.gradient(step) if "grad_input" in step.makes else (None, None)
    weighted = weight is not None
    sums = walk.code(plan, "gradient_sums", weighted=weighted)
    write = walk.code(plan, "gradient", weighted=weighted, base=base is not None)

    def bind() -> Work:
        table = gradient.NormaliseGradient(
            sets=walk.sets,
            grad_output=source(grad_output),
            x=source(x),
            grad_input=NOWHERE if out is None else target(out),
            base=source(base),
            weights=walk.weights,
            weight=weight,
            weighted=weighted and not walk.own,
            codes=group_norm.Codes(*map(simd.address, (sums, write))),
            mean=mean,
            istd=istd,
            grad_istd=inner["istd"],
            grad_var=inner["var"],
            grad_mean=inner["mean"],
            sums=kept,
            kept=kept is not None,
            written=out is not None,
        )
        return Work(walk.chunks, table)

    label = f"{step.path}.sums" if out is None else f"{out.name} by {step.path}"
    order, kernel = dict.fromkeys(("grad_istd", "grad_mean"), walk.order), gradient.normalise_gradient
    plan.loop(step, label, kernel, bind, order=order, scratch=walk.scratch(rows=4))


def _weight_gradients(plan: Plan, step: Step, walk: _Walk, sums: Block | None) -> None:
    """A sum over the images of each part of the batch; then the parts are added."""
    images = walk.sets.sizes.images
    given = [name for name in ("weight", "bias") if name in step.reads]
    parts_of = batch.large_parts if walk.own else batch.small_parts
    count, weights = parts_of(images), size_of(step.reads[given[0]].shape)
    edges = np.array(batch.edges(images, count))
    parts = plan.block(f"{step.path}.parts", 2 * count * weights, "float64")
    order = {f"grad_{name}": {"parts": count} for name in given}
    istd = plan.read(step, "istd")
    if sums is None:
        _number_parts(plan, step, walk, edges, parts, order)
    else:
        channels = gradient.ChannelParts(sums, istd, edges, parts, walk.columns, walk.sets.channels)
        plan.loop(step, parts.name, gradient.channel_parts, lambda: Work(count, channels), order=order)
    made = {name: plan.parameter_gradient(step, f"grad_{name}") for name in given}
    grad_weight, grad_bias = made.get("weight"), made.get("bias")
    work = Work(*added(parts, count, weights, grad_weight, grad_bias))
    plan.loop(step, f"{step.path}.weight_gradients", gradient.weight_gradients, lambda: work)


def added(
    parts: Any, count: int, weights: int, grad_weight: Any, grad_bias: Any
) -> tuple[int, gradient.WeightGradients]:
    """What adds so many parts, of so many weights each, as a tree: how many chunks, and their table."""
    per_chunk = -(-weights // CHUNKS)
    table = gradient.WeightGradients(
        parts=parts,
        grad_weight=grad_weight,
        grad_bias=grad_bias,
        weighted=grad_weight is not None,
        biased=grad_bias is not None,
        parts_count=count,
        weight_count=weights,
        per_chunk=per_chunk,
    )
    return -(-weights // per_chunk), table


def _number_parts(
    plan: Plan, step: Step, walk: _Walk, edges: NDArray[np.int64], parts: Block, order: Orders
) -> None:
    """Those of weights that every number of an image has for itself."""
    grad_output, x, mean, istd = (plan.read(step, name) for name in ("grad_output", "input", "mean", "istd"))
    code, count = walk.code(plan, "weight_sums"), len(edges) - 1

    def bind() -> Work:
        table = gradient.NumberParts(
            sets=walk.sets,
            grad_output=source(grad_output),
            x=source(x),
            weights=walk.weights,
            mean=mean,
            istd=istd,
            edges=edges,
            parts=parts,
            weight_count=parts.size // (2 * count),
            code=simd.address(code),
        )
        return Work(count, table)

    kernel = gradient.number_parts
    plan.loop(step, parts.name, kernel, bind, order=order, scratch=walk.scratch(rows=2))


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
