"""The optimiser's step.

A linear weight is updated in the launch that makes its gradient, another large parameter right after its gradient,
whose memory is then free for others; the rest in one launch at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt

import numpy as np

from pellucid.engine.buffers import Block
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.kernels.flushing import to_nearest
from pellucid.kernels.loops import layout, update
from pellucid.ops.adam import Adam
from pellucid.ops.sgd import SGD
from pellucid.sizes import size_of

_CHUNK = 1 << 14  # elements of a parameter that one chunk updates
_LARGE = 1 << 18  # elements from which on a parameter has a launch of its own

# The optimiser's state of a parameter, and where the updated parameter goes: into itself, or a new block.
Target = tuple[Mapping[str, Block], Block]
Row = tuple[int, int, int]  # a chunk: its parameter's first pointer, its first and past-the-last element


class Updates:
    """The updates of a plan's parameters."""

    def __init__(self, plan: Plan, rule: SGD | Adam, targets: Mapping[Symbol, Target]) -> None:
        self.plan, self.rule, self.targets = plan, rule, targets
        self.joined: set[Symbol] = set()  # parameters whose update follows their gradient at once
        self._numbers = np.array(_numbers(rule, 0.0, 1))  # one table for all launches

    def joins(self, symbol: Symbol) -> bool:
        """Whether a parameter can be updated as soon as its gradient is there: nobody else needs either."""
        return symbol in self.targets and not self.plan.keep and len(self.plan.readers(symbol)) == 1

    def launch_after(
        self, label: str, symbol: Symbol, stretches: Sequence[tuple[int, int]], bind: Callable[[], Tables]
    ) -> None:
        """Append a walk whose chunks leave stretches (first element, how many) of a gradient in scratch memory.

        Each stretch of the parameter is updated as soon as its gradient is there.
        """
        rows = [(0, first, first + count) for first, count in stretches]
        self._append(label, rows, self._pointers(symbol, self.plan.value(symbol)), bind)
        self.joined.add(symbol)

    def launch_large(self, node: Node) -> None:
        """Append the update of each large parameter of a node whose gradients are there."""
        for symbol in node.operands:
            if symbol in self.plan.contributions and self.joins(symbol) and size_of(symbol.shape) >= _LARGE:
                self._launch(f"update of {symbol.name}", {symbol: self.plan.contributions[symbol][0]})
                self.joined.add(symbol)

    def launch_rest(self, gradients: Mapping[Symbol, Block]) -> None:
        """Append the update of all other parameters, in one launch."""
        rest = {s: block for s, block in gradients.items() if s in self.targets and s not in self.joined}
        self._launch("update", rest)

    def _launch(self, label: str, gradients: Mapping[Symbol, Block]) -> None:
        p: list[Block] = []
        rows = []
        for symbol in gradients:
            parameter, result = self.plan.value(symbol), self.targets[symbol][1]
            if result is not parameter:
                copy_block(self.plan, result.name, parameter, result)
            starts = range(0, result.size, _CHUNK)
            rows += [(len(p), start, min(result.size, start + _CHUNK)) for start in starts]
            p += self._pointers(symbol, gradients[symbol])
        self._append(label, rows, p, None)

    def set_step(self, lr: float, step: int) -> None:
        """Set the learning rate and the step's number, from 1, of the next run."""
        self._numbers[:] = to_nearest(lambda: _numbers(self.rule, lr, step))

    def _pointers(self, symbol: Symbol, gradient: Block) -> list[Block]:
        """What a kernel needs of a parameter; without a gradient in memory, anything stands in its place."""
        state, result = self.targets[symbol]
        return [gradient, result, *(state[name] for name in _STATE[type(self.rule)] if name in state)]

    def _append(
        self, label: str, rows: Sequence[Row], p: Sequence[Block], walk: Callable[[], Tables] | None
    ) -> None:
        table = np.array(rows, np.int64).reshape(-1, 3)
        self.plan.owners.append(table)
        kernel = update.sgd if isinstance(self.rule, SGD) else update.adam

        def bind() -> Tables:
            walks = (0,) if walk is None else (self.plan.dtype.itemsize, *walk().n)
            n = (table.ctypes.data, *_flags(self.rule), *walks)
            return Tables(len(table), p, n, self._numbers)

        self.plan.launch(label, kernel, bind)


_STATE: dict[type[SGD] | type[Adam], tuple[str, ...]] = {SGD: ("velocity",), Adam: ("mean", "variance")}


def _flags(rule: SGD | Adam) -> tuple[int, ...]:
    """What the kernel must know about the settings."""
    decays = rule.weight_decay != 0
    if isinstance(rule, SGD):
        return int(decays), int(rule.momentum != 0), int(rule.nesterov)
    return int(rule.decoupled), int(decays and not rule.decoupled)


def _numbers(rule: SGD | Adam, lr: float, step: int) -> tuple[float, ...]:
    """The factors of the formula, in float64 (see `kernels/loops/update.py`)."""
    if isinstance(rule, SGD):
        return lr, rule.momentum, rule.weight_decay
    beta1, beta2 = rule.betas
    size, root = lr / (1 - beta1**step), sqrt(1 - beta2**step)
    return size, root, 1 - lr * rule.weight_decay, 1 - beta1, beta2, 1 - beta2, rule.eps, rule.weight_decay


def copy_block(plan: Plan, label: str, source: Block, target: Block) -> None:
    """target = source."""
    plan.launch(label, layout.copy, lambda: _copy(source, target))


def take_over(plan: Plan, label: str, source: Block, target: Block) -> None:
    """The same where it changes what the model or its optimiser owns."""
    plan.after(label, layout.copy, lambda: _copy(source, target))


def _copy(source: Block, target: Block) -> Tables:
    size = max(1, -(-target.size // CHUNKS))
    return Tables(-(-target.size // size), (source, target), (target.size, size))


def add_blocks(plan: Plan, label: str, first: Block, second: Block) -> Block:
    """A new block: first + second."""
    total = plan.block(label, first.size)
    size = max(1, -(-total.size // CHUNKS))
    tables = Tables(-(-total.size // size), (first, second, total), (total.size, size))
    plan.launch(label, layout.add, lambda: tables)
    return total
