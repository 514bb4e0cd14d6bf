"""Element by element, by vector code: up to three tensors that may be repeated along axes, and what begins a result."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.broadcast import Repeated, Strides, place
from pellucid.kernels.loops.rows import Rows, first_row, last_row, place_of
from pellucid.kernels.table import Numbers, Writes


class Written(NamedTuple):
    """What the code reads and writes. A row has `width` pixels of `rows.length` channels."""

    rows: Rows
    width: int
    a: Repeated
    b: Repeated
    c: Repeated
    base: Repeated
    y: Writes[Numbers]
    strides: Strides  # of y
    run: int  # channels that the code takes at a time
    code: int  # its address


@kernel
def written(t: Written, chunk):
    """y = base + what the code makes of a, b and c."""
    a, b, c, base, to = t.a.strides, t.b.strides, t.c.strides, t.base.strides, t.strides
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        n, d, h = place_of(t.rows, r)
        for w in range(t.width):
            for i in range(0, t.rows.length, t.run):
                call_tile(
                    t.code,
                    element_address(t.a.numbers, place(a, n, d, h) + w * a.pixel + i * a.channel),
                    element_address(t.b.numbers, place(b, n, d, h) + w * b.pixel + i * b.channel),
                    element_address(t.y, place(to, n, d, h) + w * to.pixel + i * to.channel),
                    element_address(t.base.numbers, place(base, n, d, h) + w * base.pixel + i * base.channel),
                    element_address(t.c.numbers, place(c, n, d, h) + w * c.pixel + i * c.channel),
                    t.run,
                )
