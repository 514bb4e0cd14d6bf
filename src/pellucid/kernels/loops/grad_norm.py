"""The norm of all gradients, and whether a step came to finite numbers. Its order of sums: `ops/grad_norm.py`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.functions.sums import LANES
from pellucid.kernels.intrinsics import call_tile, element_address, float64_at, record
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.lanes import tree_of
from pellucid.kernels.loops.update import Stretch
from pellucid.kernels.simd.channels import HEADER
from pellucid.kernels.table import Doubles, Integers, Many, Numbers, Reads, Writes


class Gradient(NamedTuple):
    """One of the gradients."""

    numbers: Reads[Numbers]


class Squares(NamedTuple):
    """A sum of squares for each stretch of a gradient."""

    stretches: Many[Stretch]
    gradients: Many[Gradient]
    sums: Writes[Doubles]
    code: int  # the address of `simd.Channels`, whose channels are lanes


class Norm(NamedTuple):
    """The root of their sum; `finite` is 1 where it and the loss are finite numbers, else 0.

    With `max_norm`, which is 0 without clipping, the factor that all gradients are multiplied by.
    """

    sums: Reads[Doubles]
    parts: int
    loss: Reads[Numbers]
    norm: Writes[Doubles]
    finite: Writes[Integers]
    factor: Writes[Doubles]
    max_norm: float
    room: float


@kernel
def squares(t: Squares, chunk, scratch):
    """sums[chunk] = Σ g², in lanes."""
    stretch, lanes = record(Stretch, t.stretches, chunk), float64_at(scratch + 8 * HEADER)
    numbers = record(Gradient, t.gradients, stretch.parameter).numbers
    for i in range(LANES):
        lanes[i] = 0.0
    rows = (stretch.last - stretch.first) // LANES
    start, whole = element_address(numbers, stretch.first), stretch.first + rows * LANES
    call_tile(t.code, start, start, start, start, scratch, rows)
    for i in range(whole, stretch.last):
        g = np.float64(numbers[i])
        lanes[i - whole] += g * g
    t.sums[chunk] = tree_of(lanes)


@kernel
def norm(t: Norm, chunk, scratch):
    """norm = √Σ sums, in lanes."""
    lanes = float64_at(scratch)
    for i in range(LANES):
        lanes[i] = 0.0
    for i in range(t.parts):
        lanes[i % LANES] += t.sums[i]
    t.norm[0] = math.sqrt(tree_of(lanes))
    if t.max_norm > 0.0:
        quotient = t.max_norm / (t.norm[0] + t.room)
        t.factor[0] = 1.0 if quotient >= 1.0 else quotient  # NaN stays
    t.finite[0] = 1 if math.isfinite(t.norm[0]) and math.isfinite(t.loss[0]) else 0
