"""Sizes as callers give them: one integer or one for each axis, paddings, shapes; read, checked and refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias, TypeGuard

import numpy as np

from pellucid.errors import ArgumentError, either, say

Index: TypeAlias = tuple[int, ...]
IntOrTuple: TypeAlias = int | Sequence[int]
PaddingLike: TypeAlias = int | str | Sequence[int] | Sequence[tuple[int, int]]


def per_axis(op: str, name: str, value: IntOrTuple, dims: int, minimum: int = 1) -> Index:
    """One integer per axis from an integer or a sequence.

    Raises: ArgumentError when the length is not `dims` or a value is below `minimum` or beyond all memory.

    Example:
        >>> per_axis("conv2d", "stride", 2, 2)
        (2, 2)
    """
    if _is_read(value, dims, minimum):
        return value
    values: tuple[Any, ...] | None = None
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):  # which hold integers, too
        values = tuple(value)
    if is_integer(value):
        values = (value,) * dims
    if values is not None and len(values) == 1:
        values = values * dims
    if values is None or len(values) != dims or not all(is_integer(v) and v >= minimum for v in values):
        raise ArgumentError(
            op,
            say("{name} must be an integer, or one integer per axis", name=name),
            expected=values_of(dims, minimum),
            got=f"{name}={value!r}",
        )
    if max(values) >= 2**31:
        raise ArgumentError(
            op, say("{name} is too large", name=name), expected="less than 2³¹", got=f"{name}={value!r}"
        )
    return tuple(int(v) for v in values)


def values_of(dims: int, minimum: int) -> str:
    """What is expected of a setting with one integer per axis.

    Example:
        >>> values_of(2, 1)
        '2 values ≥ 1'
    """
    if dims == 1:
        return say("1 value ≥ {minimum}", minimum=minimum)
    return say("{dims} values ≥ {minimum}", dims=dims, minimum=minimum)


def padding_pairs(
    op: str, padding: PaddingLike, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Padding before and after, axis by axis, from an integer, one per axis, pairs, "valid" or "same".

    Raises: ArgumentError for any other value, and for "same" with a stride above 1.

    Example:
        >>> padding_pairs("conv2d", "same", (3, 4), (1, 1), (1, 1))
        ((1, 1), (1, 2))
    """
    dims = len(kernel)
    if type(padding) is tuple and len(padding) == dims and all(_is_read(pair, 2, 0) for pair in padding):
        return padding
    if isinstance(padding, str) and padding == "valid":  # an array has no one answer to ==
        return ((0, 0),) * dims
    if isinstance(padding, str) and padding == "same":
        if any(s != 1 for s in stride):
            raise ArgumentError(op, "padding='same' needs stride 1", got=f"stride={tuple(stride)}")
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise ArgumentError(
            op, "padding has no such name", expected=either(("'valid'", "'same'")), got=repr(padding)
        )
    if isinstance(padding, Sequence) and padding and all(isinstance(p, Sequence) for p in padding):
        pairs = [per_axis(op, "padding", p, 2, minimum=0) for p in padding if isinstance(p, tuple | list)]
        if len(pairs) != dims or any(isinstance(p, Sequence) and len(p) != 2 for p in padding):
            raise ArgumentError(
                op,
                say("padding needs one (before, after) pair per axis ({dims})", dims=dims),
                got=repr(padding),
            )
        return tuple((p[0], p[1]) for p in pairs)
    return tuple((p, p) for p in per_axis(op, "padding", padding, dims, minimum=0))  # type: ignore[arg-type]


def input_shape(op: str, shape: Sequence[int], axes: str) -> Index:
    """An input's shape, whose sizes are at least 1; `axes` says in an error which they are.

    Raises: ArgumentError for anything else.

    Example:
        >>> input_shape("summary", [1, 3, 32, 32], "(N,C,…)")
        (1, 3, 32, 32)
    """
    sizes = tuple(shape) if isinstance(shape, Sequence) else ()
    if not sizes or not all(is_integer(size) and size > 0 for size in sizes):
        raise ArgumentError(op, "an input shape has sizes ≥ 1", expected=axes, got=repr(shape))
    return tuple(int(size) for size in sizes)


def is_integer(value: object) -> bool:
    """Whether `value` is a whole number and not a truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)


def _is_read(value: object, dims: int, minimum: int) -> TypeGuard[Index]:
    """Whether a value is what `per_axis` makes of one, as settings mostly are: read a second time, they cost little."""
    if type(value) is not tuple or len(value) != dims:
        return False
    return all(type(v) is int and minimum <= v < 2**31 for v in value)


def size_of(shape: Sequence[int]) -> int:
    """How many elements a shape holds."""
    return prod(shape)
