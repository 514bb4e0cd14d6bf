"""Numbers in other places: padding, windows as columns, grids of another size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pellucid.engine.graph import Symbol
from pellucid.errors import ArgumentError, ShapeError, either, say
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.numbers import as_array
from pellucid.ops.checks import flag
from pellucid.ops.fold import Fold
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.pad import Pad
from pellucid.ops.unfold import Unfold
from pellucid.sizes import IntOrTuple, PaddingLike, is_integer

_LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}


@function
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Call:
    """The input with its last axes made wider, or with negative widths narrower.

    `pad` is (before, after) of the last axis, then of the one before it, and so on. mode is "constant" (with `value`,
    0 by default), "reflect" (mirrored at the border elements), "replicate" or "circular".
    Raises: ShapeError when an axis would become empty; ArgumentError for a width that the mode cannot fill.

    Example:
        >>> pad([[1, 2, 3]], (2, 1), mode="reflect")
        array([[3., 2., 1., 2., 3., 2.]])
    """
    return Call(Pad(tuple(pad) if isinstance(pad, Sequence) else pad, mode, value), (input,))


pad_backward = gradient(pad)


@function
def unfold(
    input: Tensor,
    kernel_size: IntOrTuple,
    dilation: IntOrTuple = 1,
    padding: PaddingLike = 0,
    stride: IntOrTuple = 1,
) -> Call:
    """The windows of an image as columns (im2col).

    output[n, (c,k), y] = input[n,c,i],   i = y·stride + k·dilation − padding

    Shapes: input (N,C,H,W) or (C,H,W) → (N, C·Kh·Kw, Ho·Wo) or without N.
    Raises: ShapeError when a window does not fit; ArgumentError for a setting out of range.

    Example:
        >>> unfold([[[1, 2, 3], [4, 5, 6]]], 2)
        array([[1., 2.],
               [2., 3.],
               [4., 5.],
               [5., 6.]])
    """
    return Call(Unfold(kernel_size, dilation, padding, stride), (input,))


unfold_backward = gradient(unfold)


@function
def fold(
    input: Tensor,
    output_size: IntOrTuple,
    kernel_size: IntOrTuple,
    dilation: IntOrTuple = 1,
    padding: PaddingLike = 0,
    stride: IntOrTuple = 1,
) -> Call:
    """Columns added up to an image (col2im), the gradient of `unfold`.

    Shapes: input (N, C·Kh·Kw, L) or (C·Kh·Kw, L) → (N,C,*output_size) or without N.
    Raises: ShapeError when the columns are not the windows of such an image.

    Example:
        >>> fold([[1, 2], [2, 3], [4, 5], [5, 6]], (2, 3), 2)
        array([[[ 1.,  4.,  3.],
                [ 4., 10.,  6.]]])
    """
    return Call(Fold(kernel_size, dilation, padding, stride, output_size), (input,))


fold_backward = gradient(fold)


@function
def interpolate(
    input: Tensor,
    size: IntOrTuple | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Call:
    """The input on a grid of another size, or `scale_factor` times as fine.

    mode is "nearest", or "linear" for one, "bilinear" for two, "trilinear" for three spatial axes. With align_corners
    the first and the last position of both grids lie on each other, else the grids' outer borders do.
    Shapes: input (N,C,…) → (N,C,*size).
    Raises: ArgumentError when not exactly one of size and scale_factor is given, or for another setting out of range.

    Example:
        >>> interpolate([[[1, 3]]], scale_factor=2, mode="linear")
        array([[[1. , 1.5, 2.5, 3. ]]])
    """
    shape = input.shape if isinstance(input, Symbol) else as_array("interpolate", "input", input).shape
    dims = len(shape) - 2
    if dims not in (1, 2, 3):
        raise ShapeError("interpolate", "input must have 3, 4 or 5 axes (N, C, …)", got=f"input {shape}")
    if not isinstance(mode, str) or (mode != "nearest" and _LINEAR.get(mode) != dims):
        fitting = next(name for name, axes in _LINEAR.items() if axes == dims)
        rule = "mode must fit the input's axes"
        raise ArgumentError(
            "interpolate",
            rule,
            expected=either(("'nearest'", f"'{fitting}'")),
            got=f"mode={mode!r}",
        )
    if align_corners is not None and mode == "nearest":
        raise ArgumentError("interpolate", "align_corners is for linear modes alone", got="mode='nearest'")
    if align_corners is not None:
        flag("interpolate", "align_corners", align_corners)
    sizes, scale = _grid(size, scale_factor, shape[2:])
    return Call(Interpolate(dims, sizes, mode != "nearest", bool(align_corners), scale), (input,))


def checked_grid(where: str, size: Any, scale: Any, axes: int | None = None) -> list[Any]:
    """The values of the setting that is given, one for each axis; as many as there are where axes are not known yet.

    Raises: ArgumentError when not exactly one of them is given, or a value is not a number above 0.
    """
    if (size is None) == (scale is None):
        got = f"size={size!r}, scale_factor={scale!r}"
        raise ArgumentError(where, "give either size or scale_factor", got=got)
    name, given = ("size", size) if scale is None else ("scale_factor", scale)
    values = list(given) if isinstance(given, Sequence) else [given] * (axes or 1)
    right = is_integer if scale is None else _is_scale
    if len(values) != (axes or len(values)) or not values or not all(right(v) and v > 0 for v in values):
        rule = say("{name} must be a number above 0, or one for each axis", name=name)
        raise ArgumentError(where, rule, got=f"{name}={given!r}")
    return values


def _is_scale(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _grid(size: Any, scale: Any, input: Sequence[int]) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """The output's sizes, and the scale if it was given."""
    values = checked_grid("interpolate", size, scale, len(input))
    if scale is None:
        return tuple(int(v) for v in values), None
    sizes = tuple(int(i * v) for i, v in zip(input, values, strict=True))
    if 0 in sizes:
        raise ArgumentError("interpolate", "every axis must keep a position", got=f"scale_factor={scale!r}")
    return sizes, tuple(float(v) for v in values)


interpolate_backward = gradient(interpolate)
