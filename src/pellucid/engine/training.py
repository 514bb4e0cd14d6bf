"""A training step as one program: forward, backward and the update of every parameter on one tape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import weights
from pellucid.engine.buffers import Block, External
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.loops import Work
from pellucid.engine.lowering.update import factors, stretches, take_over
from pellucid.engine.plan import Plan
from pellucid.engine.program import Program
from pellucid.engine.steps import Step
from pellucid.kernels.loops.moving_average import Averaged, MovingAverages, move_averages
from pellucid.kernels.loops.update import Counter, Counters, count
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.rule import Rule

Array = NDArray[Any]
AVERAGE = "average"  # among a parameter's arrays, its moving average
# For each parameter by name: the optimiser's arrays and its moving average, in memory order.
States = Mapping[str, Mapping[str, Array]]


class Training:
    """The step of one graph, whose output is the loss.

    `unreached` are the names of arrays with a state that the loss does not depend on: they stay as they are.

    All that a step changes, the last launches of its run change, counters included: it happens wholly or not at all,
    and only where the loss and the gradients' norm are finite (`finite`).
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
        max_norm: what the norm of all gradients is clipped to; None for no clipping.
        ema: the decay of the parameters' moving averages, which lie beside the optimiser's arrays; None for none.
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
        max_norm: float | None = None,
        ema: float | None = None,
    ) -> None:
        trained = [symbol.name for symbol in graph.arrays if symbol.name in states]
        frozen = [symbol.name for symbol in graph.arrays if symbol.name not in states]
        plan = plan_of(
            graph,
            dtype,
            keep=keep,
            frozen=frozen,
            gradients="loss",
            rule=rule,
            trained=trained,
            max_norm=max_norm,
        )
        plan.counters[0], plan.factors, self._rule = seed, factors(rule, 0.0, 1), rule
        updated = {step.path for step in plan.steps.updates}
        self.unreached = tuple(name for name in states if name not in updated)
        self.states: dict[Symbol, dict[str, Block]] = {}
        self.updated: dict[Symbol, Block] = {}
        for step in plan.steps.updates:
            self._own(plan, step, states[step.path])
        lower(plan)
        for symbol in self.updated if keep else ():
            take_over(plan, symbol.name, self.updated[symbol], plan.value(symbol))
            for key, block in self.states[symbol].items():
                take_over(plan, block.name, block, External(block.name, states[symbol.name][key]))
        if ema is not None:
            _average(plan, {step.path: states[step.path] for step in plan.steps.updates}, ema)
        _count(plan, *counters)
        self.program = Program(plan)
        if plan.steps.given is not None:
            plan.value(plan.steps.given).memory[...] = 1

    def _own(self, plan: Plan, step: Step, state: Mapping[str, Array]) -> None:
        """Where an update finds a parameter and the optimiser's state, and where both go: to copies if all is kept."""
        symbol = step.reads["parameter"]
        parameter, made = plan.value(symbol), step.makes["parameter"]
        new = plan.block(made.name, parameter.size) if plan.keep else parameter
        self.updated[symbol], self.states[symbol] = plan.put(made, new), {}
        assert isinstance(step.op, Rule)
        for key in step.op.states:
            array, before, after = state[key], step.reads[f"{key} before"], step.makes[key]
            plan.put(before, External(before.name, array))
            block = External(after.name, array.copy() if plan.keep else array)
            self.states[symbol][key] = plan.put(after, block)

    @property
    def size_bytes(self) -> int:
        """What it takes while it is kept, about."""
        return self.program.size_bytes

    def run(self, lr: float, step: int, /, **inputs: Array) -> float:
        """Make update number `step` (from 1) and return the loss."""
        self.program.plan.factors[:] = factors(self._rule, lr, step)
        self.program.plan.counters[1] = step
        return float(self.program.run(self.program.plan.graph.output, **inputs))

    @property
    def finite(self) -> bool:
        """Whether the last run came to a finite loss and finite gradients; if not, it has changed nothing."""
        gate = self.program.plan.gate
        return gate is not None and bool(gate.memory[0])

    @property
    def norm(self) -> float:
        """That of all gradients together, in the last run."""
        return float(self.program.plan.value(self._norm.makes["norm"]).memory[0])

    @property
    def _norm(self) -> Step:
        return next(step for step in self.program.plan.steps.order if step.way == "norm")

    def gradients(self) -> Iterator[tuple[str, Array]]:
        """The gradients of all parameters that are trained, in the order in which the last run has made them."""
        plan = self.program.plan
        wanted = set(self._norm.reads.values())
        for step in plan.steps.order:
            for symbol in step.makes.values() if step.way in ("backward", "sum") else ():
                if symbol in wanted:
                    numbers = plan.value(symbol).memory.reshape(weights.memory_shape(symbol.shape))
                    yield symbol.name, weights.public(numbers)


def _average(plan: Plan, states: States, decay: float) -> None:
    """Append what moves the averages, behind what changes the parameters."""
    parameters = {symbol.name: plan.value(symbol) for symbol in plan.graph.arrays}
    pairs = tuple(
        Averaged(parameters[name], External(f"{AVERAGE}({name})", state[AVERAGE]))
        for name, state in states.items()
    )
    chunks = stretches([pair.average.size for pair in pairs])
    table = MovingAverages(chunks, pairs, 1 - decay)
    plan.commit("moving averages", move_averages, lambda: Work(len(chunks), table))


def _count(plan: Plan, steps: Array, batches: Mapping[str, Array]) -> None:
    """Append the counting: of the step, and of the batch by each batch norm, once for each use in the forward."""
    norms = [node for node in plan.graph.nodes if isinstance(node.op, BatchNorm) and node.op.training]
    means = [node.operands[1].name for node in norms if node.operands[1] is not None]
    names = [f"{mean.removesuffix('running_mean')}num_batches_tracked" for mean in means]
    counters = [steps, *(batches[name] for name in names if name in batches)]
    table = Counters(tuple(Counter(np.asarray(counter)) for counter in counters))
    plan.commit("counters", count, lambda: Work(1, table))
