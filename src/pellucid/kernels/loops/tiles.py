"""The walk over tiles that is convolution and the linear layer, forward and backward.

The engine solves the geometry once and writes it down as a list of calls for one unit, an image or several; the walk
repeats the list for every unit of its chunk. `first` and `rest` are a call's code for the first unit and for those
after it: they differ where results are summed over images (the weight gradient). Calls that hand each other numbers
through scratch memory (Winograd's) are stages of one walk.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import call_tile, int64_at
from pellucid.kernels.jit import inline, kernel

# An entry is one call, nine int64: first and rest (code); its stage; a, b, out, start (bytes from the stage's
# addresses); taps (bytes from the first), their number. A stage is nine int64: the addresses of A, B, out and start (0:
# this thread's scratch memory), bytes from unit to unit in each, bytes from part to part in out.


@inline
def walk(n, chunk, scratch):
    """Make every call of this chunk's entries for every unit (an image, or several) of this chunk.

    n: the first unit and the one after the last, units in a part, ranges of entries; addresses of the entries, of the
    ranges' bounds and of the taps; the stages.
    """
    part, piece = chunk // n[3], chunk % n[3]
    entries, bounds, taps = int64_at(n[4]), int64_at(n[5]), n[6]
    first_unit = n[0] + part * n[2]
    for unit in range(first_unit, min(n[1], first_unit + n[2])):
        for e in range(bounds[piece], bounds[piece + 1]):
            at, stage = e * 9, 7 + 9 * entries[e * 9 + 2]
            call_tile(
                entries[at] if unit == first_unit else entries[at + 1],
                (n[stage] or scratch) + unit * n[stage + 4] + entries[at + 3],
                (n[stage + 1] or scratch) + unit * n[stage + 5] + entries[at + 4],
                (n[stage + 2] or scratch) + unit * n[stage + 6] + part * n[stage + 8] + entries[at + 5],
                (n[stage + 3] or scratch) + unit * n[stage + 7] + entries[at + 6],
                taps + entries[at + 7],
                entries[at + 8],
            )


@kernel
def walk_tiles(p, n, f, chunk, scratch):
    """A walk and nothing else. n: the walk's."""
    walk(n, chunk, scratch)


@kernel
def add_parts(p, n, f, chunk):
    """out[i] = Σ parts[k][i], k ascending.

    p: parts, out. n: parts, elements of one, elements in a chunk.
    """
    parts, out = p[0], p[1]
    size = n[1]
    start = chunk * n[2]
    stop = min(size, start + n[2])
    for i in range(start, stop):
        out[i] = parts[i]
    for k in range(1, n[0]):
        for i in range(start, stop):
            out[i] += parts[k * size + i]


@kernel
def gather(p, n, f, chunk):
    """out[i] = source[places[i]].

    p: source, out. n: address of the places, their number.
    """
    source, out, places = p[0], p[1], int64_at(n[0])
    for i in range(n[1]):
        out[i] = source[places[i]]


@kernel
def pack_panels(p, n, f, chunk):
    """The weight (k, o) cut into panels of `width` output channels, each (k, o) by itself, for tiles to stream.

    p: weight, out. n: rows k, O, width, pieces of the rows. A chunk is a piece of a panel.
    """
    weight, out = p[0], p[1]
    rows, columns, pieces = n[0], n[1], n[3]
    first = chunk // pieces * n[2]
    width = min(n[2], columns - first)
    piece = chunk % pieces
    for k in range(rows * piece // pieces, rows * (piece + 1) // pieces):
        for o in range(width):
            out[first * rows + k * width + o] = weight[k * columns + first + o]
