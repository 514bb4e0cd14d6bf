"""Whole numbers that say where something is read: labels, indices. Kernels do not look whether anything is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.graph import Graph, Node
from pellucid.errors import ArgumentError

Array = NDArray[Any]


class Pointer(NamedTuple):
    """An array that a node reads so: one of the graph's inputs, or a constant."""

    name: str
    node: Node
    array: Array

    def check(self) -> None:
        """Raises: ArgumentError for the first number that points at nothing."""
        shapes = (None if symbol is None else symbol.shape for symbol in self.node.operands)
        wrong, rule = self.node.op.out_of_range(self.array, *shapes)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            got = f"{self.name}[{','.join(map(str, at))}] = {self.array[at]}"
            raise ArgumentError(self.node.op.name, rule, got=got)


def pointers(graph: Graph, inputs: Mapping[str, Array]) -> Iterator[Pointer]:
    """Those that come from outside, for these inputs; what a network computes itself points at something."""
    given = {symbol: inputs[name] for name, symbol in graph.inputs.items() if name in inputs}
    given |= graph.constants
    for node in graph.nodes:
        for argument in node.op.integers:
            symbol = node.named.get(argument)
            if symbol is not None and symbol in given:
                yield Pointer(symbol.name, node, given[symbol].astype(np.int64, copy=False))


def check_pointers(graph: Graph, inputs: Mapping[str, Array]) -> None:
    """Raises: ArgumentError for the first number of inputs and constants that points at nothing."""
    for pointer in pointers(graph, inputs):
        pointer.check()
