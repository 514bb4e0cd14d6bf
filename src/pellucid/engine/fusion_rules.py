"""What is fused: a table of rules, each with its pattern and its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from pellucid.engine.fusion import Fusing, Rule
from pellucid.engine.fusion_places import (
    cat_behind,
    has_parts,
    is_stretch,
    left_in_place,
    made_in_place,
    read_in_place,
)
from pellucid.engine.graph import Symbol
from pellucid.engine.lowering.choice import (
    by_winograd,
    makes_whole_images,
    normalises_in_passing,
    repeats_nothing,
)
from pellucid.engine.steps import Step
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.add import Add
from pellucid.ops.base import Op
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.cat import Cat
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.curve import Curve
from pellucid.ops.getitem import Getitem
from pellucid.ops.linear import Linear
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.narrow import Narrow
from pellucid.ops.relu import ReLU
from pellucid.ops.rule import Rule as UpdateRule


def _with(step: Step, rule: str, taken: tuple[Step, ...], **changes: Any) -> Step:
    return replace(step, fused=(*step.fused, *taken), rules=(*step.rules, rule), **changes)


def _carry(fusing: Fusing, step: Step, taken: Step, rule: str) -> None:
    """The step carries out the other as well, and leaves its output in the place of its own."""
    fusing.put(step, _with(step, rule, (taken,)), taken)


# Forward: what lies between two ops is never stored.


def _norm_behind(fusing: Fusing, step: Step) -> Step | None:
    """A batch norm with running statistics behind a convolution without bias; only where nothing is trained.

    A loop that cannot add leaves a batch norm that is to be added to something to the pass that does both.
    """
    norm = fusing.follower(step, BatchNorm)
    if norm is None or fusing.setting.trains or "bias" in step.reads or norm.node.op.mutates:
        return None
    if not normalises_in_passing(step, fusing.setting):
        return None
    added = fusing.follower(norm, Add) is not None
    return norm if by_winograd(step, fusing.setting) or not added else None


def _sum_behind(fusing: Fusing, step: Step) -> Step | None:
    """The addition behind a batch norm, if the other operand is there already."""
    if isinstance(step.op, Conv) and not (step.carried(BatchNorm) and by_winograd(step, fusing.setting)):
        return None
    add = fusing.follower(step, Add)
    if add is None or not repeats_nothing(add, fusing.steps.graph):
        return None
    others = [symbol for symbol in add.reads.values() if symbol is not step.output]
    return add if others and fusing.ready(others[0], step) else None


def _relu_behind(fusing: Fusing, step: Step) -> Step | None:
    """The ReLU behind whatever the loop does last."""
    if isinstance(step.op, Add) and not repeats_nothing(step, fusing.steps.graph):
        return None
    return None if step.carried(MaxPool) else fusing.follower(step, ReLU)


def _activation_behind(fusing: Fusing, step: Step) -> Step | None:
    """The smooth activation behind a convolution that makes whole images; what gradients read stays, too."""
    plain = all(isinstance(one.op, BatchNorm) for one in step.fused)
    if not plain or not makes_whole_images(step, fusing.setting):
        return None
    return fusing.follower(step, Curve)


def _pool_behind(fusing: Fusing, step: Step) -> Step | None:
    """The 2×2 max pooling behind a convolution by Winograd's algorithm, or behind the ReLU that it carries out."""
    pool = fusing.follower(step, MaxPool)
    if pool is None or not by_winograd(step, fusing.setting) or step.carried(Add):
        return None
    axes = pool.op.geometry(step.output.shape).axes if isinstance(pool.op, MaxPool) else ()
    plain = all(
        (a.kernel, a.stride, a.dilation, a.before, a.output) == (2, 2, 1, 0, a.input // 2) for a in axes
    )
    return pool if plain and len(axes) == 2 else None


def _pooled(fusing: Fusing, step: Step, pool: Step, rule: str) -> None:
    """Backward, the convolution reads the pooled gradient through the routes: pooling and ReLU have nothing to do."""
    relu, conv = step.carried(ReLU), fusing.backward(step)
    _carry(fusing, step, pool, rule)
    backwards = [fusing.backward(one) for one in (pool, relu) if one]
    taken = tuple(one for one in backwards if one)
    if conv is not None and taken:
        routes = {"grad_output": taken[0].reads["grad_output"], "routes": pool.makes["routes"]}
        fusing.put(conv, _with(conv, rule, taken, reads={**conv.reads, **routes}), *taken)


def _pooling_beside(fusing: Fusing, step: Step) -> Step | None:
    """The max pooling of the same input with the same settings as the indices', before them."""
    readers = fusing.readers(step.reads["input"], "forward")
    return next(
        (one for one in readers if _leaves_routes(one, step) and fusing.ready(one.output, step)), None
    )


def _settings(op: Any) -> list[object]:
    return [getattr(op, field.name) for field in fields(op)]


def _leaves_routes(pool: Step, indices: Step) -> bool:
    alike = isinstance(indices.op, type(pool.op)) and _settings(pool.op) == _settings(indices.op)
    return alike and "routes" in pool.makes


def _share_routes(fusing: Fusing, step: Step, pool: Step, rule: str) -> None:
    """The indices follow from the routes of that pooling, which stays as it is."""
    fusing.put(step, _with(step, rule, (), reads={**step.reads, "routes": pool.makes["routes"]}))


# Backward: a gradient is masked, or made, by the loop before or behind.


def _mask_behind(fusing: Fusing, step: Step) -> Step | None:
    """The ReLU whose output's gradient this step completes, if nothing is to be added to it behind the mask.

    Winograd's last transform can add what others have contributed before it masks.
    """
    gradient = step.makes.get("grad_input")
    if gradient is None or (step.bases and not by_winograd(step, fusing.setting)):
        return None
    return _relu_of(fusing, gradient)


def _relu_of(fusing: Fusing, gradient: Symbol) -> Step | None:
    """The ReLU that alone reads the gradient of its output, and whose input nobody else has read."""
    relu = fusing.one_reader(gradient, ReLU)
    return relu if relu is not None and not relu.bases and fusing.uses(relu.reads["input"]) == 1 else None


def _masked(fusing: Fusing, step: Step, relu: Step, rule: str) -> None:
    """The step makes the gradient of the ReLU's input."""
    makes = {**step.makes, "grad_input": relu.makes["grad_input"]}
    reads = {**step.reads, "mask": relu.reads["output"]}
    fusing.put(step, _with(step, rule, (relu,), makes=makes, reads=reads), relu)


def _masks_behind(fusing: Fusing, step: Step) -> Step | None:
    """The concatenation of ReLUs' outputs alone whose gradient this step completes."""
    gradient = step.makes.get("grad_input")
    if gradient is None or (step.bases and not by_winograd(step, fusing.setting)):
        return None
    cat = fusing.one_reader(gradient, Cat)
    if cat is None or cat.bases:
        return None
    return cat if all(_relu_of(fusing, made) for made in cat.makes.values()) else None


def _masked_at_once(fusing: Fusing, step: Step, cat: Step, rule: str) -> None:
    """The step masks by the concatenation, whose parts are then the gradients of the ReLUs' inputs."""
    relus = {role: relu for role, made in cat.makes.items() if (relu := _relu_of(fusing, made))}
    gradient = step.makes["grad_input"]
    masked = Symbol(f"{gradient.name}, masked", gradient.shape, gradient.dtype)
    makes, reads = {**step.makes, "grad_input": masked}, {**step.reads, "mask": cat.reads["output"]}
    fusing.put(step, _with(step, rule, tuple(relus.values()), makes=makes, reads=reads), *relus.values())
    parts = {role: relu.makes["grad_input"] for role, relu in relus.items()}
    fusing.put(cat, replace(cat, reads={**cat.reads, "grad_output": masked}, makes=parts))


def _mask_before(fusing: Fusing, step: Step) -> Step | None:
    """The ReLU right before, whose gradient this batch norm reads first; a sum between them only passes it on."""
    before = fusing.before(step)
    passes = before is not None and isinstance(before.op, Add) and not before.bases
    if before is not None and passes and all(s in fusing.steps.aliases for s in before.makes.values()):
        before = fusing.before(before)
    if before is None or before.way != "backward" or not isinstance(before.op, ReLU) or before.bases:
        return None
    read = fusing.steps.true(step.reads["grad_output"])
    return before if read is before.makes["grad_input"] else None


def _masked_in_sums(fusing: Fusing, step: Step, relu: Step, rule: str) -> None:
    """The batch norm's pass for the sums masks, and writes the masked gradient for all who read it."""
    reads = {**step.reads, "unmasked": relu.reads["grad_output"], "mask": relu.reads["output"]}
    fusing.put(step, _with(step, rule, (relu,), reads=reads), relu)


def _norm_before(fusing: Fusing, step: Step) -> Step | None:
    """The batch norm whose input's gradient a convolution by Winograd's algorithm, without bias, alone reads.

    Transforms that read through a pooling's routes cannot make it, too.
    """
    if "bias" in step.reads or step.carried(MaxPool) or not by_winograd(step, fusing.setting):
        return None
    gradient = step.reads["grad_output"]
    norm = fusing.maker(gradient)
    if norm is None or not isinstance(norm.op, BatchNorm) or norm.makes.get("grad_input") is not gradient:
        return None
    return norm if fusing.uses(norm.reads["input"]) == 1 and not norm.bases else None


def _made_in_transforms(fusing: Fusing, step: Step, norm: Step, rule: str) -> None:
    """The gradient of the batch norm's input is never stored: the transforms make it while they load."""
    slopes = Symbol(f"{norm.path}.slopes", norm.reads["mean"].shape, norm.reads["input"].dtype)
    makes = {role: symbol for role, symbol in norm.makes.items() if role != "grad_input"}
    fusing.put(norm, replace(norm, makes={**makes, "slopes": slopes}))
    reads = {"grad_output": norm.reads["grad_output"], "normalised": norm.reads["input"], "slopes": slopes}
    fusing.put(step, _with(step, rule, (), reads={**step.reads, **reads}))


# Updates: one launch for all.


def _next_update(fusing: Fusing, step: Step) -> Step | None:
    """The next of the updates at the end."""
    return fusing.behind(step)


RULES: Sequence[Rule] = (
    Rule("batch norm in convolution", "forward", (Conv,), _norm_behind, _carry),
    Rule("sum in batch norm", "forward", (BatchNorm, Conv), _sum_behind, _carry),
    Rule("ReLU in output", "forward", (Conv, ConvTranspose, Linear, BatchNorm, Add), _relu_behind, _carry),
    Rule("activation in convolution", "forward", (Conv,), _activation_behind, _carry),
    Rule("max pooling in convolution", "forward", (Conv,), _pool_behind, _pooled),
    Rule(
        "shared routes",
        "forward",
        (MaxPool, AdaptiveMaxPool),
        _pooling_beside,
        _share_routes,
        stores_all=True,
    ),
    Rule("mask in gradient", "backward", (Conv, Linear, MaxPool, AdaptiveMaxPool), _mask_behind, _masked),
    Rule(
        "masks of a concatenation",
        "backward",
        (Conv, MaxPool, AdaptiveMaxPool),
        _masks_behind,
        _masked_at_once,
    ),
    Rule("mask in batch norm", "backward", (BatchNorm,), _mask_before, _masked_in_sums),
    Rule("batch norm in transforms", "backward", (Conv,), _norm_before, _made_in_transforms),
    Rule("updates in one loop", "update", (UpdateRule,), _next_update, _carry),
    Rule("slice in place", "forward", (Narrow, Getitem), is_stretch, read_in_place, lays=True),
    Rule("output in concatenation", "forward", (Op,), cat_behind, made_in_place, lays=True),
    Rule("gradient in concatenation", "backward", (Cat,), has_parts, left_in_place, lays=True),
)
