"""Random numbers from whole numbers alone: each is a function of who draws it, when and where, and needs no state.

Philox4x32-10 turns a counter of four 32-bit words and a key of two into four random words, in ten rounds:

    c ← (high(M₁·c₂) ⊕ c₁ ⊕ k₀,  low(M₁·c₂),  high(M₀·c₀) ⊕ c₃ ⊕ k₁,  low(M₀·c₀)),   then  k ← k + (W₀, W₁)

high and low are the halves of a 64-bit product, sums wrap around at 2³². A stream is all that one purpose draws at one
time: draw j is word j mod 4 of block b = ⌊j/4⌋, and the block's counter and key are

    | word | bits 31…24       | bits 23…16        | bits 15…0          |
    | c₀   | b mod 2³²                                                |
    | c₁   | at mod 2³²                                               |
    | c₂   | ⌊at/2³²⌋ (16 bits)                   | ⌊b/2³²⌋ (16 bits)  |
    | c₃   | purpose (8 bits) | place (24 bits)                        |
    | k₀   | seed mod 2³²                                             |
    | k₁   | ⌊seed/2³²⌋, below 2³¹                                    |

Different streams have different counters or keys, so none of them holds another's block. A stream has 2⁵⁰ draws, more
than an array can have elements. Wider numbers are made of two draws: pair i is draw(2i)·2³² + draw(2i+1).

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011. Its program Random123 has
the vectors that the tests compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, say
from pellucid.sizes import is_integer

Words = NDArray[np.uint64]  # each below 2³²
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
KEY_STEPS = 0x9E3779B9, 0xBB67AE85  # of the golden ratio and of √3
ROUNDS = 10
TIMES = 1 << 48  # `at` is below
_PLACES = 1 << 24
_HALF, _LOW = np.uint64(32), np.uint64(2**32 - 1)
_AT_ONCE = 1 << 13  # blocks that stay in the cache


class Purpose(IntEnum):
    """What numbers are drawn for. A value stays what it is: it decides the numbers."""

    INITIAL_VALUES = 0  # at: which parameter, counted from the seed on
    ORDER = 1  # of samples; at: the epoch
    DROPOUT = 2  # at: the step; place: which of the network's dropouts
    CERTIFICATES = 3  # which elements a sample holds; at: which array of the recording
    INTEGER_RUNS = 4  # operands of a layer; place: which of them
    DOCTOR = 5  # directions, and elements to look at; at: how many calls were before; place: see `Dice`
    AUGMENT = 6  # images; at: the epoch; place: which kind of change; an image has 16 blocks of its own
    VALIDATION = 7  # which images are held out; at: the number of their class


@dataclass(frozen=True)
class Stream:
    """What is drawn for one purpose at one time.

    Attributes:
        seed: decides all streams, 0 ≤ seed < 2⁶³.
        purpose: what for.
        at: when, such as an epoch or a step, 0 ≤ at < 2⁴⁸.
        place: for which of several that draw at the same time, 0 ≤ place < 2²⁴.

    Example:
        >>> Stream(0, Purpose.DROPOUT, at=1).draws(3)
        array([2447801103, 4107179830,  599912887], dtype=uint32)
    """

    seed: int
    purpose: Purpose
    at: int = 0
    place: int = 0

    def __post_init__(self) -> None:
        inside = 0 <= self.seed < 2**63 and 0 <= self.at < TIMES and 0 <= self.place < _PLACES
        assert inside, f"{self} would repeat another stream"

    @property
    def last_word(self) -> int:
        """c₃ of every block."""
        return self.purpose * _PLACES + self.place

    def draws(self, count: int, first: int = 0) -> NDArray[np.uint32]:
        """So many draws in a row, whole numbers that are uniform below 2³²."""
        begin, end = first // 4, -(-(first + count) // 4)
        words = np.empty((end - begin, 4), np.uint32)
        for start in range(begin, end, _AT_ONCE):
            blocks = np.arange(start, min(start + _AT_ONCE, end), dtype=np.uint64)
            words[start - begin :][: len(blocks)] = np.stack(self._words(blocks), axis=1)
        return words.reshape(-1)[first - 4 * begin :][:count]

    def draws_at(self, positions: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The draws j at these positions.

        Example:
            >>> Stream(0, Purpose.DROPOUT, at=1).draws_at(np.array([2, 0]))
            array([ 599912887, 2447801103], dtype=uint32)
        """
        words = self._words(positions.astype(np.uint64) >> np.uint64(2))
        drawn: NDArray[np.uint64] = np.choose(positions % 4, words)
        return drawn.astype(np.uint32)

    def pairs(self, count: int, first: int = 0) -> NDArray[np.uint64]:
        """So many numbers of two draws each, uniform below 2⁶⁴."""
        draws = self.draws(2 * count, 2 * first).astype(np.uint64)
        return draws[0::2] << _HALF | draws[1::2]

    def fractions(self, count: int, first: int = 0) -> NDArray[np.float64]:
        """So many multiples of 2⁻⁵², uniform from −1 to below 1: pair >> 11 less 2⁵², times 2⁻⁵². All of it is exact.

        Example:
            >>> Stream(0, Purpose.INITIAL_VALUES).fractions(2)
            array([-0.20190706,  0.47142557])
        """
        whole = (self.pairs(count, first) >> np.uint64(11)).astype(np.int64) - 2**52
        return whole.astype(np.float64) * 2.0**-52

    def whole(self, most: int, count: int) -> NDArray[np.int64]:
        """So many whole numbers from −most to most; most is small, so that each comes about equally often.

        Example:
            >>> Stream(0, Purpose.INTEGER_RUNS).whole(2, 8)
            array([ 1,  0, -1,  0, -2, -2, -1, -2])
        """
        scaled = self.draws(count).astype(np.uint64) * np.uint64(2 * most + 1) >> _HALF
        return scaled.astype(np.int64) - most

    def order(self, count: int) -> NDArray[np.int64]:
        """The numbers below `count` in an order by chance: that of their pairs, of equal ones the lower number first.

        Example:
            >>> Stream(0, Purpose.ORDER, at=3).order(6)
            array([4, 2, 5, 0, 1, 3])
        """
        return np.argsort(self.pairs(count), kind="stable")

    def sample(self, size: int, count: int) -> NDArray[np.int64]:
        """So many different numbers below `size`, ascending, all sets alike.

        Pair i chooses a number up to j = size − count + i. One that is there already makes room for j.
        Source: Bentley and Floyd, A sample of brilliance, Communications of the ACM 30, 1987.

        Example:
            >>> Stream(0, Purpose.CERTIFICATES).sample(100, 5)
            array([27, 49, 57, 69, 77])
        """
        chosen: set[int] = set()
        for j, pair in enumerate(self.pairs(count).tolist(), size - count):
            number = pair * (j + 1) >> 64
            chosen.add(j if number in chosen else number)
        return np.array(sorted(chosen), np.int64)

    def _words(self, blocks: Words) -> tuple[Words, Words, Words, Words]:
        """The four words of each of these blocks."""
        low, high = np.uint64(self.at & 2**32 - 1), np.uint64(self.at >> 32 << 16)
        counter = (blocks & _LOW, low, high | blocks >> _HALF, np.uint64(self.last_word))
        return philox(counter, (self.seed & 2**32 - 1, self.seed >> 32))


def philox(counter: Sequence[Any], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Philox4x32-10: four words for every counter; words are 64-bit numbers below 2³², so that no product overflows.

    Example:
        >>> [hex(word) for word in philox(np.zeros(4, np.uint64), (0, 0))]
        ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = c0 * np.uint64(MULTIPLIERS[0]), c2 * np.uint64(MULTIPLIERS[1])
        c0, c1 = second >> _HALF ^ c1 ^ np.uint64(k0), second & _LOW
        c2, c3 = first >> _HALF ^ c3 ^ np.uint64(k1), first & _LOW
        k0, k1 = k0 + KEY_STEPS[0] & 2**32 - 1, k1 + KEY_STEPS[1] & 2**32 - 1
    return c0, c1, c2, c3


def check_time(where: str, name: str, value: int) -> int:
    """An epoch or a step as a Python integer.

    Raises: ArgumentError when it is no whole number from 0 to 2⁴⁸ − 1, as many as a stream's counter holds.

    Example:
        >>> check_time("batches", "epoch", 7)
        7
    """
    if not is_integer(value) or not 0 <= value < TIMES:
        rule = say("{name} must be a whole number", name=name)
        raise ArgumentError(where, rule, expected=f"0 ≤ {name} < 2⁴⁸", got=f"{name}={value!r}")
    return int(value)
