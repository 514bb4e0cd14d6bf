"""Numbers computed once more as the engine computes them: one operation at a time, each rounded to the number's type.

Such a number is both the engine's, bit by bit, and an enclosure of the exact one (`enclosed.py`). A formula written
with it gives the replay and the bound at once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.enclosed import Enclosed

Array = NDArray[Any]


class Replayed:
    """Numbers of one float type, and enclosures of what they would be without rounding."""

    def __init__(self, value: Array, enclosed: Enclosed) -> None:
        self.value, self.enclosed = value, enclosed

    @classmethod
    def of(cls, value: Array) -> Replayed:
        """Numbers that are given; the engine takes denormal ones as zero."""
        size = abs(value)
        return cls(value, Enclosed(value, np.where(size < np.finfo(value.dtype).tiny, size, 0)))

    def __add__(self, other: Replayed) -> Replayed:
        return self._with(operator.add, other)

    def __sub__(self, other: Replayed) -> Replayed:
        return self._with(operator.sub, other)

    def __mul__(self, other: Replayed) -> Replayed:
        return self._with(operator.mul, other)

    def __truediv__(self, other: Replayed) -> Replayed:
        return self._with(operator.truediv, other)

    def sqrt(self) -> Replayed:
        """√x."""
        return self._rounded(lambda: np.sqrt(self.value), self.enclosed.sqrt())

    def _with(self, operation: Callable[[Any, Any], Any], other: Replayed) -> Replayed:
        enclosed = operation(self.enclosed, other.enclosed)
        return self._rounded(lambda: operation(self.value, other.value), enclosed)

    def _rounded(self, compute: Callable[[], Array], enclosed: Enclosed) -> Replayed:
        """One operation; an enclosure counts the roundings of float64 by itself."""
        from pellucid.kernels.flushing import flushed  # imports LLVM: only when it is needed

        value = flushed(compute)
        return Replayed(value, enclosed if value.dtype == np.float64 else enclosed.rounded(value.dtype))
