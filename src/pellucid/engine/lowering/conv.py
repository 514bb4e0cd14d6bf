"""Convolution as lists of tiles. (The formulas and orders are those of `ops/conv.py`.)

What is a row of a tile, a column and a tap differs by direction; the micro-kernel is the same:

    direction     rows                 columns           taps × run           A            B
    forward       output positions y   output channels   k × input channels   input        weight (k, c, o)
    grad_input    input positions i    input channels    k × output channels  grad_output  weight, as (k, o, c)
    grad_weight   (k, input channel)   output channels   images, rows of y    input        grad_output

Where the columns leave most of a vector empty, several positions share it (`packed.py`). A true convolution's weight is
flipped before it is used, its gradient flipped back: all between is the same.
"""

from __future__ import annotations

from pellucid.engine.lowering import conv_forward, conv_grad_input, conv_grad_weight, registry, winograd_layer
from pellucid.engine.lowering.choice import by_winograd
from pellucid.engine.lowering.layer import flipped, layer_of
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Setting, Step
from pellucid.ops.conv import Conv


def _strided(step: Step, role: str, setting: Setting) -> bool:
    """All tensors where Winograd's algorithm is taken; else those whose positions no vector holds side by side."""
    layer = layer_of(step.node, setting.bits)
    packings = {
        "output": conv_forward.packed_outputs,
        "grad_output": conv_grad_weight.packed_kernel,
        **dict.fromkeys(("grad_input", "mask"), conv_grad_input.packed_inputs),
    }
    return by_winograd(step, setting) or role not in packings or packings[role](layer) is None


@registry.forward(Conv, strided=_strided)
def forward(plan: Plan, step: Step) -> None:
    """output = bias + Σ input·weight."""
    if by_winograd(step, plan.setting):
        winograd_layer.forward(plan, step)
    else:
        conv_forward.forward(plan, step)


@registry.backward(Conv, strided=_strided)
def backward(plan: Plan, step: Step) -> None:
    """All the gradients that somebody wants."""
    if by_winograd(step, plan.setting):
        winograd_layer.backward(plan, step)
    else:
        if step.makes.keys() & {"grad_weight", "grad_bias"}:
            conv_grad_weight.grad_weight(plan, step)
        if "grad_input" in step.makes:
            conv_grad_input.grad_input(plan, step)
    assert isinstance(step.op, Conv)
    if step.op.flip and "grad_weight" in step.makes:
        made = step.makes["grad_weight"]
        layer, laid = layer_of(step.node, plan.bits), plan.value(made)
        plan.put(made, flipped(plan, step, layer, laid, made.name))
