"""Convolution and the linear layer as lists of tiles. (The formulas and orders are those of `ops/conv.py`.)

What is a row of a tile, a column and a tap differs by direction; the micro-kernel is the same:

    direction     rows                 columns           taps × run           A            B
    forward       output positions y   output channels   k × input channels   input        weight (k, c, o)
    grad_input    input positions i    input channels    k × output channels  grad_output  weight, as (k, o, c)
    grad_weight   (k, input channel)   output channels   images, rows of y    input        grad_output
"""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering.conv_forward import forward
from pellucid.engine.lowering.conv_grad_input import grad_input
from pellucid.engine.lowering.conv_grad_weight import grad_weight
from pellucid.engine.plan import Plan

__all__ = ["backward", "forward"]


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """All the gradients that somebody wants."""
    grad_weight(plan, node, grad_output)
    if plan.wants(node.operands[0]):
        grad_input(plan, node, grad_output)
