"""Dropout: an element stays where its draw reaches the threshold (see `pellucid/philox.py`).

An element's draw has the number of its N C D H W place, so a block's four are neighbours within a channel, while in
memory channels are neighbours. Draws are made in scratch memory, as many blocks together as make vector code:

- of one channel, a line of positions: draws lie as the elements do;
- of few channels, a line of each, whose draws are then put where the elements lie;
- of more, a block of each channel side by side, in rows of one draw for each channel. Two blocks are kept, in eight
  rows. Where a plane is no multiple of four, channels begin at different draws of their first block, by 0 to 3, their
  shift: the draw for position p is in row p, p + 1, p + 2 or p + 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import rounded, uint32_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.philox import block_words
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, row_at
from pellucid.kernels.table import Integers, Reads

_LANES = 8  # blocks that are made together
_LINE = 256  # positions of one channel whose draws are made together
_LINE_DRAWS = _LINE + 4 * _LANES
_FEW = 24  # channels: blocks of more are made side by side
_SIDE = 256  # channels side by side, at most
_DRAWS = max(_LINE_DRAWS + _LINE * _FEW, 8 * _SIDE)
SCRATCH_BYTES = 4 * (_DRAWS + 2 * _SIDE)
_LARGEST = 2**32 - 1


class Dropout(NamedTuple):
    """What decides which numbers stay, and by what they grow.

    Where each channel has one number, an image is one channel, whose positions are the features.
    """

    rows: Rows
    x: Source
    y: Target
    base: Source
    channels: int
    plane: int  # numbers of a channel
    last_word: int  # of the stream: which of the network's dropouts it is
    threshold: int
    counters: Reads[Integers]  # seed and step
    scale: float  # a number of x's type


@kernel
def dropout(t: Dropout, chunk, scratch):
    """y = base + (x·scale where the element's draw reaches the threshold, else 0), forward and backward."""
    draws, shifts = uint32_at(scratch), uint32_at(scratch + 4 * _DRAWS)
    slices, width = t.rows.depth * t.rows.height, t.rows.length // t.channels
    seed, step, limit = t.counters[0], t.counters[1], np.uint32(min(t.threshold, _LARGEST))
    row, last = first_row(t.rows, chunk), last_row(t.rows, chunk)
    while row < last:
        image = row // slices
        end = min(last, (image + 1) * slices)
        position, stop = (row - image * slices) * width, (end - image * slices) * width
        if t.threshold > _LARGEST:
            drop_all(t, row, end)
        elif t.channels == 1:
            one_channel(t, draws, seed, step, limit, image, position, stop)
        elif t.channels <= _FEW:
            few_channels(t, draws, seed, step, limit, image, position, stop)
        else:
            side_by_side(t, draws, shifts, seed, step, limit, image, position, stop)
        for r in range(row, end):
            add_base(t.rows, t.y, t.base, r)
        row = end


@inline
def drop_all(t, row, end):
    """Rows of which no element stays."""
    for r in range(row, end):
        to = row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            t.y.numbers[to + i] = 0.0


@inline
def one_channel(t, draws, seed, step, limit, image, position, stop):
    """Positions of an image that are neighbours in memory as their draws are."""
    while position < stop:
        count = min(_LINE, stop - position)
        shift = draw_line(t, draws, seed, step, image * t.plane + position, count)
        keep_stretch(t, draws, limit, shift, image, position, count)
        position += count


@inline
def few_channels(t, draws, seed, step, limit, image, position, stop):
    """Positions of an image: draws of one channel after the other are put where the elements lie."""
    while position < stop:
        count = min(_LINE, stop - position)
        for c in range(t.channels):
            first = (image * t.channels + c) * t.plane + position
            shift = draw_line(t, draws, seed, step, first, count)
            for i in range(count):
                draws[_LINE_DRAWS + i * t.channels + c] = draws[shift + i]
        keep_stretch(t, draws, limit, _LINE_DRAWS, image, position, count)
        position += count


@inline
def draw_line(t, draws, seed, step, first, count):
    """So many draws from number `first` on; returns where they begin."""
    for b in range(((first & 3) + count + 4 * _LANES - 1) // (4 * _LANES) * _LANES):
        words = block_words((first >> 2) + b, seed, step, t.last_word)
        draws[4 * b], draws[4 * b + 1], draws[4 * b + 2], draws[4 * b + 3] = words
    return first & 3


@inline
def keep_stretch(t, draws, limit, begin, image, position, count):
    """So many positions of an image, with draws that lie as the elements do."""
    x, y, scale, done = t.x.numbers, t.y.numbers, rounded(t.scale, t.x.numbers), 0
    while done < count:
        at, to, run = run_at(t, image, position + done, count - done)
        drawn = begin + done * t.channels
        for i in range(run * t.channels):
            y[to + i] = x[at + i] * scale if draws[drawn + i] >= limit else 0.0
        done += run


@inline
def side_by_side(t, draws, shifts, seed, step, limit, image, position, stop):
    """Positions of an image, some channels at a time, each position's draws made when it comes."""
    tiles = (t.channels + _SIDE - 1) // _SIDE
    size = (t.channels + tiles - 1) // tiles
    for begin in range(0, t.channels, size):
        first, channels = (image * t.channels + begin) * t.plane + position, min(size, t.channels - begin)
        aligned, blocks, at, to, run = t.plane & 3 == 0, 0, 0, 0, 0
        note_shifts(shifts, first, t.plane, channels)
        for p in range(stop - position):
            if run == 0:
                at, to, run = run_at(t, image, position + p, stop - position - p)
            if p + (first & 3 if aligned else 3) >= 4 * blocks:
                draw_block(t, draws, seed, step, first, blocks, channels)
                blocks += 1
            if aligned:
                keep_aligned(t, draws, limit, p + (first & 3), at + begin, to + begin, channels)
            else:
                keep(t, draws, shifts, limit, p, at + begin, to + begin, channels)
            at, to, run = at + t.channels, to + t.channels, run - 1


@inline
def note_shifts(shifts, first, plane, channels):
    """By how many draws each channel begins within a block: masks of the two bits, all ones or none."""
    for c in range(channels):
        shift = first + c * plane
        shifts[c], shifts[_SIDE + c] = np.uint32(-(shift & 1)), np.uint32(-(shift >> 1 & 1))


@inline
def draw_block(t, draws, seed, step, first, block, channels):
    """One block more for each channel: four rows of draws, in the place of those before the last four."""
    row = (4 * block & 7) * _SIDE
    for c in range((channels + _LANES - 1) // _LANES * _LANES):
        words = block_words((first + c * t.plane >> 2) + block, seed, step, t.last_word)
        draws[row + c], draws[row + _SIDE + c] = words[0], words[1]
        draws[row + 2 * _SIDE + c], draws[row + 3 * _SIDE + c] = words[2], words[3]


@inline
def keep_aligned(t, draws, limit, row, at, to, channels):
    """One position, all of whose channels' draws are in one row."""
    x, y, scale, row = t.x.numbers, t.y.numbers, rounded(t.scale, t.x.numbers), (row & 7) * _SIDE
    for c in range(channels):
        y[to + c] = x[at + c] * scale if draws[row + c] >= limit else 0.0


@inline
def keep(t, draws, shifts, limit, row, at, to, channels):
    """One position, whose channels' draws are in this row or in the next three."""
    x, y, scale = t.x.numbers, t.y.numbers, rounded(t.scale, t.x.numbers)
    row0, row1 = (row & 7) * _SIDE, (row + 1 & 7) * _SIDE
    row2, row3 = (row + 2 & 7) * _SIDE, (row + 3 & 7) * _SIDE
    for c in range(channels):
        near = chosen(draws[row0 + c], draws[row1 + c], shifts[c])
        far = chosen(draws[row2 + c], draws[row3 + c], shifts[c])
        y[to + c] = x[at + c] * scale if chosen(near, far, shifts[_SIDE + c]) >= limit else 0.0


@inline
def chosen(a, b, mask):
    """a, or b where all bits of the mask are ones: without a branch, so that loops with it become vector code."""
    return np.uint32(a ^ (a ^ b) & mask)


@inline
def run_at(t, image, position, count):
    """Where a position of an image lies in x and in y, and how many of the next `count` ones lie in its row."""
    width = t.rows.length // t.channels
    line = position // width
    place = position - line * width
    row = image * t.rows.depth * t.rows.height + line
    at, to = row_at(t.rows, t.x, row), row_at(t.rows, t.y, row)
    return at + place * t.channels, to + place * t.channels, min(width - place, count)
