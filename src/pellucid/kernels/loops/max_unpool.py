"""Max pooling's choices as numbers of positions, and max unpooling, which puts elements back there."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import bytes_at, int32_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Address, Integers, Numbers, Reads, Writes


class Places(NamedTuple):
    """Where a tensor's numbers lie: how far apart its images, each position of an image from the first, row-major.

    An absent tensor's images are 0 apart.
    """

    image: int
    positions: Reads[Integers]
    length: int


class Indices(NamedTuple):
    """The routes of max pooling, which say which element of its window won, and the numbers of those elements."""

    routes: Reads[Address]  # without halo
    route_bytes: int  # 1, or 4
    indices: Writes[Integers]
    indices_places: Places
    first: Reads[Integers]  # the number of each window's first position
    further: Reads[Integers]  # what each kernel position adds to it
    images: int
    channels: int
    per_chunk: int  # outputs


class Pieces(NamedTuple):
    """How channels are shared out: a chunk takes so many of one image, which is cut into so many pieces."""

    per_chunk: int
    pieces: int
    channels: int


class MaxUnpool(NamedTuple):
    """The elements and their numbers, and what they are put into."""

    pieces: Pieces
    input: Reads[Numbers]
    input_places: Places
    indices: Reads[Integers]
    indices_places: Places
    output: Writes[Numbers]
    output_places: Places


class MaxUnpoolGradient(NamedTuple):
    """The same backwards, and room for the number of the element that stays at each position."""

    pieces: Pieces
    grad_input: Writes[Numbers]
    input_places: Places
    indices: Reads[Integers]
    indices_places: Places
    grad_output: Reads[Numbers]
    output_places: Places
    base: Reads[Numbers]
    base_places: Places
    stays: Writes[Integers]
    stays_image: int  # how much room an image has; 0 where no two elements meet


@kernel
def indices(t: Indices, chunk):
    """indices = the number of the position that a route leads to, from its window's first position."""
    routes, wide, places = bytes_at(t.routes), int32_at(t.routes), t.indices_places
    for r in range(chunk * t.per_chunk, min(t.images * places.length, (chunk + 1) * t.per_chunk)):
        y = r % places.length
        to, at = r // places.length * places.image + places.positions[y], r * t.channels
        for c in range(t.channels):
            route = routes[at + c] if t.route_bytes == 1 else wide[at + c]
            t.indices[to + c] = t.first[y] + t.further[route]


@inline
def piece(pieces, chunk):
    """The image of a chunk, its first channel, and the one after its last."""
    first = chunk % pieces.pieces * pieces.per_chunk
    return chunk // pieces.pieces, first, min(pieces.channels, first + pieces.per_chunk)


@kernel
def max_unpool(t: MaxUnpool, chunk):
    """output = 0, then output[index] = input for one element after the other, so that the last one stays."""
    image, first, last = piece(t.pieces, chunk)
    here, where, there = t.input_places.positions, t.indices_places.positions, t.output_places.positions
    to = image * t.output_places.image
    for i in range(t.output_places.length):
        for c in range(first, last):
            t.output[to + there[i] + c] = 0
    for y in range(t.input_places.length):
        at, number = image * t.input_places.image + here[y], image * t.indices_places.image + where[y]
        for c in range(first, last):
            t.output[to + there[t.indices[number + c]] + c] = t.input[at + c]


@kernel
def max_unpool_gradient(t: MaxUnpoolGradient, chunk):
    """grad_input = base + (grad_output[index] where the element stays, else 0)."""
    image, first, last = piece(t.pieces, chunk)
    here, where, there = t.input_places.positions, t.indices_places.positions, t.output_places.positions
    channels, room, from_ = t.pieces.channels, image * t.stays_image, image * t.output_places.image
    if t.stays_image != 0:
        for y in range(t.input_places.length):
            number = image * t.indices_places.image + where[y]
            for c in range(first, last):
                t.stays[room + t.indices[number + c] * channels + c] = y
    for y in range(t.input_places.length):
        at, number = image * t.input_places.image + here[y], image * t.indices_places.image + where[y]
        for c in range(first, last):
            index = t.indices[number + c]
            if t.stays_image == 0 or t.stays[room + index * channels + c] == y:
                t.grad_input[at + c] = t.grad_output[from_ + there[index] + c]
            else:
                t.grad_input[at + c] = 0
        if t.base_places.image != 0:
            start = image * t.base_places.image + t.base_places.positions[y]
            for c in range(first, last):
                t.grad_input[at + c] += t.base[start + c]
