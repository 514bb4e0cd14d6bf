"""What ops share that make one number of all numbers along some axes: sums, means, variances, largest and smallest.

Numbers are taken image by image, in each position by position, in each channel by channel. A sum is made in float64 and
rounded once. Over images it goes in the parts of the batch (`batch.py`). Where the numbers that are added lie side by
side in memory, channels last, each row of them is spread over the 16 lanes of `functions/sums.py`: lane l takes the
numbers l, l + 16, … of every row, and the lanes of a part are added as a tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Op, Rows, Shape, choices, columns
from pellucid.ops.checks import axis, flag
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import IndexPattern
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class OverAxes(Op):
    """The axes, None or none at all for all of them, and whether they stay with size 1."""

    dim: int | tuple[int, ...] | None = None
    keepdim: bool = False

    factors: ClassVar[
        Mapping[str, tuple[str, ...]]
    ] = {}  # of results that are sums: what every term is a product of

    def __post_init__(self) -> None:
        super().__post_init__()
        if is_integer(self.dim):
            self.settle(dim=(int(self.dim),))  # type: ignore[arg-type]
        elif isinstance(self.dim, Sequence) and all(map(is_integer, self.dim)):
            self.settle(dim=tuple(map(int, self.dim)) or None)

    def axes(self, shape: Shape) -> tuple[int, ...]:
        """The axes that go, in the order in which numbers are taken: that of images, positions, channels.

        Raises: ArgumentError when one is missing or named twice.
        """
        rank = len(shape)
        order = (0, *range(2, rank), 1)[:rank]
        if self.dim is None:
            return order
        if not isinstance(self.dim, tuple):
            rule = "dim must be None, an integer or a tuple of integers"
            raise ArgumentError(self.name, rule, got=f"dim={self.dim!r}"[:80])
        found = [axis(self.name, "dim", one, max(rank, 1)) for one in self.dim]
        if len({*found}) < len(found):
            raise ArgumentError(self.name, "dim must not name an axis twice", got=f"dim={self.dim}")
        return tuple(one for one in order if one in found)

    def lanes(self, shape: Shape) -> tuple[int, ...]:
        """The axes of a row whose numbers are spread over lanes: the last one and the channels, as far as they go.

        Example:
            >>> from pellucid.ops.sum import Sum
            >>> Sum().lanes((2, 3, 4, 5)), Sum((1, 2)).lanes((2, 3, 4, 5)), Sum((2, 3)).lanes((2, 1, 4, 5))
            ((3, 1), (1,), (3,))
            >>> Sum((2, 3)).lanes((2, 3, 4, 5))
            ()
        """
        row = [
            one for one in (len(shape) - 1, 1)[len(shape) < 3 :] if 0 < one < len(shape) and shape[one] > 1
        ]
        gone = self.axes(shape)
        if not row or row[-1] not in gone:
            return ()
        return tuple(one for one in row if one in gone)

    def count(self, shape: Shape) -> int:
        """How many numbers one is made of."""
        return prod(shape[one] for one in self.axes(shape))

    def kept(self, shape: Shape) -> Shape:
        """The input's shape with size 1 along the axes that go."""
        gone = self.axes(shape)
        return tuple(1 if one in gone else size for one, size in enumerate(shape))

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → without these axes, or with size 1 there."""
        (input,) = shapes
        assert input is not None
        gone = self.axes(input)
        if flag(self.name, "keepdim", self.keepdim):
            return self.kept(input)
        return tuple(size for one, size in enumerate(input) if one not in gone)

    def mixed(self, rank: int) -> tuple[int, ...]:
        """The axes that stay with size 1."""
        return self.axes((1,) * rank) if self.keepdim else ()

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """An output meets all inputs along the axes that go."""
        shape = shapes["input"]
        labels = tuple(f"r{one}" for one in range(len(shape)))
        gone = self.axes(shape)
        kept = tuple(label for one, label in enumerate(labels) if one not in gone)
        sizes = dict(zip(labels, shape, strict=True))
        made = dict.fromkeys(("output", *self.statistics(shapes)), kept)
        return IndexPattern({"input": labels, **made}, sizes)

    def met_by(self, at: NDArray[np.int64], shape: Shape) -> Rows:
        """For outputs, or for what has size 1 along the axes that go, the inputs that they are made of, in order."""
        gone = self.axes(shape)
        places = dict(zip(gone, choices(*(shape[one] for one in gone)), strict=True))
        given = iter(columns(at))
        found = []
        for one in range(len(shape)):
            own = next(given) if len(at.T) == len(shape) or one not in gone else None
            found.append(places[one][None, :] if one in places else own)
        return tuple(row for row in found if row is not None)

    def place(self, at: NDArray[np.int64], shape: Shape, *, keepdim: bool | None = None) -> Rows:
        """For inputs the output that each is part of, or, with `keepdim`, what has size 1 along the axes that go."""
        gone, rows = self.axes(shape), columns(at)
        if self.keepdim if keepdim is None else keepdim:
            return tuple(np.zeros_like(row) if one in gone else row for one, row in enumerate(rows))
        return tuple(row for one, row in enumerate(rows) if one not in gone)

    def summed(self, of: str, shape: Shape) -> Reduction:
        """A sum in float64 over the axes that go."""
        over, lanes = (tuple(f"r{one}" for one in axes) for axes in (self.axes(shape), self.lanes(shape)))
        return Reduction("float64", self.factors[of], over, lanes=lanes)

    def total(self, numbers: Array) -> Array:
        """The sums in float64, with size 1 along the axes that go."""
        return total(numbers.astype(np.float64), self.axes(numbers.shape)).reshape(self.kept(numbers.shape))

    def spread(self, numbers: Array, shape: Shape) -> Array:
        """What has the output's shape, to meet an input of this shape."""
        return numbers.reshape(self.kept(shape))

    def shaped(self, numbers: Any, shape: Shape, dtype: Any) -> Array:
        """Numbers for each output, as the output of an input of this shape."""
        with np.errstate(all="ignore"):
            return np.asarray(numbers, np.float64).astype(dtype).reshape(self.infer(shape))

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some ten times, in float64."""
        (input,) = shapes
        assert input is not None
        return 64 * size_of(input)
