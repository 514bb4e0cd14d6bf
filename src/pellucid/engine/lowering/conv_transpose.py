"""Transposed convolution as lists of tiles: the convolution that it is read backwards from has all of them.

direction     the convolution's    grad_output is   input is
forward       grad_input           input            output, from the bias on
grad_input    forward              grad_input       grad_output
grad_weight   grad_weight          input            grad_output
"""

from __future__ import annotations

from functools import partial

import numpy as np

from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.conv_forward import forward_tiles, pack, worth_packing
from pellucid.engine.lowering.conv_grad_input import grad_input_tiles, packed_inputs, transposed_weight, widen
from pellucid.engine.lowering.conv_grad_weight import packed_kernel, sum_products
from pellucid.engine.lowering.grad_bias import add_ones, grad_bias
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.packed import panel
from pellucid.engine.lowering.walk import Stage, view, walk
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Setting, Step
from pellucid.geometry import Geometry
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Start
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.relu import ReLU


def _strided(step: Step, role: str, setting: Setting) -> bool:
    """All tensors but those of whose positions a vector holds several side by side."""
    layer = layer_of(step.node, setting.bits)
    packings = {("forward", "output"): packed_inputs, ("backward", "input"): packed_kernel}
    packed = packings.get((step.way, role))
    return packed is None or packed(layer) is None


@registry.forward(ConvTranspose, strided=_strided)
def forward(plan: Plan, step: Step) -> None:
    """output = bias + Σ input·weight, phase by phase of the stride; and ReLU where it is fused into it."""
    input, weight, bias = (plan.read(step, role) for role in ("input", "weight", "bias"))
    layer, relu = layer_of(step.node, plan.bits), step.carried(ReLU) is not None
    output, packing = plan.output(step), packed_inputs(layer)
    transposed = transposed_weight(plan, step, layer, weight, packing)
    widen(input, layer)
    if packing and bias is not None:
        channels = np.tile(np.arange(layer.inputs), packing.positions)
        bias = panel(plan, step, f"{layer.label}.bias, repeated", bias, channels)

    def bind() -> Work:
        x, y = view(input), view(output)
        begin: Start = "zero" if bias is None else "bias"
        tiles_ = grad_input_tiles(layer, x, y, None, packing, begin, relu=relu)
        stage = Stage((input, transposed, output, bias or transposed), (x.image, 0, y.image, 0))
        return walk(plan, tiles_, [stage], range(x.images))

    plan.loop(step, f"{step.path}.output", tiles.walk_tiles, bind, multiply_adds=step.multiply_adds("output"))


@registry.backward(ConvTranspose, strided=_strided)
def backward(plan: Plan, step: Step) -> None:
    """All the gradients that somebody wants."""
    layer, grad_output = layer_of(step.node, plan.bits), plan.read(step, "grad_output")
    grad_output.widen(Geometry(layer.axes).padded)
    if "grad_weight" in step.makes:
        sum_products(plan, step, grad_output, plan.read(step, "input"), bias=False)
    if "grad_bias" in step.makes:
        _grad_bias(plan, step, grad_output)
    if "grad_input" in step.makes:
        _grad_input(plan, step, layer, grad_output)


def _grad_input(plan: Plan, step: Step, layer: Layer, grad_output: Tensor) -> None:
    (gradient, base), weight = plan.gradient(step), plan.read(step, "weight")
    panels = pack(plan, step, layer, weight) if worth_packing(layer, gradient.inner[0]) else None

    def bind() -> Work:
        g, x = view(grad_output), view(gradient)
        start = None if base is None else view(base)
        begin: Start = "zero" if base is None else "base"
        tiles_ = forward_tiles(layer, g, x, start, begin, in_panels=panels is not None)
        per_image = (g.image, 0, x.image, start.image if start else 0)
        stage = Stage((grad_output, panels or weight, gradient, base or weight), per_image)
        return walk(plan, tiles_, [stage], range(g.images))

    label, products = f"{gradient.name} by {step.path}", step.multiply_adds("grad_input")
    plan.loop(step, label, tiles.walk_tiles, bind, multiply_adds=products)


def _grad_bias(plan: Plan, step: Step, grad_output: Tensor) -> None:
    """Σ grad_output over images and positions."""

    def stage() -> Stage:
        return Stage((grad_output, grad_output, None, None), (0, view(grad_output).image, 0, 0))

    add = partial(add_ones, bits=plan.bits, grad_output=grad_output, images=1, out=0)
    grad_bias(plan, step, plan.parameter_gradient(step, "grad_bias"), stage, add)
