"""Exponential moving averages of parameters, in place. Every operation is rounded to the parameter's type."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import record, rounded
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.update import Stretch
from pellucid.kernels.table import Many, Numbers, Reads, Updates


class Averaged(NamedTuple):
    """A parameter and its average."""

    parameter: Reads[Numbers]
    average: Updates[Numbers]


class MovingAverages(NamedTuple):
    """Parameters in stretches, and what their averages move by: 1 − decay."""

    stretches: Many[Stretch]
    parameters: Many[Averaged]
    share: float


@kernel
def move_averages(t: MovingAverages, chunk):
    """average = average + (1 − decay)·(parameter − average)."""
    stretch = record(Stretch, t.stretches, chunk)
    numbers = record(Averaged, t.parameters, stretch.parameter)
    parameter, average = numbers.parameter, numbers.average
    share = rounded(t.share, average)
    for i in range(stretch.first, stretch.last):
        average[i] = average[i] + share * (parameter[i] - average[i])
