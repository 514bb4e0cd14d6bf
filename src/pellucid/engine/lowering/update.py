"""The optimiser's step.

A linear weight is updated in the loop that makes its gradient, another large parameter right after its gradient; the
rest in one loop at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.flushing import to_nearest
from pellucid.kernels.loops import layout, update
from pellucid.kernels.loops.tiles import Walk
from pellucid.ops.adam import Adam
from pellucid.ops.rule import Rule
from pellucid.ops.sgd import SGD

_CHUNK = 1 << 14  # elements of a parameter that one chunk updates
_NO_WALK = Walk(0, 0, 0, 1, None, None, None, ())


@registry.update(SGD, Adam)
def update_parameters(plan: Plan, step: Step) -> None:
    """The updates of a parameter and of those that are fused with it, in one loop."""
    updates = (step, *step.fused)
    stretches: list[update.Stretch] = []
    for i, one in enumerate(updates):
        parameter, result = plan.read(one, "parameter"), plan.value(one.makes["parameter"])
        if result is not parameter:
            copy_block(plan, one, result.name, parameter, result)
        starts = range(0, result.size, _CHUNK)
        stretches += [update.Stretch(i, start, min(result.size, start + _CHUNK)) for start in starts]
    records = [_record(plan, one, plan.read(one, "gradient")) for one in updates]
    label = f"update of {step.path}" if len(updates) == 1 else "update"
    _loop(plan, step, step.op, label, stretches, records, None, 0, {}, 0)


def update_after(
    plan: Plan,
    step: Step,
    fused: Step,
    label: str,
    stretches: Sequence[tuple[int, int]],
    bind: Callable[[], Work],
    scratch: int,
    touches: Mapping[Block, int],
    multiply_adds: int,
) -> None:
    """A walk whose chunks leave stretches (first element, how many) of a gradient in scratch memory.

    Each stretch of the parameter is updated as soon as its gradient is there.
    """
    chunks = [update.Stretch(0, first, first + count) for first, count in stretches]
    _loop(
        plan,
        step,
        fused.op,
        label,
        chunks,
        [_record(plan, fused, None)],
        bind,
        scratch,
        touches,
        multiply_adds,
    )


def _record(plan: Plan, step: Step, gradient: Block | None) -> update.Velocity | update.Moments:
    """What the loop needs of a parameter; its gradient may be in scratch memory."""
    made = {role: plan.value(symbol) for role, symbol in step.makes.items()}
    if isinstance(step.op, SGD):
        return update.Velocity(gradient, made["parameter"], made.get("velocity"))
    return update.Moments(gradient, made["parameter"], made["mean"], made["variance"])


def _loop(
    plan: Plan,
    step: Step,
    rule: Any,
    label: str,
    stretches: Sequence[update.Stretch],
    parameters: Sequence[update.Velocity | update.Moments],
    made: Callable[[], Work] | None,
    scratch: int,
    touches: Mapping[Block, int],
    multiply_adds: int,
) -> None:
    def bind() -> Work:
        walked = _NO_WALK if made is None else made().table
        first = tuple(stretches), tuple(parameters), plan.factors
        last = 0 if made is None else plan.dtype.itemsize, walked
        return Work(len(stretches), _table(rule, first, last))

    kernel = update.sgd if isinstance(rule, SGD) else update.adam
    plan.loop(step, label, kernel, bind, scratch=scratch, touches=touches, multiply_adds=multiply_adds)


def _table(rule: Rule, first: tuple[Any, Any, Any], last: tuple[int, Walk]) -> update.SGD | update.Adam:
    """The table of a rule's loop, with what it must know of the settings."""
    if isinstance(rule, SGD):
        return update.SGD(*first, rule.decays, rule.momentum != 0, rule.nesterov, *last)
    assert isinstance(rule, Adam)
    return update.Adam(*first, rule.decoupled, rule.decays, *last)


def factors(rule: Rule, lr: float, step: int) -> NDArray[np.float64]:
    """The factors of the formula, in float64, for update number `step`, from 1."""
    return to_nearest(lambda: np.array(_factors(rule, lr, step)))


def _factors(rule: Rule, lr: float, step: int) -> update.SGDFactors | update.AdamFactors:
    if isinstance(rule, SGD):
        return update.SGDFactors(lr, rule.momentum, rule.weight_decay)
    assert isinstance(rule, Adam)
    beta1, beta2 = rule.betas
    size, root = rule.corrections(lr, step)
    return update.AdamFactors(
        size=size,
        root=root,
        keep=1 - lr * rule.weight_decay,
        alpha1=1 - beta1,
        beta2=beta2,
        alpha2=1 - beta2,
        eps=rule.eps,
        decay=rule.weight_decay,
    )


def copy_block(plan: Plan, step: Step, label: str, source: Block, target: Block) -> None:
    """target = source."""
    plan.loop(step, label, layout.copy, lambda: _copy(source, target))


def take_over(plan: Plan, label: str, source: Block, target: Block) -> None:
    """The same where it changes what the model or its optimiser owns."""
    plan.commit(label, layout.copy, lambda: _copy(source, target))


def _copy(source: Block, target: Block) -> Work:
    size = max(1, -(-target.size // CHUNKS))
    return Work(-(-target.size // size), layout.Copy(source, target, target.size, size))


def add_up(plan: Plan, step: Step) -> None:
    """The sum of a parameter's contributions, one after the other."""
    (total,) = step.makes.values()
    first, *parts = (plan.value(symbol) for symbol in step.reads.values())
    for i, part in enumerate(parts):
        name = total.name if i == len(parts) - 1 else f"{total.name}, {i + 2} of {len(parts) + 1}"
        first = _add(plan, step, name, first, part)
    plan.put(total, first)


def _add(plan: Plan, step: Step, label: str, first: Block, second: Block) -> Block:
    total = plan.block(label, first.size)
    size = max(1, -(-total.size // CHUNKS))
    work = Work(-(-total.size // size), layout.Sum(first, second, total, total.size, size))
    plan.loop(step, label, layout.add, lambda: work)
    return total
