"""Some neighbouring positions of an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ArgumentError, say
from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern, Run
from pellucid.ops.slices import Part, sliced
from pellucid.sizes import is_integer


@dataclass(frozen=True)
class Narrow(Rearranging):
    """The axis, the first position and how many there are."""

    dim: int
    start: int
    length: int

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,y,…] = input[…,start + y,…]",
        "grad_input": "grad_input[…,i,…] = grad_output[…,i − start,…], 0 where no y reads i",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "narrow"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N,length,H,W) with dim=1."""
        (input,) = shapes
        assert input is not None
        dim, _ = self.place(input)
        return (*input[:dim], self.length, *input[dim + 1 :])

    def place(self, input: Shape) -> tuple[int, int]:
        """The axis and the first position, both counted from the front."""
        dim = axis(self.name, "dim", self.dim, len(input))
        size, start, length = input[dim], self.start, self.length
        if not is_integer(start) or not is_integer(length) or not -size <= start <= size or length < 0:
            raise ArgumentError(
                self.name,
                "start and length must be integers within the axis",
                expected=say("start from {first} to {last}", first=-size, last=size),
                got=f"start={start!r}, length={length!r}",
            )
        start += size * (start < 0)
        if start + length > size:
            raise ArgumentError(
                self.name,
                "start + length must not exceed the axis",
                expected=say("at most {most}", most=size),
                got=say(
                    "start={start}, length={length} for input {input}",
                    start=start,
                    length=length,
                    input=input,
                ),
            )
        return dim, start

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """The positions from start on."""
        (input,) = shapes
        assert input is not None
        dim, start = self.place(input)
        run = Run(0, start, self.length)
        return sliced([Part(size, run if d == dim else Run(0, 0, size)) for d, size in enumerate(input)])
