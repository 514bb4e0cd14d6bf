"""The walk over tiles that is convolution and the linear layer, forward and backward.

The engine solves the geometry once and writes it down as a list of tile calls for one image; the walk repeats the list
for every image of its chunk. `first` and `rest` are a tile's code for the first image and for those after it: they
differ where results are summed over images (the weight gradient).
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import call_tile, call_turn, element_address, int64_at
from pellucid.kernels.jit import kernel

# An entry is one tile call, eight int64: first and rest (code); a, b, out, start (bytes from the base addresses); taps
# (bytes from the first), their number.


@kernel
def walk_tiles(p, n, f, chunk):
    """Call every tile of this chunk's entries for every image of this chunk.

    n: addresses of A, B, out, start; bytes from image to image in each; bytes from part to part in out; images, images
    in a part, ranges of entries; addresses of the entries, of the ranges' bounds and of the taps.
    """
    a, b, out, start = n[0], n[1], n[2], n[3]
    part, piece = chunk // n[11], chunk % n[11]
    entries, bounds, taps = int64_at(n[12]), int64_at(n[13]), n[14]
    first_image = part * n[10]
    out += part * n[8]
    for image in range(first_image, min(n[9], first_image + n[10])):
        for e in range(bounds[piece], bounds[piece + 1]):
            at = e * 8
            code = entries[at] if image == first_image else entries[at + 1]
            call_tile(
                code,
                a + image * n[4] + entries[at + 2],
                b + image * n[5] + entries[at + 3],
                out + image * n[6] + entries[at + 4],
                start + image * n[7] + entries[at + 5],
                taps + entries[at + 6],
                entries[at + 7],
            )


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


@kernel
def turn_panels(p, n, f, chunk):
    """The weight (k, c, o) as the input gradient reads it: panels of `width` input channels, each (k, o, c).

    p: weight, out. n: address of the code that turns a square block and its side, taps, C/groups, O, width.
    A chunk is one tap and up to `side` output channels.
    """
    weight, out = p[0], p[1]
    side, taps, inner, outer, most = n[1], n[2], n[3], n[4], n[5]
    blocks = (outer + side - 1) // side
    tap, o0 = chunk // blocks, chunk % blocks * side
    o1 = min(outer, o0 + side)
    for first in range(0, inner, most):
        width = min(most, inner - first)
        panel = first * taps * outer + tap * outer * width
        for c0 in range(first, first + width, side):
            c1 = min(first + width, c0 + side)
            if o1 - o0 == side and c1 - c0 == side:
                source = element_address(weight, (tap * inner + c0) * outer + o0)
                target = element_address(out, panel + o0 * width + c0 - first)
                call_turn(n[0], source, outer, target, width)
            else:
                for o in range(o0, o1):
                    for c in range(c0, c1):
                        out[panel + o * width + c - first] = weight[(tap * inner + c) * outer + o]
