"""Which function lowers which op. Each registers itself beside its code; nobody keeps a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from pellucid.engine.plan import Plan
from pellucid.engine.steps import Setting, Step, Way
from pellucid.modules import load_folder
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.grad_norm import GradNorm
from pellucid.ops.rule import Rule

Lowering: TypeAlias = Callable[[Plan, Step], None]
# Whether the loops of a step take tensors whose pixels lie apart in a role: as what is read, as "output", as a gradient
# that is made or begun from.
Strided: TypeAlias = Callable[[Step, str, Setting], bool]
F = TypeVar("F", bound=Lowering)


class Beside(Protocol):
    """An op on plain arrays of one shape, whose numbers are treated as they lie in memory."""

    def output(self, *operands: Array | None) -> Array:
        """What the forward makes."""

    def gradients(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """What the backward makes, None where an operand is absent."""


Found: TypeAlias = Callable[[Op, int, Shape], Beside | None]
_beside: dict[type[Op], Found] = {}
_Kind: TypeAlias = type[Op | GradNorm | Rule]
_lowerings: dict[tuple[Way, _Kind], Lowering] = {}
_strided: dict[Lowering, Strided] = {}


def forward(*ops: type[Op], strided: bool | Strided = False) -> Callable[[F], F]:
    """Register what lowers the forward of these ops, and for which tensors pixels may lie apart."""
    return _register("forward", ops, strided)


def backward(*ops: type[Op], strided: bool | Strided = False) -> Callable[[F], F]:
    """Register what lowers the backward of these ops, and for which tensors pixels may lie apart."""
    return _register("backward", ops, strided)


def norm(kind: type[GradNorm]) -> Callable[[F], F]:
    """Register what lowers the gradients' norm."""
    return _register("norm", (kind,))


def update(*rules: type[Rule]) -> Callable[[F], F]:
    """Register what lowers the updates of these rules."""
    return _register("update", rules)


def beside(*ops: type[Op]) -> Callable[[Found], Found]:
    """Register what finds how ops of these kinds are made, for numbers of so many bits as they lie in an array."""

    def registered(find: Found) -> Found:
        _beside.update(dict.fromkeys(ops, find))
        return find

    return registered


def beside_of(op: Op, bits: int, shape: Shape) -> Beside | None:
    """What makes an op of an array of this shape as it lies, if there is something."""
    load_folder("pellucid.engine.lowering")
    found = (_beside.get(one) for one in type(op).__mro__ if issubclass(one, Op))
    find = next((find for find in found if find is not None), None)
    return None if find is None else find(op, bits, shape)


def _register(way: Way, kinds: tuple[_Kind, ...], strided: bool | Strided = False) -> Callable[[F], F]:
    def registered(lowering: F) -> F:
        _lowerings.update({(way, kind): lowering for kind in kinds})
        _strided[lowering] = strided if callable(strided) else lambda *_: strided
        return lowering

    return registered


def lowering(way: Way, kind: _Kind) -> Lowering | None:
    """What lowers an op, or its family, if there is something."""
    load_folder("pellucid.engine.lowering")
    found = (_lowerings.get((way, one)) for one in kind.__mro__)
    return next((lowering for lowering in found if lowering is not None), None)


def takes_strided(step: Step, role: str, setting: Setting) -> bool:
    """Whether pixels of a tensor may lie apart that a step reads or makes in this role."""
    found = lowering(step.way, type(step.op))
    return found is not None and _strided[found](step, role, setting)


def lower(plan: Plan, step: Step) -> None:
    """Write the loops of a step."""
    found = lowering(step.way, type(step.op))
    assert found is not None, f"{step.op.name} has no {step.way}"
    found(plan, step)
