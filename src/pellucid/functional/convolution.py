"""Convolution in one, two and three dimensions."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.conv import Conv
from pellucid.sizes import IntOrTuple, PaddingLike


@function
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor = None,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Call:
    """Slide `weight` along `input` and sum the products (cross-correlation).

    output[n,o,x] = bias[o] + Σ_{c,kx} input[n,c,ix]·weight[o,c,kx],   ix = x·stride + kx·dilation − padding

    Shapes: input (N,C,W) or (C,W), weight (O,C/groups,Kw), bias (O,) → (N,O,Wo) or (O,Wo).
    Padding is an integer, one per axis, a pair (before, after) per axis, "valid" or "same". With `flip` it is true
    convolution, which meets the weight backwards: ix = x·stride + (K−1−kx)·dilation − padding.
    Raises: ShapeError when shapes disagree; ArgumentError for a setting out of range.

    Example:
        >>> conv1d([[[1, 2, 3, 4]]], [[[1, 10]]])
        array([[[21., 32., 43.]]])
        >>> conv1d([[[1, 2, 3, 4]]], [[[1, 10]]], flip=True)   # as numpy.convolve(…, mode="valid")
        array([[[12., 23., 34.]]])
    """
    return Call(Conv(1, stride, padding, dilation, groups, flip), (input, weight), (bias,))


conv1d_backward = gradient(conv1d)


@function
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor = None,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Call:
    """Slide `weight` over `input` and sum the products (cross-correlation).

    output[n,o,y,x] = bias[o] + Σ_{c,ky,kx} input[n,c,iy,ix]·weight[o,c,ky,kx]
    iy = y·stride + ky·dilation − padding,   ix = x·stride + kx·dilation − padding

    Shapes: input (N,C,H,W) or (C,H,W), weight (O,C/groups,Kh,Kw), bias (O,) → (N,O,Ho,Wo) or (O,Ho,Wo).
    Padding is an integer, one per axis, a pair (before, after) per axis, "valid" or "same". With `flip` it is true
    convolution, which meets the weight backwards along both axes: iy = y·stride + (Kh−1−ky)·dilation − padding.
    Raises: ShapeError when shapes disagree; ArgumentError for a setting out of range.

    Example:
        >>> conv2d([[[0, 1, 2], [3, 4, 5], [6, 7, 8]]], [[[[0, 1], [2, 3]]]])
        array([[[19., 25.],
                [37., 43.]]])
        >>> conv2d([[[0, 1, 2], [3, 4, 5], [6, 7, 8]]], [[[[0, 1], [2, 3]]]], flip=True)
        array([[[ 5., 11.],
                [23., 29.]]])
    """
    return Call(Conv(2, stride, padding, dilation, groups, flip), (input, weight), (bias,))


conv2d_backward = gradient(conv2d)


@function
def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor = None,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Call:
    """Slide `weight` through `input` and sum the products (cross-correlation); `conv2d` with a depth.

    output[n,o,y] = bias[o] + Σ_{c,k} input[n,c,i]·weight[o,c,k],   i = y·stride + k·dilation − padding

    Shapes: input (N,C,D,H,W) or (C,D,H,W), weight (O,C/groups,Kd,Kh,Kw), bias (O,) → (N,O,Do,Ho,Wo) or
    (O,Do,Ho,Wo).
    Padding is an integer, one per axis, a pair (before, after) per axis, "valid" or "same". With `flip` it is true
    convolution: i = y·stride + (K−1−k)·dilation − padding.
    Raises: ShapeError when shapes disagree; ArgumentError for a setting out of range.

    Example:
        >>> import numpy as np
        >>> conv3d(np.ones((1, 2, 3, 4, 5)), np.ones((7, 2, 1, 2, 3)))[0, 0, 0, 0, 0].item()
        12.0
    """
    return Call(Conv(3, stride, padding, dilation, groups, flip), (input, weight), (bias,))


conv3d_backward = gradient(conv3d)
