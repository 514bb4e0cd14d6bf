"""Ops on plain arrays: one launch, or a few, over the numbers as they lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.across import Columns, Lying
from pellucid.kernels import simd, tape, turns
from pellucid.kernels.loops import across, pointwise
from pellucid.kernels.loops.rows import Rows, Source, Target
from pellucid.kernels.shelves import borrowed
from pellucid.kernels.table import fill
from pellucid.ops.base import Gradients

Array = NDArray[Any]
_CHUNK = 1 << 14  # numbers that a thread takes at a time


@dataclass(frozen=True)
class Alike:
    """An op of one operand that treats numbers side by side alike.

    Attributes:
        forward: code that makes the output of the input.
        backward: code that makes the gradient of that of the output, and of what it reads.
        reads: "input" or "output".
        unit: how many numbers the code counts as one.
        inner: how far apart these are.
    """

    forward: simd.Code
    backward: simd.Code
    reads: str
    unit: int = 1
    inner: int = 1

    def output(self, *operands: Array | None) -> Array:
        """What the forward makes."""
        (input,) = operands
        assert input is not None
        return self._made(self.forward, input)

    def gradients(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """What the backward makes."""
        (input,) = operands
        assert input is not None
        read = self.output(input) if self.reads == "output" else input
        return (self._made(self.backward, grad_output, read),)

    def _made(self, code: simd.Code, *operands: Array) -> Array:
        arrays = [np.ascontiguousarray(array).reshape(-1) for array in operands]
        result = np.empty_like(arrays[0])
        with turns.running, borrowed():
            (_across if self.inner > 1 else _along)(self, code, arrays, result)
        return result.reshape(operands[0].shape)


def _along(found: Alike, code: simd.Code, arrays: Sequence[Array], result: Array) -> None:
    """The code along all numbers: in rows of one length, and in one row for what is left of them."""
    unit, address = found.unit, simd.address(code)
    length = max(1, _CHUNK // unit) * unit
    whole = result.size // length * length
    tables = []
    for part in slice(0, whole), slice(whole, result.size):
        row = min(length, part.stop - part.start)
        rows = (part.stop - part.start) // row if row else 0
        read = [Source(array[part], 0, 0, row) for array in arrays]
        nothing, out = Source(None, 0, 0, 0), Target(result[part], 0, 0, row)
        walked = Rows(1, 1, 1, rows, row)
        tables.append((pointwise.Emitted(walked, read[0], read[-1], out, nothing, address, unit), rows))
    play(pointwise.emitted, tables, result.itemsize, 8 * unit)


def _across(found: Alike, code: simd.Code, arrays: Sequence[Array], result: Array) -> None:
    """The code across rows."""
    rows, inner = found.unit, found.inner
    outer = result.size // (rows * inner)
    columns = Columns(code, 8 * result.itemsize, rows, inner, (outer, 1, 1))
    a, b, out = (Lying(array, inner, (rows * inner, 0, 0)) for array in (arrays[0], arrays[-1], result))
    tables = [*columns.work(a, b if len(arrays) > 1 else None, out, None)]
    play(across.across, tables, result.itemsize, columns.scratch)


def play(kernel: Any, tables: Sequence[tuple[Any, int]], itemsize: int, scratch: int) -> None:
    """Launch a kernel with each table, for so many chunks."""
    address, filled = kernel.address(8 * itemsize), [(fill(table), chunks) for table, chunks in tables]
    calls = [(address, one.address, chunks) for one, chunks in filled if chunks]
    tape.team.play(tape.launches(calls), scratch)
