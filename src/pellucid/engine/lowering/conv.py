"""Convolution as lists of tiles. (The formulas and orders are those of `ops/conv.py`.)

What is a row of a tile, a column and a tap differs by direction; the micro-kernel is the same:

    direction     rows                 columns           taps × run           A            B
    forward       output positions y   output channels   k × input channels   input        weight (k, c, o)
    grad_input    input positions i    input channels    k × output channels  grad_output  weight, as (k, o, c)
    grad_weight   (k, input channel)   output channels   images, rows of y    input        grad_output

Where the columns leave most of a vector empty, several positions share it (`beside.py`). A true convolution's weight is
flipped before it is used, its gradient flipped back: all between is the same.
"""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering import (
    conv_forward,
    conv_grad_input,
    conv_grad_weight,
    winograd_layer,
)
from pellucid.engine.lowering.layer import flipped, layer_of
from pellucid.engine.lowering.winograd import pays, serves
from pellucid.engine.plan import Plan
from pellucid.ops.conv import Conv


def forward(plan: Plan, node: Node) -> None:
    """output = bias + Σ input·weight."""
    if _by_winograd(plan, node):
        plan.winograd[node] = 0
        winograd_layer.forward(plan, node)
    else:
        conv_forward.forward(plan, node)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """All the gradients that somebody wants."""
    input, weight, bias = node.operands
    if node in plan.winograd:
        winograd_layer.backward(plan, node, grad_output)
    else:
        if plan.wants(weight) or plan.wants(bias):
            conv_grad_weight.grad_weight(plan, node, grad_output)
        if plan.wants(input):
            conv_grad_input.grad_input(plan, node, grad_output)
    if weight is not None and plan.wants(weight) and isinstance(node.op, Conv) and node.op.flip:
        gradients = plan.contributions[weight]
        gradients[-1] = flipped(plan, layer_of(plan, node), gradients[-1], gradients[-1].name)


def _by_winograd(plan: Plan, node: Node) -> bool:
    if plan.algorithm == "direct":
        return False
    layer = layer_of(plan, node)
    return serves(layer) if plan.algorithm == "winograd" else pays(layer)
