"""Transposed convolution in one, two and three dimensions."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.sizes import IntOrTuple, PaddingLike


@function
def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor = None,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    output_padding: IntOrTuple = 0,
    groups: int = 1,
    dilation: IntOrTuple = 1,
) -> Call:
    """Give every input element's products with `weight` to the outputs that they meet: `conv1d` read backwards.

    output[n,o,i] = bias[o] + Σ_{c,k} input[n,c,y]·weight[c,o,k]   where i = y·stride + k·dilation − padding

    Shapes: input (N,C,W) or (C,W), weight (C,O/groups,Kw), bias (O,) →
    (N,O,Wo) or (O,Wo); along an axis (Y − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1.
    Raises: ShapeError when shapes disagree; ArgumentError for a setting out of range.

    Example:
        >>> conv_transpose1d([[[1, 2, 3]]], [[[1, 10]]], stride=2)
        array([[[ 1., 10.,  2., 20.,  3., 30.]]])
    """
    op = ConvTranspose(1, stride, padding, output_padding, groups, dilation)
    return Call(op, (input, weight), (bias,))


conv_transpose1d_backward = gradient(conv_transpose1d)


@function
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor = None,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    output_padding: IntOrTuple = 0,
    groups: int = 1,
    dilation: IntOrTuple = 1,
) -> Call:
    """Give every input element's products with `weight` to the outputs that they meet: `conv2d` read backwards.

    output[n,o,i] = bias[o] + Σ_{c,k} input[n,c,y]·weight[c,o,k]   where i = y·stride + k·dilation − padding

    Shapes: input (N,C,H,W) or (C,H,W), weight (C,O/groups,Kh,Kw), bias (O,) →
    (N,O,Ho,Wo) or (O,Ho,Wo); along an axis (Y − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1.
    Raises: ShapeError when shapes disagree; ArgumentError for a setting out of range.

    Example:
        >>> conv_transpose2d([[[1, 2]]], [[[[1, 10], [3, 30]]]])
        array([[[ 1., 12., 20.],
                [ 3., 36., 60.]]])
    """
    op = ConvTranspose(2, stride, padding, output_padding, groups, dilation)
    return Call(op, (input, weight), (bias,))


conv_transpose2d_backward = gradient(conv_transpose2d)


@function
def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor = None,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    output_padding: IntOrTuple = 0,
    groups: int = 1,
    dilation: IntOrTuple = 1,
) -> Call:
    """Give every input element's products with `weight` to the outputs that they meet: `conv3d` read backwards.

    output[n,o,i] = bias[o] + Σ_{c,k} input[n,c,y]·weight[c,o,k]   where i = y·stride + k·dilation − padding

    Shapes: input (N,C,D,H,W) or (C,D,H,W), weight (C,O/groups,Kd,Kh,Kw), bias (O,) →
    (N,O,Do,Ho,Wo) or (O,Do,Ho,Wo); along an axis (Y − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1.
    Raises: ShapeError when shapes disagree; ArgumentError for a setting out of range.

    Example:
        >>> import numpy as np
        >>> conv_transpose3d(np.ones((1, 2, 2, 2, 2)), np.ones((2, 4, 2, 2, 2)))[0, 0, 1, 1, 1].item()
        16.0
    """
    op = ConvTranspose(3, stride, padding, output_padding, groups, dilation)
    return Call(op, (input, weight), (bias,))


conv_transpose3d_backward = gradient(conv_transpose3d)
