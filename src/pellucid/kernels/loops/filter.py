"""The walk over an image, block by block: rows are made floats, then windows of weights slide over them.

A block is a band of rows and a strip of neighbouring numbers, small enough that its floats stay in the cache. They
lie in the thread's scratch memory with what the kernel meets around them, so borders cost nothing later.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import call_tile, int64_at
from pellucid.kernels.jit import inline, kernel


@inline
def across(code, a, b, out, start, taps, width, columns, a_bytes, out_bytes):
    """A row, or several at once: as often as its columns fit, and once more at the end."""
    times = width // columns
    call_tile(code, a, b, out, start, taps, times)
    if times * columns < width:
        at = width - columns
        call_tile(code, a + at * a_bytes, b, out + at * out_bytes, start + at * a_bytes, taps, 1)


@kernel
def filter_block(p, n, f, chunk, scratch):
    """One block, in one pass, or in two: kernels of one column each, then one whose rows are their results.

    n: strips, bands; rows of the image, of a kernel; addresses of the padded rows' addresses and of the strips (for
    each: first number, numbers, address of Widen's table); Widen's code; numbers from row to row in scratch memory,
    bytes of one; of the result: address, bytes of a row, bytes of a pixel; rows and columns done at a time; code, B and
    taps of the last pass; how many kernels of one column (0: one pass), their code, B, bytes from B to B, taps; what a
    kernel reads beside a number; rows of a block.
    """
    band, strip = chunk // n[0], chunk % n[0]
    first, stop = band * n[2] // n[1], (band + 1) * n[2] // n[1]
    addresses, strips = int64_at(n[4]), int64_at(n[5])
    begin, width, places = strips[3 * strip], strips[3 * strip + 1], strips[3 * strip + 2]
    number, pixel, rows, columns = n[8], n[11], n[12], n[13]
    line = n[7] * number
    for y in range(first, stop + n[3] - 1):
        call_tile(n[6], addresses[y], 0, scratch + (y - first) * line, 0, places, 0)
    between = scratch + n[23] * line
    for i in range(first, stop, rows):
        y = min(i, stop - rows)
        here, out = scratch + (y - first) * line, n[9] + y * n[10] + begin * pixel
        if n[17] == 0:
            across(n[14], here, n[15], out, here, n[16], width, columns, number, pixel)
        else:
            for t in range(n[17]):
                to, weights = between + t * line, n[19] + t * n[20]
                across(n[18], here, weights, to, here, n[21], width + n[22], columns, number, number)
            for r in range(rows):
                a, start, to = between + r * n[17] * line, here + r * line, out + r * n[10]
                across(n[14], a, n[15], to, start, n[16], width, columns, number, pixel)
