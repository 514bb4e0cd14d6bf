"""From steps to a plan: the buffers and the loops of a run.

Lowerings (see `lowering/`) write it step by step. Buffers get their addresses only when the plan is complete, because
each reader may still ask for a wider halo; so a loop's arguments are a function that is asked for them later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from pellucid.engine.buffers import Block, Compact, External, Part, Port, Tensor, Window
from pellucid.engine.graph import Symbol
from pellucid.engine.loops import Loop, Orders, Work
from pellucid.engine.steps import Step, Steps
from pellucid.kernels.jit import Kernel
from pellucid.sizes import size_of

CHUNKS = 16  # how many parts a loop is cut into when nothing else decides; fixed, so numbers never depend on threads


class Plan:
    """The buffers and loops of a network's steps, for one batch shape."""

    def __init__(self, steps: Steps, dtype: Any) -> None:
        self.steps, self.graph, self.dtype = steps, steps.graph, np.dtype(dtype)
        self.setting = steps.setting
        self.bits, self.keep, self.trains = self.setting.bits, self.setting.keep, self.setting.trains
        self.blocks: list[Block] = []
        self.loops: list[Loop] = []
        self.commits: list[Loop] = []  # what changes the model's own state; a recording leaves them out
        self.lasting: set[Block] = set()  # what is written before a run or read after it
        self.inputs: dict[Symbol, Port] = {}  # where inputs lie in the caller's memory
        self.results: dict[Block, Port] = {}  # and where results are to lie
        self.counters = np.zeros(2, np.int64)  # seed and step, read by dropout
        self.factors = np.zeros(0)  # what updates take from learning rate and step, read by their loops
        # Whether a step came to finite numbers: where it is 0, nothing of the model changes (see `Loop`).
        self.gate = self.block("finite", 1, "int64") if any(s.way == "norm" for s in steps.order) else None
        self._values: dict[Symbol, Block] = {}
        for symbol, array in self.graph.arrays.items():
            self._values[symbol] = External(symbol.name, getattr(array, "memory", array))

    # Buffers

    def tensor(self, name: str, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """A new tensor, of the plan's float type unless said otherwise."""
        tensor = Tensor(name, shape, dtype or self.dtype)
        self.blocks.append(tensor)
        return tensor

    def block(self, name: str, size: int, dtype: Any = None) -> Block:
        """New plain memory."""
        block = Block(name, size, dtype or self.dtype)
        self.blocks.append(block)
        return block

    def last(self, *blocks: Block) -> None:
        """Say that blocks are written before a run or read after it."""
        self.lasting.update(block.root for block in blocks)

    def taken_in(self, symbol: Symbol) -> Port:
        """Where an input lies in the caller's memory."""
        name = f"{symbol.name}, of the caller"
        port = self.inputs[symbol] = Port(name, size_of(symbol.shape), symbol.dtype)
        return port

    def handed_out(self, tensor: Tensor) -> Port:
        """Where a result is to lie in the caller's memory."""
        name = f"{tensor.name}, for the caller"
        port = self.results[tensor] = Port(name, size_of(tensor.shape), tensor.dtype)
        return port

    # Which buffer holds which symbol

    def put(self, symbol: Symbol, block: Block) -> Block:
        """Say where a symbol's numbers are."""
        self._values[self.steps.true(symbol)] = block
        return block

    def value(self, symbol: Symbol) -> Any:
        """The buffer that holds a symbol's numbers."""
        return self._values[self.steps.true(symbol)]

    @property
    def values(self) -> Mapping[Symbol, Block]:
        """Every symbol that has a buffer of its own."""
        return self._values

    @property
    def gradients(self) -> Mapping[Symbol, Block]:
        """Each symbol's gradient, where it is stored."""
        found = {symbol: self.steps.true(gradient) for symbol, gradient in self.steps.gradients.items()}
        return {s: self._values[gradient] for s, gradient in found.items() if gradient in self._values}

    def read(self, step: Step, role: str) -> Any:
        """What a step reads in this role; None for an absent operand."""
        return self.value(step.reads[role]) if role in step.reads else None

    def output(self, step: Step) -> Tensor:
        """The tensor for what a forward leaves."""
        return self._laid(step.output)

    def own_output(self, step: Step) -> Tensor:
        """The tensor for what its own op leaves, where the ops that it carries out as well leave another."""
        return self._laid(step.makes["output"])

    def gradient(self, step: Step, role: str = "grad_input") -> tuple[Tensor, Tensor | None]:
        """The tensor for an activation's gradient, and the sum so far, to which the step adds, if there is one."""
        base = step.bases.get(role)
        return self._laid(step.makes[role]), None if base is None else self.value(base)

    def _laid(self, symbol: Symbol) -> Tensor:
        """A new tensor for a symbol, or its place in another one; it may be there because others lie in it."""
        if self.steps.true(symbol) not in self._values:
            if symbol in self.steps.within:
                whole, axis, start = self.steps.within[symbol]
                self.put(symbol, Window(symbol.name, symbol.shape, self._laid(whole), axis, start))
            else:
                self.put(symbol, self.tensor(symbol.name, symbol.shape, symbol.dtype))
        return cast("Tensor", self.value(symbol))

    def statistic(self, step: Step, role: str, size: int, dtype: Any = "float64") -> Block:
        """New memory for what a step makes besides, whether anybody reads it later or not."""
        made = step.makes.get(role)
        block = self.block(f"{step.path}.{role}" if made is None else made.name, size, dtype)
        return block if made is None else self.put(made, block)

    def compact(self, step: Step, role: str) -> Compact:
        """A tensor without a halo for what a step makes besides."""
        made = step.makes[role]
        tensor = Compact(made.name, made.shape, made.dtype)
        self.blocks.append(tensor)
        self.put(made, tensor)
        return tensor

    def parameter_gradient(self, step: Step, role: str, size: int | None = None) -> Block:
        """New memory, in the parameter's order, for its gradient, or for one more contribution to it.

        Where a loop makes several parameters' gradients, a frozen one's is written like the others and read by nobody.
        """
        parameter = step.node.named[role.removeprefix("grad_")]
        made = step.makes.get(role)
        name = f"grad({parameter.name})" if made is None else made.name
        block = self.block(name, size or size_of(parameter.shape))
        self.part_gradient(step, role, block, 0)
        return block

    def part_gradient(self, step: Step, role: str, block: Block, start: int) -> None:
        """Say that a parameter's gradient, if it is wanted, is the part of a block that begins at `start`."""
        made = step.makes.get(role)
        if made is not None:
            self.put(made, Part(made.name, block, start, size_of(made.shape)))

    # Loops

    def orders(self) -> dict[Step, dict[str, dict[str, int]]]:
        """For each step and each result of it, by its role, what its loops say of the order of its sums."""
        found: dict[Step, dict[str, dict[str, int]]] = defaultdict(dict)
        for loop in self.loops:
            for role, order in loop.order.items():
                assert loop.step is not None, f"{loop.name} has an order and no step"
                told = found[loop.step].setdefault(role, {})
                assert all(told.get(key, value) == value for key, value in order.items()), loop.name
                told |= order
        return found

    def loop(
        self,
        step: Step | None,
        name: str,
        kernel: Kernel,
        bind: Callable[[], Work],
        *,
        order: Orders | None = None,
        scratch: int = 0,
        touches: Mapping[Block, int] | None = None,
        multiply_adds: int = 0,
    ) -> None:
        """Append a loop. Each thread needs `scratch` bytes for it; see `Loop` for the others."""
        self.loops.append(Loop(name, kernel, bind, step, order or {}, scratch, touches or {}, multiply_adds))

    def commit(self, name: str, kernel: Kernel, bind: Callable[[], Work]) -> None:
        """Append a loop that changes the model's own state."""
        self.commits.append(Loop(name, kernel, bind))

    @property
    def scratch_bytes(self) -> int:
        """What a thread needs for itself during a run."""
        return max((loop.scratch_bytes for loop in self.loops), default=0)
