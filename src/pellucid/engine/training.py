"""A training step as one program: forward, backward and the update of every parameter on one tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import External
from pellucid.engine.compose import plan_forward, plan_gradients
from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.lowering.update import Target, Updates, take_over
from pellucid.engine.plan import Plan, Program, Tables
from pellucid.kernels.loops.update import count
from pellucid.ops.adam import Adam
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.sgd import SGD

Array = NDArray[Any]
States = Mapping[
    str, Mapping[str, Array]
]  # for each parameter by name: the optimiser's arrays, in memory order


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
        rule: SGD | Adam,
        states: States,
        counters: tuple[Array, Mapping[str, Array]],
        *,
        seed: int,
        keep: bool,
    ) -> None:
        frozen = [symbol.name for symbol in graph.arrays if symbol.name not in states]
        plan = plan_forward(graph, dtype, keep=keep, frozen=frozen)
        plan.counters[0] = seed
        used = {s: states[s.name] for s in graph.arrays if s.name in states}
        own = {s: {k: v.copy() for k, v in state.items()} for s, state in used.items()} if keep else used
        targets = {symbol: _target(plan, symbol, state) for symbol, state in own.items()}
        self._updates = plan.updates = Updates(plan, rule, targets)
        gradients = plan_gradients(plan)
        self._updates.launch_rest(gradients)
        trained = [symbol for symbol in targets if symbol in gradients or symbol in self._updates.joined]
        self.states = {symbol: targets[symbol][0] for symbol in trained}
        self.updated = {symbol: targets[symbol][1] for symbol in trained}
        for symbol in trained if keep else ():
            take_over(plan, symbol.name, self.updated[symbol], plan.value(symbol))
            for key, block in self.states[symbol].items():
                take_over(plan, block.name, block, External(block.name, used[symbol][key]))
        _count(plan, *counters)
        self.program = Program(plan)

    def run(self, lr: float, step: int, **inputs: Array) -> float:
        """Make update number `step` (from 1) and return the loss."""
        self._updates.set_step(lr, step)
        self.program.plan.counters[1] = step
        return float(self.program.run(self.program.plan.graph.output, **inputs))


def _target(plan: Plan, symbol: Symbol, state: Mapping[str, Array]) -> Target:
    """A parameter's state, and the parameter itself or, where everything is kept, a new block."""
    blocks = {name: External(f"{name}({symbol.name})", array) for name, array in state.items()}
    parameter = plan.values[symbol]
    return blocks, plan.block(f"updated({symbol.name})", parameter.size) if plan.keep else parameter


def _count(plan: Plan, steps: Array, batches: Mapping[str, Array]) -> None:
    """Append the counting: of the step, and of the batch by each batch norm, once for each use in the forward."""
    norms = [node for node in plan.graph.nodes if isinstance(node.op, BatchNorm) and node.op.training]
    means = [node.operands[1].name for node in norms if node.operands[1] is not None]
    names = [f"{mean.removesuffix('running_mean')}num_batches_tracked" for mean in means]
    counters = [steps, *(batches[name] for name in names if name in batches)]
    plan.owners += counters
    addresses = [int(np.asarray(counter).ctypes.data) for counter in counters]
    plan.after("counters", count, lambda: Tables(1, (), (len(addresses), *addresses)))
