"""One op as a plan of its own: run its kernels on arrays and hand back what they computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pellucid.engine import graph
from pellucid.engine.buffers import Tensor
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.program import Program
from pellucid.engine.steps import Steps
from pellucid.kernels.tape import get_num_threads, set_num_threads

HALO = ((1, 0), (2, 1), (0, 3))


class _Weight(np.ndarray):
    """A weight (O, C, …) that lies in memory as (…, C, O), as a model's parameters do."""

    memory: Any


def channels_last(weight: np.ndarray) -> _Weight:
    memory = np.ascontiguousarray(np.moveaxis(weight, (0, 1), (-1, -2)))
    view = np.moveaxis(memory, (-1, -2), (0, 1)).view(_Weight)
    view.memory = memory
    return view


@dataclass
class Result:
    output: np.ndarray
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    state: dict[str, np.ndarray] = field(default_factory=dict)


def run_op(
    op: Any,
    *operands: np.ndarray | None,
    grad: np.ndarray | None = None,
    base: np.ndarray | None = None,
    arrays: tuple[str, ...] = (),
    halo: bool = False,
    keep: bool = True,
    threads: int = 2,
    counters: tuple[int, int] = (0, 0),
) -> Result:
    """Forward, and with `grad` backward. `arrays` names the operands that are parameters, the others are inputs.

    `base` is an earlier gradient of the first operand; `halo` surrounds every tensor with zeros that must stay.
    """
    named = dict(zip(op.arguments, operands, strict=False))
    owned = {
        n: channels_last(a) if a.ndim > 1 else a.copy()
        for n, a in named.items()
        if n in arrays and a is not None
    }
    inputs = {n: (a.shape, a.dtype) for n, a in named.items() if a is not None and n not in arrays}
    dtype = operands[0].dtype

    def network(*symbols):
        known = dict(zip(inputs, symbols, strict=True)) | owned
        return graph.apply(op, tuple(known.get(name) for name in named))

    traced = graph.trace(network, inputs, owned, training=True)
    node, first = traced.nodes[-1], traced.nodes[-1].operands[0]
    wanted = [node.named[name] for name in op.differentiable if name in node.named]
    backward = {} if grad is None else {"gradients": "given", "of": wanted}
    plan = plan_of(traced, dtype, keep=keep, **backward)
    plan.counters[:] = counters
    feeds = {n: np.ascontiguousarray(a) for n, a in named.items() if n in inputs}
    extra: dict[Tensor, np.ndarray] = {}
    if base is not None:
        begun = graph.Symbol("base", first.shape, first.dtype)
        extra[plan.put(begun, plan.tensor("base", first.shape))] = base
        plan.steps = began(plan.steps, f"grad_{op.arguments[0]}", begun)
    lower(plan)
    if grad is not None:
        extra[plan.gradients[traced.output]] = grad
    if halo:
        for block in plan.blocks:
            if isinstance(block, Tensor) and len(block.shape) > 2:
                block.widen(HALO)
    plan.lasting.update(extra, (block.root for block in plan.gradients.values()))
    program = Program(plan)
    for tensor, array in extra.items():
        public = array.reshape(tensor.inner[0], tensor.inner[4], *tensor.inner[1:4])
        tensor.memory[...] = np.moveaxis(public, 1, -1)
    before = get_num_threads()
    set_num_threads(threads)
    try:
        output = program.run(traced.output, **feeds)
        if keep:
            program.update_state()
    finally:
        set_num_threads(before)
    for block in plan.blocks:
        if isinstance(block, Tensor):
            assert_halo_is_zero(block)
    gradients = {}
    for symbol, block in plan.gradients.items():
        if symbol is traced.output:
            continue
        if symbol.name not in owned:
            gradients[symbol.name] = block.array()
            continue
        memory = block.array().reshape(getattr(owned[symbol.name], "memory", owned[symbol.name]).shape)
        gradients[symbol.name] = np.moveaxis(memory, (-1, -2), (0, 1)) if memory.ndim > 1 else memory
    return Result(output, gradients, owned)


def began(steps: Steps, role: str, base: graph.Symbol) -> Steps:
    """The same steps with something there already, to which the gradient in this role is added."""
    order, aliases = list(steps.order), dict(steps.aliases)
    for i, step in enumerate(order):
        if step.way == "backward":
            order[i] = replace(step, bases={**step.bases, role: base})
            aliases.pop(step.makes[role], None)
    return replace(steps, order=tuple(order), aliases=aliases)


def assert_halo_is_zero(tensor: Tensor) -> None:
    """Whatever a kernel writes, the zeros around a tensor stay."""
    inner = tensor.memory
    root = inner
    while root.base is not None and isinstance(root.base, np.ndarray):
        root = root.base
    offset = inner.ctypes.data - root.ctypes.data
    d, h, w = (lo for lo, _ in tensor.halo)
    _, depth, row, pixel = tensor.strides
    offset -= (d * depth + h * row + w * pixel) * tensor.dtype.itemsize
    whole = root[offset : offset + tensor.size_bytes].view(tensor.dtype).reshape(tensor.outer).copy()
    whole[
        (slice(None), *(slice(lo, lo + s) for (lo, _), s in zip(tensor.halo, tensor.inner[1:4], strict=True)))
    ] = 0
    assert not whole.any(), f"the halo of '{tensor.name}' was written to"
