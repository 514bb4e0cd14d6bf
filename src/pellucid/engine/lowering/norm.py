"""Batch normalisation: statistics, then one pass over the numbers; backward the same again."""

from __future__ import annotations

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.lowering.pointwise import rows
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.geometry import size_of
from pellucid.kernels import layout, norm
from pellucid.ops.batch_norm import BatchNorm

_LANES = 256  # numbers that the innermost loops take at once, unless there are more channels


def forward(plan: Plan, node: Node) -> None:
    """Normalise, scale, shift, and the ReLU where the plan joins the two."""
    op = node.op
    assert isinstance(op, BatchNorm)
    activation = plan.joined_relu(node)
    x, y = plan.value(node.operands[0]), plan.output(activation or node)
    running_mean, running_var = (plan.newest(s) for s in node.operands[1:3])
    weight, bias = (plan.value(s) for s in node.operands[3:])
    channels, lanes = x.inner[4], _lanes(x)
    mean, istd = (plan.block(f"{node.path}.{name}", channels, "float64") for name in ("mean", "istd"))
    coefficients = plan.block(f"{node.path}.coefficients", 3 * lanes, "float64")
    plan.saved |= {(node, "mean"): mean, (node, "istd"): istd, (node, "coefficients"): coefficients}
    chunks, per_chunk = _images(x)
    parts = plan.block(f"{node.path}.moments", max(1, 3 * lanes * chunks), "float64")
    operands = (parts, weight or x, bias or x, running_mean or x, running_var or x, mean, istd, coefficients)
    present = [int(operand is not None) for operand in (weight, bias, running_mean)]
    f = (size_of(x.inner[:4]), op.eps, op.momentum)
    if op.training:
        following = [_next(plan, symbol) or parts for symbol in node.operands[1:3]]
        tables = Tables(1, (*operands, *following), (chunks, lanes, channels, *present), f)

        def bind_moments() -> Tables:
            return Tables(chunks, (x, parts), (per_chunk, *_image_rows(x), lanes, channels, *x.strides[:3]))

        plan.launch(f"{node.path}.moments", norm.moments, bind_moments)
        plan.launch(f"{node.path}.statistics", norm.batch_statistics, lambda: tables)
    else:
        tables = Tables(1, operands, (0, lanes, channels, *present), f)
        plan.launch(f"{node.path}.statistics", norm.running_statistics, lambda: tables)

    def bind() -> Tables:
        count, n = rows(x, y)
        return Tables(count, (x, y, coefficients), (*n, lanes, int(activation is not None)))

    plan.launch(node.output.name, norm.normalise, bind)


def _next(plan: Plan, symbol: Symbol | None) -> Block | None:
    """Where a running statistic's next value goes first; a layer's second use in one forward goes on from there."""
    if symbol is None:
        return None
    new, old = plan.block(f"updated({symbol.name})", size_of(symbol.shape)), plan.value(symbol)
    plan.state[symbol] = new
    plan.after(new.name, layout.copy, lambda: Tables(1, (new, old), (old.size, old.size)))
    return new


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_weight, grad_bias, and grad_input when it is wanted."""
    op = node.op
    assert isinstance(op, BatchNorm)
    x, (weight, bias) = plan.value(node.operands[0]), node.operands[3:]
    channels, lanes = x.inner[4], _lanes(x)
    istd, coefficients = plan.saved[node, "istd"], plan.saved[node, "coefficients"]
    slopes = plan.block(f"{node.path}.slopes", 3 * lanes, "float64")
    chunks, per_chunk = _images(x)
    parts = plan.block(f"{node.path}.sums", max(1, 2 * lanes * chunks), "float64")

    def bind_sums() -> Tables:
        strides = (*grad_output.strides[:3], *x.strides[:3])
        n = (per_chunk, *_image_rows(x), lanes, channels, *strides)
        return Tables(chunks, (grad_output, x, coefficients, parts), n)

    plan.launch(f"{node.path}.sums", norm.gradient_sums, bind_sums)
    gradients = [parts if symbol is None else plan.parameter_gradient(symbol) for symbol in (weight, bias)]
    present = [int(symbol is not None) for symbol in (weight, bias)]
    tables = Tables(
        1,
        (parts, plan.value(weight) or parts, istd, slopes, *gradients),
        (chunks, lanes, channels, *present, int(op.training)),
        (size_of(x.inner[:4]),),
    )
    plan.launch(f"{node.path}.slopes", norm.gradient_statistics, lambda: tables)
    if plan.wants(node.operands[0]):
        assert node.operands[0] is not None
        out, base = plan.add_gradient(node.operands[0])

        def bind() -> Tables:
            count, n = rows(grad_output, x, out, base)
            return Tables(count, (grad_output, x, out, base or out, coefficients, slopes), (*n, lanes))

        plan.launch(f"{out.name} by {node.path}", norm.normal_gradient, bind)


def _lanes(x: Tensor) -> int:
    """As many pixels side by side as divide a row and stay within `_LANES` numbers, one at least."""
    width, channels = x.inner[3:]
    pixels = [r for r in range(1, width + 1) if width % r == 0 and r * channels <= _LANES]
    return channels * max(pixels, default=1)


def _images(x: Tensor) -> tuple[int, int]:
    """Parts of the sums, and images in each: by shape alone, so that halos and threads never show in a number."""
    per_chunk = max(1, -(-x.inner[0] // CHUNKS))
    return -(-x.inner[0] // per_chunk), per_chunk


def _image_rows(x: Tensor) -> tuple[int, int, int, int]:
    """N, D, H and the numbers of a row."""
    images, d, h, w, channels = x.inner
    return images, d, h, w * channels
