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
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.engine.algorithm import algorithm
from pellucid.engine.graph import Graph, Symbol, add_node
from pellucid.errors import ArgumentError
from pellucid.explain import roles
from pellucid.explain.catalogue import Listed, Update, catalogue
from pellucid.explain.files.checks import check, whole
from pellucid.explain.source import Entry, Maker
from pellucid.formats.container import DTYPES
from pellucid.formats.reader import short
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Op
from pellucid.ops.dropout import Dropout
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.sizes import size_of

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.plan import Plan

_INPUTS = ("input", "target")
_WINDOW = 2**24  # positions
_MOST_SAID = 120  # characters
# What settings can lead to that no layer would have.
_SENSELESS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError)


def check_planned(
    entries: Sequence[Entry], kinds: Mapping[str, str], aliases: Mapping[str, str], algorithm_name: str
) -> None:
    """Compare all entries with the plan of the network that they describe.

    Args:
        entries: what the file says, in its order.
        kinds: the types of the arrays by name, keys of `DTYPES`.
        aliases: short names and what they stand for.
        algorithm_name: which algorithm convolutions were planned with.

    Raises: ArgumentError, or another PellucidError of an op, where they differ.
    """
    network = _Network(entries, kinds)
    with algorithm(algorithm_name):
        try:
            for entry in entries:
                if entry.source and entry.source.of == "output" and isinstance(entry.source.op, Op):
                    network.add(entry, entry.source.op, aliases)
            check(len(network.graph.nodes) > 0, "entries", "something is computed", entries[0].name)
            listed = _planned(network.graph, entries, aliases)
        except _SENSELESS as error:
            rule, got = (
                "no layer has such settings or operands",
                f"{type(error).__name__}: {error}".rstrip(": "),
            )
            raise ArgumentError("network", rule, got=got) from None
    for entry, planned in zip_longest(entries, listed):
        _compare(entry, planned, kinds)


class _Network:
    """The graph of the ops that entries name, with zeros for its arrays."""

    def __init__(self, entries: Sequence[Entry], kinds: Mapping[str, str]) -> None:
        self._given = {entry.name: entry for entry in entries if entry.source is None}
        self._kinds = kinds
        inputs = {name: self._symbol(name) for name in _INPUTS if name in self._given}
        first = entries[0].name if entries else None
        check("input" in inputs and inputs["input"].dtype.kind == "f", "entries", "there is an input", first)
        self.graph, self._symbols = Graph(inputs, training=True), dict(inputs)

    def add(self, entry: Entry, op: Op, aliases: Mapping[str, str]) -> None:
        """Add the node of an output."""
        where, name = f"entry '{entry.name}'", aliases.get(entry.name, entry.name)
        check(name.endswith(".output"), where, "an output is called after its op", name)
        assert entry.source is not None
        operands = tuple(self._operand(where, entry.source.operands.get(key)) for key in op.arguments)
        output = add_node(self.graph, op, operands, name.removesuffix(".output"))
        _check_window(where, op, operands[0])
        rule = f"output of {op.name} must have the shape {output.shape}"
        check(entry.shape == output.shape, where, rule, entry.shape)
        self.graph.output = self._symbols[entry.name] = output

    def _operand(self, where: str, name: str | None) -> Symbol | None:
        """What was computed before, or an array of the model."""
        if name is None or name in self._symbols:
            return self._symbols.get(name or "")
        check(name in self._given, where, "operands are arrays that were there before", name)
        symbol = self._symbols[name] = self._symbol(name)
        rule = f"'{name}' must be {self.graph.dtype}, as the input is"
        check(symbol.dtype == self.graph.dtype, where, rule, symbol.dtype.name)
        self.graph.arrays[symbol] = np.zeros(
            symbol.shape, symbol.dtype
        )  # they take no room until they are read
        return symbol

    def _symbol(self, name: str) -> Symbol:
        return Symbol(name, self._given[name].shape, DTYPES[self._kinds[name]])


def _check_window(where: str, op: Op, input: Symbol | None) -> None:
    """Explanations list a window's positions, which no array vouches for."""
    op = op.mean if isinstance(op, LpPool) else op
    if input is not None and isinstance(op, MaxPool | AvgPool):
        window = size_of(op.geometry(input.shape).kernel)
        check(window <= _WINDOW, where, f"a window has at most {_WINDOW} positions", window)


def _planned(graph: Graph, entries: Sequence[Entry], aliases: Mapping[str, str]) -> list[Listed]:
    """What the plan's catalogue lists, the gradients included if the entries have some."""
    from pellucid.engine.compose import plan_forward, plan_gradients  # imports LLVM: only when it is needed

    names = {entry.name for entry in entries}
    frozen = [symbol.name for symbol in graph.arrays if f"grad({symbol.name})" not in names]
    plan = plan_forward(graph, graph.dtype, keep=True, frozen=frozen)
    root = f"grad({graph.output.name})"
    if any(entry.name == root and entry.source is None for entry in entries):
        plan.gradients[graph.output] = plan.tensor(root, graph.output.shape)
    if any(name.startswith("grad(") for name in names):
        plan_gradients(plan)
    if draws := _facts(entries, Dropout):
        plan.counters[:] = _count(draws, "seed"), _count(draws, "step")
    update = _update(plan, entries)
    if update:
        plan.counters[1] = update.step
    return catalogue(plan, aliases, update)


def _update(plan: Plan, entries: Sequence[Entry]) -> Update | None:
    """What an optimiser makes of all parameters; parameters stand in for the blocks of its results."""
    rules = [entry.source.op for entry in entries if entry.source and not isinstance(entry.source.op, Op)]
    if not rules:
        return None
    facts, rule = _facts(entries, type(rules[0])), rules[0]
    lr: Any = facts.get("lr")
    step = _count(facts, "step")
    rate = (whole(lr) or isinstance(lr, float)) and math.isfinite(lr) and lr >= 0
    check(rate, "facts", "a learning rate is a finite number ≥ 0", lr, "lr")
    check(step >= 1, "facts", "an optimiser's steps count from 1", step, "step")
    updated = {symbol: plan.values[symbol] for symbol in plan.graph.arrays if symbol in plan.totals}
    states = {symbol: dict.fromkeys(roles.states(rule), block) for symbol, block in updated.items()}
    return Update(rule, lr, step, updated, states, states)


def _facts(entries: Sequence[Entry], kind: type[Maker]) -> Mapping[str, Any]:
    """The facts of the first entry that such an op made, which hold for all others."""
    return next((e.source.facts for e in entries if e.source and isinstance(e.source.op, kind)), {})


def _count(facts: Mapping[str, Any], name: str) -> int:
    """A whole number that a run counts with."""
    value: Any = facts.get(name)
    check(whole(value, 2**63) and value >= 0, "facts", f"{name} is a whole number ≥ 0", value, name)
    return int(value)


def _compare(entry: Entry | None, planned: Listed | None, kinds: Mapping[str, str]) -> None:
    """An entry with the one that the plan has in its place."""
    if entry is None or planned is None or entry.name != planned[0].name:
        rule = "arrays must be those that a run of this network has, in its order"
        said = ["no more" if found is None else repr(found.name) for found in (planned and planned[0], entry)]
        raise ArgumentError("entries", rule, expected=said[0], got=said[1])
    expected, block = planned
    true, told = _said(expected, block.dtype), _said(entry, DTYPES[kinds[entry.name]])
    for what in dict.fromkeys((*true, *told)):
        if (what in true, true.get(what)) != (what in told, told.get(what)):
            where, rule = f"entry '{entry.name}'", f"{what} must be what a run of this network has"
            said = [short(str(data[what]), _MOST_SAID) if what in data else "none" for data in (true, told)]
            raise ArgumentError(where, rule, expected=said[0], got=said[1])


def _said(entry: Entry, dtype: np.dtype[Any]) -> dict[str, Any]:
    """All that an entry says, by what a message calls it."""
    said: dict[str, Any] = {"shape": entry.shape, "type": dtype.name}
    if entry.source is not None:
        said |= vars(entry.source)
        for kind in ("operands", "facts"):
            said |= {f"{kind[:-1]} {key!r}": value for key, value in said.pop(kind).items()}
    return said
