"""Adaptive average pooling: the mean of each of `output_size` windows that together cover the input.

    output[n,c,y]     = (Σ_i input[n,c,i]) / size[y],     floor(y·I/O) ≤ i < ceil((y+1)·I/O)
    grad_input[n,c,i] = Σ_y grad_output[n,c,y] / size[y]  over the windows y that hold i

y and i stand for one, two or three coordinates, I and O for the input's and the output's size along an axis;
size[y] counts the window's elements. Order of summation: output i, grad_input y, each ascending.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError
from pellucid.geometry import Where, is_integer
from pellucid.ops.base import Array, Gradients, Op, Shape, Terms, choices, columns

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
            expected=f"{dims} value{'s' if dims > 1 else ''} ≥ 1",
            got=f"output_size={size!r}",
        )
    return tuple(None if s is None else int(s) for s in sizes)


@dataclass(frozen=True)
class AdaptiveAvgPool(Op):
    """The output's size along `dims` spatial axes: one integer for all, or one each; None keeps the size."""

    dims: int
    output_size: OutputSize

    @property
    def name(self) -> str:
        """adaptive_avg_pool1d, adaptive_avg_pool2d or adaptive_avg_pool3d."""
        return f"adaptive_avg_pool{self.dims}d"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,output_size)."""
        (input,) = shapes
        assert input is not None
        if len(input) != self.dims + 2 or 0 in input[2:]:
            rule = f"input must have {self.dims + 2} axes, or {self.dims + 1} without batch, and none empty"
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

    def divisors(self, input: Shape) -> NDArray[np.int64]:
        """How many elements each window holds: an array of the output's spatial shape."""
        counts = [stop - start for start, stop in (table.T for table in self.windows(input))]
        return np.asarray(reduce(np.multiply.outer, counts))

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the elements of the windows; grad_input: the gradients of the windows that hold an element."""
        (input,) = shapes
        assert input is not None
        tables, divisors = self.windows(input), self.divisors(input)
        n, c, *place = columns(at)
        if of == "output":
            spans = [table[y] for table, y in zip(tables, place, strict=True)]  # (elements, 1, 2) each
            widest = [int((table[:, 1] - table[:, 0]).max()) for table in tables]
            i = [span[..., 0] + k for span, k in zip(spans, choices(*widest), strict=True)]
            met = [p < span[..., 1] for span, p in zip(spans, i, strict=True)]
            rows, divided = ("input", (n, c, *i)), divisors[tuple(place)]
        else:
            y = choices(*(len(table) for table in tables))
            spans = [table[p] for table, p in zip(tables, y, strict=True)]  # (terms, 2) each
            met = [(s[:, 0] <= i) & (i < s[:, 1]) for s, i in zip(spans, place, strict=True)]
            rows, divided = ("grad_output", (n, c, *y)), divisors[y]
        present = np.logical_and.reduce(np.broadcast_arrays(*met))
        return Terms((rows,), present=present, divisors=divided)

    def forward(self, *operands: Array) -> Array:
        """Add up each window, then divide."""
        (input,) = operands
        output = np.empty(self.infer(input.shape), input.dtype)
        for y, window in self._reads(input.shape):
            output[..., *y] = input[..., *window].sum(axis=tuple(range(2, input.ndim)))
        output /= self.divisors(input.shape).astype(input.dtype)
        return output

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Give every element of a window its share."""
        (input,) = operands
        share = grad_output / self.divisors(input.shape).astype(grad_output.dtype)
        grad_input = np.zeros_like(input)
        for y, window in self._reads(input.shape):
            grad_input[..., *window] += share[..., *(slice(p, p + 1) for p in y)]
        return (grad_input,)

    def _reads(self, input: Shape) -> Iterator[tuple[Where, Where]]:
        """Every output position with the slices of its window."""
        tables = self.windows(input)
        for y in np.ndindex(*self.infer(input)[2:]):
            yield y, tuple(slice(*table[p]) for table, p in zip(tables, y, strict=True))
