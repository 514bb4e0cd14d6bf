"""Random bits without a state: a hash of (seed, step, layer, j), so that any draw can be repeated by itself.

    key  = 0, then for each word of (seed, step, layer):  key = mix((key xor word) + G)
    draw = mix(key + (j + 1)·G) >> 32

All in unsigned 64-bit arithmetic that wraps around. `mix` and G = 2⁶⁴/golden ratio are splitmix64's, so the
draws of one key are the top halves of that generator's stream.
Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(x: Words) -> Words:
    """Scramble 64 bits so that each of them depends on every bit of `x`.

    Example:
        >>> [hex(word) for word in mix(np.array([1, 2], np.uint64))]
        ['0x5692161d100b05e5', '0xdbd238973a2b148a']
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def stream_key(seed: int, step: int, layer: int) -> int:
    """The 64 bits that stand for one layer in one step of one run; the integers are taken modulo 2⁶⁴.

    Example:
        >>> hex(stream_key(0, 0, 0))
        '0x238275bc38fcbe91'
    """
    key = np.zeros(1, np.uint64)
    for word in (seed, step, layer):
        key = mix((key ^ np.uint64(word % 2**64)) + GOLDEN)
    return int(key[0])


def draws_at(key: int, positions: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The draws of a key at positions j ≥ 0: whole numbers, uniform from 0 to 2³²−1.

    Example:
        >>> draws_at(stream_key(0, 0, 0), np.array([2, 0]))
        array([2879038426,  556823690], dtype=uint32)
    """
    steps = (positions.astype(np.uint64) + np.uint64(1)) * GOLDEN
    return (mix(np.uint64(key) + steps) >> np.uint64(32)).astype(np.uint32)


def draws(key: int, count: int) -> NDArray[np.uint32]:
    """The first `count` draws of a key.

    Example:
        >>> draws(stream_key(0, 0, 0), 3)
        array([ 556823690,  214405049, 2879038426], dtype=uint32)
    """
    return draws_at(key, np.arange(count))
