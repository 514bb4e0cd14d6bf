"""Sums over a batch, part by part: the walk over tiles whose results are such sums, and the parts added as a tree.

`batch.py` of the package says where parts begin. A chunk of the walk takes a subtree: its parts, one after the other. A
part that is not the only one leaves its sum in a slot of scratch memory. Behind an odd part both halves of a node are
there, and of a larger node behind every second odd one: they are added at once, so that few slots hold any number of
parts.

    part             0      1      2      3
    slot 0           0      0+1    0+1    (0+1)+(2+3)
    slot 1                         2      2+3
    slot 2
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import numbers_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.tiles import Stage, make_calls
from pellucid.kernels.table import Address, Integers, Many, Numbers, Reads, Records, Writes

# The lists of a range: for a unit, for that of a longer part, at the end of a chunk.
UNIT, LONGER, END = range(3)


class PartWalk(NamedTuple):
    """Which calls are made for which images. Stages move by images; their results from part to part, or slot to slot.

    A part is taken in units of `together` images. One that is longer than the shortest begins with a unit of its own.
    """

    edges: Reads[Integers]  # of the parts, in images
    parts: int  # of a chunk
    summed: int  # of these; the calls at the end may make the last one
    ranges: int
    together: int
    shortest: int  # images of a part
    longer: int  # images of the unit that a longer part begins with
    calls: Reads[Address]  # a `Call` each
    bounds: Reads[Integers]  # of the lists, three for each range
    taps: Reads[Address]
    stages: Many[Stage]
    slots: int  # where they begin in scratch memory, in bytes
    slot: int  # numbers of one
    numbers: Reads[Numbers]  # none: it says of which type they are


class AddParts(NamedTuple):
    """Parts of a sum, so far apart: 2, 4, 8 or 16."""

    parts: Reads[Numbers]
    out: Writes[Numbers]
    parts_count: int
    size: int  # of one
    per_chunk: int


@kernel
def walk_parts(w: PartWalk, chunk, scratch):
    """Every part of this chunk's subtree, in this chunk's range of calls."""
    share, lists = chunk // w.ranges, 3 * (chunk % w.ranges)
    calls, slots = Records(w.calls, 0), numbers_at(scratch + w.slots, w.numbers)
    top = 0
    for part in range(w.summed):
        image, stop = w.edges[share * w.parts + part], w.edges[share * w.parts + part + 1]
        place = share if w.parts == 1 else top
        first = True
        if stop - image > w.shortest:
            make_calls(w, scratch, calls, lists + LONGER, image, first, place)
            image += w.longer
            first = False
        while image < stop:
            make_calls(w, scratch, calls, lists + UNIT, image, first, place)
            image += w.together
            first = False
        top += 1
        rights = part
        while rights & 1:  # the part is a right half, and so is the node that it completes, …
            top -= 1
            for i in range(top * w.slot, (top + 1) * w.slot):
                slots[i - w.slot] += slots[i]
            rights >>= 1
    make_calls(w, scratch, calls, lists + END, w.edges[share * w.parts + w.summed], True, share)


@inline
def two(t, i):
    """The sum of two parts that are neighbours."""
    return t.parts[i] + t.parts[i + t.size]


@inline
def four(t, i):
    """Of four."""
    return two(t, i) + two(t, i + 2 * t.size)


@inline
def eight(t, i):
    """Of eight."""
    return four(t, i) + four(t, i + 4 * t.size)


@kernel
def add_parts(t: AddParts, chunk):
    """out[i] = the parts' numbers i, added as a tree."""
    start = chunk * t.per_chunk
    stop = min(t.size, start + t.per_chunk)
    if t.parts_count == 2:
        for i in range(start, stop):
            t.out[i] = two(t, i)
    elif t.parts_count == 4:
        for i in range(start, stop):
            t.out[i] = four(t, i)
    elif t.parts_count == 8:
        for i in range(start, stop):
            t.out[i] = eight(t, i)
    else:
        for i in range(start, stop):
            t.out[i] = eight(t, i) + eight(t, i + 8 * t.size)


@inline
def add_in_pairs(sums, count):
    """Float64 sums of parts, added as a tree: the first becomes the whole."""
    apart = 1
    while apart < count:
        for k in range(0, count, 2 * apart):
            sums[k] += sums[k + apart]
        apart *= 2
