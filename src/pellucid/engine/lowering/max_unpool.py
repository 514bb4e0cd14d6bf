"""Max unpooling: every element goes where its index says (see `kernels/loops/max_unpool.py`)."""

from __future__ import annotations

import numpy as np

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.max_indices import places
from pellucid.engine.lowering.max_pool import axes_of
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.kernels.loops import max_unpool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.sizes import size_of

_CHANNELS = 16  # in a chunk, where images are few: a line of the cache


@registry.forward(MaxUnpool)
def forward(plan: Plan, step: Step) -> None:
    """Zeros, and every element in its place."""
    _check_reach(step.node)
    values, indices = plan.read(step, "input"), plan.read(step, "indices")
    output = plan.output(step)

    def bind() -> Work:
        chunks, pieces = _pieces(values)
        table = max_unpool.MaxUnpool(
            pieces=pieces,
            input=values,
            input_places=places(values),
            indices=indices,
            indices_places=places(indices),
            output=output,
            output_places=places(output),
        )
        return Work(chunks, table)

    plan.loop(step, f"{step.path}.output", max_unpool.max_unpool, bind)


@registry.backward(MaxUnpool)
def backward(plan: Plan, step: Step) -> None:
    """What has come to the places that the elements went to, if they have stayed there."""
    grad_output = plan.read(step, "grad_output")
    indices = plan.read(step, "indices")
    out, base = plan.gradient(step)
    images, *_, channels = out.inner
    image = size_of(step.node.output.shape[2:]) * channels
    stays = plan.block(f"{step.path}.stays", images * image, np.int64) if _meet(step.node) else None

    def bind() -> Work:
        chunks, pieces = _pieces(out)
        table = max_unpool.MaxUnpoolGradient(
            pieces=pieces,
            grad_input=out,
            input_places=places(out),
            indices=indices,
            indices_places=places(indices),
            grad_output=grad_output,
            output_places=places(grad_output),
            base=base,
            base_places=places(base) if base else max_unpool.Places(0, None, 0),
            stays=stays,
            stays_image=image if stays else 0,
        )
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", max_unpool.max_unpool_gradient, bind)


def _pool(node: Node) -> Node:
    """The pooling that the indices come from."""
    assert node.operands[1] is not None
    pool = node.operands[1].node
    if pool is None:
        rule = "in a network indices come from a max pooling of it"
        raise ArgumentError(node.op.name, rule, got=f"'{node.operands[1].name}'")
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
            expected=say(
                "0 to {most} of {read}, the sizes of '{name}'",
                most=largest,
                read=read,
                name=pool.operands[0].name,
            ),
            got=f"{written}",
            hint=say("pass output_size={read}", read=read),
        )


def _pieces(small: Tensor) -> tuple[int, max_unpool.Pieces]:
    """How many chunks, and which channels each of them takes."""
    images, channels = small.inner[0], small.inner[4]
    per_chunk = channels if images >= CHUNKS else _CHANNELS
    pieces = -(-channels // per_chunk)
    return images * pieces, max_unpool.Pieces(per_chunk, pieces, channels)
