"""Arguments for the functions in float64: everywhere, at their ends, and where something changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from soak.functions.hardest import HARDEST

Array = NDArray[np.float64]
LEAST, MOST = 2.0**-1020, 2.0**1022
# From where to where the results are normal numbers, and the part of that where most happens.
RANGES: Mapping[str, tuple[float, float, float, float]] = {
    "exp": (-707.0, 709.4, -50.0, 50.0),
    "expm1": (-709.0, 709.78, -40.0, 40.0),
    "sigmoid": (-707.0, 708.0, -40.0, 40.0),
    "tanh": (-23.0, 23.0, -3.0, 3.0),
    "log": (2.0**-1022, MOST, 0.25, 4.0),
    "log1p": (-1 + 2.0**-53, MOST, -0.75, 3.0),
    "erf": (-7.0, 7.0, -3.0, 3.0),
    "rsqrt": (2.0**-1022, MOST, 0.25, 4.0),
}


def chunks(name: str, count: int, seed: int) -> Iterator[Array]:
    """Chunks of so many arguments, of each kind in turn."""
    random = np.random.default_rng(seed)
    low, high, *_ = RANGES[name]
    while True:
        for make in (_sizes, _middle, _neighbours, _ends, _widened):
            x = make(name, count, random)
            bad = ~((x >= low) & (x <= high) & (abs(x) >= LEAST))
            x[bad] = _middle(name, int(bad.sum()), random)
            x[(abs(x) < LEAST) | (x == 1)] = 1.5
            yield x


def _sizes(name: str, count: int, random: np.random.Generator) -> Array:
    """Every exponent and any mantissa."""
    low, high, *_ = RANGES[name]
    exponents = random.uniform(-1020, np.log2(high), count)
    sizes: Array = np.exp2(exponents) * random.choice([1.0, -1.0] if low < 0 else [1.0], count)
    return sizes


def _middle(name: str, count: int, random: np.random.Generator) -> Array:
    """Evenly where most happens."""
    _, _, low, high = RANGES[name]
    return random.uniform(low, high, count)


def _neighbours(name: str, count: int, random: np.random.Generator) -> Array:
    """Next to multiples of ln 2/2; for logarithms and roots next to powers of two times √½."""
    if name in ("log", "log1p", "rsqrt"):
        x = np.exp2(random.integers(-2000, 2000, count) / 2) - (name == "log1p")
    else:
        x = random.integers(-2100, 2100, count) * (np.log(2) / 2)
    return x * (1 + random.integers(-100, 101, count) * 2.0**-52)


def _ends(name: str, count: int, random: np.random.Generator) -> Array:
    """Near the root or 1, and near the ends of the range."""
    low, high, *_ = RANGES[name]
    small = np.exp2(random.uniform(-60, 0, count)) * random.choice([1.0, -1.0], count)
    near = np.where(random.random(count) < 0.5, low, min(high, 1e300)) * (1 + small * 2.0**-10)
    return np.where(random.random(count) < 0.9, (name in ("log", "rsqrt")) + small, near)


def _widened(name: str, count: int, random: np.random.Generator) -> Array:
    """float32's hardest arguments, with any bits behind theirs."""
    hard = np.array([float.fromhex(x) for x in HARDEST[name]])
    return random.choice(hard, count) * (
        1 + random.uniform(-1, 1, count) * np.exp2(random.uniform(-52, -23, count))
    )


def pairs(count: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """x and p of powers whose results are normal: x of any size and near 1, p of any size, whole or not."""
    random = np.random.default_rng(seed)
    while True:
        for near_1, whole in ((False, False), (False, True), (True, False), (True, True)):
            small = np.exp2(random.uniform(-52, -1, count)) * random.choice([1.0, -1.0], count)
            x = 1 + small if near_1 else np.exp2(random.uniform(-1020, 1020, count))
            most = 706 / abs(np.log(x))
            p = random.uniform(-1, 1, count) * np.where(
                random.random(count) < 0.5, most, np.minimum(most, 20)
            )
            p = np.rint(p) if whole else p
            yield x, np.where((p == 0) | (abs(p * np.log(x)) > 706), 0.75, p)
