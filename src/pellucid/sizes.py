"""Sizes as callers give them: one integer or one for each axis, paddings, shapes; read, checked and refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from pellucid.errors import ArgumentError

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
            f"{name} must be an integer, or one integer per axis",
            expected=f"{dims} value{'s' if dims > 1 else ''} ≥ {minimum}",
            got=f"{name}={value!r}",
        )
    if max(values) >= 2**31:
        raise ArgumentError(op, f"{name} is too large", expected="less than 2³¹", got=f"{name}={value!r}")
    return tuple(int(v) for v in values)


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
    if isinstance(padding, str) and padding == "valid":  # an array has no one answer to ==
        return ((0, 0),) * dims
    if isinstance(padding, str) and padding == "same":
        if any(s != 1 for s in stride):
            raise ArgumentError(op, "padding='same' needs stride 1", got=f"stride={tuple(stride)}")
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise ArgumentError(op, "padding has no such name", expected="'valid' or 'same'", got=repr(padding))
    if isinstance(padding, Sequence) and padding and all(isinstance(p, Sequence) for p in padding):
        pairs = [per_axis(op, "padding", p, 2, minimum=0) for p in padding if isinstance(p, tuple | list)]
        if len(pairs) != dims or any(isinstance(p, Sequence) and len(p) != 2 for p in padding):
            raise ArgumentError(
                op, f"padding needs one (before, after) pair per axis ({dims})", got=repr(padding)
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


def size_of(shape: Sequence[int]) -> int:
    """How many elements a shape holds."""
    return prod(shape)
