"""Whole plans, node by node: all that a graph computes, and all the gradients somebody wants."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pellucid import memory
from pellucid.engine.buffers import Block
from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.engine.lowering import BACKWARD, FORWARD, shape, update
from pellucid.engine.plan import Plan
from pellucid.errors import ArgumentError, PellucidError, ShapeError
from pellucid.ops.linear import Linear
from pellucid.sizes import size_of

_ARRAYS = ("weight", "bias", "running_mean", "running_var")  # operands that lie in the order of parameters


def plan_forward(
    graph: Graph, dtype: Any, *, keep: bool, trains: bool = True, frozen: Collection[str] = ()
) -> Plan:
    """The plan of everything a graph computes; with `trains`, of all that gradients will need as well.

    `frozen` are names of parameters whose gradients nobody wants.
    """
    plan = Plan(graph, dtype, keep=keep, trains=trains, frozen=frozen)
    for symbol in graph.inputs.values():
        shape.ingest(plan, symbol)
    for node in graph.nodes:
        try:
            _check(plan, node)
            if node not in plan.joined:
                FORWARD[type(node.op)](plan, node)
        except PellucidError as error:
            raise error.at(node.path) from None
    plan.lasting.add(plan.values[graph.output])
    return plan


def _check(plan: Plan, node: Node) -> None:
    """What a network can be made of, beyond what the shape rules say."""
    if type(node.op) not in FORWARD:
        raise ArgumentError(node.op.name, "this op cannot be part of a network yet")
    shape = node.output.shape
    memory.require(node.op.name, "the output", size_of(shape) * plan.dtype.itemsize, shape=shape)
    for name, symbol in zip(node.op.arguments, node.operands, strict=True):
        if symbol is None:
            continue
        if name in ("input", "other") and symbol in plan.graph.arrays:
            rule = "a parameter can be a weight or a bias, not an activation"
            raise ArgumentError(node.op.name, rule, got=f"'{symbol.name}' as {name}")
        if name in _ARRAYS and symbol not in plan.graph.arrays:
            rule = f"{name} must be an array of the model, not an activation"
            raise ArgumentError(node.op.name, rule, got=f"'{symbol.name}'")
    first = node.operands[0]
    if isinstance(node.op, Linear) and first is not None and first.ndim != 2:
        raise ShapeError(
            node.op.name,
            "in a network a linear layer takes (N, features)",
            got=f"input {first.shape}",
            hint="put Flatten before the layer",
        )


def plan_gradients(plan: Plan) -> dict[Symbol, Block]:
    """Append every gradient that is wanted, last node first; returns those of the parameters."""
    for node in reversed(plan.graph.nodes):
        gradient = plan.gradients.get(node.output)
        if node.output is plan.graph.output or (gradient is not None and plan.wants(node.output)):
            BACKWARD[type(node.op)](plan, node, gradient)
            if plan.updates:
                plan.updates.launch_large(node)
    for symbol, parts in plan.contributions.items():
        total = parts[0]
        for part in parts[1:]:  # a parameter that several nodes use
            total = update.add_blocks(plan, f"grad({symbol.name})", total, part)
        plan.totals[symbol] = total
    return plan.totals
