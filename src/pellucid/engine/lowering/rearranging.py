"""What only moves numbers: each op's moves (`engine/moves.py`) as copies.

What an operand's gradient gets from nowhere is cleared, or stays what it had grown to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand
from pellucid.engine.lowering.nest import Nest
from pellucid.engine.moves import Lying, counted, moves, unmet
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step, Within
from pellucid.kernels.loops.moves import added, moved
from pellucid.ops.cat import Cat
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern


@dataclass(frozen=True)
class _End:
    """Memory at one end of a copy: what lies there, and by which name the pattern knows its axes."""

    name: str
    what: Operand

    @property
    def lying(self) -> Lying:
        """How it lies, when all halos are known. Zeros are one number."""
        shape, block = self.what.shape, self.what.block
        return Lying(self.name, shape, (0,) * len(shape) if block is None else self.what.steps)


@registry.forward(Rearranging, strided=True)
def forward(plan: Plan, step: Step) -> None:
    """Each operand to its place, unless it was made there, or is read where it lies."""
    output = step.output
    y, within = Operand(plan.output(step), output.shape), plan.steps.within.get(output)
    if within is not None and within.whole is step.reads.get("input"):
        return
    for name, symbol in step.node.named.items():
        if not is_made_there(step, name, plan.steps.within.get(symbol)):
            x = Operand(plan.read(step, name), symbol.shape)
            called = f"{y.name} from {symbol.name}" if step.node.op.variadic else y.name
            _copy(plan, step, called, pattern_of(step, name), _End(name, x), _End("output", y))


@registry.backward(Rearranging, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """Each gradient from its place, after what it had grown to before."""
    grad_output = Operand(plan.read(step, "grad_output"), step.node.output.shape)
    for role, made in step.makes.items():
        name = role.removeprefix("grad_")
        tensor, base = plan.gradient(step, role)
        if made in plan.steps.within:
            continue
        pattern, called = pattern_of(step, name), f"{tensor.name} by {step.path}"
        own = _End(name, Operand(tensor, made.shape))
        before = None if base is None else _End(name, Operand(base, made.shape))
        _copy(plan, step, called, pattern, _End("output", grad_output), own, before)
        for rest in unmet(pattern, name):
            _copy(plan, step, called, rest, before or _End(name, Operand(None, made.shape)), own)


def pattern_of(step: Step, name: str) -> IndexPattern:
    """How an operand meets the output of a step's op."""
    op = step.node.op
    assert isinstance(op, Rearranging)
    shapes = (None if symbol is None else symbol.shape for symbol in step.node.operands)
    return op.pattern(name, *shapes)


def is_made_there(step: Step, name: str, within: Within | None) -> bool:
    """Whether an operand of a concatenation was made in its place in the output."""
    op = step.node.op
    if within is None or within.whole is not step.output or not isinstance(op, Cat):
        return False
    return within == (step.output, *place(step, name))


def place(step: Step, name: str) -> tuple[int, int]:
    """Where an operand of a concatenation lies in the output, and its gradient in that of the output."""
    op, named = step.node.op, step.node.named
    assert isinstance(op, Cat)
    dim, starts = op.places(*(symbol.shape for symbol in named.values()))
    return dim, starts[list(named).index(name)]


def _copy(
    plan: Plan,
    step: Step,
    called: str,
    pattern: IndexPattern,
    source: _End,
    target: _End,
    base: _End | None = None,
) -> None:
    """One loop for each move of a pattern."""
    ends = (source, target) if base is None else (source, target, base)
    blocks = (
        source.what.block or np.zeros(1, plan.dtype),
        target.what.block,
        base.what.block if base else None,
    )
    for number in range(counted(pattern)):

        def bind(number: int = number) -> Work:
            move = list(moves(pattern, [end.lying for end in ends]))[number]
            return Nest(plan.bits, move).work(*blocks)

        plan.loop(step, called, moved if base is None else added, bind)
