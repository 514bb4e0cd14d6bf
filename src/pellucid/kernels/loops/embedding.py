"""Rows of a weight (V,D) that numbers look up, and their gradients; in memory D comes first, and each d has V numbers.

A chunk of the gradient takes some d. It adds up the parts of the batch one after the other, as the tree of
`kernels/loops/parts.py`: sums that wait for their right halves lie in scratch memory, V numbers each.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import numbers_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Integers, Numbers, Reads, Writes


class Looked(NamedTuple):
    """The numbers of all images, and where what was looked up lies: images, positions, columns."""

    numbers: Reads[Integers]  # image by image, row-major
    images: int
    length: int  # numbers of an image
    rows: int  # of the weight
    columns: int
    image: int  # how far images of the output are apart
    positions: Reads[Integers]  # where each number of an image has its first column
    column: int  # how far columns are apart


class Lookup(NamedTuple):
    """The weight, and what is looked up."""

    looked: Looked
    weight: Reads[Numbers]
    out: Writes[Numbers]
    per_chunk: int  # images


class LookupGradient(NamedTuple):
    """The gradient of what was looked up, and the weight's."""

    looked: Looked
    grad_output: Reads[Numbers]
    out: Writes[Numbers]
    edges: Reads[Integers]  # of the parts, in images
    parts: int
    padding: int  # the row without a gradient, or −1
    per_chunk: int  # columns
    slot: int  # bytes of the sums of a column


@kernel
def lookup(t: Lookup, chunk):
    """out[n,d] = weight[number[n],d]."""
    here = t.looked
    for image in range(chunk * t.per_chunk, min(here.images, (chunk + 1) * t.per_chunk)):
        for d in range(here.columns):
            to, row = image * here.image + d * here.column, d * here.rows
            for p in range(here.length):
                t.out[to + here.positions[p]] = t.weight[row + here.numbers[image * here.length + p]]


@inline
def add_image(t, image, d, sums):
    """Add an image's gradients of column d to the sums that begin at a place."""
    here = t.looked
    from_ = image * here.image + d * here.column
    for p in range(here.length):
        row = here.numbers[image * here.length + p]
        if row != t.padding:
            sums[row] += t.grad_output[from_ + here.positions[p]]


@kernel
def lookup_gradient(t: LookupGradient, chunk, scratch):
    """out[v,d] = Σ grad_output[n,d] over the n whose number is v."""
    rows, slot = t.looked.rows, t.slot
    for d in range(chunk * t.per_chunk, min(t.looked.columns, (chunk + 1) * t.per_chunk)):
        top = 0
        for part in range(t.parts):
            sums = numbers_at(scratch + top * slot, t.out)
            for v in range(rows):
                sums[v] = 0
            for image in range(t.edges[part], t.edges[part + 1]):
                add_image(t, image, d, sums)
            top += 1
            rights = part
            while rights & 1:
                top -= 1
                left, right = (
                    numbers_at(scratch + (top - 1) * slot, t.out),
                    numbers_at(scratch + top * slot, t.out),
                )
                for v in range(rows):
                    left[v] += right[v]
                rights >>= 1
        whole = numbers_at(scratch, t.out)
        for v in range(rows):
            t.out[d * rows + v] = whole[v]
