"""What max and average pooling share: windows that slide over each channel's plane by itself."""

from __future__ import annotations

from pellucid.errors import ArgumentError, ShapeError
from pellucid.geometry import Geometry, IntOrTuple, PaddingLike, padding_pairs, per_axis, window
from pellucid.ops.base import Shape


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
