"""Every float32 argument of every function of one argument: the result must be the correctly rounded one.

    python -m soak.functions.floats [--function NAME …] [--blocks N]

The vector code for float64 makes a number whose error has a proven bound (`proof.py`). Where that number is farther
from the middle between two float32 numbers than the bound, its float32 rounding is right, and the vector code for
float32 must give it. What is left, MPFR decides. Denormal arguments count as zeros, and so do results below the least
normal number, 2^−126. There processors differ in whether they look at the result before or after rounding, so no
result may lie between 2^−126·(1 − 2^−24) and 2^−126. Half a minute for each function on one core.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from pellucid.kernels.flushing import flushed
from soak.functions.claims import PROGRAMS, STATED
from soak.functions.exact import nearest
from soak.functions.vector import Vector

BLOCK, BLOCKS = 1 << 22, 1 << 10
_CHUNK = 1 << 17  # arguments that the caches hold with all that is made of them
_LEAST = 2.0**-126
_DOMAIN = {"log": 0.0, "log1p": -1.0, "rsqrt": 0.0}  # NaN below


@dataclass
class Found:
    """What has been tried of a function, and what came of it."""

    tried: int = 0
    decided: int = 0
    wrong: list[float] = field(default_factory=list)
    hardest: list[tuple[float, float]] = field(
        default_factory=list
    )  # how far from the middle, and the argument

    def decide(self, name: str, x: float, result: float) -> None:
        """Let MPFR say what the result should be."""
        self.decided += 1
        expected, away = nearest(name, x)
        self.hardest = sorted([*self.hardest, (away, x)])[:4]
        if result != expected:
            self.wrong.append(x)


class Floats:
    """All float32 arguments of a function, chunk by chunk."""

    def __init__(self, name: str) -> None:
        self.name, self.found = name, Found()
        self._wide, self._narrow = Vector(name, 64), Vector(name, 32)
        self._units = (
            math.ceil(STATED[name]) + 1
        )  # of float64's last place, which is at least 2^−53 of the number
        self._numbers = np.arange(_CHUNK, dtype=np.uint32)
        self._bits, self._x, self._y = np.empty(_CHUNK, np.uint32), np.empty(_CHUNK), np.empty(_CHUNK)
        self._result, self._rounded = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
        self._distance, self._near = np.empty(_CHUNK, np.uint64), np.empty(_CHUNK, bool)
        zeros = np.array([0.0, -0.0], np.float32)
        self._at_zeros = np.empty(2, np.float32)
        flushed(lambda: self._narrow(zeros, self._at_zeros))

    def block(self, number: int) -> None:
        """One of the blocks."""
        for start in range(number * BLOCK, (number + 1) * BLOCK, _CHUNK):
            flushed(partial(self._compute, start))
            for i in np.flatnonzero(self._near):
                self._near[i] = _LEAST <= abs(self._y[i]) < 2.0**128
                if self._near[i]:
                    self.found.decide(
                        self.name, float(self._bits.view(np.float32)[i]), float(self._result[i])
                    )
            self._compare()
        self.found.tried += BLOCK

    def _compute(self, start: int) -> None:
        np.add(self._numbers, np.uint32(start), out=self._bits)
        x = self._bits.view(np.float32)
        self._x[:] = x
        self._wide(self._x, self._y)
        self._narrow(x, self._result)
        self._rounded[:] = self._y
        # The last 29 bits are what float32 has not; their half is the middle between two numbers.
        np.subtract(self._y.view(np.uint64), np.uint64((1 << 28) - self._units), out=self._distance)
        np.bitwise_and(self._distance, np.uint64((1 << 29) - 1), out=self._distance)
        np.less_equal(self._distance, np.uint64(2 * self._units), out=self._near)

    def _compare(self) -> None:
        """All others with the rounded float64 results, and with what is known of ends."""
        x, y, result, wrong = self._bits.view(np.float32), self._y, self._result, self.found.wrong
        differ = result.view(np.uint32) != self._rounded.view(np.uint32)
        if differ.any():
            bad = differ & ~self._near & ~(np.isnan(result) & np.isnan(y))
            wrong += x[bad].tolist()
        small = abs(y) < _LEAST
        if small.any():
            wrong += x[small & ((abs(y) > _LEAST * (1 - 2.0**-24)) | (result != 0))].tolist()
        numberless = np.isnan(x) | (x < _DOMAIN.get(self.name, -np.inf))
        denormal = abs(x) < _LEAST
        if numberless.any() or np.isnan(result).any():
            wrong += x[(numberless & ~denormal) != np.isnan(result)].tolist()
        if denormal.any():
            zero = self._at_zeros[np.signbit(x[denormal]).astype(int)]
            wrong += x[denormal][result[denormal].view(np.uint32) != zero.view(np.uint32)].tolist()


def main() -> int:
    """Try them all, or some blocks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--function", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--blocks", type=int, default=BLOCKS, help=f"how many of the {BLOCKS} blocks")
    options = parser.parse_args()
    wrong = 0
    for name in options.function:
        start, floats = time.perf_counter(), Floats(name)
        for number in np.linspace(0, BLOCKS - 1, options.blocks).astype(int).tolist():
            floats.block(number)
        found, seconds = floats.found, time.perf_counter() - start
        wrong += len(found.wrong)
        hardest = ", ".join(f"{x.hex()} ({away:.1e})" for away, x in found.hardest)
        print(
            f"{name:8} {found.tried:,} arguments, {found.decided} of them decided by MPFR: {len(found.wrong)} wrong"
            f"{[x.hex() for x in found.wrong[:5]] or ''}, {seconds:.0f} s; hardest: {hardest}", flush=True
        )  # fmt: skip
    print(f"{wrong} results not correctly rounded")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
