"""Checks of single settings that several ops share. Shapes are checked in the shape rules."""

from __future__ import annotations

from math import nan
from typing import TypeGuard

import numpy as np

from pellucid.errors import ArgumentError, say
from pellucid.ops.base import Shape
from pellucid.sizes import is_integer


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a real number, and neither a truth value nor an array."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def number(op: str, name: str, value: object, interval: str = "(-inf, inf)") -> float:
    """A number inside an interval; a square bracket includes its end, a round one does not. NaN is in none.

    Raises: ArgumentError for anything else.

    Example:
        >>> number("sgd", "lr", 0.5, "[0, inf)")
        0.5
        >>> number("adam", "betas[0]", 1, "[0, 1)")
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: adam: betas[0] must be a number in [0, 1). Got betas[0]=1.
    """
    low, high = (float(end) for end in interval[1:-1].split(","))
    if is_number(value):
        try:
            found = float(value)
        except OverflowError:  # an integer beyond all floats
            found = nan
        above = low <= found if interval[0] == "[" else low < found
        below = found <= high if interval[-1] == "]" else found < high
        if above and below:
            return found
    raise ArgumentError(
        op,
        say("{name} must be a number in {interval}", name=name, interval=interval),
        got=f"{name}={value!r}",
    )


def axis(op: str, name: str, value: int, rank: int) -> int:
    """The number of an axis counted from the front, from one that may be counted from the back.

    Raises: ArgumentError when there is no such axis.

    Example:
        >>> axis("softmax", "dim", -1, 4)
        3
    """
    if not is_integer(value) or not -rank <= value < rank:
        expected = (
            say("an integer from {first} to {last}", first=-rank, last=rank - 1)
            if rank
            else "an input with at least one axis"
        )
        raise ArgumentError(
            op,
            say("{name} must name an axis of the input", name=name),
            expected=expected,
            got=f"{name}={value!r}",
        )
    return value % rank


def axes(op: str, name: str, value: object, rank: int) -> tuple[int, ...]:
    """The numbers of one axis or several, each counted from the front and named once.

    Raises: ArgumentError when there is no such axis, or one is named twice.

    Example:
        >>> axes("permute", "dims", (0, -1, 1), 3)
        (0, 2, 1)
    """
    if not isinstance(value, tuple):
        return (axis(op, name, value, rank),)  # type: ignore[arg-type]
    found = tuple(axis(op, name, one, rank) for one in value)
    if len(set(found)) != len(found):
        raise ArgumentError(op, say("{name} must not name an axis twice", name=name), got=f"{name}={value!r}")
    return found


def channels_hint(input: Shape, channels: int, setting: str) -> str:
    """What to do about an input with other channels: where the last axis has as many as expected, that one is theirs.

    Pictures are longer in every direction than they have channels; where this is not so, the sizes tell nothing.

    Example:
        >>> channels_hint((64, 28, 28, 1), 1, "in_channels")
        'move the channel axis: x.transpose(0, 3, 1, 2)'
        >>> channels_hint((64, 4, 28, 28), 3, "in_channels")
        'set in_channels=4'
    """
    last = len(input) - 1
    if last > 1 and input[last] == channels < min(input[1:last]):
        if input[0] == 1:  # perhaps an axis that the caller's array does not have
            return say("move the channel axis: np.moveaxis(x, -1, {axis})", axis=-last)
        return say("move the channel axis: x.transpose{axes}", axes=(0, last, *range(1, last)))
    return say("set {setting}={channels}", setting=setting, channels=input[1])


def choice(op: str, name: str, value: object, names: tuple[str, ...]) -> None:
    """Check that a setting is one of the names it can have.

    Raises: ArgumentError when it is not.
    """
    if not isinstance(value, str) or value not in names:
        known = ", ".join(map(repr, names))
        raise ArgumentError(
            op,
            say("{name} has no such value", name=name),
            expected=say("one of {names}", names=known),
            got=f"{name}={value!r}",
        )


def flag(where: str, name: str, value: object) -> bool:
    """A setting that is True or False, as Python has it.

    Raises: ArgumentError for anything else.
    """
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(
            where, say("{name} must be True or False", name=name), got=f"{name}={value!r}"[:80]
        )
    return bool(value)
