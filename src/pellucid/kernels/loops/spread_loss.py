"""Cross-entropy of targets that are spread over the classes: by label smoothing, or as probabilities.

The arithmetic is emitted (`kernels/simd/spread.py`); here is what it needs of each position.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address, float64_at, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.loss import Incoming, Labels, class_at, share_of, weight_at
from pellucid.kernels.loops.rows import Rows, Source, Target, first_row, last_row, place_of, row_at
from pellucid.kernels.table import Doubles, Reads, Writes


class Targets(NamedTuple):
    """Classes or, with strides, probabilities; and what is made of them for a weight of 1."""

    labels: Labels
    probabilities: Source
    slope: float
    even: float


class SpreadLosses(NamedTuple):
    """A loss for each position, and on the way Σ q and the sum of exponentials."""

    rows: Rows
    x: Source
    targets: Targets
    sums: Writes[Doubles]
    losses: Writes[Doubles]
    channels: int
    code: int  # the address of `simd.Spread`


class SpreadGradient(NamedTuple):
    """The gradient of what they are reduced to."""

    rows: Rows
    x: Source
    targets: Targets
    grad: Target
    base: Source
    incoming: Incoming
    sums: Reads[Doubles]
    channels: int
    code: int


@inline
def write_factors(targets, channels, factors):
    """Slope and even of each class."""
    for c in range(channels):
        weight = weight_at(targets.labels, c)
        factors[c] = targets.slope * weight
        factors[channels + c] = targets.even * weight


@kernel
def spread_losses(t: SpreadLosses, chunk, scratch):
    """losses[i] = Σ q·(log Σ exp(x − m) − (x − m)) for each position i, 0 where it does not count."""
    numbers, classes = float64_at(scratch), int64_at(scratch)
    write_factors(t.targets, t.channels, numbers)
    positions, words = t.rows.length // t.channels, 2 * t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        first = r * positions
        for i in range(positions):
            classes[words + 4 * i + 3] = class_at(t.targets.labels, first + i)
        at = element_address(t.x.numbers, row_at(t.rows, t.x, r))
        other = element_address(t.targets.probabilities.numbers, row_at(t.rows, t.targets.probabilities, r))
        call_tile(t.code, at, other, at, at, scratch, positions)
        for i in range(positions):
            word = words + 4 * i
            t.losses[first + i] = numbers[word] if classes[word + 3] >= 0 else 0.0
            t.sums[2 * (first + i)] = numbers[word + 2]
            t.sums[2 * (first + i) + 1] = numbers[word + 1]


@kernel
def spread_gradient(t: SpreadGradient, chunk, scratch):
    """What `code` makes of factor = the share of grad_output."""
    numbers, classes = float64_at(scratch), int64_at(scratch)
    write_factors(t.targets, t.channels, numbers)
    positions, words = t.rows.length // t.channels, 2 * t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        n, d, h = place_of(t.rows, r)
        for i in range(positions):
            position, word = r * positions + i, words + 4 * i
            numbers[word] = share_of(t.incoming, n, d, h, i)
            numbers[word + 1] = t.sums[2 * position + 1]
            numbers[word + 2] = t.sums[2 * position]
            classes[word + 3] = class_at(t.targets.labels, position)
        at = element_address(t.x.numbers, row_at(t.rows, t.x, r))
        other = element_address(t.targets.probabilities.numbers, row_at(t.rows, t.targets.probabilities, r))
        out = element_address(t.grad.numbers, row_at(t.rows, t.grad, r))
        base = element_address(t.base.numbers, row_at(t.rows, t.base, r))
        call_tile(t.code, at, other, out, base, scratch, positions)
