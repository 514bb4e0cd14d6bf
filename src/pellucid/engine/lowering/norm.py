"""Batch normalisation: statistics, then one pass over the numbers; backward the same again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pellucid import batch
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Symbol
from pellucid.engine.loops import Orders, Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import NOWHERE, rows, source, target
from pellucid.engine.lowering.update import take_over
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import blocks
from pellucid.kernels import simd
from pellucid.kernels.loops import norm, norm_statistics
from pellucid.kernels.loops.rows import Rows
from pellucid.kernels.simd import Code, GradientSums, Moments, NormalGradient, Normalise
from pellucid.ops.add import Add
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.relu import ReLU
from pellucid.sizes import size_of

_LANES = 64  # numbers of a step: two sums of each, and its centre, fit 32 registers of 8 float64
_CHANNELS = 64  # whose coefficients one chunk makes
_SUMMED = ("mean", "var")  # results that are sums over a channel
_SUMMED_BACKWARD = ("grad_weight", "grad_bias", "grad_istd", "grad_mean")
_PIECE = 1 << 13  # numbers of a row that stay in the nearest cache, while blocks of columns take turns

# For bits, columns, steps and lanes: the loop that does them.
_Loop = Callable[[int, int, norm.Steps, int], Code]
_Tensors = tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]  # A, B, out, start


def _strided(step: Step, *_: object) -> bool:
    """Where a step is one pixel, so that pixels may lie apart: the order of the sums is the same."""
    channels, *space = step.reads["input"].shape[1:]
    return _lanes(space[-1] if space else 1, channels) == channels


@registry.forward(BatchNorm, strided=_strided)
def forward(plan: Plan, step: Step) -> None:
    """Normalise, scale, shift; and the sum and the ReLU that are fused into it."""
    x, coefficients = plan.read(step, "input"), _statistics(plan, step)
    add, relu = step.carried(Add), step.carried(ReLU) is not None
    other = None if add is None else plan.value(addend(step, add))
    y = plan.output(step)
    loop = partial(Normalise, add=add is not None, relu=relu)

    def bind() -> Work:
        chunks, walked = rows(x, other, y)
        return Work(chunks, norm.Pass(_walk(plan, loop, walked, (x, other, y, None)), coefficients))

    plan.loop(step, f"{step.path}.output", norm.walk_rows, bind)


def addend(step: Step, add: Step) -> Symbol:
    """What a fused sum adds to what the steps before it make."""
    mine = {one.makes["output"] for one in (step, *step.fused)}
    return next(symbol for symbol in add.reads.values() if symbol not in mine)


def running_coefficients(plan: Plan, step: Step, batch_norm: Step) -> Block:
    """What a loop that normalises with the running statistics in passing needs of each channel: mean, scale, bias."""
    op = batch_norm.op
    assert isinstance(op, BatchNorm)
    roles = ("running_mean", "running_var", "weight", "bias")
    mean, var, weight, bias = (plan.read(batch_norm, role) for role in roles)
    channels = batch_norm.makes["output"].shape[1]
    out = plan.block(f"{batch_norm.path}.coefficients", 3 * channels)
    coefficients = _coefficients(weight, bias, out, channels, channels)
    table = norm_statistics.RunningCoefficients(coefficients, mean, var, _CHANNELS, op.eps)
    work = Work(-(-channels // _CHANNELS), table)
    plan.loop(step, out.name, norm_statistics.running_coefficients, lambda: work)
    return out


def _statistics(plan: Plan, step: Step) -> Block:
    """A channel's mean and 1/√(variance + eps), the batch's or the running ones, and what the loops need of them."""
    op = step.op
    assert isinstance(op, BatchNorm)
    roles = ("input", "running_mean", "running_var", "weight", "bias")
    x, running_mean, running_var, weight, bias = (plan.read(step, role) for role in roles)
    channels, lanes = x.inner[4], lanes_of(x)
    mean, istd = plan.statistic(step, "mean", channels), plan.statistic(step, "istd", channels)
    out = plan.block(f"{step.path}.coefficients", 3 * lanes)
    coefficients = _coefficients(weight, bias, out, channels, lanes)
    label = f"{step.path}.statistics"
    if not op.training:
        table = norm_statistics.RunningStatistics(coefficients, running_mean, running_var, mean, istd, op.eps)
        work = Work(1, table)
        plan.loop(step, label, norm_statistics.running_statistics, lambda: work)
        return out

    work = Work(
        1,
        norm_statistics.BatchStatistics(
            parts=_moments(plan, step, x),
            coefficients=coefficients,
            running_mean=running_mean,
            running_var=running_var,
            tracked=running_mean is not None,
            mean=mean,
            var=plan.statistic(step, "var", channels),
            istd=istd,
            next_mean=_next(plan, step, "running_mean"),
            next_var=_next(plan, step, "running_var"),
            size=size_of(x.inner[:4]),
            eps=op.eps,
            momentum=op.momentum,
        ),
    )
    order, scratch = _order(x, _SUMMED, in_tiles="moments" in step.reads), _scratch(x)
    plan.loop(step, label, norm_statistics.batch_statistics, lambda: work, order=order, scratch=scratch)
    return out


def _order(x: Tensor, sums: tuple[str, ...], *, in_tiles: bool = False) -> Orders:
    """What the order of these results' sums depends on."""
    order = {
        "parts": batch.small_parts(x.inner[0]),
        "pixels_side_by_side": lanes_of(x) // max(1, x.inner[4]),
        "in_tiles": int(in_tiles),
    }
    return dict.fromkeys(sums, order)


def _coefficients(
    weight: Block | None, bias: Block | None, out: Block, channels: int, lanes: int
) -> norm_statistics.Coefficients:
    """What a channel's coefficients are made of, and where they go."""
    given = weight is not None, bias is not None
    return norm_statistics.Coefficients(weight, bias, *given, out, channels, lanes)


def _moments(plan: Plan, step: Step, x: Tensor) -> norm_statistics.Parts:
    """The parts of the batch's sums; a convolution may have made them in passing, image by image."""
    if "moments" in step.reads:
        return _summed(x, plan.read(step, "moments"), x.inner[4], by_images=True)
    parts = _parts(plan, f"{step.path}.moments", x)

    def bind() -> Work:
        tensors = x, None, None, None
        return Work(_count(x), norm.Moments(_image_walk(plan, Moments, tensors), _edges(x), parts))

    plan.loop(step, parts.name, norm.moments, bind)
    return _summed(x, parts, lanes_of(x))


def _summed(x: Tensor, sums: Block, lanes: int, *, by_images: bool = False) -> norm_statistics.Parts:
    """Sums of a tensor's channels, as their loops leave them."""
    per_image = size_of(x.inner[1:]) / max(1, lanes)
    return norm_statistics.Parts(sums, lanes, _edges(x), _count(x), by_images, per_image)


def _next(plan: Plan, step: Step, role: str) -> Block | None:
    """Where a running statistic's next value goes first; the model takes it over at the end of the run."""
    if role not in step.makes:
        return None
    made, old = step.makes[role], plan.value(step.node.named[role])
    new = plan.put(made, plan.block(made.name, old.size))
    take_over(plan, new.name, new, old)
    return new


@registry.backward(BatchNorm, strided=_strided)
def backward(plan: Plan, step: Step) -> None:
    """grad_weight, grad_bias, and grad_input when it is wanted."""
    x: Tensor = plan.read(step, "input")
    parts, grad_output = _gradient_sums(plan, step, x)
    slopes = _slopes(plan, step, x, parts)
    if "grad_input" not in step.makes:
        return
    out, base = plan.gradient(step)
    loop = partial(NormalGradient, base=base is not None)

    def bind() -> Work:
        tensors = grad_output, x, out, base
        chunks, walked = rows(*tensors)
        return Work(chunks, norm.Pass(_walk(plan, loop, walked, tensors), slopes))

    plan.loop(step, f"{out.name} by {step.path}", norm.walk_rows, bind)


def _slopes(plan: Plan, step: Step, x: Tensor, parts: Block) -> Block:
    """The gradients of weight, bias and statistics, and what the loop over all numbers needs of them."""
    op, channels, lanes = step.op, x.inner[4], lanes_of(x)
    assert isinstance(op, BatchNorm)
    weight, bias = plan.read(step, "weight"), plan.read(step, "bias")
    inner = {name: plan.statistic(step, f"grad_{name}", channels) for name in ("istd", "var", "mean")}
    slopes = plan.statistic(step, "slopes", 4 * lanes, plan.dtype)
    table = norm_statistics.GradientStatistics(
        parts=_summed(x, parts, lanes),
        weight=weight,
        mean=plan.read(step, "mean"),
        istd=plan.read(step, "istd"),
        slopes=slopes,
        grad_weight=None if weight is None else plan.parameter_gradient(step, "grad_weight"),
        grad_bias=None if bias is None else plan.parameter_gradient(step, "grad_bias"),
        grad_istd=inner["istd"],
        grad_var=inner["var"],
        grad_mean=inner["mean"],
        channels=channels,
        lanes=lanes,
        weighted=weight is not None,
        biased=bias is not None,
        trains=op.training,
        size=size_of(x.inner[:4]),
    )
    order, scratch = _order(x, _SUMMED_BACKWARD), _scratch(x)
    kernel = norm_statistics.gradient_statistics
    plan.loop(step, slopes.name, kernel, lambda: Work(1, table), order=order, scratch=scratch)
    return slopes


def _gradient_sums(plan: Plan, step: Step, x: Tensor) -> tuple[Block, Tensor]:
    """The sums over grad_output, and this, which is masked and written in passing where the ReLU behind is fused."""
    parts = _parts(plan, f"{step.path}.sums", x)
    relu, mean = step.carried(ReLU), plan.read(step, "mean")
    before, mask = plan.read(step, "unmasked"), plan.read(step, "mask")
    masked = None if relu is None else plan.gradient(relu)[0]
    grad_output = plan.read(step, "grad_output")
    loop = partial(GradientSums, mask=mask is not None)

    def bind() -> Work:
        walk = _image_walk(plan, loop, (grad_output if before is None else before, x, masked, mask))
        return Work(_count(x), norm.GradientSums(walk, _edges(x), mean, parts))

    plan.loop(step, parts.name, norm.gradient_sums, bind)
    return parts, grad_output


def lanes_of(x: Tensor) -> int:
    """As many pixels side by side as divide a row and stay within `_LANES` numbers, one at least."""
    return _lanes(*x.inner[3:])


def _lanes(width: int, channels: int) -> int:
    pixels = [r for r in range(1, width + 1) if width % r == 0 and r * channels <= _LANES]
    return channels * max(pixels, default=1)


def _walk(plan: Plan, loop: _Loop, walked: Rows, tensors: _Tensors) -> norm.Walk:
    """The walk along these rows of A, B, out and start."""
    a, b, out, start = tensors
    lanes = lanes_of(a)
    pixels = lanes // max(1, a.inner[4])
    apart = norm.Steps(*(0 if tensor is None else pixels * tensor.strides[3] for tensor in tensors))
    columns = [
        norm.Columns(simd.address(loop(plan.bits, count, apart, lanes)), first)
        for first, count in blocks(lanes, _LANES)
    ]
    return norm.Walk(
        rows=walked,
        a=source(a),
        b=source(b),
        out=NOWHERE if out is None else target(out),
        start=source(start),
        steps=walked.length // lanes,
        apart=apart,
        per_piece=max(1, _PIECE // lanes),
        lanes=lanes,
        channels=a.inner[4],
        columns=tuple(columns),
    )


def _image_walk(plan: Plan, loop: _Loop, tensors: _Tensors) -> norm.Walk:
    """A walk whose chunks are parts of a sum: by shape alone, so that halos never show in a number."""
    return _walk(plan, loop, rows(*tensors)[1], tensors)


def _edges(x: Tensor) -> NDArray[np.int64]:
    """Where the parts of the sums begin, in images."""
    return np.array(batch.edges(x.inner[0], batch.small_parts(x.inner[0])))


def _count(x: Tensor) -> int:
    """How many parts there are; none of an empty batch."""
    return min(x.inner[0], batch.small_parts(x.inner[0]))


def _parts(plan: Plan, name: str, x: Tensor) -> Block:
    """Room for the parts of two sums and of what they are around."""
    return plan.block(name, batch.small_parts(x.inner[0]) * 3 * lanes_of(x), "float64")


def _scratch(x: Tensor) -> int:
    """The bytes that a channel's sums take, part by part."""
    return 2 * 8 * batch.small_parts(x.inner[0])
