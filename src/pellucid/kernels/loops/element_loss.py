"""Losses of elements, by vector code: a row's numbers are made in scratch memory, in float64, and then used.

Up to four operands lie alike, row by row; one that is the same number everywhere has no strides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import call_tile, element_address, float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.parts import add_in_pairs
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, row_at
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes


class Kept(NamedTuple):
    """A tensor for the losses, where somebody is to see them."""

    numbers: Writes[Doubles]
    image: int
    slice: int
    row: int
    is_there: int


class Operands(NamedTuple):
    """What the code reads."""

    first: Source
    second: Source
    third: Source
    fourth: Source
    code: int  # its address


class ElementLosses(NamedTuple):
    """A sum of losses for each part of the batch."""

    rows: Rows
    operands: Operands
    losses: Kept
    edges: Reads[Integers]  # of the parts, in images
    parts: Writes[Doubles]


class ReducedParts(NamedTuple):
    """The sum that the parts make, or their mean."""

    parts: Updates[Doubles]
    loss: Writes[Numbers]
    parts_count: int
    is_mean: int
    size: float  # of how many numbers it is the mean


class EachElementLoss(NamedTuple):
    """The losses, rounded."""

    rows: Rows
    operands: Operands
    y: Target


class ElementGradient(NamedTuple):
    """The gradient of one operand."""

    rows: Rows
    operands: Operands
    grad_output: Source
    is_root: int  # there is no grad_output: it is 1
    is_each: int  # there is one for each element
    is_mean: int
    size: float
    grad: Target
    base: Source


@inline
def make_row(rows, operands, r, to):
    """What the code makes of row `r`, at an address."""
    call_tile(
        operands.code,
        element_address(operands.first.numbers, row_at(rows, operands.first, r)),
        element_address(operands.second.numbers, row_at(rows, operands.second, r)),
        to,
        element_address(operands.fourth.numbers, row_at(rows, operands.fourth, r)),
        element_address(operands.third.numbers, row_at(rows, operands.third, r)),
        rows.length,
    )


@kernel
def element_losses(t: ElementLosses, chunk, scratch):
    """parts[chunk] = Σ losses, each after the other."""
    total, per_image, made = 0.0, t.rows.depth * t.rows.height, float64_at(scratch)
    for r in range(t.edges[chunk] * per_image, t.edges[chunk + 1] * per_image):
        make_row(t.rows, t.operands, r, scratch)
        for i in range(t.rows.length):
            total += made[i]
        if t.losses.is_there != 0:
            to = row_at(t.rows, t.losses, r)
            for i in range(t.rows.length):
                t.losses.numbers[to + i] = made[i]
    t.parts[chunk] = total


@kernel
def reduced_parts(t: ReducedParts, chunk):
    """loss = Σ parts, over the size if that is the mean; the parts are added as a tree in their place."""
    add_in_pairs(t.parts, t.parts_count)
    t.loss[0] = t.parts[0] / t.size if t.is_mean != 0 else t.parts[0]


@kernel
def each_element_loss(t: EachElementLoss, chunk, scratch):
    """y = losses."""
    made = float64_at(scratch)
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        make_row(t.rows, t.operands, r, scratch)
        to = row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            t.y.numbers[to + i] = made[i]


@kernel
def element_gradient(t: ElementGradient, chunk, scratch):
    """grad = base + slope·grad_output, over the size if the loss is a mean."""
    made, out = float64_at(scratch), t.grad.numbers
    share = 1.0 if t.is_root != 0 or t.is_each != 0 else np.float64(t.grad_output.numbers[0])
    share = share / t.size if t.is_mean != 0 else share
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        make_row(t.rows, t.operands, r, scratch)
        to = row_at(t.rows, t.grad, r)
        if t.is_each != 0:
            at = row_at(t.rows, t.grad_output, r)
            for i in range(t.rows.length):
                out[to + i] = made[i] * np.float64(t.grad_output.numbers[at + i])
        else:
            for i in range(t.rows.length):
                out[to + i] = made[i] * share
        add_base(t.rows, t.grad, t.base, r)
