"""The walk over an image, block by block: rows are made floats, then windows of weights slide over them.

A block is a band of rows and a strip of neighbouring numbers, small enough that its floats stay in the cache. They
lie in the thread's scratch memory with what the kernel meets around them, so borders cost nothing later.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, record
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Address, Integers, Many, Reads, Writes


class Strip(NamedTuple):
    """Neighbouring numbers of a row, and the table by which `Widen` brings them in."""

    first: int
    length: int
    places: Reads[Address]


class Block(NamedTuple):
    """A block in scratch memory: its rows, numbers from row to row, bytes of one; what a kernel reads beside one."""

    lines: int
    line: int
    number_bytes: int
    reach: int


class Result(NamedTuple):
    """The filtered image, and how many of its rows and columns are done at a time."""

    pixels: Writes[Address]
    row_bytes: int
    pixel_bytes: int
    rows: int
    columns: int


class Pass(NamedTuple):
    """A `Stencil`'s code, its B and its taps."""

    code: int
    weights: Reads[Address]
    taps: Reads[Address]


class Filter(NamedTuple):
    """An image that is cut into strips and bands, the kernel, and the passes: one, or two."""

    strips: Many[Strip]
    bands: int
    height: int  # of the image
    kernel_height: int
    rows: Reads[Integers]  # addresses of the padded rows
    widen: int  # its code
    block: Block
    result: Result
    last: Pass
    first: Pass  # by kernels of one column
    columns: int  # how many such kernels there are; 0: one pass
    column_bytes: int  # from the weights of one to those of the next


@inline
def across(code, a, b, out, start, taps, width, columns, a_bytes, out_bytes):
    """A row, or several at once: as often as its columns fit, and once more at the end."""
    times = width // columns
    call_tile(code, a, b, out, start, taps, times)
    if times * columns < width:
        at = width - columns
        call_tile(code, a + at * a_bytes, b, out + at * out_bytes, start + at * a_bytes, taps, 1)


@kernel
def filter_block(t: Filter, chunk, scratch):
    """One block, in one pass, or in two: kernels of one column each, then one whose rows are their results."""
    band, strip = chunk // t.strips.length, record(Strip, t.strips, chunk % t.strips.length)
    first, stop = band * t.height // t.bands, (band + 1) * t.height // t.bands
    width, last, result = strip.length, t.last, t.result
    number, rows, columns = t.block.number_bytes, result.rows, result.columns
    line = t.block.line * number
    for y in range(first, stop + t.kernel_height - 1):
        call_tile(t.widen, t.rows[y], 0, scratch + (y - first) * line, 0, strip.places, 0)
    between = scratch + t.block.lines * line
    for i in range(first, stop, rows):
        y = min(i, stop - rows)
        here = scratch + (y - first) * line
        out = result.pixels + y * result.row_bytes + strip.first * result.pixel_bytes
        if t.columns == 0:
            across(
                last.code, here, last.weights, out, here, last.taps,
                width, columns, number, result.pixel_bytes,
            )  # fmt: skip
        else:
            for k in range(t.columns):
                to, weights = between + k * line, t.first.weights + k * t.column_bytes
                across(
                    t.first.code, here, weights, to, here, t.first.taps,
                    width + t.block.reach, columns, number, number,
                )  # fmt: skip
            for r in range(rows):
                a, start, to = between + r * t.columns * line, here + r * line, out + r * result.row_bytes
                across(
                    last.code, a, last.weights, to, start, last.taps,
                    width, columns, number, result.pixel_bytes,
                )  # fmt: skip
