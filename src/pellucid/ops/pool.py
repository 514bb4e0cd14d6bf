"""What max and average pooling share: windows that slide over each channel's plane by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError
from pellucid.geometry import Axis, Geometry, window
from pellucid.ops.base import Rows, Shape, choices, columns
from pellucid.ops.checks import flag
from pellucid.sizes import IntOrTuple, PaddingLike, padding_pairs, per_axis


def pool_geometry(
    op: str,
    input: Shape,
    dims: int,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None,
    padding: PaddingLike,
    dilation: IntOrTuple,
    ceil_mode: bool,
) -> Geometry:
    """The windows of a pooling op over an input (N,C,…); without a stride they lie side by side.

    Raises: ShapeError for an input of another rank or smaller than a window; ArgumentError when padding is
    more than half a window, or a (dilated) window meets nothing but padding.
    """
    if len(input) != dims + 2:
        raise ShapeError(
            op, f"input must have {dims + 2} axes, or {dims + 1} without a batch", got=f"input {input}"
        )
    if input[1] == 0:
        raise ShapeError(op, "input must have channels", got=f"input {input}")
    flag(op, "ceil_mode", ceil_mode)
    kernel = per_axis(op, "kernel_size", kernel_size, dims)
    steps = kernel if stride is None else per_axis(op, "stride", stride, dims)
    spread = per_axis(op, "dilation", dilation, dims)
    pairs = padding_pairs(op, padding, kernel, steps, spread)
    if any(max(pair) > k // 2 for pair, k in zip(pairs, kernel, strict=True)):
        raise ArgumentError(
            op,
            "padding must be at most half of kernel_size",
            expected=f"at most {tuple(k // 2 for k in kernel)}",
            got=f"padding={padding!r}, kernel_size={kernel_size!r}",
        )
    geometry = window(op, input[2:], kernel, steps, pairs, spread, ceil_mode)
    if any((axis.table[:, 1] >= axis.table[:, 2]).any() for axis in geometry.axes):
        raise ArgumentError(
            op,
            "every window must hold an input element",
            got=f"dilation={dilation!r}, padding={padding!r} on input {input}",
        )
    return geometry


def held(axes: Sequence[Axis], at: NDArray[np.int64]) -> tuple[Rows, NDArray[np.bool_]]:
    """The positions (n,c,i) that windows hold, in row-major kernel order, and which of them are no padding.

    `at` has one output index in each row, and what is returned one row of positions for each.

    Example:
        >>> (n, c, i), inside = held([Axis(5, 3, stride=2, before=1, after=1)], np.array([[0, 4, 0]]))
        >>> i, inside
        (array([[-1,  0,  1]]), array([[False,  True,  True]]))
    """
    n, c, *y = columns(at)
    k = choices(*(axis.kernel for axis in axes))
    i = [axis.position(*each) for axis, *each in zip(axes, y, k, strict=True)]
    inside = [(p >= 0) & (p < axis.input) for axis, p in zip(axes, i, strict=True)]
    return (n, c, *i), np.logical_and.reduce(np.broadcast_arrays(*inside))


def holding(axes: Sequence[Axis], at: NDArray[np.int64]) -> tuple[Rows, NDArray[np.bool_]]:
    """The inverse: the windows (n,c,y) that hold input elements, kernel positions ascending, and which of them exist.

    Example:
        >>> (n, c, y), there = holding([Axis(5, 3, stride=2, before=1, after=1)], np.array([[0, 4, 1]]))
        >>> y, there
        (array([[1, 0, 0]]), array([[ True, False,  True]]))
    """
    n, c, *i = columns(at)
    k = choices(*(axis.kernel for axis in axes))
    shifts = [p - axis.position(0, j) for axis, p, j in zip(axes, i, k, strict=True)]
    y = [shift // axis.stride for axis, shift in zip(axes, shifts, strict=True)]
    there = [
        (shift % axis.stride == 0) & (p >= 0) & (p < axis.output)
        for axis, shift, p in zip(axes, shifts, y, strict=True)
    ]
    return (n, c, *y), np.logical_and.reduce(np.broadcast_arrays(*there))
