"""The names of a recorded run: which arrays there are, and where each comes from.

input, target, conv1.weight, conv1.output       what was given and what the forward pass made
bn1.mean, bn1.var, bn1.istd                     a norm's statistics: mean, variance, 1/√(variance + eps)
cross_entropy.losses, cross_entropy.count       what the mean loss is made of
grad(conv1.output), grad(conv1.weight)          gradients
grad(bn1.mean), grad(bn1.var)                   of a norm's statistics
grad(relu1.output) after conv3                  what such a gradient had grown to, when several ops contribute
grad(conv1.weight) by conv1#2                   one contribution, when several ops use the parameter
updated(bn1.running_mean)                       running statistics after the step
updated(bn1.running_mean) after bn1             after one use, when the forward uses a batch norm several times
velocity(conv1.weight) before                   the optimiser's state that the update starts from
updated(conv1.weight), velocity(conv1.weight)   what the update makes of both
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import weights
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Symbol
from pellucid.engine.steps import Step
from pellucid.explain import roles
from pellucid.explain.source import Entry, Source
from pellucid.ops.base import Op
from pellucid.ops.dropout import Dropout

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.plan import Plan

Listed: TypeAlias = tuple[Entry, Block]
_Made: TypeAlias = tuple[Step, str]  # a step, and in which role it makes a symbol


@dataclass(frozen=True)
class Update:
    """What the optimiser's rule is told of an update: the learning rate, and which update it is, from 1."""

    lr: float
    step: int


def read(entry: Entry, block: Block) -> NDArray[Any]:
    """A copy with public axes. Parameters lie as `weights` says, labels and statistics as they are."""
    if isinstance(block, Tensor):
        return block.array()
    flat = np.array(block.memory).reshape(-1)
    source = entry.source
    statistic = source is not None and source.of in roles.statistics(source.op, {})
    if len(entry.shape) < 2 or flat.dtype.kind != "f" or statistic:
        return flat.reshape(entry.shape)
    return weights.public(flat.reshape(weights.memory_shape(entry.shape))).copy()


def catalogue(plan: Plan, aliases: Mapping[str, str], update: Update | None) -> list[Listed]:
    """Every array of a run: forward, gradients, updates. An alias replaces the name it stands for.

    Args:
        plan: the run's plan, made with everything kept.
        aliases: short names, as "loss" for "cross_entropy.output".
        update: what the optimiser is told, where the plan has updates.
    """
    short = {name: alias for alias, name in aliases.items()}
    return [(_renamed(entry, short), block) for entry, block in _Catalogue(plan, update).listed()]


def _renamed(entry: Entry, short: Mapping[str, str]) -> Entry:
    """With aliases for names, also for those of what it was made from."""
    source = entry.source
    if source is not None:
        operands = {argument: short.get(name, name) for argument, name in source.operands.items()}
        source = replace(source, operands=operands)
    return replace(entry, name=short.get(entry.name, entry.name), source=source)


class _Catalogue:
    """The arrays of one run, as its steps and loops tell."""

    def __init__(self, plan: Plan, update: Update | None) -> None:
        self.plan, self.update = plan, update
        self._orders: dict[Step, dict[str, int]] = defaultdict(dict)
        for loop in plan.loops:
            if loop.step is not None:
                self._orders[loop.step] |= loop.order
        self._forward = [step for step in plan.steps.order if step.way == "forward"]
        self._backward = {step.node: step for step in plan.steps.order if step.way == "backward"}
        self._made: dict[Symbol, list[_Made]] = defaultdict(list)  # contributions to gradients, as they come
        for step in plan.steps.order:
            for argument, symbol in step.node.named.items() if step.way in ("backward", "sum") else ():
                if f"grad_{argument}" in step.makes:
                    self._made[symbol].append((step, f"grad_{argument}"))

    def listed(self) -> Iterator[Listed]:
        """In the order in which they are made; the gradients of the inputs after all others."""
        yield from self._forwards()
        yield from self._gradients()
        yield from self._running()
        yield from self._updates()

    def _entry(self, symbol: Symbol, source: Source | None = None) -> Listed:
        return Entry(symbol.name, symbol.shape, source), self.plan.value(symbol)

    def _forwards(self) -> Iterator[Listed]:
        seen = set(self.plan.graph.inputs.values())
        for symbol in self.plan.graph.inputs.values():
            yield self._entry(symbol)
        for step in self._forward:
            for operand in step.node.named.values():
                if operand in self.plan.graph.arrays and operand not in seen:
                    seen.add(operand)
                    yield self._entry(operand)
            for key in step.node.op.statistics({}):
                if key in step.makes:
                    yield self._entry(step.makes[key], self._source(step, key))
            yield self._entry(step.makes["output"], self._source(step, "output"))

    def _source(self, step: Step, of: str, **settings: Any) -> Source:
        """Where a step's results come from: its operands, and what it has made of them on the way there."""
        operands = {name: symbol.name for name, symbol in step.node.named.items()}
        here = {**step.reads, **step.makes}
        for key in takewhile(
            lambda key: key != of, (key for key in step.node.op.statistics({}) if key in here)
        ):
            if not key.startswith("grad_") or of == "grad_input" or of in step.node.op.statistics({}):
                operands[key] = here[key].name
        if of.startswith("grad_") and "grad_output" in step.reads:
            operands["grad_output"] = step.reads["grad_output"].name
        return Source(step.node.op, of, operands, facts=self._facts(step), **settings)

    def _facts(self, step: Step) -> dict[str, int | float]:
        facts: dict[str, int | float] = {**self._orders[step]}
        if isinstance(step.op, Dropout):
            layers = [other for other in self.plan.graph.nodes if isinstance(other.op, Dropout)]
            seed, counted = self.plan.counters.tolist()
            facts |= {"seed": seed, "step": counted, "layer": layers.index(step.node)}
        return facts

    def _gradients(self) -> Iterator[Listed]:
        """In the order in which they are computed, those of the inputs last."""
        seen: set[Symbol] = set()
        for node in reversed(self.plan.graph.nodes):
            own = (node.output, *(s for s in node.named.values() if s in self.plan.graph.arrays))
            for symbol in own:
                if symbol not in seen:
                    seen.add(symbol)
                    yield from self._gradient(symbol)
            step = self._backward.get(node)
            for key in node.op.statistics({}) if step else ():
                if step is not None and key.startswith("grad_") and key in step.makes:
                    yield self._entry(step.makes[key], self._source(step, key))
        for symbol in self.plan.graph.inputs.values():
            yield from self._gradient(symbol)

    def _gradient(self, symbol: Symbol) -> Iterator[Listed]:
        """The gradient of one tensor, after the steps in which it grew."""
        if symbol is self.plan.graph.output and self.plan.steps.given is not None:
            yield self._entry(self.plan.steps.given)
        for step, role in self._made[symbol]:
            settings: dict[str, Any] = {}
            if role in step.bases:
                settings["base"] = step.bases[role].name
            if step.way == "sum":
                settings["parts"] = tuple(part.name for part in step.reads.values())
            owner = self._backward[step.node] if step.way == "sum" else step
            yield self._entry(step.makes[role], self._source(owner, role, **settings))

    def _running(self) -> Iterator[Listed]:
        """Running statistics after the step; after every use of a layer that the forward uses several times."""
        moved: dict[Symbol, list[_Made]] = defaultdict(list)
        for step in self._forward:
            for role in step.node.op.mutates:
                if role in step.makes:
                    moved[step.node.named[role]].append((step, role))
        for uses in moved.values():
            for step, role in uses:
                source = self._source(step, role)
                before = {role: step.reads[role].name}
                yield self._entry(step.makes[role], replace(source, operands={**source.operands, **before}))

    def _updates(self) -> Iterator[Listed]:
        """The optimiser's state before and after, and the parameters after the update."""
        if self.update is None:
            return
        facts = {"lr": self.update.lr, "step": self.update.step}
        for step in self.plan.steps.updates:
            assert not isinstance(step.op, Op)
            operands = {role: symbol.name for role, symbol in step.reads.items()}
            for role in step.op.states:
                yield self._entry(step.reads[f"{role} before"])
            for role in step.op.states:
                yield self._entry(step.makes[role], Source(step.op, role, dict(operands), facts=facts))
            operands |= {role: step.makes[role].name for role in step.op.states}
            yield self._entry(step.makes["parameter"], Source(step.op, "parameter", operands, facts=facts))
