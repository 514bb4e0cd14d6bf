"""Positions become channels (space to depth): the inverse of pixel_shuffle.

r stands for `downscale_factor`; c, a, b are row-major in one axis of channels, and so are h, a and w, b along H and W.
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
class PixelUnshuffle(Rearranging):
    """How many times as high and wide the input is."""

    downscale_factor: int

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,(c,a,b),h,w] = input[n,c,(h,a),(w,b)]",
        "grad_input": "grad_input[n,c,(h,a),(w,b)] = grad_output[n,(c,a,b),h,w]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "pixel_unshuffle"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…,C,H·r,W·r) → (…,C·r²,H,W)."""
        (input,) = shapes
        assert input is not None
        r, front = factor(self.name, "downscale_factor", self.downscale_factor), ranked(self.name, input, 3)
        channels, height, width = input[-3:]
        if height % r or width % r:
            raise ShapeError(
                self.name,
                "height and width must be multiples of downscale_factor",
                expected=f"H % {r} = W % {r} = 0",
                got=f"H={height}, W={width}, input {input}",
            )
        return (*front, channels * r**2, height // r, width // r)

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Positions a and b against channels c a b."""
        (input,) = shapes
        assert input is not None
        r = self.downscale_factor
        channels, height, width = input[-3:]
        sizes = {"n": size_of(input[:-3]), "c": channels, "h": height // r, "w": width // r, "a": r, "b": r}
        return shuffled([*sizes.items()], "n c h a w b", "n c a b h w")

    def sliding(self, *shapes: Shape | None) -> Sliding | None:
        """Windows of r that lie side by side."""
        (input,) = shapes
        if input is None or len(input) != 4:
            return None
        r = self.downscale_factor
        return Sliding(tuple(Axis(size, r, stride=r) for size in input[2:]))
