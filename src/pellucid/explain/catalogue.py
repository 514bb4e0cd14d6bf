"""The names of a recorded run: which arrays there are, and where each comes from.

input, target, conv1.weight, conv1.output       what was given and what the forward pass made
bn1.mean, bn1.var, bn1.istd                     a norm's statistics: mean, variance, 1/√(variance + eps)
cross_entropy.losses, cross_entropy.count       what the mean loss is made of
grad(conv1.output), grad(conv1.weight)          gradients
grad(bn1.mean), grad(bn1.var)                   of a norm's statistics
grad(relu1.output) after conv3                  what such a gradient had grown to, when several ops contribute
grad(conv1.weight) by conv1#2                   one contribution, when several ops use the parameter
grad_norm, clip_factor                          the norm of all parameters' gradients, and what they are multiplied by
updated(bn1.running_mean)                       running statistics after the step
updated(bn1.running_mean) after bn1             after one use, when the forward uses a batch norm several times
velocity(conv1.weight) before                   the optimiser's state that the update starts from
updated(conv1.weight), velocity(conv1.weight)   what the update makes of both
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import weights
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Symbol
from pellucid.engine.steps import Step
from pellucid.explain.source import Entry, Given, Source
from pellucid.ops.base import Op
from pellucid.ops.rule import Rule

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.plan import Plan

_Made: TypeAlias = tuple[Step, str]  # a step, and in which role it makes a symbol


@dataclass(frozen=True)
class Update:
    """What the optimiser's rule is told of an update: the learning rate, and which update it is, from 1."""

    lr: float
    step: int


@dataclass(frozen=True)
class Listed:
    """An array of a run.

    Attributes:
        entry: what it is.
        block: where its numbers are.
        parameter: whether it lies there as parameters do (`engine/weights.py`); else as its public shape says.
    """

    entry: Entry
    block: Block
    parameter: bool = False

    def read(self) -> NDArray[Any]:
        """A copy with public axes."""
        shape = self.entry.shape
        if isinstance(self.block, Tensor):
            return self.block.array()
        flat = np.array(self.block.memory).reshape(-1)
        if not self.parameter or len(shape) < 2:
            return flat.reshape(shape)
        return weights.public(flat.reshape(weights.memory_shape(shape))).copy()


def catalogue(plan: Plan, aliases: Mapping[str, str], update: Update | None) -> list[Listed]:
    """Every array of a run: forward, gradients, updates. An alias replaces the name it stands for.

    Args:
        plan: the run's plan, made with everything kept.
        aliases: short names, as "loss" for "cross_entropy.output".
        update: what the optimiser is told, where the plan has updates.
    """
    short = {name: alias for alias, name in aliases.items()}
    found = _Catalogue(plan, update).listed()
    return [replace(listed, entry=_renamed(listed.entry, short)) for listed in found]


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
        self._orders = plan.orders()
        self._forward = [step for step in plan.steps.order if step.way == "forward"]
        self._reads = {step.node: step.reads for step in self._forward}
        self._backward = {step.node: step for step in plan.steps.order if step.way == "backward"}
        self._made: dict[Symbol, list[_Made]] = defaultdict(list)  # contributions to gradients, as they come
        for step in plan.steps.order:
            hidden = [other.path for other in step.fused if other.way != "update"]
            assert not hidden, f"{step.path} has taken in {hidden}, whose arrays a recording would lack"
            for argument, symbol in step.node.named.items() if step.way in ("backward", "sum") else ():
                if f"grad_{argument}" in step.makes:
                    self._made[symbol].append((step, f"grad_{argument}"))

    def listed(self) -> Iterator[Listed]:
        """In the order in which they are made; the gradients of the inputs after all others."""
        yield from self._forwards()
        yield from self._gradients()
        yield from self._norm()
        yield from self._running()
        yield from self._updates()

    def _given(self, symbol: Symbol, by: Given) -> Listed:
        """An array that no step makes."""
        block = self.plan.value(symbol)
        entry = Entry(symbol.name, symbol.shape, None, by, block.dtype.name)
        return Listed(entry, block, by in ("model", "optimizer") and symbol.dtype.kind == "f")

    def _entry(self, step: Step, role: str, *, parameter: bool = False, **more: Any) -> Listed:
        """What a step makes in a role."""
        order = self._orders[step].get(role, {})
        seed, count = self.plan.counters.tolist()
        facts = {"seed": seed, "step": count} if "layer" in order else {}  # what is drawn by chance
        source = Source(
            step.op,
            role,
            self._operands(step, role),
            base=step.bases[role].name if role in step.bases else None,
            order=order,
            way=step.way,
            path=step.path,
            **{"facts": facts, **more},
        )
        made, block = step.makes[role], self.plan.value(step.makes[role])
        return Listed(Entry(made.name, made.shape, source, None, block.dtype.name), block, parameter)

    def _operands(self, step: Step, role: str) -> dict[str, str]:
        """The names of an op's operands, of statistics that its step reads, and of what this result reads besides."""
        if step.way == "sum":  # has but its parts
            return {}
        given = step.reads
        if isinstance(step.op, Op):
            before = self._reads[step.node]  # running statistics as they were
            statistics = {key: step.reads[key] for key in step.op.statistics({}) if key in step.reads}
            given = {**{argument: before[argument] for argument in step.node.named}, **statistics}
        here = {**step.makes, **step.reads, **given}
        return {key: here[key].name for key in (*given, *step.op.counted(step.op.reads(role), here))}

    def _forwards(self) -> Iterator[Listed]:
        seen = set(self.plan.graph.inputs.values())
        for symbol in self.plan.graph.inputs.values():
            yield self._given(symbol, "input")
        for step in self._forward:
            for operand in step.node.named.values():
                if operand in self.plan.graph.arrays and operand not in seen:
                    seen.add(operand)
                    yield self._given(operand, "model")
            for key in (*step.node.op.statistics({}), "output"):
                if key in step.makes:
                    yield self._entry(step, key)

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
                if step is not None and key in step.makes:
                    yield self._entry(step, key)
        for symbol in self.plan.graph.inputs.values():
            yield from self._gradient(symbol)

    def _gradient(self, symbol: Symbol) -> Iterator[Listed]:
        """The gradient of one tensor, after the steps in which it grew."""
        if self.plan.steps.given is not None and symbol is self.plan.graph.output:
            yield self._given(self.plan.steps.given, "gradient")
        parameter = symbol in self.plan.graph.arrays
        for step, role in self._made[symbol]:
            parts = tuple(part.name for part in step.reads.values()) if step.way == "sum" else ()
            yield self._entry(step, role, parameter=parameter, parts=parts)

    def _norm(self) -> Iterator[Listed]:
        """The gradients' norm, where there are updates."""
        for step in self.plan.steps.order:
            if step.way == "norm" and self.update is not None:
                for role in step.makes:
                    yield self._entry(step, role)

    def _running(self) -> Iterator[Listed]:
        """Running statistics after the step; after every use of a layer that the forward uses several times."""
        moved: dict[Symbol, list[_Made]] = defaultdict(list)
        for step in self._forward:
            for role in step.node.op.mutates:
                if role in step.makes:
                    moved[step.node.named[role]].append((step, role))
        for uses in moved.values():
            for step, role in uses:
                yield self._entry(step, role, parameter=True)

    def _updates(self) -> Iterator[Listed]:
        """The optimiser's state before and after, and the parameters after the update."""
        for step in self.plan.steps.updates if self.update is not None else ():
            assert isinstance(step.op, Rule)
            for role in step.op.states:
                yield self._given(step.reads[f"{role} before"], "optimizer")
            for role in (*step.op.states, "parameter"):
                yield self._entry(step, role, parameter=True, facts=vars(self.update))
