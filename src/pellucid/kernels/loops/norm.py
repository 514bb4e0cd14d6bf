"""Batch normalisation along the rows of tensors: sums of every channel in float64, and passes over the numbers.

The loops over numbers are emitted (`kernels/simd/norm.py`); here is the walk that calls them row by row. A row is
walked in steps of `lanes` numbers, a whole number of pixels side by side, so that few channels still fill vectors:
lane l belongs to channel l mod C. What is done once for each channel is in `norm_statistics.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address, record
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Rows, Source, Target, first_row, last_row, row_at
from pellucid.kernels.table import Doubles, Many, Numbers, Reads, Writes


class Columns(NamedTuple):
    """A block of columns: the address of its code, and its first column."""

    code: int
    first: int


class Steps(NamedTuple):
    """How far apart steps along a row are in each tensor."""

    a: int
    b: int
    out: int
    start: int


class Walk(NamedTuple):
    """What the emitted loops take, and the steps in which they walk the rows."""

    rows: Rows
    a: Source
    b: Source
    out: Target
    start: Source
    steps: int  # in a row
    apart: Steps
    per_piece: int  # steps that are done with one block of columns before the next
    lanes: int  # numbers in a step
    channels: int
    columns: Many[Columns]


class Pass(NamedTuple):
    """One pass over the numbers."""

    walk: Walk
    table: Reads[Numbers]  # what the loop needs of each lane


class Moments(NamedTuple):
    """The sums of a batch's numbers."""

    walk: Walk
    parts: Writes[Doubles]  # three rows of lanes for each chunk: centre and both sums


class GradientSums(NamedTuple):
    """The sums of a batch's gradients."""

    walk: Walk
    mean: Reads[Doubles]
    parts: Writes[Doubles]


@inline
def walk(w, chunk, numbers, table):
    """Call the code of every block of columns along every row of a chunk; the table is `numbers` from `table` on."""
    for r in range(first_row(w.rows, chunk), last_row(w.rows, chunk)):
        a, b = row_at(w.rows, w.a, r), row_at(w.rows, w.b, r)
        out, start = row_at(w.rows, w.out, r), row_at(w.rows, w.start, r)
        for first in range(0, w.steps, w.per_piece):
            for block in range(w.columns.length):
                columns = record(Columns, w.columns, block)
                call_tile(
                    columns.code,
                    element_address(w.a.numbers, a + first * w.apart.a + columns.first),
                    element_address(w.b.numbers, b + first * w.apart.b + columns.first),
                    element_address(w.out.numbers, out + first * w.apart.out + columns.first),
                    element_address(w.start.numbers, start + first * w.apart.start + columns.first),
                    element_address(numbers, table + columns.first),
                    min(w.per_piece, w.steps - first),
                )


@kernel
def walk_rows(t: Pass, chunk):
    """The walk with one table for all chunks."""
    walk(t.walk, chunk, t.table, 0)


@kernel
def moments(t: Moments, chunk):
    """The walk that sums, lane by lane: centre = the first number of a channel in A, Σ (A − centre), Σ (A − centre)².

    Each chunk has these three rows to itself.
    """
    parts, lanes = t.parts, t.walk.lanes
    table = chunk * 3 * lanes
    for i in range(lanes):
        parts[table + i] = t.walk.a.numbers[i % t.walk.channels]
    for i in range(table + lanes, table + 3 * lanes):
        parts[i] = 0.0
    walk(t.walk, chunk, parts, table)


@kernel
def gradient_sums(t: GradientSums, chunk):
    """The walk that sums, lane by lane: centre = mean, Σ g, Σ g·(B − centre), three rows for each chunk."""
    parts, lanes = t.parts, t.walk.lanes
    table = chunk * 3 * lanes
    for i in range(lanes):
        parts[table + i] = t.mean[i % t.walk.channels]
    for i in range(table + lanes, table + 3 * lanes):
        parts[i] = 0.0
    walk(t.walk, chunk, parts, table)
