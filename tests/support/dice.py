"""What random calls of the ops are drawn with: the call, and dice whose numbers are the same in every run.

Float operands are whole multiples of 1/64 below 4, so both float types hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Reference = Callable[..., Any]


@dataclass
class Draw:
    """One call; `constants` are the operands that have no gradient, `reference` is PyTorch's call where it differs."""

    function: str
    operands: list[Any]
    settings: dict[str, Any] = field(default_factory=dict)
    reference: Reference | None = None
    constants: tuple[int, ...] = ()

    def __str__(self) -> str:
        shapes = ", ".join(str(x.shape if isinstance(x, np.ndarray) else x) for x in self.operands)
        return f"{self.function}({shapes}, {self.settings})"


class Dice:
    """What the families draw from, the same numbers in every run."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def upto(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def one_of(self, *values: Any) -> Any:
        return values[self.upto(0, len(values) - 1)]

    def each(self, dims: int, low: int, high: int) -> Any:
        """An integer for every axis, sometimes one for all of them."""
        values = tuple(self.upto(low, high) for _ in range(dims))
        return self.one_of(values, values, values, values[0])

    def sizes(self, dims: int, high: int) -> tuple[int, ...]:
        """Distinct sizes; each is 1 now and then."""
        sizes = self.random.permutation(np.arange(2, high + 1))[:dims]
        return tuple(1 if self.upto(0, 7) == 0 else int(size) for size in sizes)

    def batch(self) -> tuple[int, ...]:
        """No batch axis, or an empty one, or up to three images."""
        return self.one_of((), (0,), (1,), (2,), (2,), (3,), (3,))

    def floats(self, *shape: int) -> np.ndarray:
        return np.asarray(self.random.integers(-256, 257, shape) / 64)

    def ties(self, *shape: int) -> np.ndarray:
        return np.asarray(self.random.integers(-2, 3, shape), np.float64)

    def pairs(self, dims: int, high: int) -> tuple[tuple[int, int], ...]:
        return tuple((self.upto(0, high), self.upto(0, high)) for _ in range(dims))
