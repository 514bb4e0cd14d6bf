"""The names of a recorded run: which arrays there are, and which op made each of them.

input, target, conv1.weight, conv1.output       what was given and what the forward pass made
grad(conv1.output), grad(conv1.weight)          gradients
grad(relu1.output) after conv3                  what such a gradient had grown to, when several ops contribute
grad(conv1.weight) by conv1#2                   one contribution, when several ops use the parameter
updated(conv1.weight), velocity(conv1.weight)   what the update would make of it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.geometry import size_of
from pellucid.ops.base import Shape

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.plan import Plan


@dataclass(frozen=True, eq=False)
class Entry:
    """One named array.

    Attributes:
        name: its name in addresses.
        shape: its public shape.
        block: where its numbers lie.
        made_by: what made it, in words; empty for what was given.
        node: the op that made it, if one op did.
        of: which result of that op it is: "output" or "grad_<argument>".
        base: for a gradient that grew by several contributions, the name of the sum before the last one.
        parts: for the gradient of a parameter with several uses, the names of the contributions.
    """

    name: str
    shape: Shape
    block: Block
    made_by: str = ""
    node: Node | None = None
    of: str = ""
    base: str | None = None
    parts: tuple[str, ...] = ()

    def read(self) -> NDArray[Any]:
        """A copy with public axes. Memory of parameters lies as (Kd,Kh,Kw,C,O), labels lie as they were given."""
        if isinstance(self.block, Tensor):
            return self.block.array()
        flat = np.array(self.block.memory).reshape(-1)
        if len(self.shape) < 2 or flat.dtype.kind != "f":
            return flat.reshape(self.shape)
        outputs, inputs, *kernel = self.shape
        return np.moveaxis(flat.reshape(*kernel, inputs, outputs), (-1, -2), (0, 1)).copy()


def catalogue(plan: Plan, aliases: Mapping[str, str], extra: Mapping[str, Block]) -> dict[str, Entry]:
    """Every array of a run by its name: forward, gradients, updates. An alias replaces the name it stands for.

    Args:
        plan: the run's plan, made with everything kept.
        aliases: short names, as "loss" for "cross_entropy.output".
        extra: further arrays in the memory order of the parameter named in brackets.
    """
    short = {name: alias for alias, name in aliases.items()}
    entries = [*_forward(plan), *_gradients(plan), *_extra(plan, extra)]
    return {e.name: e for e in (replace(e, name=short.get(e.name, e.name)) for e in entries)}


def _forward(plan: Plan) -> Iterator[Entry]:
    seen = set(plan.graph.inputs.values())
    for symbol in plan.graph.inputs.values():
        yield Entry(symbol.name, symbol.shape, plan.values[symbol])
    for node in plan.graph.nodes:
        for operand in node.operands:
            if operand in plan.graph.arrays and operand not in seen:
                seen.add(operand)
                yield Entry(operand.name, operand.shape, plan.values[operand])
        yield Entry(
            node.output.name, node.output.shape, plan.values[node.output], node.op.name, node, "output"
        )


def _gradients(plan: Plan) -> Iterator[Entry]:
    """In the order in which they are computed, those of the inputs last."""
    seen: set[Symbol] = set()
    for node in reversed(plan.graph.nodes):
        for symbol in (node.output, *node.operands):
            if (
                symbol is None
                or symbol in seen
                or (symbol.node is not node and symbol not in plan.graph.arrays)
            ):
                continue
            seen.add(symbol)
            yield from _gradient(plan, symbol)
    for symbol in plan.graph.inputs.values():
        yield from _gradient(plan, symbol)


def _gradient(plan: Plan, symbol: Symbol) -> Iterator[Entry]:
    """The gradient of one tensor, after the steps in which it grew."""
    uses, name = _uses(plan, symbol), f"grad({symbol.name})"
    if symbol in plan.contributions:
        blocks = plan.contributions[symbol]
        names = [f"{name} by {node.path}" for node, _ in uses] if len(blocks) > 1 else [name]
        for part, block, (node, argument) in zip(names, blocks, uses, strict=True):
            yield Entry(part, symbol.shape, block, node.op.name, node, f"grad_{argument}")
        if len(blocks) > 1:
            node, argument = uses[0]
            total = plan.totals[symbol]
            yield Entry(name, symbol.shape, total, "addition", node, f"grad_{argument}", parts=tuple(names))
    elif symbol in plan.gradients:
        blocks = [plan.gradients[symbol]]
        while blocks[0] in plan.bases and len(blocks) < len(uses):
            blocks.insert(0, plan.bases[blocks[0]])
        if len(blocks) != len(uses):
            yield Entry(name, symbol.shape, blocks[-1])
            return
        base = None
        for block, (node, argument) in zip(blocks, uses, strict=True):
            step = name if block is blocks[-1] else f"{name} after {node.path}"
            yield Entry(step, symbol.shape, block, node.op.name, node, f"grad_{argument}", base)
            base = step


def _uses(plan: Plan, symbol: Symbol) -> list[tuple[Node, str]]:
    """The ops, with the argument in question, that contribute to a gradient, in the order in which they do so."""
    return [
        (node, argument)
        for node in reversed(plan.graph.nodes)
        if node.output in plan.gradients or node.output is plan.graph.output
        for argument, operand in zip(node.op.arguments, node.operands, strict=True)
        if operand is symbol and argument in node.op.differentiable
    ]


def _extra(plan: Plan, extra: Mapping[str, Block]) -> Iterator[Entry]:
    shapes = {symbol.name: symbol.shape for symbol in plan.graph.arrays}
    for name, block in extra.items():
        inner = re.fullmatch(r"[^(]*\((.*)\)", name)
        shape = shapes.get(inner[1], ()) if inner else ()
        fits = size_of(shape) == block.size
        yield Entry(name, shape if fits else (block.size,), block, "the update")
