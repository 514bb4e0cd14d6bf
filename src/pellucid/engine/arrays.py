"""One op on plain arrays, through the kernels: a program for each shape, made at first sight and kept.

Making a program takes longer than a small op by its definition, so only large ones come here: by their shapes alone,
from `_PAYS` products on (`Op.effort`). What only moves numbers (padding, unfold, fold, max unpooling, …) does not:
NumPy moves them where they lie, and bringing them into the kernels' layout and back takes longer. Activations,
softmax and norms of sets are made where numbers lie, without a program (`beside.py`). Unless Winograd's algorithm is
asked for by name, sums are direct: whole numbers stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import algorithm, weights
from pellucid.engine.graph import Graph, apply, trace
from pellucid.engine.programs import Programs
from pellucid.engine.weights import Owned
from pellucid.kernels import turns
from pellucid.ops.base import Gradients, Op

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.buffers import Block
    from pellucid.engine.lowering.registry import Beside
    from pellucid.engine.plan import Plan

Array = NDArray[Any]
_PAYS = 1 << 26
_LISTED = 50_000  # what windows read, position by position: listing it takes as long as the rest of a plan


def pays(op: Op, operands: Sequence[Array | None]) -> bool:
    """Whether the kernels compute an op on these arrays, rather than its definition."""
    shapes = [None if array is None else array.shape for array in operands]
    first = _first(operands)
    if first.dtype not in (np.float32, np.float64) or first.size == 0:
        return False
    return op.effort(*shapes) * _LISTED >= _PAYS * (_LISTED + op.listed(*shapes))


def forward(op: Op, operands: Sequence[Array | None]) -> Array:
    """The op's output."""
    op.check_numbers(*operands)
    if beside := _beside(op, operands):
        return beside.output(*operands)
    (output,) = _program(op, operands, backward=False).run(operands)
    return output


def backward(op: Op, grad_output: Array, operands: Sequence[Array | None]) -> Gradients:
    """The gradients of the op's differentiable arguments, None where one is absent."""
    op.check_numbers(*operands)
    if beside := _beside(op, operands):
        return beside.gradients(grad_output, *operands)
    found = iter(_program(op, operands, backward=True).run(operands, grad_output=grad_output))
    return tuple(None if operand is None else next(found) for operand in op.differentiated(operands).values())


def _beside(op: Op, operands: Sequence[Array | None]) -> Beside | None:
    """What makes the op of arrays as they lie, if there is something."""
    from pellucid.engine.lowering import registry

    first = _first(operands)
    return registry.beside_of(op, 8 * first.itemsize, first.shape)


def _first(operands: Sequence[Array | None]) -> Array:
    first = operands[0]
    assert first is not None
    return first


class _Program:
    """One op for arrays of these shapes: its output, or its gradients."""

    def __init__(self, op: Op, operands: Sequence[Array | None], *, backward: bool) -> None:
        from pellucid.engine.compose import lower, plan_of
        from pellucid.engine.lowering.shape import egest
        from pellucid.engine.program import Program

        named = {name: array for name, array in op.named(operands).items() if array is not None}
        self.op = op
        dtype = next(iter(named.values())).dtype
        self.owned = {
            name: Owned.like(array.shape, dtype) for name, array in named.items() if name in op.owned
        }
        given = {name: (a.shape, a.dtype) for name, a in named.items() if name not in self.owned}
        shapes = [None if array is None else array.shape for array in operands]
        if backward:
            given["grad_output"] = op.infer(*shapes), dtype

        def network(*symbols: Any) -> Any:
            known = dict(zip(given, symbols, strict=True)) | self.owned
            return apply(op, op.ordered(known))

        graph = trace(network, given, self.owned, training=backward)
        plan = _gradients(graph, dtype) if backward else plan_of(graph, dtype, keep=False, trains=False)
        lower(plan)
        self.results = _results(plan) if backward else [plan.value(graph.output)]
        plan.last(*self.results)
        for block in self.results:
            egest(plan, block)
        self.program = Program(plan)

    @property
    def size_bytes(self) -> int:
        """What it takes while it is kept, about."""
        return self.program.size_bytes + sum(owned.nbytes for owned in self.owned.values())

    def run(self, operands: Sequence[Array | None], **more: Array) -> list[Array]:
        """The results for these arrays, with public axes."""
        named = {**self.op.named(operands), **more}
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


def _gradients(graph: Graph, dtype: Any) -> Plan:
    """The plan of an op's gradients alone, unless they need what the forward leaves."""
    from pellucid.engine.compose import plan_of

    (node,) = graph.nodes
    wanted = node.differentiated.values()
    plan = plan_of(graph, dtype, keep=False, gradients="given", of=wanted)
    order = plan.steps.order
    if not node.op.needs_forward:
        order = tuple(step for step in order if step.way != "forward")
    assert plan.steps.given is not None
    aliases = {**plan.steps.aliases, plan.steps.given: graph.inputs["grad_output"]}
    plan.steps = replace(plan.steps, order=order, aliases=aliases)
    return plan


def _results(plan: Plan) -> list[Block]:
    """The gradients of the op's differentiable arguments, in their order."""
    return [plan.gradients[symbol] for symbol in plan.graph.nodes[0].differentiated.values()]


def _public(array: Array, owned: Owned | None) -> Array:
    """A gradient of a weight, which lies in memory as the weight does, with the weight's axes."""
    if owned is None:
        return array
    return np.ascontiguousarray(weights.public(array.reshape(owned.memory.shape)))


_programs: Programs[_Program] = Programs()


def _program(op: Op, operands: Sequence[Array | None], *, backward: bool) -> _Program:
    """The program of such a call."""
    kind = "direct" if algorithm.current() == "auto" else algorithm.current()
    shapes = tuple(None if a is None else (a.shape, a.dtype.str) for a in operands)
    key = (op, shapes, backward, kind)

    def make() -> _Program:
        return algorithm.within(kind, lambda: _Program(op, operands, backward=backward))

    found = _programs.of(key, make)
    # A signal's handler may be in the middle of that program.
    return make() if turns.held(turns.running) else found
