"""A convolution layer by Winograd's algorithm, forward and backward."""

from __future__ import annotations

import numpy as np

from pellucid import winograd
from pellucid.engine import joining
from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.lowering import norm
from pellucid.engine.lowering.conv_grad_input import turned_weight
from pellucid.engine.lowering.layer import laid_weight, layer_of
from pellucid.engine.lowering.winograd import Source, scheme
from pellucid.engine.lowering.winograd_conv import Convolution, Weight
from pellucid.engine.lowering.winograd_target import Target
from pellucid.engine.lowering.winograd_weight import weight_gradient
from pellucid.engine.plan import Plan
from pellucid.engine.tiling import blocks
from pellucid.kernels import simd
from pellucid.sizes import size_of


def forward(plan: Plan, node: Node) -> None:
    """output = bias + Σ input·weight; and batch norm, sum, ReLU and 2×2 max pooling where the plan joins them."""
    tail = joining.take_tail(plan, node)
    pool = None if tail.add else joining.take_pool(plan, tail.last)
    output = plan.output(pool or tail.last)
    if pool is not None:
        plan.pools[pool] = node
        plan.routes[node] = plan.tensor(f"{pool.path}.routes", pool.output.shape, np.uint8)
    if joining.takes_moments(plan, node):
        sums = 3 * size_of(output.shape[:2])
        plan.moments[node.output] = plan.block(f"{node.path}.moments", sums, "float64")
    input, bias = plan.value(node.operands[0]), plan.value(node.operands[2])
    layer, weight = layer_of(plan, node), laid_weight(plan, node)
    _, h, w = layer.axes
    table = norm.running_coefficients(plan, tail.norm) if tail.norm else None
    panels = blocks(layer.outputs, simd.column_tile(plan.bits))
    algorithm = scheme(layer, winograd.output)
    Convolution(
        plan,
        f"{node.path}.output",
        algorithm,
        Source(input, algorithm.left),
        Weight(weight, [(first, layer.outputs) for first, _ in panels]),
        Target(
            output,
            algorithm.result,
            (h.output, w.output),
            "norm" if table else "nothing" if bias is None else "bias",
            table or bias,
            added=plan.value(tail.other),
            relu=tail.relu is not None,
            routes=plan.routes.get(node),
            moments=plan.moments.get(node.output),
        ),
    ).lower()


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """All the gradients that somebody wants; both share the transform of grad_output."""
    norm = plan.unwritten.get(grad_output)
    tensor = norm.grad_output if norm else grad_output
    plane = scheme(layer_of(plan, node), winograd.grad_input).left
    source = Source(tensor, plane, plan.routes.get(node), norm)
    if not any(map(plan.wants, node.operands[1:])):
        input_gradient(plan, node, source).lower()
        return
    weight = weight_gradient(plan, node, source)
    if not plan.wants(node.operands[0]):
        weight.lower()
        return
    input = input_gradient(plan, node, source)
    if weight.by_tiles and input.by_tiles:
        weight.in_parts(input)
    elif weight.by_tiles or input.by_tiles:
        weight.lower()
        input.lower()
    else:
        transformed = input.transform_source()
        weight.by_channels(transformed)
        input.by_channels(transformed)


def input_gradient(plan: Plan, node: Node, grad_output: Source) -> Convolution:
    """grad_input = base + the convolution of grad_output with the turned and flipped weight."""
    assert node.operands[0] is not None
    layer = layer_of(plan, node)
    _, h, w = layer.axes
    gradient, base, gate = plan.add_gated_gradient(node.operands[0], node, both=True)
    turned = turned_weight(plan, layer, laid_weight(plan, node), None)
    panels = blocks(layer.inputs, simd.column_tile(plan.bits))
    algorithm = scheme(layer, winograd.grad_input)
    return Convolution(
        plan,
        f"{gradient.name} by {node.path}",
        algorithm,
        grad_output,
        Weight(turned, [(first * layer.taps * layer.outputs, width) for first, width in panels]),
        Target(gradient, algorithm.result, (h.input, w.input), "base" if base else "nothing", base, gate),
    )
