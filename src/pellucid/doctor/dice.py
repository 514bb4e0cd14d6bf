"""What the doctor draws by chance, the same for the same seed: directions, and which elements are looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.philox import Purpose, Stream
from pellucid.sizes import size_of


class Dice:
    """Random numbers for one examination; each call draws from a stream of its own.

    Args:
        seed: decides all.
        place: 1 where a gradient is tried that another input would have, so that it is not what the examination drew.

    Example:
        >>> Dice(0).direction((2, 2))
        array([[ 1.15687395, -0.74393656],
               [ 1.12647545, -1.21527957]])
    """

    def __init__(self, seed: int, place: int = 0) -> None:
        self._seed, self._place, self._calls = seed, place, 0

    def _stream(self) -> Stream:
        self._calls += 1
        return Stream(self._seed, Purpose.DOCTOR, self._calls - 1, self._place)

    def direction(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Numbers whose sizes are uniform from 0.5 to 1.5, of either sign: no element counts for little."""
        fractions = self._stream().fractions(size_of(shape))
        return (fractions + np.copysign(0.5, fractions)).reshape(shape)

    def order(self, count: int) -> NDArray[np.int64]:
        """The numbers below `count` in an order by chance."""
        return self._stream().order(count)

    def sample(self, size: int, count: int) -> NDArray[np.int64]:
        """At most `count` different numbers below `size`."""
        return self._stream().sample(size, min(size, count))

    def coin(self) -> bool:
        """One of two."""
        return bool(self._stream().draws(1)[0] >> 31)
