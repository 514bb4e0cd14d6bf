"""Numbers written into the arrays of a model: read and checked first, then all or none, between two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, PellucidError, ShapeError, joined, say
from pellucid.kernels.turns import changing
from pellucid.nn.parameter import State
from pellucid.numbers import as_array, widened, within

Array = NDArray[Any]
# What DataParallel and torch.compile put before every name, alone or one around the other.
_WRAPPERS = ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.")


class IncompatibleKeys(NamedTuple):
    """The names that a state dict lacks, in the model's order, and those that the model lacks."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def write_states(
    where: str, states: Mapping[str, State], state_dict: Mapping[str, Any], *, strict: bool
) -> IncompatibleKeys:
    """Take over a state dict: what it lacks, has too much or in a wrong shape is named at once.

    Args:
        where: what errors call this.
        states: the model's arrays by all their names.
        state_dict: the numbers.
        strict: whether names that differ are an error.
    """
    given = _unwrapped(states, state_dict)
    missing = [n for n in states if n not in given and not n.endswith("num_batches_tracked")]
    differ = IncompatibleKeys(missing, [str(name) for name in given if name not in states])
    values, misfits = {}, {}
    for name in states.keys() & given.keys():
        try:
            values[name] = fitting(name, widened(given[name]), states[name])
        except PellucidError as error:
            misfits[name] = error
    unfit = [misfits[name].message for name in states if name in misfits]
    wrong = differ if strict else IncompatibleKeys([], [])
    if unfit or any(wrong):
        only_shapes = all(isinstance(error, ShapeError) for error in misfits.values()) and not any(wrong)
        kind = ShapeError if only_shapes else ArgumentError
        rule = "shapes must be those of the model; nothing was loaded"
        if strict:
            rule = "names and shapes must be those of the model; nothing was loaded"
        hint = _names_hint(states, given) if wrong.missing_keys else None
        raise kind(where, rule, got=faults(*wrong, unfit), hint=hint)
    assign([(states[name], value) for name, value in values.items()])
    return differ


def fitting(where: str, value: Any, state: State) -> Array:
    """`value` as an array that can be copied into `state`."""
    array = as_array(where, say("the value"), value)
    if array.shape != state.shape:
        raise ShapeError(where, "the shape must stay", expected=f"{state.shape}", got=f"{array.shape}")
    if not np.can_cast(array.dtype, state.dtype, "same_kind"):
        expected, got = say("a value for {dtype}", dtype=state.dtype), f"dtype {array.dtype}"
        raise ArgumentError(where, "the kind of number must fit", expected=expected, got=got)
    if not state.flags.writeable:
        raise ArgumentError(where, "the array must be writeable", got="a read-only one")
    return within(where, say("the value"), array, state.dtype) if array.dtype.kind == "f" else array


def assign(assignments: list[tuple[State, Array]]) -> None:
    """Write numbers into arrays, all or none and between two runs; they may come from these arrays themselves."""
    states = [state for state, _ in assignments]
    values = [
        np.array(value) if any(np.may_share_memory(value, state) for state in states) else value
        for _, value in assignments
    ]

    def write() -> None:
        for state, value in zip(states, values, strict=True):
            state.assign(value)

    changing(write)


def _unwrapped(states: Mapping[str, Any], state_dict: Mapping[str, Any]) -> Mapping[str, Any]:
    """A state dict without what a wrapper of PyTorch has put before all names, if none is the model's with it."""
    if states.keys() & state_dict.keys():
        return state_dict
    for before in _WRAPPERS:
        if all(str(name).startswith(before) for name in state_dict):
            inner = {str(name).removeprefix(before): value for name, value in state_dict.items()}
            if states.keys() & inner.keys():
                return inner
    return state_dict


def _names_hint(states: Mapping[str, Any], state_dict: Mapping[str, Any]) -> str | None:
    """Where a state dict lies inside another dictionary, or its names have something before them: how to get at it."""
    for key, inner in state_dict.items():
        if isinstance(inner, Mapping) and states.keys() & inner.keys():
            return say("load its [{key!r}]", key=key)
    for before in {str(key).partition(".")[0] + "." for key in state_dict}:
        if {before + name for name in states} <= state_dict.keys():
            return say("leave out {before!r} at the beginning of the names", before=before)
    return None


def faults(missing: Sequence[str], unexpected: Sequence[str], unfit: Sequence[str]) -> str:
    """What is wrong with a state dict, of each kind the first few.

    Example:
        >>> faults(["bias"], [], ["weight: …"])
        'missing: bias; unfit: weight: …'
    """
    said = (
        say("missing: {names}", names=_first(missing)) if missing else None,
        say("unexpected: {names}", names=_first(unexpected)) if unexpected else None,
        say("unfit: {faults}", faults=_first(unfit)) if unfit else None,
    )
    return joined("; ", filter(None, said))


def _first(names: Sequence[str], most: int = 5) -> str:
    first, more = joined(", ", names[:most]), len(names) - most
    return say("{first} and {count} more", first=first, count=more) if more > 0 else first
