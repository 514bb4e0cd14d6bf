"""What adaptive pools share: `output_size` windows that together cover the input, whatever its size.

Window y of O over an axis of I positions holds floor(y·I/O) ≤ i < ceil((y+1)·I/O).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, PellucidError, ShapeError, say
from pellucid.geometry import Axis, Where
from pellucid.ops.base import Array, Op, Rows, Shape, choices, columns
from pellucid.ops.relation import IndexPattern, Labels, Shares, Sliding, places, spans
from pellucid.sizes import is_integer, size_of, values_of

OutputSize: TypeAlias = int | Sequence[int | None] | None


def output_sizes(where: str, size: OutputSize, dims: int) -> tuple[int | None, ...]:
    """One size per axis; None keeps the input's.

    Raises: ArgumentError when there is not one for each axis or one is not a whole number ≥ 1.
    """
    sizes = tuple(size) if isinstance(size, Sequence) else (size,) * dims
    if len(sizes) != dims or not all(s is None or (is_integer(s) and s > 0) for s in sizes):
        raise ArgumentError(
            where,
            "output_size must be an integer, or one integer or None per axis",
            expected=values_of(dims, 1),
            got=f"output_size={size!r}",
        )
    return tuple(None if s is None else int(s) for s in sizes)


@dataclass(frozen=True)
class AdaptivePool(Op):
    """The output's size along `dims` spatial axes: one integer for all, or one each; None keeps the size."""

    dims: int
    output_size: OutputSize

    def __post_init__(self) -> None:
        super().__post_init__()
        with suppress(PellucidError):  # refused by `infer`
            self.settle(output_size=output_sizes("", self.output_size, self.dims))

    @property
    def sample_axes(self) -> int:
        """(C,…)."""
        return self.dims + 1

    def effort(self, *shapes: Shape | None) -> int:
        """Every element is looked at about once."""
        (input,) = shapes
        assert input is not None
        return 16 * size_of(input)

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,output_size)."""
        (input,) = shapes
        assert input is not None
        if len(input) != self.dims + 2 or 0 in input[1:]:
            rule = say(
                "input must have {rank} axes, or {unbatched} without a batch, and only the batch may be empty",
                rank=self.dims + 2,
                unbatched=self.dims + 1,
            )
            raise ShapeError(self.name, rule, got=f"input {input}")
        sizes = output_sizes(self.name, self.output_size, self.dims)
        return (*input[:2], *(i if s is None else s for i, s in zip(input[2:], sizes, strict=True)))

    def windows(self, input: Shape) -> tuple[NDArray[np.int64], ...]:
        """Along each axis, the start and the past-the-end position of every window: arrays (O,2)."""
        tables = []
        for positions, outputs in zip(input[2:], self.infer(input)[2:], strict=True):
            y = np.arange(outputs)
            tables.append(np.stack([y * positions // outputs, -(-(y + 1) * positions // outputs)], axis=1))
        return tuple(tables)

    def sliding(self, *shapes: Shape | None) -> Sliding:
        """Ordinary windows where all are of one size and lie side by side, else shares of the axes."""
        (input,) = shapes
        assert input is not None
        pairs = list(zip(input[2:], self.infer(input)[2:], strict=True))
        if any(size % count for size, count in pairs):
            return Sliding(tuple(Shares(size, count) for size, count in pairs))
        return Sliding(tuple(Axis(size, size // count, size // count) for size, count in pairs))

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How many windows fit, where they lie side by side."""
        return tuple(axis.formula for axis in self.sliding(*shapes).axes if isinstance(axis, Axis))

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """A window of its channel. Backwards by way of who has won in the window."""
        input = shapes["input"]
        (i, _, y), sizes = places(input[2:], (), self.infer(input)[2:])
        labels: dict[str, Labels] = {"input": ("p", *i), "output": ("p", *y)}
        links = spans(self.windows(input))
        return IndexPattern(labels, sizes | {"p": size_of(input[:2])}, links, through="output")

    def held(self, at: NDArray[np.int64], input: Shape) -> tuple[Rows, NDArray[np.bool_]]:
        """The positions (n,c,i) that windows hold, in row-major order from their starts, and which of them there are.

        `at` has one output index in each row; all rows are as long as the largest window.
        """
        tables = self.windows(input)
        n, c, *y = columns(at)
        spans = [table[p] for table, p in zip(tables, y, strict=True)]  # (elements, 1, 2) each
        widest = [int((table[:, 1] - table[:, 0]).max()) for table in tables]
        i = [span[..., 0] + k for span, k in zip(spans, choices(*widest), strict=True)]
        there = [p < span[..., 1] for span, p in zip(spans, i, strict=True)]
        return (n, c, *i), np.logical_and.reduce(np.broadcast_arrays(*there))

    def holding(self, at: NDArray[np.int64], input: Shape) -> tuple[Rows, NDArray[np.bool_]]:
        """The inverse: all windows (n,c,y), ascending, and which of them hold input elements."""
        tables = self.windows(input)
        n, c, *i = columns(at)
        y = choices(*(len(table) for table in tables))
        spans = [table[p] for table, p in zip(tables, y, strict=True)]  # (terms, 2) each
        there = [(s[:, 0] <= p) & (p < s[:, 1]) for s, p in zip(spans, i, strict=True)]
        return (n, c, *y), np.logical_and.reduce(np.broadcast_arrays(*there))

    def slices(self, input: Shape) -> Iterator[tuple[Where, Where]]:
        """Every output position with the slices of its window."""
        tables = self.windows(input)
        for y in np.ndindex(*self.infer(input)[2:]):
            yield y, tuple(slice(*table[p]) for table, p in zip(tables, y, strict=True))
