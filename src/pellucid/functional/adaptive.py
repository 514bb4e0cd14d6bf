"""Adaptive pooling: the largest element or the mean of each of `output_size` windows that cover the input."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.functional.pooling import MaxPoolCall
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.adaptive_pool import OutputSize


@function
def adaptive_avg_pool1d(input: Tensor, output_size: OutputSize) -> Call:
    """The mean of each of `output_size` windows: along an axis, floor(y·I/O) ≤ i < ceil((y+1)·I/O).

    Shapes: input (N,C,W) or (C,W) → (N,C,Wo) or (C,Wo); None keeps an axis as it is.
    Raises: ShapeError for an input of another rank; ArgumentError for a size below 1.

    Example:
        >>> adaptive_avg_pool1d([[[1, 2, 3, 4, 5]]], 3)
        array([[[1.5, 3. , 4.5]]])
    """
    return Call(AdaptiveAvgPool(1, output_size), (input,))


adaptive_avg_pool1d_backward = gradient(adaptive_avg_pool1d)


@function
def adaptive_avg_pool2d(input: Tensor, output_size: OutputSize) -> Call:
    """The mean of each of `output_size` windows: along an axis, floor(y·I/O) ≤ i < ceil((y+1)·I/O).

    Shapes: input (N,C,H,W) or (C,H,W) → (N,C,Ho,Wo) or (C,Ho,Wo); None keeps an axis as it is.
    Raises: ShapeError for an input of another rank; ArgumentError for a size below 1.

    Example:
        >>> adaptive_avg_pool2d([[[1, 2, 3], [4, 5, 6]]], (None, 1))
        array([[[2.],
                [5.]]])
    """
    return Call(AdaptiveAvgPool(2, output_size), (input,))


adaptive_avg_pool2d_backward = gradient(adaptive_avg_pool2d)


@function
def adaptive_avg_pool3d(input: Tensor, output_size: OutputSize) -> Call:
    """The mean of each of `output_size` windows: along an axis, floor(y·I/O) ≤ i < ceil((y+1)·I/O).

    Shapes: input (N,C,D,H,W) or (C,D,H,W) → (N,C,Do,Ho,Wo) or (C,Do,Ho,Wo); None keeps an axis as it is.
    Raises: ShapeError for an input of another rank; ArgumentError for a size below 1.

    Example:
        >>> adaptive_avg_pool3d([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], (2, 1, 1)).ravel()
        array([2.5, 6.5])
    """
    return Call(AdaptiveAvgPool(3, output_size), (input,))


adaptive_avg_pool3d_backward = gradient(adaptive_avg_pool3d)


@function
def adaptive_max_pool1d(input: Tensor, output_size: OutputSize, return_indices: bool = False) -> Call:
    """The largest element of each of `output_size` windows: along an axis, floor(y·I/O) ≤ i < ceil((y+1)·I/O).

    Shapes: input (N,C,W) or (C,W) → (N,C,Wo) or (C,Wo); None keeps an axis as it is.
    With return_indices also the winners' flat indices (int64) in their channel's plane. Among equals the
    first in row-major order wins; NaN beats every number.
    Raises: ShapeError for an input of another rank; ArgumentError for a size below 1.

    Example:
        >>> adaptive_max_pool1d([[[1, 5, 3, 4, 2]]], 3, return_indices=True)
        (array([[[5., 5., 4.]]]), array([[[1, 1, 3]]]))
    """
    return MaxPoolCall(AdaptiveMaxPool(1, output_size), (input,), return_indices=return_indices)


adaptive_max_pool1d_backward = gradient(adaptive_max_pool1d)


@function
def adaptive_max_pool2d(input: Tensor, output_size: OutputSize, return_indices: bool = False) -> Call:
    """The largest element of each of `output_size` windows: along an axis, floor(y·I/O) ≤ i < ceil((y+1)·I/O).

    Shapes: input (N,C,H,W) or (C,H,W) → (N,C,Ho,Wo) or (C,Ho,Wo); None keeps an axis as it is.
    With return_indices also the winners' flat indices (int64) in their channel's plane. Among equals the
    first in row-major order wins; NaN beats every number.
    Raises: ShapeError for an input of another rank; ArgumentError for a size below 1.

    Example:
        >>> adaptive_max_pool2d([[[1, 2, 3], [4, 5, 6]]], (None, 1))
        array([[[3.],
                [6.]]])
    """
    return MaxPoolCall(AdaptiveMaxPool(2, output_size), (input,), return_indices=return_indices)


adaptive_max_pool2d_backward = gradient(adaptive_max_pool2d)


@function
def adaptive_max_pool3d(input: Tensor, output_size: OutputSize, return_indices: bool = False) -> Call:
    """The largest element of each of `output_size` windows: along an axis, floor(y·I/O) ≤ i < ceil((y+1)·I/O).

    Shapes: input (N,C,D,H,W) or (C,D,H,W) → (N,C,Do,Ho,Wo) or (C,Do,Ho,Wo); None keeps an axis as it is.
    With return_indices also the winners' flat indices (int64) in their channel's plane. Among equals the
    first in row-major order wins; NaN beats every number.
    Raises: ShapeError for an input of another rank; ArgumentError for a size below 1.

    Example:
        >>> adaptive_max_pool3d([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], (2, 1, 1)).ravel()
        array([4., 8.])
    """
    return MaxPoolCall(AdaptiveMaxPool(3, output_size), (input,), return_indices=return_indices)


adaptive_max_pool3d_backward = gradient(adaptive_max_pool3d)
