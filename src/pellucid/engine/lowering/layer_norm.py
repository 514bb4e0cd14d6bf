"""Layer normalisation: the numbers of a set are brought side by side and taken as an image of one pixel.

Where a set is an image, its numbers lie so already. Where it is some of its last axes, axis 1 tells sets apart and is
innermost in memory: then tensors are copied to N C D H W order, in which a set is a stretch, and results are copied
back (the loops: `group_norm.py`). A weight with several axes, which lies in another order in memory, is brought to this
one as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import weights
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.group_norm import Gradient, Walk, normalise
from pellucid.engine.lowering.packed import fill, panel
from pellucid.engine.lowering.shape import inwards, outwards
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ArgumentError, say
from pellucid.ops.base import Shape
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of


@registry.forward(LayerNorm)
def forward(plan: Plan, step: Step) -> None:
    """Statistics of every set, then output = (input − mean)·istd·weight + bias."""
    x = plan.read(step, "input")
    given = _parameters(plan, step)
    if (lines := _lines(step)) == 1:
        normalise(plan, step, Walk(step.node, x), x, plan.output(step), *given)
        return
    y = plan.tensor(f"{step.path}.output, set by set", _flat(step))
    x = _set_by_set(plan, step, "input")
    normalise(plan, step, Walk(step.node, x, lines), x, y, *given)
    inwards(plan, step, f"{step.path}.output", y, plan.output(step))


@registry.backward(LayerNorm)
def backward(plan: Plan, step: Step) -> None:
    """All the gradients that somebody wants."""
    lines, (weight, _) = _lines(step), _parameters(plan, step)
    wanted = "grad_input" in step.makes
    out, base = plan.gradient(step) if wanted else (None, None)
    if lines == 1:
        x, g = plan.read(step, "input"), plan.read(step, "grad_output")
        made = Gradient(plan, step, Walk(step.node, x), g, x, weight)
        made.lower(out, base, {name: plan.parameter_gradient(step, f"grad_{name}") for name in made.trained})
        return
    x, g = _set_by_set(plan, step, "input"), _set_by_set(plan, step, "grad_output")
    made = Gradient(plan, step, Walk(step.node, x, lines), g, x, weight)
    flat = None if out is None else plan.tensor(f"{out.name}, set by set", _flat(step))
    order = _order(_normalized(step))
    gradients = {
        name: plan.parameter_gradient(step, f"grad_{name}")
        if order is None
        else plan.block(f"grad_{name} of {step.path}, set by set", x.inner[4])
        for name in made.trained
    }
    made.lower(flat, None, gradients)
    if out is not None and flat is not None:
        inwards(plan, step, f"{out.name} by {step.path}", flat, out, base)
    if order is not None:
        for name, block in gradients.items():
            fill(plan, step, plan.parameter_gradient(step, f"grad_{name}"), block, np.argsort(order))


def _normalized(step: Step) -> Shape:
    """The sizes of the axes that are normalised together."""
    assert isinstance(step.op, LayerNorm)
    return step.op.normalized_shape


def _flat(step: Step) -> Shape:
    """(sets, numbers of a set)."""
    size = size_of(_normalized(step))
    leading = step.node.output.shape[: -len(_normalized(step))]
    return size_of(leading), size


def _lines(step: Step) -> int:
    """How many sets an image has."""
    shape, last = step.node.output.shape, _normalized(step)
    if len(last) == len(shape):
        raise ArgumentError(
            step.node.op.name,
            "in a network a set must lie in one image",
            expected=say("fewer axes than the input has"),
            got=say(
                "normalized_shape={normalized_shape} for input {shape}", normalized_shape=last, shape=shape
            ),
        )
    return size_of(shape[1 : len(shape) - len(last)])


def _parameters(plan: Plan, step: Step) -> tuple[Block | None, Block | None]:
    """Weight and bias, in the order in which a set's numbers lie."""
    found: list[Block | None] = [plan.read(step, name) for name in ("weight", "bias")]
    order = _order(_normalized(step)) if _lines(step) > 1 else None
    if order is not None:
        found = [b and panel(plan, step, f"{b.name}, set by set", b, order) for b in found]
    weight, bias = found
    return weight, bias


def _order(shape: Shape) -> NDArray[np.int64] | None:
    """Where a parameter's numbers lie in memory, in row-major order; None where they lie so."""
    return weights.row_major(shape) if len(shape) > 1 else None


def _set_by_set(plan: Plan, step: Step, role: str) -> Tensor:
    """What a step reads in this role, with the numbers of a set side by side."""
    tensor = plan.read(step, role)
    flat = plan.tensor(f"{tensor.name}, set by set", _flat(step))
    outwards(plan, step, flat.name, tensor, flat)
    return flat
