"""Vector code along an axis whose numbers lie apart: some columns at a time become rows, and their results columns."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address
from pellucid.kernels.jit import kernel
from pellucid.kernels.table import Numbers, Reads, Writes


class Across(NamedTuple):
    """Arrays (outer, rows, inner), of which a chunk takes some neighbouring columns."""

    a: Reads[Numbers]
    b: Reads[Numbers]
    out: Writes[Numbers]
    code: int  # its address; it counts the rows' numbers as one
    inwards: int  # addresses of what transposes so many columns, and the same many rows
    outwards: int
    two: int  # whether the code reads b
    rows: int
    inner: int
    columns: int  # of a chunk
    first: int  # column
    blocks: int  # chunks of a matrix


@kernel
def across(t: Across, chunk, scratch):
    """out = what the code makes of a and b, which lie transposed in scratch memory meanwhile."""
    at = chunk // t.blocks * t.rows * t.inner + t.first + chunk % t.blocks * t.columns
    a, b, out = element_address(t.a, at), element_address(t.b, at), element_address(t.out, at)
    size = element_address(t.a, t.rows * t.columns) - element_address(t.a, 0)
    first = scratch + 8 * t.rows
    second, made = first + size, first + 2 * size
    call_tile(t.inwards, a, a, first, first, first, 1)
    if t.two != 0:
        call_tile(t.inwards, b, b, second, second, second, 1)
    call_tile(t.code, first, second, made, made, scratch, t.columns)
    call_tile(t.outwards, made, made, out, out, out, 1)
