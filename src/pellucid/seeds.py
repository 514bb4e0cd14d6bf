"""What a seed is: the whole number that decides a run's random numbers, as the engine's 64-bit counters hold it."""

from __future__ import annotations

from pellucid.errors import ArgumentError
from pellucid.sizes import is_integer

LARGEST = 2**63 - 1


def check_seed(where: str, seed: int) -> int:
    """The seed as a Python integer.

    Raises: ArgumentError when it is no whole number from 0 to 2⁶³ − 1.

    Example:
        >>> check_seed("fit", 7)
        7
    """
    if not is_integer(seed) or not 0 <= seed <= LARGEST:
        raise ArgumentError(
            where, "seed must be a whole number", expected="0 ≤ seed < 2⁶³", got=f"seed={seed!r}"
        )
    return int(seed)
