"""One op on plain arrays, through the kernels: a program for each shape, made at first sight and kept.

Making a program takes longer than a small op by its definition, so only large ones come here: by their shapes alone,
from `_PAYS` products on. What only moves numbers (padding, unfold, fold, max unpooling, …) does not: NumPy moves them
where they lie, and bringing them into the kernels' layout and back takes longer. Unless Winograd's algorithm is asked
for by name, sums are direct: whole numbers stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import algorithm
from pellucid.engine.graph import apply, trace
from pellucid.engine.programs import Programs
from pellucid.kernels import turns
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Gradients, Op, Shape
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.pointwise import Smooth
from pellucid.sizes import size_of

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.buffers import Block
    from pellucid.engine.plan import Plan

Array = NDArray[Any]
_PAYS = 1 << 26
_OWNED = ("weight", "bias", "running_mean", "running_var")  # arguments that lie in the order of parameters
# ops whose gradient reads what the forward left
_NEEDS_FORWARD = (MaxPool, AdaptiveMaxPool, BatchNorm, GroupNorm, LayerNorm)


def pays(op: Op, operands: Sequence[Array | None]) -> bool:
    """Whether the kernels compute an op on these arrays, rather than its definition."""
    shapes = [None if array is None else array.shape for array in operands]
    first = operands[0]
    assert first is not None
    return first.dtype in (np.float32, np.float64) and first.size > 0 and _products(op, shapes) >= _PAYS


def forward(op: Op, operands: Sequence[Array | None]) -> Array:
    """The op's output."""
    (output,) = _program(op, operands, backward=False).run(operands)
    return output


def backward(op: Op, grad_output: Array, operands: Sequence[Array | None]) -> Gradients:
    """The gradients of the op's differentiable arguments, None where one is absent."""
    found = iter(_program(op, operands, backward=True).run(operands, grad_output=grad_output))
    named = dict(zip(op.arguments, operands, strict=True))
    return tuple(None if named[name] is None else next(found) for name in op.differentiable)


def _products(op: Op, shapes: Sequence[Shape | None]) -> int:
    """How many products of a dense convolution take the time of the op's definition."""
    input, output = shapes[0], op.infer(*shapes)
    assert input is not None
    if isinstance(op, Conv | ConvTranspose):
        weight = shapes[1]
        assert weight is not None
        products = size_of(output if isinstance(op, Conv) else input) * size_of(weight[1:])
        return 8 * products if weight[1] == 1 else products  # depthwise: a small matrix for every channel
    if isinstance(op, MaxPool | AvgPool):
        return 16 * size_of(output) * size_of(op.geometry(input).kernel)
    if isinstance(op, AdaptivePool):
        return 16 * size_of(input)
    if isinstance(op, Interpolate):
        return 16 * size_of(output) if op.linear else 0
    if isinstance(op, LayerNorm) and op.normalized_shape != input[1:]:
        return 0  # no layer of a network
    if isinstance(op, BatchNorm | GroupNorm | LayerNorm | Smooth) and 2 <= len(input) <= 5:
        return 64 * size_of(input)  # each number goes through memory many times, in float64
    return 0


class _Owned(np.ndarray[Any, np.dtype[Any]]):
    """A weight with public axes over memory of its own in the order that the kernels read (see `nn/parameter.py`)."""

    memory: Array

    @classmethod
    def like(cls, array: Array, dtype: np.dtype[Any]) -> _Owned:
        """Room for such an array, in the type that the op is computed in."""
        order = (*range(2, array.ndim), 1, 0) if array.ndim > 1 else (0,)
        memory = np.zeros([array.shape[axis] for axis in order], dtype)
        owned = memory.transpose(np.argsort(order)).view(cls)
        owned.memory = memory
        return owned


class _Program:
    """One op for arrays of these shapes: its output, or its gradients."""

    def __init__(self, op: Op, operands: Sequence[Array | None], *, backward: bool) -> None:
        from pellucid.engine.compose import plan_forward
        from pellucid.engine.lowering.shape import egest
        from pellucid.engine.plan import Program

        named = {n: a for n, a in zip(op.arguments, operands, strict=True) if a is not None}
        self.op = op
        dtype = next(iter(named.values())).dtype
        self.owned = {name: _Owned.like(array, dtype) for name, array in named.items() if name in _OWNED}
        given = {name: (a.shape, a.dtype) for name, a in named.items() if name not in self.owned}
        shapes = [None if array is None else array.shape for array in operands]
        if backward:
            given["grad_output"] = op.infer(*shapes), dtype

        def network(*symbols: Any) -> Any:
            known = dict(zip(given, symbols, strict=True)) | self.owned
            return apply(op, tuple(known.get(name) for name in op.arguments))

        graph = trace(network, given, self.owned, training=backward)
        plan = plan_forward(graph, dtype, keep=False, trains=backward)
        self.results = _gradients(plan) if backward else [plan.values[graph.output]]
        for block in self.results:
            egest(plan, block)
        self.program = Program(plan)

    def run(self, operands: Sequence[Array | None], **more: Array) -> list[Array]:
        """The results for these arrays, with public axes."""
        named = dict(zip(self.op.arguments, operands, strict=True)) | more
        inputs = {
            n: np.ascontiguousarray(a) for n, a in named.items() if a is not None and n not in self.owned
        }
        with turns.running:
            for name, owned in self.owned.items():
                owned[...] = named[name]
            found = self.program.results(self.results, **inputs)
        owned_shapes = {f"grad({name})": owned for name, owned in self.owned.items()}
        return [
            _public(array, owned_shapes.get(block.name))
            for array, block in zip(found, self.results, strict=True)
        ]


def _gradients(plan: Plan) -> list[Block]:
    """Append the op's gradients; those of its differentiable arguments, in their order."""
    from pellucid.engine.compose import plan_gradients

    graph, (node,) = plan.graph, plan.graph.nodes
    if not isinstance(node.op, _NEEDS_FORWARD):
        ingested = {id(launch) for launch, _ in plan.ingests.values()}
        plan.launches = [launch for launch in plan.launches if id(launch) in ingested]
    named = {n: s for n, s in zip(node.op.arguments, node.operands, strict=True) if s is not None}
    wanted = [named[name] for name in node.op.differentiable if name in named]
    plan.trained |= {*wanted, graph.output}
    plan.gradients[graph.output] = plan.values[graph.inputs["grad_output"]]
    totals = plan_gradients(plan)
    blocks = [totals[symbol] if symbol in totals else plan.gradients[symbol] for symbol in wanted]
    plan.lasting |= {block.root for block in blocks}
    return blocks


def _public(array: Array, owned: _Owned | None) -> Array:
    """A gradient of a weight, which lies in memory as the weight does, with the weight's axes."""
    if owned is None:
        return array
    memory = array.reshape(owned.memory.shape)
    return np.ascontiguousarray(
        memory.transpose((-1, -2, *range(memory.ndim - 2)) if memory.ndim > 1 else (0,))
    )


_programs: Programs[_Program] = Programs()


def _program(op: Op, operands: Sequence[Array | None], *, backward: bool) -> _Program:
    """The program of such a call."""
    kind = "direct" if algorithm.current() == "auto" else algorithm.current()
    shapes = tuple(None if a is None else (a.shape, a.dtype.str) for a in operands)
    key = (repr(op), shapes, backward, kind)  # a setting may be a list

    def make() -> _Program:
        return algorithm.within(kind, lambda: _Program(op, operands, backward=backward))

    found = _programs.of(key, make)
    # A signal's handler may be in the middle of that program.
    return make() if turns.held(turns.running) else found
