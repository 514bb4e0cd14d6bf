"""Batch normalisation: statistics, then one pass over the numbers; backward the same again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pellucid.engine import joining
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.lowering.pointwise import rows
from pellucid.engine.lowering.update import take_over
from pellucid.engine.plan import CHUNKS, NormGradient, Plan, Tables
from pellucid.engine.tiling import blocks
from pellucid.kernels import simd
from pellucid.kernels.loops import norm
from pellucid.kernels.simd import Code, GradientSums, Moments, NormalGradient, Normalise
from pellucid.ops.batch_norm import BatchNorm
from pellucid.sizes import size_of

_LANES = 64  # numbers of a step: two sums of each, and its centre, fit 32 registers of 8 float64
_CHANNELS = 64  # whose coefficients one chunk makes
_PIECE = 1 << 13  # numbers of a row that stay in the nearest cache, while blocks of columns take turns

# For bits, columns, step and lanes: the loop that does them.
_Loop = Callable[[int, int, int, int], Code]


def forward(plan: Plan, node: Node) -> None:
    """Normalise, scale, shift; and the sum and the ReLU that follow, where the plan joins them."""
    op = node.op
    assert isinstance(op, BatchNorm)
    x, coefficients = plan.value(node.operands[0]), _statistics(plan, node)
    add = joining.take_add(plan, node)
    other = plan.value(next(s for s in add.operands if s is not node.output)) if add else None
    relu = joining.take_relu(plan, add or node)
    y = plan.output(relu or add or node)
    loop = partial(Normalise, add=add is not None, relu=relu is not None)

    def bind() -> Tables:
        count, n = rows(x, other, y, None)
        return Tables(count, (x, other or x, y, y, coefficients), (*n, *_walk(plan, x, n[4], loop)))

    plan.launch(node.output.name, norm.walk_rows, bind)


def running_coefficients(plan: Plan, node: Node) -> Block:
    """What a loop that normalises with the running statistics in passing needs of each channel: mean, scale, bias."""
    op = node.op
    assert isinstance(op, BatchNorm)
    mean, variance, weight, bias = (plan.value(s) for s in node.operands[1:])
    channels = node.output.shape[1]
    table = plan.block(f"{node.path}.coefficients", 3 * channels)
    p, per_chunk = (mean, variance, weight or mean, bias or mean, table), _CHANNELS
    n = (per_chunk, 0, channels, channels, int(weight is not None), int(bias is not None))
    tables = Tables(-(-channels // per_chunk), p, n, (op.eps,))
    plan.launch(table.name, norm.running_coefficients, lambda: tables)
    return table


def _statistics(plan: Plan, node: Node) -> Block:
    """A channel's mean and 1/√(variance + eps), the batch's or the running ones, and what the loops need of them."""
    op = node.op
    assert isinstance(op, BatchNorm)
    x: Tensor = plan.value(node.operands[0])
    running_mean, running_var = (plan.newest(s) for s in node.operands[1:3])
    weight, bias = (plan.value(s) for s in node.operands[3:])
    channels, lanes = x.inner[4], _lanes(x)
    plan.per_part[node], plan.side_by_side[node] = _images(x)[1], lanes // max(1, channels)
    names = ("mean", "var", "istd") if op.training else ("mean", "istd")
    saved = {name: plan.block(f"{node.path}.{name}", channels, "float64") for name in names}
    mean, istd = saved["mean"], saved["istd"]
    coefficients = plan.block(f"{node.path}.coefficients", 3 * lanes)
    plan.saved |= {(node, name): block for name, block in saved.items()}
    parts, count, part_lanes = _moments(plan, node, op, x)
    operands = (parts, weight or x, bias or x, running_mean or x, running_var or x, mean, istd, coefficients)
    n = (
        count,
        part_lanes,
        channels,
        lanes,
        *(int(block is not None) for block in (weight, bias, running_mean)),
    )
    f = (size_of(x.inner[:4]), op.eps, op.momentum)
    if not op.training:
        plan.launch(f"{node.path}.statistics", norm.running_statistics, lambda: Tables(1, operands, n, f))
        return coefficients

    following = [_next(plan, symbol) or parts for symbol in node.operands[1:3]]
    p = (*operands, saved["var"], *following)
    plan.launch(f"{node.path}.statistics", norm.batch_statistics, lambda: Tables(1, p, n, f))
    return coefficients


def _moments(plan: Plan, node: Node, op: BatchNorm, x: Tensor) -> tuple[Block, int, int]:
    """The parts of the batch's sums, how many there are, and lanes in each."""
    images, channels = x.inner[0], x.inner[4]
    assert node.operands[0] is not None
    if made := plan.moments.get(node.operands[0]):
        return made, images, channels
    parts = _parts(plan, f"{node.path}.moments", x)
    if op.training:

        def bind() -> Tables:
            return Tables(_images(x)[0], (x, x, x, x, parts), _image_walk(plan, Moments, x, x, None, None))

        plan.launch(parts.name, norm.moments, bind)
    return parts, _images(x)[0], _lanes(x)


def _next(plan: Plan, symbol: Symbol | None) -> Block | None:
    """Where a running statistic's next value goes first; a layer's second use in one forward goes on from there."""
    if symbol is None:
        return None
    new, old = plan.block(f"updated({symbol.name})", size_of(symbol.shape)), plan.value(symbol)
    plan.state.setdefault(symbol, []).append(new)
    take_over(plan, new.name, new, old)
    return new


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_weight, grad_bias, and grad_input when it is wanted."""
    assert isinstance(node.op, BatchNorm)
    x, (weight, bias) = plan.value(node.operands[0]), node.operands[3:]
    channels, lanes = x.inner[4], _lanes(x)
    mean, istd = plan.saved[node, "mean"], plan.saved[node, "istd"]
    slopes = plan.block(f"{node.path}.slopes", 4 * lanes)
    parts = _gradient_sums(plan, node, x, grad_output)
    gradients = [parts if symbol is None else plan.parameter_gradient(symbol) for symbol in (weight, bias)]
    inner = {
        name: plan.block(f"grad({node.path}.{name})", channels, "float64") for name in ("istd", "var", "mean")
    }
    if node.op.training and plan.wants(node.operands[0]):
        plan.saved |= {(node, f"grad_{name}"): block for name, block in inner.items()}
    tables = Tables(
        1,
        (parts, plan.value(weight) or parts, mean, istd, slopes, *gradients, *inner.values()),
        (
            _images(x)[0],
            lanes,
            channels,
            lanes,
            *(int(s is not None) for s in (weight, bias)),
            int(node.op.training),
        ),
        (size_of(x.inner[:4]),),
    )
    plan.launch(slopes.name, norm.gradient_statistics, lambda: tables)
    if not plan.wants(node.operands[0]):
        return
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])
    if joining.made_in_passing(plan, node.operands[0]):
        plan.unwritten[out] = NormGradient(grad_output, x, slopes, lanes)
        return
    loop = partial(NormalGradient, base=base is not None)

    def bind() -> Tables:
        count, n = rows(grad_output, x, out, base)
        return Tables(count, (grad_output, x, out, base or out, slopes), (*n, *_walk(plan, x, n[4], loop)))

    plan.launch(f"{out.name} by {node.path}", norm.walk_rows, bind)


def _gradient_sums(plan: Plan, node: Node, x: Tensor, grad_output: Tensor) -> Block:
    """The sums over grad_output. Where the ReLU behind has left it unwritten, it is gated and written in passing."""
    parts = _parts(plan, f"{node.path}.sums", x)
    source, output = plan.gated.pop(grad_output, (grad_output, None))
    loop = partial(GradientSums, gate=output is not None)

    def bind() -> Tables:
        p = (source, x, grad_output, output or x, parts, plan.saved[node, "mean"])
        return Tables(_images(x)[0], p, _image_walk(plan, loop, source, x, grad_output, output))

    plan.launch(parts.name, norm.gradient_sums, bind)
    return parts


def _lanes(x: Tensor) -> int:
    """As many pixels side by side as divide a row and stay within `_LANES` numbers, one at least."""
    width, channels = x.inner[3:]
    pixels = [r for r in range(1, width + 1) if width % r == 0 and r * channels <= _LANES]
    return channels * max(pixels, default=1)


def _walk(plan: Plan, x: Tensor, length: int, loop: _Loop) -> tuple[int, ...]:
    """What the walk along rows of `length` numbers takes behind the rows (see `kernels/loops/norm.py`)."""
    lanes = _lanes(x)
    columns = blocks(lanes, _LANES)
    codes = [
        part
        for first, count in columns
        for part in (simd.address(loop(plan.bits, count, lanes, lanes)), first)
    ]
    return (length // lanes, max(1, _PIECE // lanes), lanes, lanes, x.inner[4], len(columns), *codes)


def _image_walk(plan: Plan, loop: _Loop, *tensors: Tensor | None) -> tuple[int, ...]:
    """All that a walk takes whose chunks are parts of a sum: by shape alone, so that halos never show in a number."""
    x = tensors[0]
    assert x is not None
    _, n = rows(*tensors)
    return (_images(x)[1] * n[2] * n[3], *n[1:], *_walk(plan, x, n[4], loop))


def _images(x: Tensor) -> tuple[int, int]:
    """Parts of the sums, and images in each."""
    per_chunk = max(1, -(-x.inner[0] // CHUNKS))
    return -(-x.inner[0] // per_chunk), per_chunk


def _parts(plan: Plan, name: str, x: Tensor) -> Block:
    """Room for the parts of two sums and of what they are around."""
    return plan.block(name, max(1, _images(x)[0]) * 3 * _lanes(x), "float64")
