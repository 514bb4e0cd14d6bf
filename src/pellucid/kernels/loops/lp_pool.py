"""Power-average pooling and its gradient, in float64, each result rounded once."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.functions import raised
from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.lists import Axes
from pellucid.kernels.loops.rows import Rows, Sizes, Source, Target, first_row, last_row, place_of, row_of
from pellucid.kernels.table import Doubles, Reads, Writes


class Norm(NamedTuple):
    """The exponent p, and how many elements a whole window has."""

    p: float
    whole: int


class LpPool(NamedTuple):
    """Windows, their sums of powers and the roots of those."""

    rows: Rows
    x: Source
    y: Target
    sums: Writes[Doubles]  # without halo
    windows: Axes
    channels: int
    norm: Norm


class LpShares(NamedTuple):
    """The gradients of windows, the sums of their powers, and what each of their elements has of the gradient."""

    rows: Rows
    grad_output: Source
    sums: Reads[Doubles]  # without halo, as the shares
    shares: Writes[Doubles]
    windows: Axes
    channels: int
    norm: Norm


class LpGradient(NamedTuple):
    """Inputs, and the shares of the windows that hold each."""

    rows: Rows
    shares: Reads[Doubles]
    outputs: Sizes  # of the shares
    x: Source
    grad_input: Target
    base: Source
    holders: Axes
    channels: int
    norm: Norm


@inline
def root(x, p):
    """x to the power 1/p."""
    return raised(x, 1 / p)


@kernel
def lp_pool(t: LpPool, chunk):
    """y = (Σ xᵖ)^(1/p); the sums are left for the gradient."""
    x, y, sums = t.x.numbers, t.y.numbers, t.sums
    deep, high, wide = t.windows.depth.begins, t.windows.height.begins, t.windows.width.begins
    slices, rows, pixels = t.windows.depth.positions, t.windows.height.positions, t.windows.width.positions
    channels, power, whole, width = t.channels, t.norm.p, t.norm.whole, t.rows.length // t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        image, d, h = place_of(t.rows, r)
        to = row_of(t.y, image, d, h)
        for w in range(width):
            total = (r * width + w) * channels
            for i in range(channels):
                sums[total + i] = 0
            for a in range(deep[d], deep[d + 1]):
                for b in range(high[h], high[h + 1]):
                    line = image * t.x.image + slices[a] * t.x.slice + rows[b] * t.x.row
                    for c in range(wide[w], wide[w + 1]):
                        at = line + pixels[c] * channels
                        for i in range(channels):
                            sums[total + i] += raised(1.0 * x[at + i], power)
            held = (deep[d + 1] - deep[d]) * (high[h + 1] - high[h]) * (wide[w + 1] - wide[w])
            for i in range(channels):
                if held < whole:
                    sums[total + i] = sums[total + i] * whole / held
                y[to + w * channels + i] = root(sums[total + i], power)


@kernel
def lp_shares(t: LpShares, chunk):
    """shares = grad_output·sum^(1/p − 1), times the whole window over what there is of it; 0 where the sum is 0."""
    g, sums, shares = t.grad_output.numbers, t.sums, t.shares
    deep, high, wide = t.windows.depth.begins, t.windows.height.begins, t.windows.width.begins
    channels, power, width = t.channels, t.norm.p, t.rows.length // t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        image, d, h = place_of(t.rows, r)
        at = row_of(t.grad_output, image, d, h)
        for w in range(width):
            to = (r * width + w) * channels
            held = (deep[d + 1] - deep[d]) * (high[h + 1] - high[h]) * (wide[w + 1] - wide[w])
            for i in range(channels):
                total = sums[to + i]
                slope = 0.0 if total == 0 else raised(root(total, power), 1 - power)
                shares[to + i] = g[at + w * channels + i] * slope * t.norm.whole / held


@kernel
def lp_gradient(t: LpGradient, chunk, scratch):
    """grad_input = base + x^(p − 1)·Σ shares of the windows that hold it, ascending."""
    shares, x, out, base, sums = (
        t.shares,
        t.x.numbers,
        t.grad_input.numbers,
        t.base.numbers,
        float64_at(scratch),
    )
    deep, high, wide = t.holders.depth.begins, t.holders.height.begins, t.holders.width.begins
    slices, rows, pixels = t.holders.depth.positions, t.holders.height.positions, t.holders.width.positions
    channels, power, outputs = t.channels, t.norm.p, t.outputs
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        image, d, h = place_of(t.rows, r)
        from_, to = row_of(t.x, image, d, h), row_of(t.grad_input, image, d, h)
        before = row_of(t.base, image, d, h)
        for w in range(t.rows.length // channels):
            for i in range(channels):
                sums[i] = 0
            for a in range(deep[d], deep[d + 1]):
                for b in range(high[h], high[h + 1]):
                    line = ((image * outputs.depth + slices[a]) * outputs.height + rows[b]) * outputs.width
                    for c in range(wide[w], wide[w + 1]):
                        at = (line + pixels[c]) * channels
                        for i in range(channels):
                            sums[i] += shares[at + i]
            for i in range(channels):
                k = w * channels + i
                gradient = raised(1.0 * x[from_ + k], power - 1) * sums[i]
                if t.base.image != 0:
                    gradient += base[before + k]
                out[to + k] = gradient
