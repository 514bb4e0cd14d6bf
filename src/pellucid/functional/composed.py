"""Functions that are composed of other functions: in a network they are the ops of these, on arrays they are traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec

import numpy as np

from pellucid.engine.graph import Graph, Symbol, is_symbolic, trace
from pellucid.errors import PellucidError, ShapeError
from pellucid.functional._call import Tensor, presented
from pellucid.numbers import as_array
from pellucid.ops.base import Array, Gradients
from pellucid.signatures import called

P = ParamSpec("P")


def composed(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Let a function that applies others to its first arguments, the tensors, take arrays and symbols alike.

    On arrays the definitions of its ops are carried out in float64, and the result is rounded once to their type.
    """

    @wraps(function)
    def forward(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        given = _given(function, args, kwargs)
        if any(map(is_symbolic, given.values())):
            return called(function.__name__, function, *args, **kwargs)
        graph, values, dtype = _traced(function, args, kwargs)
        return values[graph.output].astype(dtype)

    return forward


def gradient(forward: Callable[P, Tensor]) -> Callable[Concatenate[Tensor, P], Gradients]:
    """The function `X_backward` of a composed function X: the same arguments behind `grad_output`."""
    function = forward.__wrapped__  # type: ignore[attr-defined]
    name = f"{function.__name__}_backward"

    def backward(grad_output: Tensor, *args: P.args, **kwargs: P.kwargs) -> Gradients:
        try:
            graph, values, dtype = _traced(function, args, kwargs)
        except PellucidError as error:
            if error.where == function.__name__:
                raise error.of(name) from None
            raise
        grad = as_array(name, "grad_output", grad_output).astype(np.float64)
        if grad.shape != graph.output.shape:
            rule = "grad_output must have the output's shape"
            raise ShapeError(name, rule, expected=f"{graph.output.shape}", got=f"{grad.shape}")
        grads = {graph.output: grad}
        for node in reversed(graph.nodes):
            if node.output in grads:
                operands = [None if symbol is None else values[symbol] for symbol in node.operands]
                found = node.op.backward(grads[node.output], *operands)
                for symbol, one in zip(node.differentiated.values(), found, strict=True):
                    assert one is not None
                    grads[symbol] = grads[symbol] + one if symbol in grads else one
        return tuple(
            grads.get(symbol, np.zeros(symbol.shape)).astype(dtype) for symbol in graph.inputs.values()
        )

    presented(backward, function)
    return backward  # type: ignore[return-value]  # Concatenate cannot name grad_output


def _given(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
    """The tensors by name: the arguments that are declared as such."""
    found = called(function.__name__, lambda *a, **k: signature(function).bind(*a, **k), *args, **kwargs)
    hints = signature(function).parameters
    return {name: value for name, value in found.arguments.items() if hints[name].annotation == "Tensor"}


def _traced(
    function: Callable[..., Any], args: Any, kwargs: Any
) -> tuple[Graph, dict[Symbol, Array], np.dtype[Any]]:
    """What the function does to arrays, all numbers on the way, and the type of the result."""
    where, bound = function.__name__, signature(function).bind(*args, **kwargs)
    arrays = {name: as_array(where, name, value) for name, value in _given(function, args, kwargs).items()}
    floats = [array.dtype for array in arrays.values() if array.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.dtype(np.float64)

    def network(*symbols: Symbol) -> Any:
        return function(**{**bound.arguments, **dict(zip(arrays, symbols, strict=True))})

    shapes = {name: (array.shape, np.float64) for name, array in arrays.items()}
    graph = trace(network, shapes, {}, training=False)
    values = {symbol: arrays[name].astype(np.float64) for name, symbol in graph.inputs.items()}
    values |= graph.arrays
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            operands = [None if symbol is None else values[symbol] for symbol in node.operands]
            values[node.output] = node.op.forward(*operands)
    return graph, values, dtype
