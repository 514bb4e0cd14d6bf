"""Elements move on along axes; those that leave at the end come in at the front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pellucid.errors import ArgumentError
from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.rearranging import Rearranging, linked
from pellucid.ops.relation import IndexPattern, Run, Runs
from pellucid.ops.reshape import listed
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class Roll(Rearranging):
    """How far, and along which axes; without axes along all of them as one, in row-major order."""

    shifts: int | tuple[int, ...]
    dims: int | tuple[int, ...] | None = None

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,y,…] = input[…,i,…], i = (y − shift) mod size",
        "grad_input": "grad_input[…,i,…] = grad_output[…,y,…], y = (i + shift) mod size",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(shifts=listed(self.shifts), dims=() if self.dims is None else listed(self.dims))

    @property
    def name(self) -> str:
        """The op's name."""
        return "roll"

    def infer(self, *shapes: Shape | None) -> Shape:
        """The input's shape."""
        (input,) = shapes
        assert input is not None
        self._shifts(input)
        return input

    def _shifts(self, input: Shape) -> dict[int, int]:
        """How far along which axis; along −1, all of them as one."""
        shifts: Any = self.shifts
        dims: Any = self.dims
        whole = isinstance(shifts, tuple) and all(map(is_integer, shifts))
        if not whole or not isinstance(dims, tuple) or len(shifts) != (len(dims) or 1):
            raise ArgumentError(
                self.name,
                "shifts must be integers, one for each of dims",
                got=f"shifts={self.given('shifts')}, dims={self.given('dims')}",
            )
        if not dims:
            return {-1: shifts[0]}
        found: dict[int, int] = {}
        for dim, shift in zip(dims, shifts, strict=True):
            d = axis(self.name, "dims", dim, len(input))
            found[d] = found.get(d, 0) + shift
        return found

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Two runs along each axis."""
        (input,) = shapes
        assert input is not None
        shifts = self._shifts(input)
        axes = (size_of(input),) if -1 in shifts else input
        sizes, links, mine, output = dict[str, int](), list[Runs](), list[str](), list[str]()
        for d, size in enumerate(axes):
            shift = shifts.get(d, shifts.get(-1, 0)) % max(size, 1)
            i, y = (f"i{len(links)}", f"y{len(links)}") if shift else (f"a{d}", f"a{d}")
            mine.append(i)
            output.append(y)
            sizes |= {i: size, y: size}
            if shift:
                links.append(Runs((Run(0, size - shift, shift), Run(shift, 0, size - shift))))
        return linked(sizes, links, tuple(mine), tuple(output))
