"""Whole plans: from a graph by its steps to loops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pellucid import memory
from pellucid.engine import algorithm
from pellucid.engine.derivation import steps_of
from pellucid.engine.fusion import Rule, fuse
from pellucid.engine.fusion_rules import RULES
from pellucid.engine.graph import Graph, Node
from pellucid.engine.lowering import registry, shape, update
from pellucid.engine.lowering.choice import with_moments
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Setting
from pellucid.errors import ArgumentError, PellucidError, say
from pellucid.sizes import size_of


def plan_of(
    graph: Graph, dtype: Any, *, keep: bool, trains: bool = True, rules: Iterable[Rule] = RULES, **steps: Any
) -> Plan:
    """A plan whose steps are known and whose loops are still to be written, by `lower`.

    Args:
        graph: the network.
        dtype: its float type.
        keep: whether every array stays as it was made.
        trains: whether gradients will be made, now or later.
        rules: what is fused.
        steps: which gradients and updates there are (see `derivation.steps_of`).
    """
    setting = Setting(8 * np.dtype(dtype).itemsize, keep, trains, algorithm.current())
    return Plan(fuse(with_moments(steps_of(graph, setting, **steps)), rules), dtype)


def lower(plan: Plan) -> Plan:
    """Write the loops of all steps; returns the plan."""
    for symbol in plan.graph.inputs.values():
        shape.ingest(plan, symbol)
    given = plan.steps.given
    if given is not None and plan.steps.true(given) not in plan.values:
        plan.last(plan.put(given, plan.tensor(given.name, given.shape)))
    for step in plan.steps.order:
        try:
            for one in (step, *step.fused):
                if one.way == "forward":
                    _check(plan, one.node)
            if step.way == "sum":
                update.add_up(plan, step)
            else:
                registry.lower(plan, step)
        except PellucidError as error:
            raise error.at(step.path) from None
    plan.last(*(plan.value(output) for output in plan.graph.outputs if output in plan.values))
    return plan


def _check(plan: Plan, node: Node) -> None:
    """What a network can be made of, beyond what the shape rules say."""
    if registry.lowering("forward", type(node.op)) is None:
        raise ArgumentError(node.op.name, "this op cannot be part of a network yet")
    shape = node.output.shape
    memory.require(node.op.name, say("the output"), size_of(shape) * plan.dtype.itemsize, shape=shape)
    for name, symbol in node.named.items():
        elsewhere = (*node.op.owned, *node.op.broadcast, *node.op.integers)
        if name not in elsewhere and symbol in plan.graph.arrays:
            rule = "a parameter can be a weight or a bias, not an activation"
            got = say("'{symbol}' as {name}", symbol=symbol.name, name=name)
            raise ArgumentError(node.op.name, rule, got=got)
        if name in node.op.owned and symbol not in plan.graph.arrays:
            rule = say("{name} must be an array of the model, not an activation", name=name)
            raise ArgumentError(node.op.name, rule, got=f"'{symbol.name}'")
