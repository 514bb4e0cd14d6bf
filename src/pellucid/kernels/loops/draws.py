"""Blocks of several random streams, each at the same places: one for every image of a batch."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.philox import block_words
from pellucid.kernels.table import Integers, Reads, Writes


class Draws(NamedTuple):
    """Streams of one seed, by when they are and their c₃; numbers of blocks; room for the four words of each."""

    seed: int
    streams: int
    at: Reads[Integers]
    last_words: Reads[Integers]
    blocks: int
    numbers: Reads[Integers]
    words: Writes[Integers]  # stream by stream the first words of all blocks, then the second ones, …


@kernel
def draws(t: Draws, chunk):
    """All words."""
    words, numbers, count = t.words, t.numbers, t.blocks
    for s in range(t.streams):
        at, last, first = t.at[s], t.last_words[s], 4 * s * count
        for i in range(count):
            a, b, c, d = block_words(numbers[i], t.seed, at, last)
            words[first + i], words[first + count + i] = a, b
            words[first + 2 * count + i], words[first + 3 * count + i] = c, d
