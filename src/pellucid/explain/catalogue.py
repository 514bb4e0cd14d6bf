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

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.explain import roles
from pellucid.explain.source import Entry, Source
from pellucid.ops.adam import Adam
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.dropout import Dropout
from pellucid.ops.sgd import SGD

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.plan import Plan

Listed: TypeAlias = tuple[Entry, Block]
_Use: TypeAlias = tuple[Node, str]  # an op, and as which of its arguments it reads a tensor


@dataclass(frozen=True)
class Update:
    """What an optimiser's rule made of the parameters.

    Attributes:
        rule: the rule.
        lr: the learning rate.
        step: which update it is, from 1.
        updated: each parameter after the update.
        states: its state after the update.
        before: its state before.
    """

    rule: SGD | Adam
    lr: float
    step: int
    updated: Mapping[Symbol, Block]
    states: Mapping[Symbol, Mapping[str, Block]]
    before: Mapping[Symbol, Mapping[str, Block]]


def read(entry: Entry, block: Block) -> NDArray[Any]:
    """A copy with public axes. Memory of parameters lies as (Kd,Kh,Kw,C,O), labels and statistics lie as they are."""
    if isinstance(block, Tensor):
        return block.array()
    flat = np.array(block.memory).reshape(-1)
    source = entry.source
    statistic = source is not None and source.of in roles.statistics(source.op, {})
    if len(entry.shape) < 2 or flat.dtype.kind != "f" or statistic:
        return flat.reshape(entry.shape)
    outputs, inputs, *kernel = entry.shape
    return np.moveaxis(flat.reshape(*kernel, inputs, outputs), (-1, -2), (0, 1)).copy()


def catalogue(plan: Plan, aliases: Mapping[str, str], update: Update | None) -> list[Listed]:
    """Every array of a run: forward, gradients, updates. An alias replaces the name it stands for.

    Args:
        plan: the run's plan, made with everything kept.
        aliases: short names, as "loss" for "cross_entropy.output".
        update: what an optimiser made of the parameters.
    """
    short = {name: alias for alias, name in aliases.items()}
    listed = [*_forward(plan), *_gradients(plan), *_statistics(plan), *(_updates(update) if update else ())]
    return [(_renamed(entry, short), block) for entry, block in listed]


def _renamed(entry: Entry, short: Mapping[str, str]) -> Entry:
    """With aliases for names, also for those of what it was made from."""
    source = entry.source
    if source is not None:
        operands = {argument: short.get(name, name) for argument, name in source.operands.items()}
        source = replace(source, operands=operands)
    return replace(entry, name=short.get(entry.name, entry.name), source=source)


def _forward(plan: Plan) -> Iterator[Listed]:
    seen = set(plan.graph.inputs.values())
    for symbol in plan.graph.inputs.values():
        yield Entry(symbol.name, symbol.shape), plan.values[symbol]
    for node in plan.graph.nodes:
        for operand in node.operands:
            if operand in plan.graph.arrays and operand not in seen:
                seen.add(operand)
                yield Entry(operand.name, operand.shape), plan.values[operand]
        for key, block in _saved(plan, node):
            if not key.startswith("grad_"):
                yield _computed(plan, node, key), block
        output = node.output
        yield Entry(output.name, output.shape, _source(plan, node, "output")), plan.values[output]


def _saved(plan: Plan, node: Node) -> Iterator[tuple[str, Block]]:
    """What a node computes on the way to its output or gradients: float64 numbers with a name of their own."""
    for (owner, key), block in plan.saved.items():
        if owner is node and key in roles.statistics(node.op, {}):
            yield key, block


def _computed(plan: Plan, node: Node, key: str) -> Entry:
    """The entry of such numbers."""
    named = zip(node.op.arguments, node.operands, strict=True)
    shapes = {argument: symbol.shape for argument, symbol in named if symbol is not None}
    shape = roles.statistics(node.op, shapes)[key]
    return Entry(_saved_name(node, key), shape, _source(plan, node, key))


def _saved_name(node: Node, key: str) -> str:
    """bn1.mean, or grad(bn1.mean) for its gradient."""
    gradient = key.removeprefix("grad_")
    return f"{node.path}.{key}" if gradient == key else f"grad({node.path}.{gradient})"


def _source(plan: Plan, node: Node, of: str, **settings: Any) -> Source:
    """Where a node's results come from."""
    named = zip(node.op.arguments, node.operands, strict=True)
    operands = {argument: symbol.name for argument, symbol in named if symbol is not None}
    for key in takewhile(lambda key: key != of, (key for key, _ in _saved(plan, node))):
        if not key.startswith("grad_") or of == "grad_input" or (node, of) in plan.saved:
            operands[key] = _saved_name(node, key)
    if of.startswith("grad_") and node.output in plan.gradients:
        operands["grad_output"] = f"grad({node.output.name})"
    facts: dict[str, int | float] = {}
    if node in plan.per_part:
        facts["images_per_part"] = plan.per_part[node]
    if node in plan.winograd:
        facts["winograd_additions"] = plan.winograd[node]
    if isinstance(node.op, BatchNorm):
        facts |= {
            "pixels_side_by_side": plan.side_by_side[node],
            "in_tiles": int(node.operands[0] in plan.moments),
        }
    if isinstance(node.op, Dropout):
        layers = [other for other in plan.graph.nodes if isinstance(other.op, Dropout)]
        seed, step = plan.counters.tolist()
        facts |= {"seed": seed, "step": step, "layer": layers.index(node)}
    return Source(node.op, of, operands, facts=facts, **settings)


def _gradients(plan: Plan) -> Iterator[Listed]:
    """In the order in which they are computed, those of the inputs last."""
    seen: set[Symbol] = set()
    uses = _uses(plan)
    for node in reversed(plan.graph.nodes):
        for symbol in (node.output, *node.operands):
            if (
                symbol is None
                or symbol in seen
                or (symbol.node is not node and symbol not in plan.graph.arrays)
            ):
                continue
            seen.add(symbol)
            yield from _gradient(plan, symbol, uses[symbol])
        for key, block in _saved(plan, node):
            if key.startswith("grad_"):
                yield _computed(plan, node, key), block
    for symbol in plan.graph.inputs.values():
        yield from _gradient(plan, symbol, uses[symbol])


def _gradient(plan: Plan, symbol: Symbol, uses: list[_Use]) -> Iterator[Listed]:
    """The gradient of one tensor, after the steps in which it grew."""
    name, shape = f"grad({symbol.name})", symbol.shape
    if symbol in plan.contributions:
        blocks = plan.contributions[symbol]
        names = [f"{name} by {node.path}" for node, _ in uses] if len(blocks) > 1 else [name]
        for part, block, (node, argument) in zip(names, blocks, uses, strict=True):
            yield Entry(part, shape, _source(plan, node, f"grad_{argument}")), block
        if len(blocks) > 1:
            node, argument = uses[0]
            source = _source(plan, node, f"grad_{argument}", parts=tuple(names))
            yield Entry(name, shape, source), plan.totals[symbol]
    elif symbol in plan.gradients:
        blocks = [plan.gradients[symbol]]
        while blocks[0] in plan.bases and len(blocks) < len(uses):
            blocks.insert(0, plan.bases[blocks[0]])
        if len(blocks) != len(uses):
            yield Entry(name, shape), blocks[-1]
            return
        base = None
        for block, (node, argument) in zip(blocks, uses, strict=True):
            many = node.operands.count(symbol) > 1  # as in x + x
            step = f"{name} after {node.path}" + (f" by {argument}" if many else "")
            step = name if block is blocks[-1] else step
            yield Entry(step, shape, _source(plan, node, f"grad_{argument}", base=base)), block
            base = step


def _uses(plan: Plan) -> dict[Symbol | None, list[_Use]]:
    """What contributes to the gradient of each tensor, in the order in which it does so."""
    uses: dict[Symbol | None, list[_Use]] = defaultdict(list)
    for node in reversed(plan.graph.nodes):
        if node.output in plan.gradients or node.output is plan.graph.output:
            for argument, operand in zip(node.op.arguments, node.operands, strict=True):
                if argument in node.op.differentiable:
                    uses[operand].append((node, argument))
    return uses


def _statistics(plan: Plan) -> Iterator[Listed]:
    """Running statistics after the step; after every use of a layer that the forward uses several times."""
    for symbol, blocks in plan.state.items():
        uses = [
            node
            for node in plan.graph.nodes
            if symbol in node.operands and isinstance(node.op, BatchNorm) and node.op.training
        ]
        before, name = symbol.name, f"updated({symbol.name})"
        for node, block in zip(uses, blocks, strict=True):
            argument = node.op.arguments[node.operands.index(symbol)]
            source = _source(plan, node, argument)
            source = replace(source, operands={**source.operands, argument: before})
            before = name if block is blocks[-1] else f"{name} after {node.path}"
            yield Entry(before, symbol.shape, source), block


def _updates(update: Update) -> Iterator[Listed]:
    """The optimiser's state before and after, and the parameters after the update."""
    facts = {"lr": update.lr, "step": update.step}
    for symbol, result in update.updated.items():
        name, shape = symbol.name, symbol.shape
        operands = {"parameter": name, "gradient": f"grad({name})"}
        for key, block in update.before[symbol].items():
            operands[f"{key} before"] = f"{key}({name}) before"
            yield Entry(operands[f"{key} before"], shape), block
        for key, block in update.states[symbol].items():
            yield Entry(f"{key}({name})", shape, Source(update.rule, key, dict(operands), facts=facts)), block
        operands |= {key: f"{key}({name})" for key in update.states[symbol]}
        yield (
            Entry(f"updated({name})", shape, Source(update.rule, "parameter", operands, facts=facts)),
            result,
        )
