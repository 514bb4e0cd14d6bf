"""Pooling: the largest element or the mean of each window, in one, two and three dimensions."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pellucid.engine.graph import part
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.checks import flag
from pellucid.ops.max_indices import AdaptiveMaxPoolIndices, MaxPoolIndices
from pellucid.ops.max_pool import MaxPool
from pellucid.sizes import IntOrTuple, PaddingLike


@dataclass(frozen=True)
class MaxPoolCall(Call):
    """Max pooling that can also say which elements won."""

    op: MaxPool | AdaptiveMaxPool
    return_indices: bool = False

    def forward(self) -> Tensor:
        """The output, or the output and its indices."""
        flag(self.op.name, "return_indices", self.return_indices)
        output = super().forward()
        if not self.return_indices:
            return output
        kind = MaxPoolIndices if isinstance(self.op, MaxPool) else AdaptiveMaxPoolIndices
        settings = {field.name: getattr(self.op, field.name) for field in fields(self.op)}
        with part("indices"):
            return output, Call(kind(**settings), self.required).forward()


@function
def max_pool1d(
    input: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Call:
    """The largest element of each window.

    output[n,c,y] = max_k input[n,c,i],   i = y·stride + k·dilation − padding

    Shapes: input (N,C,W) or (C,W) → (N,C,Wo) or (C,Wo).
    With return_indices also the winners' flat indices (int64) in their channel's plane. Among equals the
    first in row-major order wins; NaN beats every number.
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> max_pool1d([[[1, 5, 2, 2]]], 2, return_indices=True)
        (array([[[5., 2.]]]), array([[[1, 2]]]))
    """
    op = MaxPool(1, kernel_size, stride, padding, dilation, ceil_mode)
    return MaxPoolCall(op, (input,), return_indices=return_indices)


max_pool1d_backward = gradient(max_pool1d)


@function
def max_pool2d(
    input: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Call:
    """The largest element of each window.

    output[n,c,y] = max_k input[n,c,i],   i = y·stride + k·dilation − padding

    Shapes: input (N,C,H,W) or (C,H,W) → (N,C,Ho,Wo) or (C,Ho,Wo).
    With return_indices also the winners' flat indices (int64) in their channel's plane. Among equals the
    first in row-major order wins; NaN beats every number.
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> max_pool2d([[[1, 2, 3], [4, 5, 6]]], (2, 2), stride=1)
        array([[[5., 6.]]])
    """
    op = MaxPool(2, kernel_size, stride, padding, dilation, ceil_mode)
    return MaxPoolCall(op, (input,), return_indices=return_indices)


max_pool2d_backward = gradient(max_pool2d)


@function
def max_pool3d(
    input: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Call:
    """The largest element of each window.

    output[n,c,y] = max_k input[n,c,i],   i = y·stride + k·dilation − padding

    Shapes: input (N,C,D,H,W) or (C,D,H,W) → (N,C,Do,Ho,Wo) or (C,Do,Ho,Wo).
    With return_indices also the winners' flat indices (int64) in their channel's plane. Among equals the
    first in row-major order wins; NaN beats every number.
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> max_pool3d([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], 2).item()
        8.0
    """
    op = MaxPool(3, kernel_size, stride, padding, dilation, ceil_mode)
    return MaxPoolCall(op, (input,), return_indices=return_indices)


max_pool3d_backward = gradient(max_pool3d)


@function
def avg_pool1d(
    input: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: PaddingLike = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Call:
    """The mean of each window.

    output[n,c,y] = Σ_k input[n,c,i] / divisor[y],   i = y·stride + k − padding

    The divisor counts the window's positions, padding only with `count_include_pad`.
    Shapes: input (N,C,W) or (C,W) → (N,C,Wo) or (C,Wo).
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> avg_pool1d([[[1, 5, 2, 2]]], 2)
        array([[[3., 2.]]])
    """
    op = AvgPool(1, kernel_size, stride, padding, ceil_mode, count_include_pad)
    return Call(op, (input,))


avg_pool1d_backward = gradient(avg_pool1d)


@function
def avg_pool2d(
    input: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: PaddingLike = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Call:
    """The mean of each window.

    output[n,c,y] = Σ_k input[n,c,i] / divisor[y],   i = y·stride + k − padding

    The divisor counts the window's positions, padding only with `count_include_pad`;
    `divisor_override` replaces the count.
    Shapes: input (N,C,H,W) or (C,H,W) → (N,C,Ho,Wo) or (C,Ho,Wo).
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> avg_pool2d([[[1, 2, 3], [4, 5, 6]]], (2, 2), stride=1)
        array([[[3., 4.]]])
    """
    op = AvgPool(2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return Call(op, (input,))


avg_pool2d_backward = gradient(avg_pool2d)


@function
def avg_pool3d(
    input: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: PaddingLike = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Call:
    """The mean of each window.

    output[n,c,y] = Σ_k input[n,c,i] / divisor[y],   i = y·stride + k − padding

    The divisor counts the window's positions, padding only with `count_include_pad`;
    `divisor_override` replaces the count.
    Shapes: input (N,C,D,H,W) or (C,D,H,W) → (N,C,Do,Ho,Wo) or (C,Do,Ho,Wo).
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> avg_pool3d([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], 2).item()
        4.5
    """
    op = AvgPool(3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return Call(op, (input,))


avg_pool3d_backward = gradient(avg_pool3d)
