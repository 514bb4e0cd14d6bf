"""Padding, or with negative widths cropping, of an input's last axes.

The source of a position outside of the input is none ("constant"), the nearest element ("replicate"), the one mirrored
at the border element ("reflect"), or the one an input's length further on ("circular"; where the other side is cropped,
the length of what is left). Order of summation in grad_input: axis by axis, the last one first, y ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.geometry import Axis
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.checks import choice, number
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import IndexPattern, Sliding, Weighted, places
from pellucid.ops.resampling import Resampling, Spread
from pellucid.sizes import is_integer

MODES = ("constant", "reflect", "replicate", "circular")


@dataclass(frozen=True)
class Pad(Resampling):
    """Widths as PyTorch has them: (before, after) of the last axis, then of the one before it, and so on."""

    pad: tuple[int, ...]
    mode: str = "constant"
    value: float | None = None

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,y] = input[…,i(y)], i(y) = source of y − before; `value` where there is none",
        "grad_input": "grad_input[…,i] = Σ_y grad_output[…,y] over the y whose source is i",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "pad"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → its last axes wider by `pad`."""
        (input,) = shapes
        assert input is not None
        choice(self.name, "mode", self.mode, MODES)
        if not isinstance(self.pad, tuple) or len(self.pad) % 2 or not all(map(is_integer, self.pad)):
            rule = "pad must hold an even number of integers, (before, after) of the last axis first"
            raise ArgumentError(self.name, rule, got=f"pad={self.pad!r}")
        if len(self.pad) > 2 * len(input):
            rule = "pad must not have more pairs than the input has axes"
            raise ShapeError(
                self.name,
                rule,
                got=say("{count} pairs for input {input}", count=len(self.pad) // 2, input=input),
            )
        if self.mode != "constant" and self.value is not None:
            raise ArgumentError(self.name, "value is for mode='constant' alone", got=f"mode={self.mode!r}")
        if self.value is not None:
            number(self.name, "value", self.value, "[-inf, inf]")
        sizes = [size + sum(pair) for size, pair in zip(input, self._pairs(input), strict=True)]
        for axis, (size, pair) in enumerate(zip(input, self._pairs(input), strict=True)):
            self._check_axis(input, axis, size, pair)
        return tuple(sizes)

    def _check_axis(self, input: Shape, axis: int, size: int, pair: tuple[int, int]) -> None:
        kept = size + sum(min(width, 0) for width in pair)
        where = say("axis {axis} of input {input}", axis=axis, input=input)
        if (size + sum(pair) if self.mode in ("reflect", "replicate") else kept) < 0:
            raise ShapeError(
                self.name,
                "more is cropped than there is",
                got=say("pad {pair} on {where}", pair=pair, where=where),
            )
        if self.mode in ("reflect", "replicate") and any(pair) and size + sum(pair) == 0:
            raise ShapeError(
                self.name,
                say("mode='{mode}' must leave a position", mode=self.mode),
                got=say("pad {pair} on {where}", pair=pair, where=where),
            )
        if max(pair) <= 0 or self.mode == "constant":
            return
        most = {"reflect": size - 1, "circular": kept, "replicate": max(pair) if size else 0}[self.mode]
        if max(pair) > most:
            rule = say("mode='{mode}' has only so much to repeat", mode=self.mode)
            raise ArgumentError(
                self.name,
                rule,
                expected=say("at most {most}", most=most),
                got=say("{width} on {where}", width=max(pair), where=where),
            )

    def sources(self, input: Shape) -> list[NDArray[np.int64]]:
        """For each axis the input position that an output position is read from; −1 for none."""
        self.infer(input)
        found = []
        for size, (before, after) in zip(input, self._pairs(input), strict=True):
            i = np.arange(size + before + after) - before
            if self.mode == "constant":
                i = np.where((i >= 0) & (i < size), i, -1)
            elif self.mode == "replicate":
                i = np.clip(i, 0, size - 1)
            elif self.mode == "reflect":
                i = size - 1 - abs(size - 1 - abs(i))
            else:
                kept = size + min(before, 0) + min(after, 0)  # what is cropped is not repeated either
                i = (np.arange(len(i)) - max(before, 0)) % max(kept, 1) - min(before, 0)
            found.append(i)
        return found

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Every axis by its sources, where batch or channels are padded, too."""
        input = shapes["input"]
        if self.sliding(input):
            return super().relation(shapes, read)
        (i, _, y), sizes = places(input, (), self.infer(input))
        rows = (tuple(((p, 1.0),) if p >= 0 else () for p in row.tolist()) for row in self.sources(input))
        return IndexPattern({"input": i, "output": y}, sizes, tuple(map(Weighted, rows)))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """What is put around an output may be another number than 0."""
        found = super().reduced(of, *shapes)
        return replace(found, outside=float(self.value or 0)) if of == "output" else found

    def sliding(self, *shapes: Shape | None) -> Sliding | None:
        """Windows of one position over padding, whatever it holds; none where batch or channels are padded."""
        (input,) = shapes
        assert input is not None
        widths = self._pairs(input)
        if widths[:2] != [(0, 0)] * 2:
            return None
        each = zip(input[2:], widths[2:], strict=True)
        return Sliding(tuple(Axis(size, 1, before=before, after=after) for size, (before, after) in each))

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """Sizes and widths added up."""
        found = self.sliding(*shapes)
        return tuple(axis.padded_formula for axis in found.axes if isinstance(axis, Axis)) if found else ()

    def spreads(self, input: Shape) -> list[Spread]:
        """The sources along the axes behind the channels, each with weight 1."""
        each = zip(self.sources(input)[2:], input[2:], strict=True)
        return [
            Spread(tuple(((i, 1.0),) if i >= 0 else () for i in row.tolist()), size) for row, size in each
        ]

    def forward(self, *operands: Array) -> Array:
        """Copy what stays, and read what is put before and behind it, axis by axis."""
        (input,) = operands
        output = input
        for axis, (i, first, last) in enumerate(self._kept(input.shape)):
            if last - first < max(len(i), input.shape[axis]):
                middle = np.take(output, [], axis)
                if first < last:
                    middle = output[(slice(None),) * axis + (slice(i[first], i[last - 1] + 1),)]
                before, after = self._read(output, axis, i[:first]), self._read(output, axis, i[last:])
                output = np.concatenate((before, middle, after), axis)
        return output.copy() if output is input else output

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Give every gradient to its source; what several positions are read from adds up, axis by axis."""
        (input,) = operands
        grad = grad_output
        for axis, (i, first, last) in reversed(list(enumerate(self._kept(input.shape)))):
            size = input.shape[axis]
            if last - first == max(len(i), size):
                continue
            gathered = np.zeros((*grad.shape[:axis], size, *grad.shape[axis + 1 :]), grad.dtype)
            source, result = np.moveaxis(gathered, axis, 0), np.moveaxis(grad, axis, 0)
            for y in range(first):
                if i[y] >= 0:
                    source[i[y]] += result[y]
            if first < last:
                source[i[first] : i[last - 1] + 1] += result[first:last]
            for y in range(last, len(i)):
                if i[y] >= 0:
                    source[i[y]] += result[y]
            grad = gathered
        return (grad.copy() if grad is grad_output else grad,)

    def _pairs(self, input: Shape) -> list[tuple[int, int]]:
        """(before, after) for every axis of the input, the first axis first."""
        pairs = list(zip(self.pad[::2], self.pad[1::2], strict=True))[::-1]
        return [(0, 0)] * (len(input) - len(pairs)) + pairs

    def _kept(self, input: Shape) -> Iterator[tuple[NDArray[np.int64], int, int]]:
        """For each axis the sources, and the first and the last (exclusive) position that the input itself lies at."""
        for i, (before, _) in zip(self.sources(input), self._pairs(input), strict=True):
            own = np.flatnonzero((i == np.arange(len(i)) - before) & (i >= 0))
            yield i, *((int(own[0]), int(own[-1]) + 1) if len(own) else (0, 0))

    def _read(self, array: Array, axis: int, i: NDArray[np.int64]) -> Array:
        """The elements at positions of an axis, or as many times the value."""
        if self.mode != "constant":
            return np.take(array, i, axis)
        shape = (*array.shape[:axis], len(i), *array.shape[axis + 1 :])
        return np.full(shape, self.value or 0, array.dtype)
