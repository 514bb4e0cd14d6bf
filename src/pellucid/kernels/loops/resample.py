"""Elements that are made of few others, axis by axis: padding and interpolation, and the gradients of both.

Results that lie side by side along W and read sources side by side with the same weights are one *run*: along W there
is a list for each run, that of its first result.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import fma, record, rounded
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.lists import Axes
from pellucid.kernels.loops.rows import Rows, Source, Target, first_row, last_row, place_of, row_of
from pellucid.kernels.table import Doubles, Many, Reads


class Run(NamedTuple):
    """Results that read alike: the first, and how many."""

    first: int
    length: int


class Weights(NamedTuple):
    """Along each axis, the weight of each entry of the lists."""

    depth: Reads[Doubles]
    height: Reads[Doubles]
    width: Reads[Doubles]


class Pick(NamedTuple):
    """Results that are one source element each, or a constant."""

    rows: Rows
    source: Source
    out: Target
    runs: Many[Run]
    axes: Axes
    channels: int
    constant: float  # a number of the source's type


class Spread(NamedTuple):
    """Results that are weighted sums of source elements."""

    rows: Rows
    source: Source
    out: Target
    base: Source
    runs: Many[Run]
    axes: Axes
    weights: Weights
    channels: int


@kernel
def pick(t: Pick, chunk):
    """out = the one source element that each reads, or a constant where there is none."""
    source, out, channels = t.source.numbers, t.out.numbers, t.channels
    constant = rounded(t.constant, out)
    deep, high, wide = t.axes.depth.begins, t.axes.height.begins, t.axes.width.begins
    slices, rows, pixels = t.axes.depth.positions, t.axes.height.positions, t.axes.width.positions
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        image, d, h = place_of(t.rows, r)
        to = row_of(t.out, image, d, h)
        there = deep[d] < deep[d + 1] and high[h] < high[h + 1]
        line = 0
        if there:
            line = image * t.source.image + slices[deep[d]] * t.source.slice + rows[high[h]] * t.source.row
        for i in range(t.runs.length):
            run = record(Run, t.runs, i)
            first, length = to + run.first * channels, run.length * channels
            if there and wide[i] < wide[i + 1]:
                at = line + pixels[wide[i]] * channels
                for k in range(length):
                    out[first + k] = source[at + k]
            else:
                for k in range(length):
                    out[first + k] = constant


@kernel
def spread(t: Spread, chunk):
    """out = base + Σ weight·source, or from 0; one fused multiply–add each, positions in row-major order."""
    source, out, base, channels = t.source.numbers, t.out.numbers, t.base.numbers, t.channels
    deep, high, wide = t.axes.depth.begins, t.axes.height.begins, t.axes.width.begins
    slices, rows, pixels = t.axes.depth.positions, t.axes.height.positions, t.axes.width.positions
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        image, d, h = place_of(t.rows, r)
        to, before = row_of(t.out, image, d, h), row_of(t.base, image, d, h)
        for i in range(t.runs.length):
            run = record(Run, t.runs, i)
            first, length = to + run.first * channels, run.length * channels
            if t.base.image != 0:
                start = before + run.first * channels
                for k in range(length):
                    out[first + k] = base[start + k]
            else:
                for k in range(length):
                    out[first + k] = 0
            for a in range(deep[d], deep[d + 1]):
                for b in range(high[h], high[h + 1]):
                    line = image * t.source.image + slices[a] * t.source.slice + rows[b] * t.source.row
                    for c in range(wide[i], wide[i + 1]):
                        factor = t.weights.depth[a] * t.weights.height[b] * t.weights.width[c]
                        weight = rounded(factor, out)
                        at = line + pixels[c] * channels
                        for k in range(length):
                            out[first + k] = fma(weight, source[at + k], out[first + k])
