"""Which function lowers which op. Each registers itself beside its code; nobody keeps a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step, Way
from pellucid.modules import load_folder
from pellucid.ops.base import Op
from pellucid.ops.rule import Rule

Lowering: TypeAlias = Callable[[Plan, Step], None]
F = TypeVar("F", bound=Lowering)
_lowerings: dict[tuple[Way, type[Op | Rule]], Lowering] = {}


def forward(*ops: type[Op]) -> Callable[[F], F]:
    """Register what lowers the forward of these ops."""
    return _register("forward", ops)


def backward(*ops: type[Op]) -> Callable[[F], F]:
    """Register what lowers the backward of these ops."""
    return _register("backward", ops)


def update(*rules: type[Rule]) -> Callable[[F], F]:
    """Register what lowers the updates of these rules."""
    return _register("update", rules)


def _register(way: Way, kinds: tuple[type[Op | Rule], ...]) -> Callable[[F], F]:
    def registered(lowering: F) -> F:
        _lowerings.update({(way, kind): lowering for kind in kinds})
        return lowering

    return registered


def lowering(way: Way, kind: type[Op | Rule]) -> Lowering | None:
    """What lowers an op, or its family, if there is something."""
    load_folder("pellucid.engine.lowering")
    found = (_lowerings.get((way, one)) for one in kind.__mro__)
    return next((lowering for lowering in found if lowering is not None), None)


def lower(plan: Plan, step: Step) -> None:
    """Write the loops of a step."""
    found = lowering(step.way, type(step.op))
    assert found is not None, f"{step.op.name} has no {step.way}"
    found(plan, step)
