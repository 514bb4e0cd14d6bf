"""Element by element: activations and sums."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.kernels import pointwise


def rows(*tensors: Tensor | None) -> tuple[int, list[int]]:
    """How many chunks, and the integers that every pointwise kernel starts with (see `kernels/pointwise.py`)."""
    first = tensors[0]
    assert first is not None
    n, d, h, w, c = first.inner
    strides = [stride for t in tensors for stride in ((0, 0, 0) if t is None else t.strides[:3])]
    if all(t is None or t.outer == t.inner for t in tensors):  # no halo anywhere: an image is one row
        d, h, w = 1, 1, d * h * w
    per_chunk = max(1, n * d * h // CHUNKS)
    return -(-n * d * h // per_chunk), [per_chunk, n, d, h, w * c, *strides]


def relu_forward(plan: Plan, node: Node) -> None:
    """y = max(x, 0), unless the op before has done it."""
    if node.output in plan.values:
        return
    x, y = plan.value(node.operands[0]), plan.output(node)

    def bind() -> Tables:
        chunks, n = rows(x, y)
        return Tables(chunks, (x, y), n)

    plan.launch(node.output.name, pointwise.relu, bind)


def relu_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = grad_output where output > 0."""
    assert node.operands[0] is not None
    y = plan.value(node.output)
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        chunks, n = rows(grad_output, y, out, base)
        return Tables(chunks, (grad_output, y, out, base or out), n)

    plan.launch(f"{out.name} by {node.path}", pointwise.relu_gradient, bind)
