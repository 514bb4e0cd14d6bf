"""Copies from one tensor to a place in another one."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.broadcast import Repeated, Strides, place
from pellucid.kernels.loops.rows import Rows, first_row, last_row, place_of
from pellucid.kernels.table import Numbers, Writes


class Copied(NamedTuple):
    """Where numbers come from and where they go. A row has `width` pixels of `rows.length` channels."""

    rows: Rows
    width: int
    x: Repeated
    y: Writes[Numbers]
    strides: Strides  # of y


@kernel
def copied(t: Copied, chunk):
    """y = x."""
    x, y, to, by = t.x.numbers, t.y, t.strides, t.x.strides
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        n, d, h = place_of(t.rows, r)
        for w in range(t.width):
            i, k = place(by, n, d, h) + w * by.pixel, place(to, n, d, h) + w * to.pixel
            for c in range(t.rows.length):
                y[k + c * to.channel] = x[i + c * by.channel]
