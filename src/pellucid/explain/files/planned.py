"""A recording's entries, compared with those of the network that they describe.

Nothing that a file says of its arrays is taken on trust. The network is built anew from its ops and what they read,
and planned as it would be for a run; every entry must be the one that this plan has in its place, with its shape, its
type, its op, its operands and its facts. What is left to say are the network, its settings, the optimiser's rule, and
one seed, one step and one learning rate for all; `certify` compares the numbers with these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from pellucid.engine.algorithm import algorithm
from pellucid.engine.graph import Graph, Symbol, add_node
from pellucid.errors import ArgumentError, say
from pellucid.explain.catalogue import Listed, Update, catalogue
from pellucid.explain.files.checks import check, whole
from pellucid.explain.source import Entry
from pellucid.formats.reader import short
from pellucid.ops.adam import Adam
from pellucid.ops.base import Op
from pellucid.ops.dropout import Dropout
from pellucid.ops.grad_norm import GradNorm
from pellucid.ops.maker import Maker
from pellucid.ops.pool import Pool
from pellucid.ops.sgd import SGD
from pellucid.philox import TIMES
from pellucid.sizes import size_of

_WINDOW = 2**24  # positions
_MOST_SAID = 120  # characters
# What settings can lead to that no layer would have.
_SENSELESS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError)


def check_planned(entries: Sequence[Entry], aliases: Mapping[str, str], algorithm_name: str) -> list[Entry]:
    """Compare all entries with those of the plan of the network that they describe, and return these.

    Args:
        entries: what the file says, in its order.
        aliases: short names and what they stand for.
        algorithm_name: which algorithm convolutions were planned with.

    Raises: ArgumentError, or another PellucidError of an op, where they differ.
    """
    network = _Network(entries)
    with algorithm(algorithm_name):
        try:
            for entry in entries:
                if entry.source and entry.source.of == "output" and isinstance(entry.source.op, Op):
                    network.add(entry, entry.source.op, aliases)
            network.end(aliases)
            check(len(network.graph.nodes) > 0, "entries", "something is computed", entries[0].name)
            listed = _planned(network.graph, entries, aliases)
        except _SENSELESS as error:
            rule = "no layer has such settings or operands"
            got = f"{type(error).__name__}: {error}".rstrip(": ")
            raise ArgumentError("network", rule, got=got) from None
    planned = [found.entry for found in listed]
    for entry, expected in zip_longest(entries, planned):
        _compare(entry, expected)
    return planned


class _Network:
    """The graph of the ops that entries name, with zeros for its arrays."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._given = {entry.name: entry for entry in entries if entry.source is None}
        inputs = {name: self._symbol(name) for name, entry in self._given.items() if entry.given == "input"}
        first = entries[0].name if entries else None
        floats = [entry.dtype for entry in self._given.values() if np.dtype(entry.dtype).kind == "f"]
        check(bool(inputs and floats), "entries", "there is an input", first)
        self.graph, self._symbols = Graph(inputs, np.dtype(floats[0]), training=True), dict(inputs)

    def add(self, entry: Entry, op: Op, aliases: Mapping[str, str]) -> None:
        """Add the node of an output."""
        where, name = say("entry '{name}'", name=entry.name), aliases.get(entry.name, entry.name)
        check(name.endswith(".output"), where, "an output is called after its op", name)
        assert entry.source is not None
        operands = tuple(self._operand(where, name) for name in op.ordered(entry.source.operands))
        output = add_node(self.graph, op, operands, name.removesuffix(".output"))
        _check_window(where, op, operands[0])
        rule = say("output of {name} must have the shape {shape}", name=op.name, shape=output.shape)
        check(entry.shape == output.shape, where, rule, entry.shape)
        self.graph.returned = self._symbols[entry.name] = output

    def end(self, aliases: Mapping[str, str]) -> None:
        """Of a training step the output is the loss, wherever it was made; of others, what was made last."""
        self.graph.returned = self._symbols.get("loss" if "loss" in aliases else "", self.graph.returned)

    def _operand(self, where: str, name: str | None) -> Symbol | None:
        """What was computed before, or an array of the model."""
        if name is None or name in self._symbols:
            return self._symbols.get(name or "")
        check(name in self._given, where, "operands are arrays that were there before", name)
        symbol = self._symbols[name] = self._symbol(name)
        rule = say("'{name}' must be {dtype}, as the input is", name=name, dtype=self.graph.dtype)
        check(symbol.dtype in (self.graph.dtype, np.int64), where, rule, symbol.dtype.name)
        # They take no room until they are read.
        self.graph.arrays[symbol] = np.zeros(symbol.shape, symbol.dtype)
        return symbol

    def _symbol(self, name: str) -> Symbol:
        given = self._given[name]
        return Symbol(name, given.shape, np.dtype(given.dtype))


def _check_window(where: str, op: Op, input: Symbol | None) -> None:
    """Explanations list a window's positions, which no array vouches for."""
    if input is not None and isinstance(op, Pool):
        window = size_of(op.geometry(input.shape).kernel)
        check(window <= _WINDOW, where, say("a window has at most {most} positions", most=_WINDOW), window)


def _planned(graph: Graph, entries: Sequence[Entry], aliases: Mapping[str, str]) -> list[Listed]:
    """What the plan's catalogue lists, the gradients included if the entries have some."""
    from pellucid.engine.compose import lower, plan_of  # imports LLVM: only when it is needed

    names = {entry.name for entry in entries}
    frozen = [symbol.name for symbol in graph.arrays if f"grad({symbol.name})" not in names]
    root = f"grad({graph.output.name})"
    given = any(entry.name == root and entry.source is None for entry in entries)
    differentiated = any(name.startswith("grad(") for name in names)
    gradients = "none" if not differentiated else "given" if given else "loss"
    rule, update = _update(entries)
    plan = plan_of(
        graph,
        graph.dtype,
        keep=True,
        frozen=frozen,
        gradients=gradients,
        rule=rule,
        trained=[symbol.name for symbol in graph.arrays],
        max_norm=_max_norm(entries),
    )
    for step in plan.steps.updates:  # parameters stand in for the optimiser's state
        for symbol in (*step.reads.values(), *step.makes.values()):
            if symbol not in plan.values:
                plan.put(symbol, plan.read(step, "parameter"))
    lower(plan)
    if draws := _facts(entries, Dropout):
        plan.counters[:] = _count(draws, "seed", 2**63), _count(draws, "step", TIMES)
    if update:
        plan.counters[1] = update.step
    return catalogue(plan, aliases, update)


def _update(entries: Sequence[Entry]) -> tuple[SGD | Adam | None, Update | None]:
    """The optimiser's rule and what it is told, where there is one."""
    rules = [entry.source.op for entry in entries if entry.source and isinstance(entry.source.op, SGD | Adam)]
    if not rules:
        return None, None
    # vectors may be without weight decay
    facts, rule = _facts(entries, type(rules[0])), max(rules, key=lambda rule: rule.weight_decay)
    lr: Any = facts.get("lr")
    step = _count(facts, "step", TIMES)
    rate = (whole(lr) or isinstance(lr, float)) and math.isfinite(lr) and lr >= 0
    check(rate, "facts", "a learning rate is a finite number ≥ 0", lr, "lr")
    check(step >= 1, "facts", "an optimiser's steps count from 1", step, "step")
    return rule, Update(lr, step)


def _max_norm(entries: Sequence[Entry]) -> float | None:
    """What gradients were clipped to."""
    norms = [entry.source.op for entry in entries if entry.source and isinstance(entry.source.op, GradNorm)]
    return norms[0].max_norm if norms else None


def _facts(entries: Sequence[Entry], kind: type[Maker]) -> Mapping[str, Any]:
    """The facts of the first entry that such an op made, which hold for all others."""
    return next((e.source.facts for e in entries if e.source and isinstance(e.source.op, kind)), {})


def _count(facts: Mapping[str, Any], name: str, end: int) -> int:
    """A whole number that a run counts with."""
    value: Any = facts.get(name)
    check(
        whole(value, end) and value >= 0,
        "facts",
        say("{name} is a whole number ≥ 0", name=name),
        value,
        name,
    )
    return int(value)


def _compare(entry: Entry | None, planned: Entry | None) -> None:
    """An entry with the one that the plan has in its place."""
    if entry is None or planned is None or entry.name != planned.name:
        rule = "arrays must be those that a run of this network has, in its order"
        said = [say("no more") if found is None else repr(found.name) for found in (planned, entry)]
        raise ArgumentError("entries", rule, expected=said[0], got=said[1])
    true, told = _said(planned), _said(entry)
    for what in dict.fromkeys((*true, *told)):
        if (what in true, true.get(what)) != (what in told, told.get(what)):
            where = say("entry '{name}'", name=entry.name)
            rule = say("{what} must be what a run of this network has", what=what)
            said = [
                short(str(data[what]), _MOST_SAID) if what in data else say("none") for data in (true, told)
            ]
            raise ArgumentError(where, rule, expected=said[0], got=said[1])


def _said(entry: Entry) -> dict[str, Any]:
    """All that an entry says, by what a message calls it."""
    said: dict[str, Any] = {"shape": entry.shape, "type": entry.dtype}
    if entry.source is None:
        return {**said, "given": entry.given}
    said |= vars(entry.source)
    said |= {say("operand {key!r}", key=key): value for key, value in said.pop("operands").items()}
    said |= {say("order {key!r}", key=key): value for key, value in said.pop("order").items()}
    return said | {say("fact {key!r}", key=key): value for key, value in said.pop("facts").items()}
