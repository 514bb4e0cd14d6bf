"""What only moves numbers: flatten, and the way in from a user's array."""

from __future__ import annotations

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.errors import ArgumentError
from pellucid.geometry import size_of
from pellucid.kernels import layout
from pellucid.ops.flatten import Flatten


def ingest(plan: Plan, symbol: Symbol) -> None:
    """Make the buffer of an input: labels lie as they are, numbers are brought into channels-last order.

    The caller writes the address of his array, contiguous and of the plan's type, into n[0] before each run.
    """
    if symbol.dtype.kind != "f":
        labels = plan.values[symbol] = plan.block(symbol.name, size_of(symbol.shape), "int64")
        plan.lasting.add(labels)
        return
    tensor = plan.values[symbol] = plan.tensor(symbol.name, symbol.shape)
    plan.launch(symbol.name, layout.from_public, lambda: _from_public(0, tensor, None))
    plan.ingests[symbol] = plan.launches[-1]


def flatten_forward(plan: Plan, node: Node) -> None:
    """(N,C,…) → (N, C·…) in N C D H W order."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, Flatten)
    assert input is not None
    if op.start_dim != 1 or op.end_dim not in (-1, input.ndim - 1):
        raise ArgumentError(
            "flatten",
            "in a network the axes behind the batch become one",
            expected="start_dim=1, end_dim=-1",
            got=f"start_dim={op.start_dim}, end_dim={op.end_dim}",
        )
    x, y = plan.value(input), plan.output(node)

    def bind() -> Tables:
        chunks, sizes = _sizes(x)
        return Tables(chunks, (x, y), (0, *sizes, *x.strides[:3]))

    plan.launch(node.output.name, layout.to_public, bind)


def flatten_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """The same numbers in the old order."""
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])
    plan.launch(
        f"{out.name} by {node.path}", layout.from_public, lambda: _from_public(grad_output, out, base)
    )


def _from_public(source: int | Block, tensor: Tensor, base: Tensor | None) -> Tables:
    chunks, sizes = _sizes(tensor)
    strides = (*tensor.strides[:3], *(base.strides[:3] if base else (0, 0, 0)))
    return Tables(chunks, (tensor, base or tensor), (source, *sizes, *strides))


def _sizes(tensor: Tensor) -> tuple[int, list[int]]:
    """How many chunks; N, D, H, W, C and the images of a chunk."""
    images = tensor.inner[0]
    per_chunk = max(1, images // CHUNKS)
    return -(-images // per_chunk), [*tensor.inner, per_chunk]
