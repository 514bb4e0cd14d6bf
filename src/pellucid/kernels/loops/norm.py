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
from pellucid.kernels.table import Doubles, Integers, Many, Numbers, Reads, Writes


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
    """The sums of a batch's numbers, part by part."""

    walk: Walk
    edges: Reads[Integers]  # of the parts, in images
    parts: Writes[Doubles]  # three rows of lanes for each: centre and both sums


class GradientSums(NamedTuple):
    """The sums of a batch's gradients, part by part."""

    walk: Walk
    edges: Reads[Integers]  # of the parts, in images
    mean: Reads[Doubles]
    parts: Writes[Doubles]


@inline
def walk(w, start_row, stop_row, numbers, table):
    """Call the code of every block of columns along some rows; the table is `numbers` from `table` on."""
    for r in range(start_row, stop_row):
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
    walk(t.walk, first_row(t.walk.rows, chunk), last_row(t.walk.rows, chunk), t.table, 0)


@inline
def walk_part(t, chunk, table):
    """The walk along all rows of a part's images, from sums of 0."""
    lanes, per_image = t.walk.lanes, t.walk.rows.depth * t.walk.rows.height
    for i in range(table + lanes, table + 3 * lanes):
        t.parts[i] = 0.0
    walk(t.walk, t.edges[chunk] * per_image, t.edges[chunk + 1] * per_image, t.parts, table)


@kernel
def moments(t: Moments, chunk):
    """The walk that sums, lane by lane: centre = a channel's first number in A, Σ (A − centre), Σ (A − centre)².

    Each part has these three rows to itself, and a centre of its own.
    """
    lanes, a = t.walk.lanes, t.walk.a
    table, first = chunk * 3 * lanes, t.edges[chunk] * a.image
    for i in range(lanes):
        t.parts[table + i] = a.numbers[first + i % t.walk.channels]
    walk_part(t, chunk, table)


@kernel
def gradient_sums(t: GradientSums, chunk):
    """The walk that sums, lane by lane: centre = mean, Σ g, Σ g·(B − centre), three rows for each part."""
    lanes = t.walk.lanes
    table = chunk * 3 * lanes
    for i in range(lanes):
        t.parts[table + i] = t.mean[i % t.walk.channels]
    walk_part(t, chunk, table)
