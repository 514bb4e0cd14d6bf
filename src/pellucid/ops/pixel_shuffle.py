"""Channels become positions (depth to space), as in sub-pixel upscaling.

r stands for `upscale_factor`; c, a, b are row-major in one axis of channels, and so are h, a and w, b along H and W.
Source: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel CNN", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ShapeError
from pellucid.geometry import Axis
from pellucid.ops.base import Shape
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern, Sliding
from pellucid.ops.shuffles import factor, ranked, shuffled
from pellucid.sizes import size_of


@dataclass(frozen=True)
class PixelShuffle(Rearranging):
    """How many times as high and wide the output is."""

    upscale_factor: int

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,(h,a),(w,b)] = input[n,(c,a,b),h,w]",
        "grad_input": "grad_input[n,(c,a,b),h,w] = grad_output[n,c,(h,a),(w,b)]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "pixel_shuffle"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…,C·r²,H,W) → (…,C,H·r,W·r)."""
        (input,) = shapes
        assert input is not None
        r, front = factor(self.name, "upscale_factor", self.upscale_factor), ranked(self.name, input, 3)
        channels, height, width = input[-3:]
        if channels % r**2:
            raise ShapeError(
                self.name,
                "channels must be a multiple of upscale_factor²",
                expected=f"C % {r**2} = 0",
                got=f"C={channels}, input {input}",
            )
        return (*front, channels // r**2, height * r, width * r)

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Channels c a b against positions a and b."""
        (input,) = shapes
        assert input is not None
        r = self.upscale_factor
        channels, height, width = input[-3:]
        sizes = {"n": size_of(input[:-3]), "c": channels // r**2, "h": height, "w": width, "a": r, "b": r}
        return shuffled([*sizes.items()], "n c a b h w", "n c h a w b")

    def sliding(self, *shapes: Shape | None) -> Sliding | None:
        """Each position sees one input position, r of them the same: as of windows of r that lie side by side."""
        (input,) = shapes
        if input is None or len(input) != 4:
            return None
        r = self.upscale_factor
        return Sliding(tuple(Axis(size * r, r, stride=r) for size in input[2:]), backwards=True)
