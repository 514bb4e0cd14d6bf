"""Max unpooling: every element goes where its index says (see `kernels/loops/max_unpool.py`)."""

from __future__ import annotations

import numpy as np

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.max_indices import places
from pellucid.engine.lowering.max_pool import axes_of
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.errors import ShapeError
from pellucid.kernels.loops import max_unpool
from pellucid.sizes import size_of

_CHANNELS = 16  # in a chunk, where images are few: a line of the cache


def forward(plan: Plan, node: Node) -> None:
    """Zeros, and every element in its place."""
    _check_reach(node)
    values, indices = plan.value(node.operands[0]), plan.value(node.operands[1])
    output = plan.output(node)

    def bind() -> Tables:
        chunks, n = _sizes(plan, values, indices, output)
        return Tables(chunks, (values, indices, output), n)

    plan.launch(node.output.name, max_unpool.max_unpool, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """What has come to the places that the elements went to, if they have stayed there."""
    assert node.operands[0] is not None
    indices = plan.value(node.operands[1])
    out, base = plan.add_gradient(node.operands[0])
    images, *_, channels = out.inner
    image = size_of(node.output.shape[2:]) * channels
    stays = plan.block(f"{node.path}.stays", images * image, np.int64) if _meet(node) else None

    def bind() -> Tables:
        chunks, n = _sizes(plan, out, indices, grad_output)
        n += [base.strides[0], places(plan, base)] if base else [0, 0]
        n.append(image if stays else 0)
        return Tables(chunks, (out, indices, grad_output, base or out, stays or out), n)

    plan.launch(f"{out.name} by {node.path}", max_unpool.max_unpool_gradient, bind)


def _pool(node: Node) -> Node:
    """The pooling that the indices come from."""
    assert node.operands[1] is not None
    pool = node.operands[1].node
    assert pool is not None
    return pool


def _meet(node: Node) -> bool:
    """Whether two windows of the pooling hold a position in common, and so may both have chosen it."""
    held = [[i for y in range(axis.output) for _, i in axis.taps(y)] for axis in axes_of(_pool(node))]
    return any(len(set(positions)) < len(positions) for positions in held)


def _check_reach(node: Node) -> None:
    """Every position that max pooling may find must be one of the output's: the kernel does not look."""
    pool = _pool(node)
    assert pool.operands[0] is not None
    read, written = pool.operands[0].shape[2:], node.output.shape[2:]
    largest = 0
    for axis in axes_of(pool):
        largest = largest * axis.input + max(i for y in range(axis.output) for _, i in axis.taps(y))
    if largest >= size_of(written):
        raise ShapeError(
            node.op.name,
            "the output must have every position that max pooling may find",
            expected=f"0 to {largest} of {read}, the sizes of '{pool.operands[0].name}'",
            got=f"{written}",
            hint=f"pass output_size={read}",
        )


def _sizes(plan: Plan, small: Tensor, indices: Tensor, large: Tensor) -> tuple[int, list[int]]:
    """How many chunks, and the integers that both kernels begin with."""
    images, channels = small.inner[0], small.inner[4]
    per_chunk = channels if images >= CHUNKS else _CHANNELS
    pieces = -(-channels // per_chunk)
    n = [per_chunk, pieces, channels]
    for tensor in (small, indices, large):
        n += [tensor.strides[0], places(plan, tensor), size_of(tensor.inner[1:4])]
    return images * pieces, n
