"""Embedding: rows of a weight looked up, and the gradients of these rows."""

from __future__ import annotations

import numpy as np

from pellucid import batch
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops import embedding
from pellucid.ops.embedding import Embedding
from pellucid.sizes import size_of


@registry.forward(Embedding)
def forward(plan: Plan, step: Step) -> None:
    """output[n,d] = weight[input[n],d]."""
    output, weight = plan.output(step), plan.read(step, "weight")
    per_chunk = max(1, step.reads["input"].shape[0] // CHUNKS)

    def bind() -> Work:
        looked = _looked(plan, step, Operand(output, step.makes["output"].shape))
        return Work(-(-looked.images // per_chunk), embedding.Lookup(looked, weight, output, per_chunk))

    plan.loop(step, output.name, embedding.lookup, bind)


@registry.backward(Embedding)
def backward(plan: Plan, step: Step) -> None:
    """grad_weight[v,d] = Σ grad_output[n,d] over the n that looked v up, part by part of the batch."""
    op, (rows, columns) = step.op, step.reads["weight"].shape
    assert isinstance(op, Embedding)
    grad_output, out = plan.read(step, "grad_output"), plan.parameter_gradient(step, "grad_weight")
    images = step.reads["input"].shape[0]
    count, per_chunk, slot = batch.large_parts(images), -(-columns // CHUNKS), rows * plan.dtype.itemsize

    def bind() -> Work:
        table = embedding.LookupGradient(
            looked=_looked(plan, step, Operand(grad_output, step.node.output.shape)),
            grad_output=grad_output,
            out=out,
            edges=np.array(batch.edges(images, count)),
            parts=count,
            padding=op.padding(rows),
            per_chunk=per_chunk,
            slot=slot,
        )
        return Work(-(-columns // per_chunk), table)

    plan.loop(
        step,
        out.name,
        embedding.lookup_gradient,
        bind,
        order={"grad_weight": {"parts": count}},
        scratch=(batch.depth(count) + 1) * slot,
    )


def _looked(plan: Plan, step: Step, output: Operand) -> embedding.Looked:
    """The numbers, and where the output's lie, or those of its gradient."""
    (images, *others), (rows, columns) = step.reads["input"].shape, step.reads["weight"].shape
    image, *steps, column = output.steps
    positions = np.tensordot(np.array(steps, np.int64), np.indices(others, np.int64), 1).ravel()
    return embedding.Looked(
        numbers=plan.read(step, "input"),
        images=images,
        length=size_of(others),
        rows=rows,
        columns=columns,
        image=image,
        positions=np.ascontiguousarray(positions),
        column=column,
    )
