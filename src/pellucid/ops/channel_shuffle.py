"""Channels change places, so that each group of them gets some of all groups.

c stands for a channel of a group, g for its group; g, c are row-major in one axis of channels.
Source: Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ShapeError
from pellucid.ops.base import Shape
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern
from pellucid.ops.shuffles import factor, ranked, shuffled


@dataclass(frozen=True)
class ChannelShuffle(Rearranging):
    """How many groups there are."""

    groups: int

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,(c,g),…] = input[n,(g,c),…]",
        "grad_input": "grad_input[n,(g,c),…] = grad_output[n,(c,g),…]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "channel_shuffle"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,…)."""
        (input,) = shapes
        assert input is not None
        groups = factor(self.name, "groups", self.groups)
        ranked(self.name, input, 3)
        if input[1] % groups:
            raise ShapeError(
                self.name,
                "channels must be a multiple of groups",
                expected=f"C % {groups} = 0",
                got=f"C={input[1]}, input {input}",
            )
        return input

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Groups of channels against channels of groups."""
        (input,) = shapes
        assert input is not None
        sizes = [("n", input[0]), ("g", self.groups), ("c", input[1] // self.groups)]
        positions = [(f"s{d}", size) for d, size in enumerate(input[2:])]
        behind = " ".join(label for label, _ in positions)
        return shuffled([*sizes, *positions], f"n g c {behind}", f"n c g {behind}")
