"""Vector code along an axis whose numbers lie apart: some columns at a time become rows, and their results columns."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Rows, Source, Target, place_of, row_of


class Across(NamedTuple):
    """Tensors that have rows of neighbouring columns at each place along three more axes, of which a chunk takes some.

    The axes are those of `places` and of the tensors' strides; a column has `places.length` numbers.
    """

    places: Rows
    a: Source
    b: Source
    out: Target
    base: Source
    code: int  # its address; it counts a column's numbers as one
    inwards: int  # addresses of what transposes so many columns of a, and of b, and the same many rows
    inwards_b: int
    outwards: int  # which adds the base, if there is one
    two: int  # whether the code reads b
    columns: int  # of a chunk
    first: int  # column
    blocks: int  # chunks of a place


@inline
def at(t, tensor, chunk):
    """The address where a chunk's columns begin."""
    i, j, k = place_of(t.places, chunk // t.blocks)
    return element_address(tensor.numbers, row_of(tensor, i, j, k) + t.first + chunk % t.blocks * t.columns)


@kernel
def across(t: Across, chunk, scratch):
    """out = base + what the code makes of a and b, which lie transposed in scratch memory meanwhile."""
    a, out = at(t, t.a, chunk), at(t, t.out, chunk)
    size = element_address(t.a.numbers, t.places.length * t.columns) - element_address(t.a.numbers, 0)
    first = scratch + 8 * t.places.length
    second, made = first + size, first + 2 * size
    call_tile(t.inwards, a, a, first, first, first, 1)
    if t.two != 0:
        b = at(t, t.b, chunk)
        call_tile(t.inwards_b, b, b, second, second, second, 1)
    call_tile(t.code, first, second, made, made, scratch, t.columns)
    call_tile(t.outwards, made, made, out, at(t, t.base, chunk), out, 1)
