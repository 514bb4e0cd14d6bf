"""Local response normalisation."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.pointwise import rows
from pellucid.engine.plan import Plan, Tables
from pellucid.kernels.loops import local_response_norm
from pellucid.ops.local_response_norm import LocalResponseNorm


def forward(plan: Plan, node: Node) -> None:
    """Pixel by pixel."""
    op = node.op
    assert isinstance(op, LocalResponseNorm)
    x, y = plan.value(node.operands[0]), plan.output(node)
    plan.need_doubles(x.inner[4])

    def bind() -> Tables:
        chunks, n = rows(x, y)
        return Tables(chunks, (x, y), (*n, x.inner[4], op.size), (op.alpha / op.size, op.beta, op.k))

    plan.launch(node.output.name, local_response_norm.local_response_norm, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """From the input again."""
    op = node.op
    assert isinstance(op, LocalResponseNorm)
    assert node.operands[0] is not None
    x = plan.value(node.operands[0])
    out, base = plan.add_gradient(node.operands[0])
    plan.need_doubles(3 * x.inner[4])
    f = (op.alpha / op.size, op.beta, op.k, 2 * op.alpha * op.beta / op.size)

    def bind() -> Tables:
        chunks, n = rows(grad_output, x, out, base)
        return Tables(chunks, (grad_output, x, out, base or out), (*n, x.inner[4], op.size), f)

    plan.launch(f"{out.name} by {node.path}", local_response_norm.local_response_norm_gradient, bind)
