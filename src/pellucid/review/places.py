"""Which layer a map is made of."""

from __future__ import annotations

from math import prod
from typing import Any

from numpy.typing import NDArray

from pellucid.engine.graph import Graph, Node, Symbol, trace
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.nn import Module

_NAMED = 5  # layers that a message names


def place(where: str, graph: Graph, layer: str | None) -> Symbol:
    """The output of a layer by its path; by default of the last one that has pixels as the input has.

    Raises: ArgumentError when no such layer leads to the output; ShapeError when there is no pixel.
    """
    nodes = leading(graph)
    if layer is not None:
        return _named(where, graph, nodes, layer)
    found = with_pixels(graph, nodes)
    if not found:
        rule, hint = "no layer's output has more than one pixel", "saliency needs no layer"
        raise ShapeError(where, rule, hint=hint)
    return found[-1].output


def leading(graph: Graph) -> list[Node]:
    """The ops that take the input to the output, in order."""
    needed, batched = {graph.output}, graph.batched
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.named.values())
    return [node for node in graph.nodes if node.output in needed and node.output in batched]


def with_pixels(graph: Graph, nodes: list[Node]) -> list[Node]:
    """Those whose output has more than one pixel, along the input's axes."""
    rank = graph.inputs["input"].ndim
    return [node for node in nodes if node.output.ndim == rank and prod(node.output.shape[2:]) > 1]


def _named(where: str, graph: Graph, nodes: list[Node], layer: str) -> Symbol:
    """The output of the op of this path, or of the last one that the module of this path leads to the output with."""
    found = [node for node in nodes if node.path == layer]
    found = found or [node for node in nodes if f"{node.path.partition('#')[0]}.".startswith(f"{layer}.")]
    if not found:
        names = ", ".join(repr(node.path) for node in with_pixels(graph, nodes)[-_NAMED:])
        rule, expected = "no such layer leads to the output", say("a path such as {names}", names=names)
        raise ArgumentError(where, rule, expected=expected, got=f"layer={layer!r}")
    output = found[-1].output
    if output.ndim < 3:
        got = f"'{output.name}' {output.shape}"
        raise ShapeError(where, "the layer's output must have spatial axes", got=got)
    return output


def last_layer(model: Module, x: NDArray[Any]) -> str | None:
    """The path of the layer that maps are made of by default; None where no layer has more than one pixel."""
    inputs = {"input": (x.shape, model.dtype)}
    graph = trace(model.trace_forward, inputs, dict(model.named_arrays()), training=False)
    found = with_pixels(graph, leading(graph))
    return found[-1].path if found else None
