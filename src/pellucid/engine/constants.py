"""Constants: arrays of NumPy's that a network uses and that are nobody's parameters.

The caller's array may change at any time, and lies as the caller likes. So a program has a copy of its own, in its
float type and in the order of weights, and copies the numbers anew before each run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.weights import Owned
from pellucid.numbers import as_array, within

Array = NDArray[Any]


def own(where: str, array: Array, dtype: np.dtype[Any]) -> Array:
    """A copy in another type: floats as weights lie, whole numbers as they are.

    Raises: ArgumentError for what are no real numbers, for fractions where whole numbers are wanted, and for numbers
        that the type is too small for.
    """
    numbers = as_array(where, "constant", array)
    if dtype.kind == "f":
        copy: Array = Owned.like(numbers.shape, dtype)
        copy[...] = within(where, "constant", numbers, dtype)
        return copy
    if numbers.dtype.kind not in "iu":
        return numbers.copy()  # the op says that it wants whole numbers
    return numbers.astype(dtype)


def refresh(pairs: Iterable[tuple[Array, Array]]) -> None:
    """Copy what the callers' arrays hold now, each to the copy beside it."""
    with np.errstate(over="ignore"):
        for copy, array in pairs:
            np.copyto(copy, array, casting="unsafe")
