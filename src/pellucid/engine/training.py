"""A training step as one program: forward, backward and the update of every parameter on one tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, External
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.loops import Work
from pellucid.engine.lowering.update import factors, take_over
from pellucid.engine.plan import Plan
from pellucid.engine.program import Program
from pellucid.engine.steps import Step
from pellucid.kernels.loops.update import Counter, Counters, count
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.rule import Rule

Array = NDArray[Any]
# For each parameter by name: the optimiser's arrays, in memory order.
States = Mapping[str, Mapping[str, Array]]


class Training:
    """The step of one graph, whose output is the loss.

    All that a step changes, the last launches of its run change, counters included: it happens wholly or not at all.
    With `keep` every tensor stays as it was computed, the updated parameters go to blocks of their own (`updated`), the
    optimiser's next state to copies (`states`), and `program.update_state()` takes over both. Arrays without a state
    stay as they are, and their gradients are not made: they are frozen.

    Args:
        graph: the loss.
        dtype: the network's float type.
        rule: the optimiser's.
        states: the optimiser's arrays.
        counters: what counts steps, and by their names the model's counts of batches, each a whole number of 64 bits.
        seed: decides dropout.
        keep: whether every tensor stays.
    """

    def __init__(
        self,
        graph: Graph,
        dtype: Any,
        rule: Rule,
        states: States,
        counters: tuple[Array, Mapping[str, Array]],
        *,
        seed: int,
        keep: bool,
    ) -> None:
        trained = [symbol.name for symbol in graph.arrays if symbol.name in states]
        frozen = [symbol.name for symbol in graph.arrays if symbol.name not in states]
        plan = plan_of(graph, dtype, keep=keep, frozen=frozen, gradients="loss", rule=rule, trained=trained)
        plan.counters[0], plan.factors, self._rule = seed, factors(rule, 0.0, 1), rule
        self.states: dict[Symbol, dict[str, Block]] = {}
        self.updated: dict[Symbol, Block] = {}
        for step in plan.steps.updates:
            self._own(plan, step, states[step.path])
        lower(plan)
        for symbol in self.updated if keep else ():
            take_over(plan, symbol.name, self.updated[symbol], plan.value(symbol))
            for key, block in self.states[symbol].items():
                take_over(plan, block.name, block, External(block.name, states[symbol.name][key]))
        _count(plan, *counters)
        self.program = Program(plan)

    def _own(self, plan: Plan, step: Step, state: Mapping[str, Array]) -> None:
        """Where an update finds a parameter and the optimiser's state, and where both go: to copies if all is kept."""
        symbol = step.reads["parameter"]
        parameter, made = plan.value(symbol), step.makes["parameter"]
        new = plan.block(made.name, parameter.size) if plan.keep else parameter
        self.updated[symbol], self.states[symbol] = plan.put(made, new), {}
        for key, array in state.items():
            before, after = step.reads[f"{key} before"], step.makes[key]
            plan.put(before, External(before.name, array))
            block = External(after.name, array.copy() if plan.keep else array)
            self.states[symbol][key] = plan.put(after, block)

    @property
    def size_bytes(self) -> int:
        """What it takes while it is kept, about."""
        return self.program.size_bytes

    def run(self, lr: float, step: int, **inputs: Array) -> float:
        """Make update number `step` (from 1) and return the loss."""
        self.program.plan.factors[:] = factors(self._rule, lr, step)
        self.program.plan.counters[1] = step
        return float(self.program.run(self.program.plan.graph.output, **inputs))


def _count(plan: Plan, steps: Array, batches: Mapping[str, Array]) -> None:
    """Append the counting: of the step, and of the batch by each batch norm, once for each use in the forward."""
    norms = [node for node in plan.graph.nodes if isinstance(node.op, BatchNorm) and node.op.training]
    means = [node.operands[1].name for node in norms if node.operands[1] is not None]
    names = [f"{mean.removesuffix('running_mean')}num_batches_tracked" for mean in means]
    counters = [steps, *(batches[name] for name in names if name in batches)]
    table = Counters(tuple(Counter(np.asarray(counter)) for counter in counters))
    plan.commit("counters", count, lambda: Work(1, table))
