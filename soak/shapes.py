"""Thousands of shapes in one process: programs, loaded code and files of compiled code stay within bounds.

    python soak/shapes.py [--count N] [--seed S]

The process may take a gibibyte more than when it has begun. Networks and functions meet arrays of ever new shapes,
each of which may need a plan and code of its own; now and then a result is compared with the op's definition.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pc
from pellucid import functional as F
from pellucid import limits
from pellucid.kernels import cache, simd
from pellucid.ops.conv import Conv

_ROOM_BYTES = 1 << 30
_FOLDER_BYTES = 264 << 20  # what the folder's bound and the files between two looks come to
_FUNCTIONS = 16 * 256 + 256  # on the shelves that stay and on the one that is being filled
_CHECKED = 20  # one in so many results is compared
Array = np.ndarray[Any, Any]


class Shapes:
    """Networks and functions, and arrays of random shapes for them."""

    def __init__(self, seed: int) -> None:
        pc.seed(seed)
        self.dice, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.plain = pc.Conv2d(3, 8, 3, padding=1)
        self.models = [
            pc.Sequential(self.plain, pc.BatchNorm2d(8), pc.ReLU(), pc.MaxPool2d(2), pc.AdaptiveAvgPool2d(2)),
            pc.Sequential(self.plain, pc.GELU(), pc.Conv2d(8, 5, (2, 3), stride=2)),
        ]

    def array(self, *sizes: int) -> Array:
        """Random numbers."""
        return self.numbers.standard_normal(sizes).astype(np.float32)

    def next(self) -> bool:
        """One more shape; whether the result is right, as far as somebody looks."""
        kind: Callable[[], bool] = self.dice.choices([self.network, self.small, self.large], [50, 49, 1])[0]
        return kind()

    def looked_at(self, found: Array, x: Array, weight: Array, bias: Array, padding: int) -> bool:
        """Whether a convolution is what its definition says, or nobody looked."""
        if self.dice.randrange(_CHECKED):
            return True
        exact = Conv(2, padding=padding).forward(x.astype(np.float64), weight.astype(np.float64), bias)
        return bool(np.allclose(found, exact, rtol=1e-4, atol=1e-3))

    def network(self) -> bool:
        """A network on a batch of its own shape."""
        x = self.array(self.dice.randint(1, 20), 3, self.dice.randint(5, 40), self.dice.randint(5, 40))
        self.dice.choice(self.models)(x)
        if self.dice.randrange(_CHECKED):  # the plain network would need a plan, too
            return True
        return self.looked_at(self.plain(x), x, self.plain.weight, self.plain.bias, 1)

    def small(self) -> bool:
        """A convolution by its definition."""
        return self.function(self.dice.randint(1, 4), self.dice.randint(5, 24))

    def large(self) -> bool:
        """A convolution by a program of its own."""
        return self.function(64, self.dice.randint(60, 120))

    def function(self, channels: int, size: int) -> bool:
        """A convolution of two arrays."""
        x, weight = (
            self.array(2, channels, size, self.dice.randint(size, 2 * size)),
            self.array(24, channels, 3, 3),
        )
        return self.looked_at(F.conv2d(x, weight, np.zeros(24, np.float32)), x, weight, np.zeros(24), 0)


def resident() -> int:
    """Bytes of memory that the process has now."""
    return limits._numbers(Path("/proc/self/status"))["VmRSS"] << 10


def functions() -> int:
    """How many pieces of code for one shape or another are loaded."""
    shelves, _ = sys.modules[simd.address.__module__]._shelves(simd.host())
    return len(shelves._places)


def files() -> tuple[int, int]:
    """How many files of compiled code there are, and their bytes, in blocks of a disk."""
    folder = cache.folder()
    sizes = [] if folder is None else [path.stat().st_size for path in folder.glob("*.o")]
    return len(sizes), sum(-(-size // 4096) * 4096 for size in sizes)


def main() -> int:
    """Try them, and look at what has grown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shapes, wrong, most, most_functions = Shapes(options.seed), 0, 0, 0
    for _ in range(20):
        shapes.next()
    shapes.large()
    begun = resident()
    used = limits._numbers(Path("/proc/self/status"))["VmSize"] << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM_BYTES, used + _ROOM_BYTES))
    for i in range(1, options.count + 1):
        wrong += not shapes.next()
        most, most_functions = max(most, resident() - begun), max(most_functions, functions())
        if i % 1000 == 0:
            print(f"{i}: {(resident() - begun) >> 20} MiB more, {functions()} functions", flush=True)
    number, size = files()
    print(
        f"{options.count} shapes: {wrong} wrong results, at most {most >> 20} MiB more memory and {most_functions} "
        f"functions loaded; {number} files of {size >> 20} MiB"
    )
    return int(wrong > 0 or most > _ROOM_BYTES or most_functions > _FUNCTIONS or size > _FOLDER_BYTES)


if __name__ == "__main__":
    sys.exit(main())
