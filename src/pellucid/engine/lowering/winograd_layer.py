"""A convolution layer by Winograd's algorithm, forward and backward."""

from __future__ import annotations

import numpy as np

from pellucid import winograd
from pellucid.engine.buffers import Tensor
from pellucid.engine.lowering import norm
from pellucid.engine.lowering.conv_grad_input import transposed_weight
from pellucid.engine.lowering.layer import laid_weight, layer_of
from pellucid.engine.lowering.winograd import Normalised, Source, scheme, transform_all
from pellucid.engine.lowering.winograd_conv import Convolution, Weight
from pellucid.engine.lowering.winograd_single import lower
from pellucid.engine.lowering.winograd_target import Target
from pellucid.engine.lowering.winograd_weight import WeightGradient, weight_gradient
from pellucid.engine.lowering.winograd_weight_channels import by_channels
from pellucid.engine.lowering.winograd_weight_parts import in_parts
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import blocks
from pellucid.kernels import simd
from pellucid.ops.add import Add
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.relu import ReLU
from pellucid.sizes import size_of


def forward(plan: Plan, step: Step) -> None:
    """output = bias + Σ input·weight; and batch norm, sum, ReLU and 2×2 max pooling where they are fused into it."""
    layer, weight = layer_of(step.node, plan.bits), laid_weight(plan, step)
    input, bias = plan.read(step, "input"), plan.read(step, "bias")
    normalised, add, pool = step.carried(BatchNorm), step.carried(Add), step.carried(MaxPool)
    output = plan.output(step)
    routes = _routes(plan, pool) if pool else None
    sums = 3 * size_of(output.shape[:2])
    table = norm.running_coefficients(plan, step, normalised) if normalised else None
    panels = blocks(layer.outputs, simd.column_tile(plan.bits))
    algorithm, (_, h, w) = scheme(layer, winograd.output), layer.axes
    convolution = Convolution(
        plan,
        step,
        f"{step.path}.output",
        algorithm,
        Source(input, algorithm.left),
        Weight(weight, [(first, layer.outputs) for first, _ in panels]),
        Target(
            output,
            algorithm.result,
            (h.output, w.output),
            "norm" if table else "nothing" if bias is None else "bias",
            table or bias,
            added=plan.value(norm.addend(step, add)) if add else None,
            relu=step.carried(ReLU) is not None,
            routes=routes,
            moments=plan.statistic(step, "moments", sums) if "moments" in step.makes else None,
        ),
    )
    lower(convolution)


def _routes(plan: Plan, pool: Step) -> Tensor:
    """Which position won each window of a pooling in passing."""
    symbol = pool.makes["routes"]
    routes = plan.tensor(symbol.name, pool.makes["output"].shape, np.uint8)
    plan.put(symbol, routes)
    return routes


def backward(plan: Plan, step: Step) -> None:
    """All the gradients that somebody wants; both share the transform of grad_output."""
    plane = scheme(layer_of(step.node, plan.bits), winograd.grad_input).left
    source = Source(plan.read(step, "grad_output"), plane, plan.read(step, "routes"), _normalised(plan, step))
    if not step.makes.keys() & {"grad_weight", "grad_bias"}:
        lower(input_gradient(plan, step, source))
        return
    weight = weight_gradient(plan, step, source)
    if "grad_input" not in step.makes:
        _lower_alone(weight)
        return
    input = input_gradient(plan, step, source)
    if weight.by_tiles and input.by_tiles:
        in_parts(weight, input)
    elif weight.by_tiles or input.by_tiles:
        _lower_alone(weight)
        lower(input)
    else:
        transformed = input.transform_source()
        by_channels(weight, transformed)
        input.by_channels(transformed)


def _lower_alone(weight: WeightGradient) -> None:
    """Write the loops of a weight gradient that shares none with the input gradient."""
    if weight.by_tiles:
        in_parts(weight, None)
        return
    name = f"{weight.step.path}.output's gradient"
    by_channels(weight, transform_all(weight.plan, weight.step, name, weight.grad_output, weight.grid))


def _normalised(plan: Plan, step: Step) -> Normalised | None:
    """What the gradient of a batch norm's input is made of, where the transforms make it while they load."""
    if "slopes" not in step.reads:
        return None
    input = plan.read(step, "normalised")
    return Normalised(input, plan.read(step, "slopes"), norm.lanes_of(input))


def input_gradient(plan: Plan, step: Step, grad_output: Source) -> Convolution:
    """grad_input = base + the convolution of grad_output with the transposed and flipped weight."""
    layer = layer_of(step.node, plan.bits)
    _, h, w = layer.axes
    (gradient, base), mask = plan.gradient(step), plan.read(step, "mask")
    transposed = transposed_weight(plan, step, layer, laid_weight(plan, step), None)
    panels = blocks(layer.inputs, simd.column_tile(plan.bits))
    algorithm = scheme(layer, winograd.grad_input)
    return Convolution(
        plan,
        step,
        f"{gradient.name} by {step.path}",
        algorithm,
        grad_output,
        Weight(transposed, [(first * layer.taps * layer.outputs, width) for first, width in panels]),
        Target(gradient, algorithm.result, (h.input, w.input), "base" if base else "nothing", base, mask),
    )
