"""Channels as a third dimension: a 2-D convolution of an image with C channels is a 3-D one whose kernel is C deep.

output[o,y,x] = Σ_c Σ_{ky,kx} input[c,iy,ix]·weight[o,c,ky,kx]
              = Σ_{kd,ky,kx} volume[0+kd,iy,ix]·weight[o,0,kd,ky,kx],       depth of the output C − C + 1 = 1
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pellucid import functional
from pellucid.errors import AddressError, ShapeError, say
from pellucid.geometry import Axis
from pellucid.language import text
from pellucid.numbers import as_array
from pellucid.ops.base import Array
from pellucid.sizes import IntOrTuple, is_integer, per_axis

_NOT_A_VOLUME = ("signal.two_directions", "signal.no_order", "signal.volume")


@dataclass(frozen=True)
class ChannelsAsDepth:
    """One layer, computed three ways.

    Attributes:
        flat: by `conv2d` on C channels, (O,Ho,Wo).
        deep: by `conv3d` on one channel that is C deep, (O,1,Ho,Wo).
        partial_sums: channel by channel, before they are added, (O,C,Ho,Wo).
        depth: the output's depth, as formula and number.
    """

    flat: Array
    deep: Array
    partial_sums: Array
    depth: str

    @property
    def largest_difference(self) -> float:
        """Between any two of the three ways; 0, or what rounding does."""
        ways = np.stack([self.flat, self.deep[:, 0], self.partial_sums.sum(axis=1)])
        return float(np.ptp(ways, axis=0).max(initial=0))

    def explain(self, o: int, y: int, x: int) -> str:
        """One output element as the sum of its channels.

        Raises: AddressError when there is no such element.

        Example:
            >>> import numpy as np
            >>> form = channels_as_depth(np.arange(8).reshape(2, 2, 2), [[[[1, 0], [0, 1]], [[1, 1], [1, 1]]]])
            >>> print(form.explain(0, 0, 0))
            output[0,0,0] = Σ_c partial_sums[0,c,0,0] = 3 + 22 = 25; depth C − C + 1 = 2 − 2 + 1 = 1
        """
        place = (o, y, x)
        if not all(is_integer(i) and 0 <= i < n for i, n in zip(place, self.flat.shape, strict=True)):
            got = say("{place} for shape {shape}", place=place, shape=self.flat.shape)
            raise AddressError("channels_as_depth", "there is no such element", got=got)
        sums = " + ".join(f"{value:g}" for value in self.partial_sums[o, :, y, x])
        name = f"output[{o},{y},{x}] = Σ_c partial_sums[{o},c,{y},{x}]"
        return f"{name} = {sums} = {self.flat[o, y, x]:g}; depth {self.depth}"

    def text(self, lang: str | None = None) -> str:
        """What is equal, and what "colour images use 3-D convolution" gets wrong; "en", "ko", None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        flat, deep = self.flat.shape, self.deep.shape
        lines = [
            text("signal.as_depth", lang, flat=flat, deep=deep, difference=self.largest_difference),
            text("signal.one_deep", lang, depth=self.depth),
        ]
        return "\n".join([*lines, *(text(key, lang) for key in _NOT_A_VOLUME)])

    def __str__(self) -> str:
        return self.text()


def channels_as_depth(
    input: ArrayLike, weight: ArrayLike, stride: IntOrTuple = 1, padding: IntOrTuple = 0
) -> ChannelsAsDepth:
    """A 2-D convolution with channels, as a 3-D convolution whose kernel is as deep as the input.

        depth of the output = C − C + 1 = 1

    "Colour images use 3-D convolution" gets two things wrong, which the printed result says.

    Shapes: input (C,H,W), weight (O,C,Kh,Kw).
    Raises: ShapeError when shapes disagree; ArgumentError for settings out of range.

    Example:
        >>> import numpy as np
        >>> form = channels_as_depth(np.ones((3, 4, 5)), np.ones((2, 3, 2, 2)))
        >>> form.flat.shape, form.deep.shape, form.largest_difference
        ((2, 3, 4), (2, 1, 3, 4), 0.0)
        >>> print(form)
        2-D with channels gives (2, 3, 4), 3-D with depth (2, 1, 3, 4): largest difference 0
        the kernel is as deep as the input, so the output's depth is C − C + 1 = 3 − 3 + 1 = 1
        a 3-D convolution it is not: the kernel slides in two directions, having one place along the third
        nor are channels an axis of space: their order means nothing, and a kernel half as deep would make no sense
        a 3-D convolution (of a video, of a scan) has a shallower kernel, which slides along depth and leaves a depth
    """
    where = "channels_as_depth"
    x, w = as_array(where, "input", input), as_array(where, "weight", weight)
    if x.ndim != 3 or w.ndim != 4:
        got = f"input {x.shape}, weight {w.shape}"
        raise ShapeError(
            where, "one image and its kernels are needed", expected="(C,H,W) and (O,C,Kh,Kw)", got=got
        )
    flat = functional.conv2d(x, w, None, stride, padding)
    strides = (1, *per_axis(where, "stride", stride, 2))
    pads = (0, *per_axis(where, "padding", padding, 2, minimum=0))
    deep = functional.conv3d(x[None], w[:, None], None, strides, pads)
    each = functional.conv2d(
        x, w.transpose(1, 0, 2, 3).reshape(-1, 1, *w.shape[2:]), None, stride, padding, 1, len(x)
    )
    partial_sums = each.reshape(len(x), len(w), *flat.shape[1:]).swapaxes(0, 1)
    depth = Axis(len(x), len(x)).output
    return ChannelsAsDepth(flat, deep, partial_sums, f"C − C + 1 = {len(x)} − {len(x)} + 1 = {depth}")
