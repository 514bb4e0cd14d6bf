"""A function that makes one number, and its gradients with respect to what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import weights
from pellucid.engine.buffers import Tensor
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import Graph, Symbol, trace
from pellucid.engine.lowering.shape import egest
from pellucid.engine.pointers import check_pointers
from pellucid.engine.program import Program
from pellucid.errors import ShapeError

Array = NDArray[Any]


def gradients(
    where: str,
    function: Callable[..., Any],
    inputs: Mapping[str, Array],
    arrays: Mapping[str, Array],
    of: Sequence[str],
) -> dict[str, Array]:
    """The gradients of what `function` makes of the inputs, with respect to inputs and arrays of these names.

    Modules do as in inference. What the number does not depend on has gradient 0.

    Raises: ShapeError when the function makes more than one number; whatever tracing it raises.
    """
    given = {name: (array.shape, array.dtype) for name, array in inputs.items()}
    graph = trace(function, given, arrays, training=False, anybody=True)
    if graph.output.shape != ():
        rule, got = "the function must return one number", f"'{graph.output.name}' {graph.output.shape}"
        raise ShapeError(where, rule, expected="()", got=got)
    check_pointers(graph, inputs)
    symbols = {name: symbol for name, symbol in _named(graph).items() if name in of}
    plan = plan_of(graph, graph.dtype, keep=False, gradients="loss", of=symbols.values())
    lower(plan)
    found = {name: plan.gradients[symbol] for name, symbol in symbols.items() if symbol in plan.gradients}
    plan.last(*found.values())
    for block in dict.fromkeys(found.values()):
        egest(plan, block)
    program = Program(plan)
    if plan.steps.given is not None:
        plan.value(plan.steps.given).memory[...] = 1
    results = dict(zip(found, program.results(list(found.values()), **inputs), strict=True))
    shapes = {name: array.shape for name, array in {**arrays, **inputs}.items()}
    return {
        name: _public(results[name], shapes[name], as_weight=not isinstance(found[name], Tensor))
        if name in results
        else np.zeros(shapes[name], graph.dtype)
        for name in of
    }


def _named(graph: Graph) -> dict[str, Symbol]:
    """Inputs and arrays by their names."""
    return {symbol.name: symbol for symbol in (*graph.arrays, *graph.inputs.values())}


def _public(array: Array, shape: tuple[int, ...], *, as_weight: bool) -> Array:
    if not as_weight:
        return array.reshape(shape)
    return np.ascontiguousarray(weights.public(array.reshape(weights.memory_shape(shape))))
