"""What unfold and fold share: the windows of an image as columns, and columns added up to an image.

An element (n, (c,k), y) of the columns is the one that window y of image n has at kernel position k in channel c; (c,k)
and y are row-major in one axis each.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.geometry import Geometry, window
from pellucid.ops.base import Array, Op, Shape, Terms
from pellucid.ops.pool import holding
from pellucid.ops.relation import IndexPattern, Labels, places, windows
from pellucid.ops.settings import each, pairs
from pellucid.sizes import IntOrTuple, PaddingLike, padding_pairs, per_axis, size_of


@dataclass(frozen=True)
class Columns(Op):
    """The settings of windows over an image, in PyTorch's order."""

    kernel_size: IntOrTuple
    dilation: IntOrTuple = 1
    padding: PaddingLike = 0
    stride: IntOrTuple = 1

    is_linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        kernel, stride, dilation = (each(size, 2) for size in (self.kernel_size, self.stride, self.dilation))
        self.settle(kernel_size=kernel, stride=stride, dilation=dilation, padding=pairs(self.padding, 2))

    @abstractmethod
    def image(self, input: Shape) -> Shape:
        """The image's spatial sizes, for an op's input of this shape."""

    def geometry(self, input: Shape) -> Geometry:
        """The relation between windows and positions of the image."""
        kernel = per_axis(self.name, "kernel_size", self.kernel_size, 2)
        stride, dilation = (per_axis(self.name, n, getattr(self, n), 2) for n in ("stride", "dilation"))
        padding = padding_pairs(self.name, self.padding, kernel, stride, dilation)
        return window(self.name, self.image(input), kernel, stride, padding, dilation)

    def sources(self, channels: Shape, geometry: Geometry) -> NDArray[np.int64]:
        """For each element of the columns the flat index of its place in the image (N,C,H,W); −1 in padding."""
        image = (*channels, *geometry.input)
        numbers = np.arange(1, size_of(image) + 1).reshape(image)  # 0 is padding's
        return self.unfolded(numbers, geometry) - 1

    def pattern(self, channels: Shape, geometry: Geometry, image: str, columns: str) -> IndexPattern:
        """How an image (N,C,H,W) and its columns meet, by what they are called."""
        (i, k, y), sizes = places(geometry.input, geometry.kernel, geometry.output)
        labels: dict[str, Labels] = {image: ("n", "c", *i), columns: ("n", "c", *k, *y)}
        return IndexPattern(labels, sizes | dict(zip("nc", channels, strict=True)), windows(geometry.axes))

    def unfolded(self, image: Array, geometry: Geometry) -> Array:
        """One kernel position after another."""
        padded = np.pad(image, ((0, 0), (0, 0), *geometry.padded))
        found = [padded[..., *at] for _, at in geometry.kernel_slices()]
        rows = image.shape[1] * size_of(geometry.kernel)
        return np.stack(found, axis=2).reshape(len(image), rows, size_of(geometry.output))

    def folded(self, columns: Array, geometry: Geometry) -> Array:
        """Add every row of the columns to the positions it was read from."""
        taps = size_of(geometry.kernel)
        image = (len(columns), columns.shape[1] // taps, *geometry.input)
        padded = np.pad(np.zeros(image, columns.dtype), ((0, 0), (0, 0), *geometry.padded))
        windows = columns.reshape(*image[:2], taps, *geometry.output)
        for k, (_, at) in enumerate(geometry.kernel_slices()):
            padded[..., *at] += windows[:, :, k]
        return padded[..., *geometry.inside].copy()

    def copied(self, image: str, at: NDArray[np.int64], geometry: Geometry) -> Terms:
        """Of elements of columns: the one element of the image that each is a copy of."""
        n, row, column = at.T
        c, number = np.divmod(row, size_of(geometry.kernel))
        k, y = np.unravel_index(number, geometry.kernel), np.unravel_index(column, geometry.output)
        i = [axis.position(*each) for axis, *each in zip(geometry.axes, y, k, strict=True)]
        return Terms(((image, tuple(rows[:, None] for rows in (n, c, *i))),))

    def added(self, columns: str, at: NDArray[np.int64], geometry: Geometry) -> Terms:
        """Of elements of the image: those of columns that lie there, kernel positions ascending."""
        taps = size_of(geometry.kernel)
        (n, c, *y), there = holding(geometry.axes, at)
        column = np.ravel_multi_index(tuple(np.where(there, rows, 0) for rows in y), geometry.output)
        return Terms(((columns, (n, c * taps + np.arange(taps), column)),), present=there)
