"""Settings with a value for each axis, in the form in which they compare: every axis written out."""

from __future__ import annotations

from typing import Any

from pellucid.errors import PellucidError
from pellucid.sizes import padding_pairs, per_axis


def each(value: Any, dims: int, minimum: int = 1) -> Any:
    """One integer per axis where `per_axis` reads it so, else the value as it is.

    Example:
        >>> each(2, 3), each([1, 2], 2), each("two", 2)
        ((2, 2, 2), (1, 2), 'two')
    """
    if dims not in (1, 2, 3):
        return value
    try:
        return per_axis("", "", value, dims, minimum)
    except PellucidError:
        return value


def pairs(value: Any, dims: int) -> Any:
    """(before, after) per axis where `padding_pairs` reads padding so, else the value as it is.

    "same" stays, because it depends on the kernel.

    Example:
        >>> pairs(1, 2), pairs("valid", 1), pairs("same", 2)
        (((1, 1), (1, 1)), ((0, 0),), 'same')
    """
    if dims not in (1, 2, 3) or (isinstance(value, str) and value == "same"):
        return value
    try:
        return padding_pairs("", value, *((1,) * dims,) * 3)
    except PellucidError:
        return value


def listed(value: Any) -> Any:
    """A list as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value
