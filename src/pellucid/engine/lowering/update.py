"""The optimiser's step: all parameters in one loop at the end, when it is known that all gradients are finite."""

from __future__ import annotations

from collections.abc import Sequence
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
from pellucid.kernels.loops.update import Stretch
from pellucid.ops.adam import Adam
from pellucid.ops.grad_norm import STRETCH
from pellucid.ops.rule import Rule
from pellucid.ops.sgd import SGD


@registry.update(SGD, Adam)
def update_parameters(plan: Plan, step: Step) -> None:
    """The updates of a parameter and of those that are fused with it, in one loop."""
    updates = (step, *step.fused)
    for one in updates:
        parameter, result = plan.read(one, "parameter"), plan.value(one.makes["parameter"])
        if result is not parameter:
            copy_block(plan, one, result.name, parameter, result)
    chunks = stretches([plan.value(one.makes["parameter"]).size for one in updates])
    parameters = tuple(_record(plan, one) for one in updates)
    label = f"update of {step.path}" if len(updates) == 1 else "update"
    kernel = update.sgd if isinstance(step.op, SGD) else update.adam
    clip = plan.read(step, "clip_factor")
    common = chunks, parameters, plan.factors, update.Clip(clip, clip is not None)
    plan.loop(step, label, kernel, lambda: Work(len(chunks), _table(step.op, *common)))


def stretches(sizes: Sequence[int]) -> tuple[Stretch, ...]:
    """Arrays of these sizes, one behind the other, in the pieces that a chunk each takes."""
    return tuple(
        Stretch(i, start, min(size, start + STRETCH))
        for i, size in enumerate(sizes)
        for start in range(0, size, STRETCH)
    )


def _record(plan: Plan, step: Step) -> update.Velocity | update.Moments:
    """What the loop needs of a parameter."""
    gradient = plan.read(step, "gradient")
    made = {role: plan.value(symbol) for role, symbol in step.makes.items()}
    if isinstance(step.op, SGD):
        return update.Velocity(gradient, made["parameter"], made.get("velocity"), step.op.decays)
    assert isinstance(step.op, Adam)
    moments = made["mean"], made["variance"]
    return update.Moments(gradient, made["parameter"], *moments, step.op.shrinks, step.op.decays)


def _table(
    rule: Any, chunks: Any, parameters: Any, factors: Any, clip: update.Clip
) -> update.SGD | update.Adam:
    """The table of a rule's loop, with what it must know of the settings."""
    if isinstance(rule, SGD):
        return update.SGD(chunks, parameters, factors, clip, rule.momentum != 0, rule.nesterov)
    return update.Adam(chunks, parameters, factors, clip)


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
