"""A training step as one program: forward, backward and the update of every parameter on one tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from pellucid import memory
from pellucid.engine.buffers import External
from pellucid.engine.compose import plan_forward, plan_gradients
from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.lowering.update import Target, Updates
from pellucid.engine.plan import Plan, Program
from pellucid.ops.adam import Adam
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.sgd import SGD

Array = NDArray[Any]
States = Mapping[
    str, Mapping[str, Array]
]  # for each parameter by name: the optimiser's arrays, in memory order


class Training:
    """The step of one graph, whose output is the loss.

    With `keep` every tensor stays as it was computed, and the updated parameters go to blocks of their own
    (`updated`); the optimiser's states given are changed in both cases. Arrays without a state stay as they are.
    """

    def __init__(
        self, graph: Graph, dtype: Any, rule: SGD | Adam, states: States, *, seed: int, keep: bool
    ) -> None:
        plan = plan_forward(graph, dtype, keep=keep)
        plan.counters[0] = seed
        targets = {s: _target(plan, s, states[s.name]) for s in graph.arrays if s.name in states}
        self._updates = plan.updates = Updates(plan, rule, targets)
        gradients = plan_gradients(plan)
        self._updates.launch_rest(gradients)
        trained = [symbol for symbol in targets if symbol in gradients or symbol in self._updates.joined]
        self.states = {symbol: targets[symbol][0] for symbol in trained}
        self.updated = {symbol: targets[symbol][1] for symbol in trained}
        self.statistics = [  # the running means that are updated, one for each use
            node.operands[1].name
            for node in graph.nodes
            if isinstance(node.op, BatchNorm) and node.op.training and node.operands[1] is not None
        ]
        self.program = Program(plan)

    def run(self, lr: float, step: int, **inputs: Array) -> float:
        """Make update number `step` (from 1) and return the loss."""
        self._updates.set_step(lr, step)
        self.program.plan.counters[1] = step
        try:
            return float(self.program.run(self.program.plan.graph.output, **inputs))
        except MemoryError as error:  # scratch memory is taken in a run
            raise memory.exhausted("plan", error) from None


def _target(plan: Plan, symbol: Symbol, state: Mapping[str, Array]) -> Target:
    """A parameter's state, and the parameter itself or, where everything is kept, a new block."""
    blocks = {name: External(f"{name}({symbol.name})", array) for name, array in state.items()}
    parameter = plan.values[symbol]
    return blocks, plan.block(f"updated({symbol.name})", parameter.size) if plan.keep else parameter
