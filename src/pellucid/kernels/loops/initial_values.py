"""Initial values of large parameters, the same bits as `philox.Stream.fractions` gives times a bound."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.philox import block_words
from pellucid.kernels.progress import progress
from pellucid.kernels.table import Numbers, Writes, fill
from pellucid.philox import Stream

_11, _HALF = np.uint64(11), np.uint64(32)
_UNIT = 2.0**-52


def draw_uniform(values: NDArray[Any], stream: Stream, first: int, bound: float) -> None:
    """Fill a contiguous array with bound·fraction, for a stream's fractions from number `first` on, which is even."""
    function = uniform.callable(values.itemsize * 8)
    progress.close()
    table = Uniform(values, values.size, first // 2, stream.seed, stream.at, stream.last_word, bound)
    filled = fill(table)
    function(filled.address, 0, 0)


class Uniform(NamedTuple):
    """Where values go, and what they are drawn from: two from each block of a stream."""

    values: Writes[Numbers]
    size: int
    block: int  # the first
    seed: int
    at: int
    last_word: int
    bound: float


@kernel
def uniform(t: Uniform, chunk):
    """What `draw_uniform` does."""
    values = t.values
    for b in range(t.size // 2):
        w0, w1, w2, w3 = block_words(t.block + b, t.seed, t.at, t.last_word)
        values[2 * b], values[2 * b + 1] = t.bound * fraction(w0, w1), t.bound * fraction(w2, w3)
    if t.size % 2:
        w0, w1, _, _ = block_words(t.block + t.size // 2, t.seed, t.at, t.last_word)
        values[t.size - 1] = t.bound * fraction(w0, w1)


@inline
def fraction(high, low):
    """A number from −1 to below 1 from 53 bits of two draws, exactly."""
    pair = (np.uint64(high) << _HALF) | np.uint64(low)
    return np.float64(np.int64(pair >> _11) - (1 << 52)) * _UNIT
