"""Upsampling: the input on a finer grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import functional as F
from pellucid.errors import ArgumentError
from pellucid.functional.resampling import checked_grid
from pellucid.nn.layer import Layer
from pellucid.ops.checks import choice
from pellucid.sizes import IntOrTuple

MODES = ("nearest", "linear", "bilinear", "trilinear")


class Upsample(Layer):
    """The input on a grid of another size: copies of the nearest elements, or linear between the two around.

    Shapes: (N,C,…) → (N,C,*size).

    Args:
        size: the output's spatial sizes, one number for all or one for each axis.
        scale_factor: instead of `size`, how many times as many positions; below 1 there are fewer.
        mode: "nearest", or "linear" for one, "bilinear" for two, "trilinear" for three spatial axes.
        align_corners: for linear modes, whether the first and the last position of both grids lie on each other; else
            the grids' outer borders do.

    Raises: ArgumentError for a setting outside its range or a mode that does not fit the input's axes; ShapeError for
        an input of another rank.

    Example:
        >>> import numpy as np
        >>> Upsample(scale_factor=2, mode="linear")(np.array([[[1.0, 3.0]]]))
        array([[[1. , 1.5, 2.5, 3. ]]])
    """

    def __init__(
        self,
        size: IntOrTuple | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        where = type(self).__name__
        choice(where, "mode", mode, MODES)
        checked_grid(where, size, scale_factor)
        if align_corners is not None and (mode == "nearest" or not isinstance(align_corners, bool)):
            rule = "align_corners is True or False, for linear modes alone"
            raise ArgumentError(where, rule, got=f"align_corners={align_corners!r}, mode={mode!r}")
        self.size, self.scale_factor = _kept(size, int), _kept(scale_factor, float)
        self.mode, self.align_corners = mode, align_corners

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,*size)."""
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """The grid and the mode."""
        grid = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{grid}, mode={self.mode!r}"


def _kept(value: Any, kind: type) -> Any:
    """A setting as PyTorch keeps it: a tuple, or one number of its kind."""
    if isinstance(value, Sequence):
        return tuple(map(kind, value))
    return None if value is None else kind(value)
