"""Power-average pooling and max unpooling, in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.sizes import IntOrTuple


@function
def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    ceil_mode: bool = False,
) -> Call:
    """The norm of each window: output[n,c,y] = (Σ_k input[n,c,i]ᵖ)^(1/p),   i = y·stride + k,  p = norm_type.

    Shapes: input (N,C,W) or (C,W) → (N,C,Wo) or (C,Wo).
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> lp_pool1d([[[3, 4, 6, 8]]], 2, 2)
        array([[[ 5., 10.]]])
    """
    return Call(LpPool(1, norm_type, kernel_size, stride, ceil_mode), (input,))


lp_pool1d_backward = gradient(lp_pool1d)


@function
def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    ceil_mode: bool = False,
) -> Call:
    """The norm of each window: output[n,c,y] = (Σ_k input[n,c,i]ᵖ)^(1/p),   i = y·stride + k,  p = norm_type.

    On arrays p may be ±inf: the largest or the smallest absolute value of each window.
    Shapes: input (N,C,H,W) or (C,H,W) → (N,C,Ho,Wo) or (C,Ho,Wo).
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> lp_pool2d([[[1, 2], [2, 4]]], 2, 2).item()
        5.0
    """
    return Call(LpPool(2, norm_type, kernel_size, stride, ceil_mode), (input,))


lp_pool2d_backward = gradient(lp_pool2d)


@function
def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    ceil_mode: bool = False,
) -> Call:
    """The norm of each window: output[n,c,y] = (Σ_k input[n,c,i]ᵖ)^(1/p),   i = y·stride + k,  p = norm_type.

    Shapes: input (N,C,D,H,W) or (C,D,H,W) → (N,C,Do,Ho,Wo) or (C,Do,Ho,Wo).
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> lp_pool3d([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], 1, 2).item()
        36.0
    """
    return Call(LpPool(3, norm_type, kernel_size, stride, ceil_mode), (input,))


lp_pool3d_backward = gradient(lp_pool3d)


@function
def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: IntOrTuple = 0,
    output_size: Sequence[int] | None = None,
) -> Call:
    """Put every element back where `max_pool1d(return_indices=True)` found it; all other positions are 0.

    output[n,c,i] = input[n,c,y] where indices[n,c,y] = i, else 0; of several elements the last one stays

    The others have gradient 0, for the output does not depend on them (PyTorch gives all the same).

    Shapes: input and indices (N,C,W) or (C,W) → (N,C,Wo) or (C,Wo): along an axis
    (Y − 1)·stride − 2·padding + kernel_size, or output_size, where pooling leaves the size open.
    Raises: ShapeError when shapes disagree, in a network also when pooling may find a position that the output does not
    have; ArgumentError for an index that is no position of the output.

    Example:
        >>> max_unpool1d([[[5, 2]]], [[[1, 2]]], 2)
        array([[[0., 5., 2., 0.]]])
    """
    return Call(MaxUnpool(1, kernel_size, stride, padding, output_size), (input, indices))


max_unpool1d_backward = gradient(max_unpool1d)


@function
def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: IntOrTuple = 0,
    output_size: Sequence[int] | None = None,
) -> Call:
    """Put every element back where `max_pool2d(return_indices=True)` found it; all other positions are 0.

    output[n,c,i] = input[n,c,y] where indices[n,c,y] = i, else 0; of several elements the last one stays

    The others have gradient 0, for the output does not depend on them (PyTorch gives all the same).

    Shapes: input and indices (N,C,H,W) or (C,H,W) → (N,C,Ho,Wo) or (C,Ho,Wo): along an axis
    (Y − 1)·stride − 2·padding + kernel_size, or output_size, where pooling leaves the size open.
    Raises: ShapeError when shapes disagree, in a network also when pooling may find a position that the output does not
    have; ArgumentError for an index that is no position of the output.

    Example:
        >>> max_unpool2d([[[9]]], [[[2]]], 2)
        array([[[0., 0.],
                [9., 0.]]])
    """
    return Call(MaxUnpool(2, kernel_size, stride, padding, output_size), (input, indices))


max_unpool2d_backward = gradient(max_unpool2d)


@function
def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: IntOrTuple,
    stride: IntOrTuple | None = None,
    padding: IntOrTuple = 0,
    output_size: Sequence[int] | None = None,
) -> Call:
    """Put every element back where `max_pool3d(return_indices=True)` found it; all other positions are 0.

    output[n,c,i] = input[n,c,y] where indices[n,c,y] = i, else 0; of several elements the last one stays

    The others have gradient 0, for the output does not depend on them (PyTorch gives all the same).

    Shapes: input and indices (N,C,D,H,W) or (C,D,H,W) → (N,C,Do,Ho,Wo) or (C,Do,Ho,Wo): along an axis
    (Y − 1)·stride − 2·padding + kernel_size, or output_size, where pooling leaves the size open.
    Raises: ShapeError when shapes disagree, in a network also when pooling may find a position that the output does not
    have; ArgumentError for an index that is no position of the output.

    Example:
        >>> max_unpool3d([[[[9]]]], [[[[7]]]], 2).ravel()
        array([0., 0., 0., 0., 0., 0., 0., 9.])
    """
    return Call(MaxUnpool(3, kernel_size, stride, padding, output_size), (input, indices))


max_unpool3d_backward = gradient(max_unpool3d)
