"""Norms of sets: an image is a chunk; gradients of weights are sums over images. Group and instance norm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from pellucid.functions.sums import LANES
from pellucid.kernels import simd
from pellucid.kernels.loops import group_norm
from pellucid.kernels.loops import group_norm_gradient as gradient
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.simd.channels import HEADER, Kind
from pellucid.ops.base import Op, Shape
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of


class Walk:
    """The walk along rows of pixels, with a table of `columns`.

    These are the channels. An image of one pixel, in one group, is walked as if its numbers were pixels of as many
    channels as a sum has lanes, and a rest: then they are summed in registers. `lines` says how many of these images
    are one of the batch's.
    """

    def __init__(self, node: Node, x: Tensor, lines: int = 1) -> None:
        images, depth, height, width, columns = x.inner
        self.own, self.lines = (
            isinstance(node.op, LayerNorm),
            lines,
        )  # whether every number has weights of its own
        groups = 1 if self.own else _groups(node)
        self.weights, self.weight_count = (
            _weights(node.op, x.shape),
            size_of(x.shape[1 : None if self.own else 2]),
        )
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


@registry.forward(GroupNorm)
def forward(plan: Plan, step: Step) -> None:
    """Statistics of every group of every image, then one scale and shift."""
    x = plan.read(step, "input")
    weight, bias = (plan.read(step, name) for name in ("weight", "bias"))
    normalise(plan, step, Walk(step.node, x), x, plan.output(step), weight, bias)


def normalise(
    plan: Plan, step: Step, walk: Walk, x: Tensor, y: Tensor, weight: Block | None, bias: Block | None
) -> None:
    """y of x, and the statistics of its sets."""
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


@registry.backward(GroupNorm)
def backward(plan: Plan, step: Step) -> None:
    """grad_weight and grad_bias, and grad_input when it is wanted."""
    x, weight = plan.read(step, "input"), plan.read(step, "weight")
    made = Gradient(plan, step, Walk(step.node, x), plan.read(step, "grad_output"), x, weight)
    out, base = plan.gradient(step) if "grad_input" in step.makes else (None, None)
    made.lower(out, base, {name: plan.parameter_gradient(step, f"grad_{name}") for name in made.trained})


@dataclass(frozen=True)
class Gradient:
    """The gradients of a norm of sets, from that of its output."""

    plan: Plan
    step: Step
    walk: Walk
    grad_output: Tensor
    x: Tensor
    weight: Block | None

    @property
    def trained(self) -> list[str]:
        """The parameters whose gradients are made: all that are there, if one is wanted."""
        given = [name for name in ("weight", "bias") if name in self.step.reads]
        return given if self.step.makes.keys() & {"grad_weight", "grad_bias"} else []

    def lower(self, out: Tensor | None, base: Tensor | None, made: Mapping[str, Block]) -> None:
        """Append the loops: for grad_input, if there is room for it, and for what is made of the parameters."""
        walk, sums = self.walk, None
        if made and not walk.own:
            size = 2 * walk.sets.sizes.images * walk.columns
            sums = self.plan.block(f"{self.step.path}.sums", size, "float64")
        if out is not None or sums is not None:
            self._grad_input(out, base, sums)
        if made:
            self._weight_gradients(sums, made)

    def _grad_input(self, out: Tensor | None, base: Tensor | None, kept: Block | None) -> None:
        """grad_input, if it is wanted, and the sums that it is made of, if others go on with them."""
        plan, step, walk = self.plan, self.step, self.walk
        mean, istd = plan.read(step, "mean"), plan.read(step, "istd")
        inner = {name: plan.statistic(step, f"grad_{name}", mean.size) for name in ("istd", "var", "mean")}
        weighted = self.weight is not None
        sums = walk.code(plan, "gradient_sums", weighted=weighted)
        write = walk.code(plan, "gradient", weighted=weighted, base=base is not None)

        def bind() -> Work:
            table = gradient.NormaliseGradient(
                sets=walk.sets,
                grad_output=source(self.grad_output),
                x=source(self.x),
                grad_input=NOWHERE if out is None else target(out),
                base=source(base),
                weights=walk.weights,
                weight=self.weight,
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

    def _weight_gradients(self, sums: Block | None, made: Mapping[str, Block]) -> None:
        """A sum over the images of each part of the batch; then the parts are added."""
        plan, step, walk = self.plan, self.step, self.walk
        images = step.node.output.shape[0]
        parts_of = batch.large_parts if walk.own else batch.small_parts
        count, weights = parts_of(images), walk.weight_count
        edges = np.array(batch.edges(images, count)) * walk.lines
        parts = plan.block(f"{step.path}.parts", 2 * count * weights, "float64")
        order: Orders = {f"grad_{name}": {"parts": count} for name in made}
        istd = plan.read(step, "istd")
        if sums is None:
            self._number_parts(edges, parts, order)
        else:
            channels = gradient.ChannelParts(sums, istd, edges, parts, walk.columns, walk.sets.channels)
            plan.loop(step, parts.name, gradient.channel_parts, lambda: Work(count, channels), order=order)
        work = Work(*added(parts, count, weights, made.get("weight"), made.get("bias")))
        plan.loop(step, f"{step.path}.weight_gradients", gradient.weight_gradients, lambda: work)

    def _number_parts(self, edges: NDArray[np.int64], parts: Block, order: Orders) -> None:
        """Those of weights that every number of an image has for itself."""
        plan, step, walk = self.plan, self.step, self.walk
        mean, istd = plan.read(step, "mean"), plan.read(step, "istd")
        code, count = walk.code(plan, "weight_sums"), len(edges) - 1

        def bind() -> Work:
            table = gradient.NumberParts(
                sets=walk.sets,
                grad_output=source(self.grad_output),
                x=source(self.x),
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


def _groups(node: Node) -> int:
    """How many groups an image has."""
    assert isinstance(node.op, GroupNorm)
    return node.op.groups(node.output.shape[1])


def _eps(node: Node) -> float:
    assert isinstance(node.op, GroupNorm | LayerNorm)
    return node.op.eps


def _weights(op: Op, shape: Shape) -> group_norm.Weights:
    """From depth to depth, row to row, pixel to pixel, in a weight for every number, whose memory is a parameter's.

    Parameters (O,C,K₁,K₂) lie as (K₁,K₂,C,O), so of (C,D,H,W) channels are side by side, then comes D.
    """
    channels, *space = shape[1:]
    strides, stride = [0] * len(space), channels
    for axis in (0, *range(len(space) - 1, 0, -1))[: len(space)]:
        strides[axis], stride = stride, stride * space[axis]
    if isinstance(op, GroupNorm):
        strides = [0] * len(space)
    return group_norm.Weights(*(0,) * (3 - len(space)), *strides)
