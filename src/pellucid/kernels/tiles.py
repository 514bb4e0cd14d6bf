"""The walk over tiles that is convolution and the linear layer, forward and backward.

The engine solves the geometry once and writes it down as a list of tile calls for one image; the walk repeats the list
for every image of its chunk. `first` and `rest` are a tile's code for the first image and for those after it: they
differ where results are summed over images (the weight gradient).
"""

from __future__ import annotations

from pellucid.kernels.jit import call_tile, float64_at, int64_at, kernel

# One tile call: first, rest (code), a, b, out, start (bytes from the base addresses), taps (bytes), their number.
ENTRY_FIELDS = 8


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
def transpose_taps(p, n, f, chunk):
    """out[t][o][c] = weight[t][c][o] for each tap: the weight as the input gradient reads it.

    p: weight, out. n: pieces of a tap, C/groups, O. A chunk is one piece: some of the input channels.
    """
    weight, out = p[0], p[1]
    pieces, inner, outer = n[0], n[1], n[2]
    tap, piece = chunk // pieces, chunk % pieces
    base = tap * inner * outer
    for first in range(0, outer, 16):
        for c in range(inner * piece // pieces, inner * (piece + 1) // pieces):
            for o in range(first, min(outer, first + 16)):
                out[base + o * inner + c] = weight[base + c * outer + o]


@kernel
def channel_sums(p, n, f, chunk):
    """parts[chunk][c] = Σ x over the positions of this chunk's images, in float64.

    p: x, parts (float64). n: images in a chunk, images, D, H, W, C; strides of x: image, depth, row.
    """
    x, sums = p[0], float64_at(p[1])

    channels = n[5]
    base = chunk * channels
    for c in range(channels):
        sums[base + c] = 0.0
    for image in range(chunk * n[0], min(n[1], (chunk + 1) * n[0])):
        for d in range(n[2]):
            for h in range(n[3]):
                row = image * n[6] + d * n[7] + h * n[8]
                for w in range(n[4]):
                    for c in range(channels):
                        sums[base + c] += x[row + w * channels + c]


@kernel
def finish_sums(p, n, f, chunk):
    """out[c] = Σ parts[k][c] in float64, k ascending, rounded once.

    p: parts (float64), out. n: parts, C.
    """
    sums, out = float64_at(p[0]), p[1]
    for c in range(n[1]):
        total = 0.0
        for k in range(n[0]):
            total += sums[k * n[1] + c]
        out[c] = total
