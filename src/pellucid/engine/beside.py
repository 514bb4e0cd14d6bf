"""Ops that treat numbers side by side alike, on plain arrays: one launch over the numbers as they lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.lowering import registry
from pellucid.kernels import simd, tape, turns
from pellucid.kernels.loops import pointwise
from pellucid.kernels.loops.rows import Rows, Source, Target
from pellucid.kernels.shelves import borrowed
from pellucid.kernels.table import fill

Array = NDArray[Any]
_CHUNK = 1 << 14  # numbers that a thread takes at a time


def output(found: registry.Beside, input: Array) -> Array:
    """What the forward makes."""
    return _launched(found.forward, found.unit, input)


def gradient(found: registry.Beside, grad_output: Array, input: Array) -> Array:
    """What the backward makes."""
    read = output(found, input) if found.reads == "output" else input
    return _launched(found.backward, found.unit, grad_output, read)


def _launched(code: simd.Code, unit: int, *operands: Array) -> Array:
    """The code along all numbers: in rows of one length, and in one row for what is left of them."""
    arrays = [np.ascontiguousarray(array).reshape(-1) for array in operands]
    result, length = np.empty_like(arrays[0]), max(1, _CHUNK // unit) * unit
    whole = result.size // length * length
    bits, parts = 8 * result.itemsize, [slice(0, whole), slice(whole, result.size)]
    with turns.running, borrowed():
        address, kernel = simd.address(code), pointwise.emitted.address(bits)
        calls, tables = [], []
        for part in parts:
            row = min(length, part.stop - part.start)
            rows = (part.stop - part.start) // row if row else 0
            read = [Source(array[part], 0, 0, row) for array in arrays]
            table = pointwise.Emitted(
                rows=Rows(1, 1, 1, rows, row),
                a=read[0],
                b=read[-1],
                out=Target(result[part], 0, 0, row),
                base=Source(None, 0, 0, 0),
                code=address,
                unit=unit,
            )
            tables.append(fill(table))
            calls.append((kernel, tables[-1].address, rows))
        tape.team.play(tape.launches([call for call in calls if call[2]]), 8 * unit)
    return result.reshape(operands[0].shape)
