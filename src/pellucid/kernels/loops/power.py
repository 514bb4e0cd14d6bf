"""Powers with a constant exponent, in float64 and rounded once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.functions import raised
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.broadcast import Repeated, Strides, place
from pellucid.kernels.loops.rows import Rows, first_row, last_row, place_of
from pellucid.kernels.table import Numbers, Writes


class Power(NamedTuple):
    """A tensor, and its power or the slope of that. A row has `width` pixels of `rows.length` channels."""

    rows: Rows
    width: int
    x: Repeated
    y: Writes[Numbers]
    strides: Strides  # of y
    p: float


@inline
def starts(t, r, w):
    """Where pixel w of row r begins in x and y."""
    n, d, h = place_of(t.rows, r)
    at = place(t.x.strides, n, d, h) + w * t.x.strides.pixel
    return at, place(t.strides, n, d, h) + w * t.strides.pixel


@kernel
def power(t: Power, chunk):
    """y = x to the power p."""
    x, y, step, p = t.x.numbers, t.y, t.x.strides.channel, t.p
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        for w in range(t.width):
            at, to = starts(t, r, w)
            for c in range(t.rows.length):
                y[to + c] = raised(np.float64(x[at + c * step]), p)


@kernel
def slope(t: Power, chunk):
    """y = p·x^(p − 1)."""
    x, y, step, p = t.x.numbers, t.y, t.x.strides.channel, t.p
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        for w in range(t.width):
            at, to = starts(t, r, w)
            for c in range(t.rows.length):
                y[to + c] = 0.0 if p == 0 else p * raised(np.float64(x[at + c * step]), p - 1)
