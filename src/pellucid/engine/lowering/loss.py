"""Losses and softmax."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.lowering.pointwise import rows
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.errors import ArgumentError
from pellucid.kernels.loops import loss
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.softmax import Softmax
from pellucid.sizes import size_of


def softmax_forward(plan: Plan, node: Node) -> None:
    """Softmax over the channels, or its logarithm."""
    _check_axis(node)
    x, y = plan.value(node.operands[0]), plan.output(node)

    def bind() -> Tables:
        chunks, n = rows(x, y)
        return Tables(chunks, (x, y), (*n, x.inner[4], int(isinstance(node.op, LogSoftmax))))

    plan.launch(node.output.name, loss.softmax, bind)


def softmax_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """From the input again."""
    assert node.operands[0] is not None
    x = plan.value(node.operands[0])
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        chunks, n = rows(grad_output, x, out, base)
        last = (x.inner[4], int(isinstance(node.op, LogSoftmax)))
        return Tables(chunks, (grad_output, x, out, base or out), (*n, *last))

    plan.launch(f"{out.name} by {node.path}", loss.softmax_gradient, bind)


def _check_axis(node: Node) -> None:
    """In a network, probabilities are those of the channels."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, Softmax | LogSoftmax)
    assert input is not None
    if input.ndim < 2 or op.dim % input.ndim != 1:
        raise ArgumentError(
            op.name,
            "in a network dim must be the axis of the channels",
            expected="dim=1",
            got=f"dim={op.dim}",
        )


def cross_entropy_forward(plan: Plan, node: Node) -> None:
    """A loss for each position, then their mean."""
    op, (input, target, weight) = node.op, node.operands
    assert isinstance(op, CrossEntropy)
    assert input is not None
    if op.reduction != "mean" or op.label_smoothing != 0 or weight is not None or input.ndim < 2:
        raise ArgumentError(
            "cross_entropy",
            "a network's loss is the mean over a batch, without class weights and label smoothing",
            got=f"reduction={op.reduction!r}, label_smoothing={op.label_smoothing}, "
            f"weight {None if weight is None else weight.shape}, input {input.shape}",
        )
    x, targets, y = plan.value(input), plan.value(target), plan.output(node)
    positions = size_of(x.inner[:4])
    losses = plan.saved[node, "losses"] = plan.block(f"{node.path}.losses", positions, "float64")
    count = plan.saved[node, "count"] = plan.block(f"{node.path}.count", 1, "float64")

    def bind() -> Tables:
        chunks, n = rows(x)
        return Tables(chunks, (x, losses), (*n, x.inner[4], targets, op.ignore_index))

    def bind_mean() -> Tables:
        return Tables(1, (losses, count, y), (positions, targets, op.ignore_index))

    plan.launch(losses.name, loss.cross_entropy, bind)
    plan.launch(node.output.name, loss.mean_loss, bind_mean)


def cross_entropy_backward(plan: Plan, node: Node, grad_output: Tensor | None) -> None:
    """The softmax's share minus the target's; without a grad_output this is the root of all gradients."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, CrossEntropy)
    assert input is not None
    x, targets, count = plan.value(input), plan.value(node.operands[1]), plan.saved[node, "count"]
    out, base = plan.add_gradient(input)

    def bind() -> Tables:
        chunks, n = rows(x, out, base)
        last = (x.inner[4], targets, op.ignore_index, int(grad_output is not None))
        return Tables(chunks, (x, out, base or out, count, grad_output or out), (*n, *last))

    plan.launch(f"{out.name} by {node.path}", loss.cross_entropy_gradient, bind)


def mse_forward(plan: Plan, node: Node) -> None:
    """A sum of squares for each chunk of images, then the mean."""
    assert isinstance(node.op, MSELoss)
    if node.op.reduction != "mean":
        raise ArgumentError("mse_loss", "a network's loss is a mean", got=f"reduction={node.op.reduction!r}")
    x, target, y = plan.value(node.operands[0]), plan.value(node.operands[1]), plan.output(node)
    images, d, h, w, channels = x.inner
    plan.per_part[node] = max(1, -(-images // CHUNKS))  # by shape alone, whatever the halos
    per_chunk = plan.per_part[node] * d * h
    parts = plan.block(f"{node.path}.parts", 2 * CHUNKS, "float64")
    chunks = -(-images * d * h // per_chunk)

    def bind() -> Tables:
        strides = (*x.strides[:3], *target.strides[:3])
        return Tables(chunks, (x, target, parts), (per_chunk, images, d, h, w * channels, *strides))

    plan.launch(parts.name, loss.squared_error, bind)
    mean = Tables(1, (parts, y), (chunks,), (size_of(x.inner),))
    plan.launch(node.output.name, loss.mean_parts, lambda: mean)


def mse_backward(plan: Plan, node: Node, grad_output: Tensor | None) -> None:
    """Twice the difference, with opposite signs for input and target."""
    for symbol, sign in zip(node.operands, (2.0, -2.0), strict=True):
        if symbol is not None and plan.wants(symbol):
            _difference(plan, node, symbol, sign, grad_output)


def _difference(plan: Plan, node: Node, symbol: Symbol, sign: float, grad_output: Tensor | None) -> None:
    x, target = plan.value(node.operands[0]), plan.value(node.operands[1])
    out, base = plan.add_gradient(symbol)

    def bind() -> Tables:
        chunks, n = rows(x, target, out, base)
        p = (x, target, out, base or out, grad_output or out)
        return Tables(chunks, p, (*n, int(grad_output is not None)), (sign, size_of(x.inner)))

    plan.launch(f"{out.name} by {node.path}", loss.squared_error_gradient, bind)
