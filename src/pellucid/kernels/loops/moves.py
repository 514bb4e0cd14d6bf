"""Numbers that go from one memory to another: three loops with steps in one another, around them a list of places."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Integers, Numbers, Reads, Writes


class Loop(NamedTuple):
    """How many times round, and how far that goes on in each memory."""

    size: int
    source: int
    target: int
    base: int


class Places(NamedTuple):
    """Where the inner loops begin in each memory, so many times; a chunk takes some of them."""

    source: Reads[Integers]
    target: Reads[Integers]
    base: Reads[Integers]
    number: int
    per_chunk: int


class Moved(NamedTuple):
    """What is read, what is written, and the sum so far that a gradient begins with."""

    source: Reads[Numbers]
    target: Writes[Numbers]
    base: Reads[Numbers]
    places: Places
    layers: Loop
    rows: Loop
    columns: Loop
    code: int  # the address of code that makes columns of rows, if there is such


@inline
def first_place(places, chunk):
    """The first place of a chunk."""
    return chunk * places.per_chunk


@inline
def last_place(places, chunk):
    """The place after the last one of a chunk."""
    return min(places.number, (chunk + 1) * places.per_chunk)


@inline
def turned(t, at, to, start):
    """One layer, by code."""
    call_tile(
        t.code,
        element_address(t.source, at),
        0,
        element_address(t.target, to),
        element_address(t.base, start),
        0,
        0,
    )


@kernel
def moved(t: Moved, chunk):
    """target = source."""
    x, y, size, step, width = t.source, t.target, t.columns.size, t.columns.source, t.columns.target
    for place in range(first_place(t.places, chunk), last_place(t.places, chunk)):
        for layer in range(t.layers.size):
            at = t.places.source[place] + layer * t.layers.source
            to = t.places.target[place] + layer * t.layers.target
            if t.code != 0:
                turned(t, at, to, 0)
                continue
            for row in range(t.rows.size):
                i, k = at + row * t.rows.source, to + row * t.rows.target
                if width != 1:
                    for c in range(size):
                        y[k + c * width] = x[i + c * step]
                elif step == 1:
                    for c in range(size):
                        y[k + c] = x[i + c]
                elif step == 0:
                    for c in range(size):
                        y[k + c] = x[i]
                else:
                    for c in range(size):
                        y[k + c] = x[i + c * step]


@kernel
def added(t: Moved, chunk):
    """target = base + source."""
    x, y, base, size = t.source, t.target, t.base, t.columns.size
    step, width, other = t.columns.source, t.columns.target, t.columns.base
    for place in range(first_place(t.places, chunk), last_place(t.places, chunk)):
        for layer in range(t.layers.size):
            at = t.places.source[place] + layer * t.layers.source
            to = t.places.target[place] + layer * t.layers.target
            start = t.places.base[place] + layer * t.layers.base
            if t.code != 0:
                turned(t, at, to, start)
                continue
            for row in range(t.rows.size):
                i, k, b = at + row * t.rows.source, to + row * t.rows.target, start + row * t.rows.base
                if step == 1 and width == 1 and other == 1:
                    for c in range(size):
                        y[k + c] = base[b + c] + x[i + c]
                else:
                    for c in range(size):
                        y[k + c * width] = base[b + c * other] + x[i + c * step]
