"""Transposed convolution as lists of tiles: the convolution that it is read backwards from has all of them.

direction     the convolution's    grad_output is   input is
forward       grad_input           input            output, from the bias on
grad_input    forward              grad_input       grad_output
grad_weight   grad_weight          input            grad_output
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from pellucid.engine import joining
from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.lowering.beside import panel
from pellucid.engine.lowering.conv_forward import forward_tiles, pack, worth_packing
from pellucid.engine.lowering.conv_grad_input import grad_input_tiles, inputs_beside, turned_weight, widen
from pellucid.engine.lowering.conv_grad_weight import sum_products
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.walk import Stage, view, walk
from pellucid.engine.plan import Plan, Tables
from pellucid.engine.tiling import TileList, blocks
from pellucid.geometry import Geometry
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Start, Tile


def forward(plan: Plan, node: Node) -> None:
    """output = bias + Σ input·weight, phase by phase of the stride; and ReLU where the plan joins it."""
    input, weight, bias = (plan.value(s) for s in node.operands)
    layer, relu = layer_of(plan, node), joining.take_relu(plan, node)
    output = plan.output(relu or node)
    wide = inputs_beside(layer)
    turned = turned_weight(plan, layer, weight, wide)
    widen(input, layer)
    if wide and bias is not None:
        channels = np.tile(np.arange(layer.inputs), wide.positions)
        bias = panel(plan, f"{layer.label}.bias, repeated", bias, channels)

    def bind() -> Tables:
        x, y = view(input), view(output)
        begin: Start = "zero" if bias is None else "bias"
        tiles_ = grad_input_tiles(layer, x, y, None, wide, begin, relu=relu is not None)
        stage = Stage((input, turned, output, bias or turned), (x.image, 0, y.image, 0))
        return walk(plan, tiles_, [stage], range(x.images))

    plan.launch(f"{node.path}.output", tiles.walk_tiles, bind)


def backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """All the gradients that somebody wants."""
    layer, (input, weight, bias) = layer_of(plan, node), node.operands
    assert input is not None
    grad_output.widen(Geometry(layer.axes).padded)
    if plan.wants(weight):
        sum_products(plan, node, layer, grad_output, plan.value(input), None)
    if bias is not None and plan.wants(bias):
        _grad_bias(plan, bias, grad_output)
    if plan.wants(input):
        _grad_input(plan, layer, input, plan.value(weight), grad_output, node.path)


def _grad_input(
    plan: Plan, layer: Layer, input: Symbol, weight: Tensor, grad_output: Tensor, path: str
) -> None:
    gradient, base = plan.add_gradient(input)
    panels = pack(plan, layer, weight) if worth_packing(layer, gradient.inner[0]) else None

    def bind() -> Tables:
        g, x = view(grad_output), view(gradient)
        start = None if base is None else view(base)
        begin: Start = "zero" if base is None else "base"
        tiles_ = forward_tiles(layer, g, x, start, begin, packed=panels is not None)
        per_image = (g.image, 0, x.image, start.image if start else 0)
        stage = Stage((grad_output, panels or weight, gradient, base or weight), per_image)
        return walk(plan, tiles_, [stage], range(g.images))

    plan.launch(f"{gradient.name} by {path}", tiles.walk_tiles, bind)


def _grad_bias(plan: Plan, bias: Symbol, grad_output: Tensor) -> None:
    """Σ grad_output over images and positions: a row of ones for each block of channels."""
    gradient = plan.parameter_gradient(bias)

    def bind() -> Tables:
        g, (images, depth, height, width, channels) = view(grad_output), grad_output.inner
        lines = product(range(images), range(depth), range(height))
        taps = tuple((0, n * g.image + g.offset((d, h, 0))) for n, d, h in lines)
        list_ = TileList()
        for o, columns in blocks(channels, simd.column_tile(plan.bits)):
            zero = Tile(plan.bits, (None,), columns, 0, g.strides[2], width, (0,))
            list_.add(zero, replace(zero, start="out"), taps, a=0, b=o, out=o)
            list_.cut()
        return walk(
            plan, list_, [Stage((grad_output, grad_output, gradient, gradient), (0, 0, 0, 0))], range(1)
        )

    plan.launch(gradient.name, tiles.walk_tiles, bind)
