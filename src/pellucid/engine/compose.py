"""Whole plans: inference, and a training step from input to updated parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, External, Tensor
from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.lowering import BACKWARD, FORWARD, shape, update
from pellucid.engine.plan import Plan, Program
from pellucid.errors import ArgumentError

Array = NDArray[Any]
States = Mapping[str, Mapping[str, Array]]  # parameter name → state name → array in the parameter's memory order


def plan_forward(graph: Graph, dtype: Any, *, keep: bool) -> Plan:
    """The plan of everything a graph computes; its inputs are filled by `Run.feed`."""
    plan = Plan(graph, dtype, keep=keep)
    for symbol in graph.inputs.values():
        shape.ingest(plan, symbol)
    for node in graph.nodes:
        if type(node.op) not in FORWARD:
            raise ArgumentError(node.op.name, "this op cannot be part of a network yet").at(node.path)
        FORWARD[type(node.op)](plan, node)
    return plan


def plan_gradients(plan: Plan) -> dict[Symbol, Block]:
    """Append every gradient that is wanted, last node first; returns those of the parameters."""
    last = plan.graph.nodes[-1]
    for node in reversed(plan.graph.nodes):
        gradient = plan.gradients.get(node.output)
        if node is last or (gradient is not None and plan.wants(node.output)):
            BACKWARD[type(node.op)](plan, node, gradient)
    return {symbol: _total(plan, symbol, parts) for symbol, parts in plan.contributions.items()}


def _total(plan: Plan, symbol: Symbol, parts: list[Block]) -> Block:
    """The gradient of a parameter that several nodes use: their contributions, added in order."""
    total = parts[0]
    for part in parts[1:]:
        total = update.add_blocks(plan, f"grad({symbol.name})", total, part)
    return total


class Inference:
    """A callable and its arrays, ready to run on any batch; a plan is made for each shape and kept."""

    _KEPT = 8

    def __init__(self, function: Callable[..., Any], arrays: Mapping[str, Array]) -> None:
        self._function, self._arrays = function, arrays
        self._programs: dict[tuple[tuple[int, ...], str], Run] = {}

    def __call__(self, x: Array) -> Array:
        """The output for a contiguous batch x of the network's float type."""
        return self.run(x).read_output()

    def run(self, x: Array) -> Run:
        """Run the plan for this batch's shape."""
        key = (x.shape, x.dtype.str)
        run = self._programs.pop(key, None)
        if run is None:
            graph = trace(self._function, {"input": (x.shape, x.dtype)}, self._arrays, training=False)
            run = Run(plan_forward(graph, x.dtype, keep=False))
        self._programs[key] = run
        while len(self._programs) > self._KEPT:
            del self._programs[next(iter(self._programs))]
        run.feed(input=x)
        run.play()
        return run
