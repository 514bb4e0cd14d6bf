"""The optimiser's step: every parameter in one launch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt

import numpy as np

from pellucid.engine.buffers import Block
from pellucid.engine.graph import Symbol
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.kernels import layout, update
from pellucid.ops.adam import Adam
from pellucid.ops.sgd import SGD

_CHUNK = 1 << 14  # elements of a parameter that one chunk updates


# A parameter, its gradient, the optimiser's state and where the updated parameter goes: into itself, or a new block.
Update = tuple[Symbol, Block, Mapping[str, Block], Block]


def lower_update(plan: Plan, rule: SGD | Adam, updates: Sequence[Update]) -> Callable[[float, int], None]:
    """Append the update of all parameters. Returns what sets the learning rate and the step's number (from 1)."""
    p: list[Block] = []
    rows = []
    for symbol, gradient, state, result in updates:
        parameter = plan.value(symbol)
        if result is not parameter:
            copy_block(plan, result.name, parameter, result)
        starts = range(0, result.size, _CHUNK)
        rows += [(len(p), start, min(result.size, start + _CHUNK)) for start in starts]
        p += [gradient, result, *(state[name] for name in _STATE[type(rule)] if name in state)]
    table = np.array(rows, np.int64).reshape(-1, 3)
    plan.owners.append(table)
    tables = Tables(len(table), p, (table.ctypes.data, *_flags(rule)), _numbers(rule, 0.0, 1))
    plan.launch("update", update.sgd if isinstance(rule, SGD) else update.adam, lambda: tables)
    launch = plan.launches[-1]

    def set_step(lr: float, step: int) -> None:
        launch.tables[2][:] = _numbers(rule, lr, step)

    return set_step


_STATE: dict[type[SGD] | type[Adam], tuple[str, ...]] = {SGD: ("velocity",), Adam: ("mean", "variance")}


def _flags(rule: SGD | Adam) -> tuple[int, ...]:
    """What the kernel must know about the settings."""
    decays = rule.weight_decay != 0
    if isinstance(rule, SGD):
        return int(decays), int(rule.momentum != 0), int(rule.nesterov)
    return int(rule.decoupled), int(decays and not rule.decoupled)


def _numbers(rule: SGD | Adam, lr: float, step: int) -> tuple[float, ...]:
    """The factors of the formula, in float64 (see `kernels/update.py`)."""
    if isinstance(rule, SGD):
        return lr, rule.momentum, rule.weight_decay
    beta1, beta2 = rule.betas
    size, root = lr / (1 - beta1**step), sqrt(1 - beta2**step)
    return size, root, 1 - lr * rule.weight_decay, 1 - beta1, beta2, 1 - beta2, rule.eps, rule.weight_decay


def copy_block(plan: Plan, label: str, source: Block, target: Block) -> None:
    """target = source."""
    size = max(1, -(-target.size // CHUNKS))
    tables = Tables(-(-target.size // size), (source, target), (target.size, size))
    plan.launch(label, layout.copy, lambda: tables)


def add_blocks(plan: Plan, label: str, first: Block, second: Block) -> Block:
    """A new block: first + second."""
    total = plan.block(label, first.size)
    size = max(1, -(-total.size // CHUNKS))
    tables = Tables(-(-total.size // size), (first, second, total), (total.size, size))
    plan.launch(label, layout.add, lambda: tables)
    return total
