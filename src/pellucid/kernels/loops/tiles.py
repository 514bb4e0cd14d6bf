"""The walk over tiles that is convolution and the linear layer, forward and backward.

The engine solves the geometry once and writes it down as a list of calls for one unit, an image or several; the walk
repeats the list for every unit of its chunk. `first` and `rest` are a call's code for the first unit and for those
after it: they differ where results are summed over images (the weight gradient). Calls that hand each other numbers
through scratch memory (Winograd's) are stages of one walk.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, record
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Address, Integers, Many, Numbers, Reads, Records, Writes


class Call(NamedTuple):
    """One call of a tile: its code, its stage, bytes from the stage's addresses, its taps (bytes from the first)."""

    first: int
    rest: int
    stage: int
    a: int
    b: int
    out: int
    start: int
    taps: int
    taps_count: int


class Stage(NamedTuple):
    """What calls count from (nothing: this thread's scratch memory), and how many bytes each moves per unit.

    `part` is how far `out` moves from part to part.
    """

    a: Reads[Address]
    b: Reads[Address]
    out: Writes[Address]
    start: Reads[Address]
    a_step: int
    b_step: int
    out_step: int
    start_step: int
    part: int


class Walk(NamedTuple):
    """Which calls are made for which units; ranges of calls share out what is to be done for one unit."""

    first_unit: int
    last_unit: int  # the one after it
    per_part: int  # units
    ranges: int
    calls: Reads[Address]  # a `Call` each
    bounds: Reads[Integers]  # of the ranges
    taps: Reads[Address]
    stages: Many[Stage]


class Gather(NamedTuple):
    """Numbers from given places."""

    source: Reads[Numbers]
    out: Writes[Numbers]
    places: Reads[Integers]
    size: int


class Panels(NamedTuple):
    """A weight (k, o) that is cut into panels of `width` output channels; a chunk is one of the pieces of a panel."""

    weight: Reads[Numbers]
    out: Writes[Numbers]
    rows: int
    columns: int
    width: int
    pieces: int


@inline
def make_calls(w, scratch, calls, which, unit, first, place):
    """The calls of a list for one unit, the first of a sum or a later one; results lie at a place (part, slot)."""
    for e in range(w.bounds[which], w.bounds[which + 1]):
        call = record(Call, calls, e)
        stage = record(Stage, w.stages, call.stage)
        call_tile(
            call.first if first else call.rest,
            (stage.a or scratch) + unit * stage.a_step + call.a,
            (stage.b or scratch) + unit * stage.b_step + call.b,
            (stage.out or scratch) + unit * stage.out_step + place * stage.part + call.out,
            (stage.start or scratch) + unit * stage.start_step + call.start,
            w.taps + call.taps,
            call.taps_count,
        )


@kernel
def walk_tiles(w: Walk, chunk, scratch):
    """Make every call of this chunk's range for every unit (an image, or several) of this chunk."""
    part, piece = chunk // w.ranges, chunk % w.ranges
    first_unit = w.first_unit + part * w.per_part
    calls = Records(w.calls, 0)
    for unit in range(first_unit, min(w.last_unit, first_unit + w.per_part)):
        make_calls(w, scratch, calls, piece, unit, unit == first_unit, part)


@kernel
def gather(t: Gather, chunk):
    """out[i] = source[places[i]]."""
    for i in range(t.size):
        t.out[i] = t.source[t.places[i]]


@kernel
def pack_panels(t: Panels, chunk):
    """The panels, each (k, o) by itself, for tiles to stream."""
    first = chunk // t.pieces * t.width
    width = min(t.width, t.columns - first)
    piece = chunk % t.pieces
    for k in range(t.rows * piece // t.pieces, t.rows * (piece + 1) // t.pieces):
        for o in range(width):
            t.out[first * t.rows + k * width + o] = t.weight[k * t.columns + first + o]
