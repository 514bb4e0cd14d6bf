"""Group, instance and layer normalisation: an image is a chunk; gradients of weights are sums over images."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.errors import ArgumentError
from pellucid.kernels.loops import group_norm
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of


def forward(plan: Plan, node: Node) -> None:
    """Statistics of every group of every image, then one scale and shift."""
    x, (weight, bias) = plan.value(node.operands[0]), map(plan.value, node.operands[1:])
    groups, y = _groups(node), plan.output(node)
    sets = x.inner[0] * groups
    mean, var, istd = (
        plan.saved.setdefault((node, name), plan.block(f"{node.path}.{name}", sets, "float64"))
        for name in ("mean", "var", "istd")
    )
    f = (_count(node, x), _eps(node))
    plan.need_doubles(2 * x.inner[4])

    def bind() -> Tables:
        p = (x, y, weight or x, bias or x, mean, var, istd)
        return Tables(x.inner[0], p, (*_sizes(node, x, y), *_given(weight, bias)), f)

    plan.launch(node.output.name, group_norm.normalise, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_weight and grad_bias, and grad_input when it is wanted."""
    _weight_gradients(plan, node, grad_output)
    if not plan.wants(node.operands[0]):
        return
    assert node.operands[0] is not None
    x, weight = plan.value(node.operands[0]), plan.value(node.operands[1])
    mean, istd = plan.saved[node, "mean"], plan.saved[node, "istd"]
    inner = {
        name: plan.block(f"grad({node.path}.{name})", mean.size, "float64")
        for name in ("istd", "var", "mean")
    }
    plan.saved |= {(node, f"grad_{name}"): block for name, block in inner.items()}
    out, base = plan.add_gradient(node.operands[0])
    plan.need_doubles(4 * x.inner[4])

    def bind() -> Tables:
        p = (grad_output, x, out, base or out, weight or x, mean, istd, *inner.values())
        n = (*_sizes(node, grad_output, x, out, base or out), *_given(base, weight))
        return Tables(x.inner[0], p, n, (_count(node, x),))

    plan.launch(f"{out.name} by {node.path}", group_norm.normalise_gradient, bind)


def _weight_gradients(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """A sum over the images of each part, then over the parts."""
    symbols = node.operands[1:]
    given = [symbol for symbol in symbols if symbol is not None]
    if not any(map(plan.wants, given)):
        return
    x, mean, istd = plan.value(node.operands[0]), plan.saved[node, "mean"], plan.saved[node, "istd"]
    per_part = plan.per_part[node] = max(1, -(-x.inner[0] // CHUNKS))
    count, size = -(-x.inner[0] // per_part), size_of(given[0].shape)
    parts = plan.block(f"{node.path}.parts", 2 * count * size, "float64")
    plan.need_doubles(2 * x.inner[4])

    def bind() -> Tables:
        n = (*_sizes(node, grad_output, x), per_part, x.inner[0], size)
        return Tables(count, (grad_output, x, mean, istd, parts), n)

    plan.launch(parts.name, group_norm.weight_gradient_parts, bind)
    gradients = [parts if symbol is None else plan.parameter_gradient(symbol) for symbol in symbols]
    per_chunk = -(-size // CHUNKS)
    tables = Tables(-(-size // per_chunk), (parts, *gradients), (per_chunk, size, count, *_given(*symbols)))
    plan.launch(f"{node.path}.weight_gradients", group_norm.weight_gradients, lambda: tables)


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
            got=f"normalized_shape={tuple(op.normalized_shape)} for input {shape}",
        )
    return 1


def _eps(node: Node) -> float:
    assert isinstance(node.op, GroupNorm | LayerNorm)
    return node.op.eps


def _count(node: Node, x: Tensor) -> int:
    """The values of a group."""
    return max(1, size_of(x.inner[1:]) // _groups(node))


def _sizes(node: Node, *tensors: Tensor) -> tuple[int, ...]:
    """The integers that every kernel here starts with (see `kernels/loops/group_norm.py`)."""
    _, *space, channels = tensors[0].inner
    strides = [stride for tensor in tensors for stride in tensor.strides[:3]]
    return (channels, *space, channels // _groups(node), *_weight_strides(node), *strides)


def _weight_strides(node: Node) -> tuple[int, ...]:
    """From depth to depth, row to row, pixel to pixel, in a weight for every number, whose memory is a parameter's.

    Parameters (O,C,K₁,K₂) lie as (K₁,K₂,C,O), so of (C,D,H,W) channels are side by side, then comes D.
    """
    channels, *space = node.output.shape[1:]
    strides, stride = [0] * len(space), channels
    for axis in (0, *range(len(space) - 1, 0, -1))[: len(space)]:
        strides[axis], stride = stride, stride * space[axis]
    if isinstance(node.op, GroupNorm):
        strides = [0] * len(space)
    return (*(0,) * (3 - len(space)), *strides)


def _given(*operands: object) -> tuple[int, ...]:
    """1 for each that is there."""
    return tuple(int(operand is not None) for operand in operands)
