"""What pictures take in: few numbers, of a size that can be multiplied."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.numbers import as_array
from pellucid.ops.base import Array

LARGEST = 1e100  # products of such numbers are finite


def operand(where: str, name: str, value: ArrayLike, axes: int) -> Array:
    """Numbers along so many axes (1 or 2), in float64.

    Raises: ShapeError for another number of axes and for no numbers; ArgumentError for numbers that are not finite or
        exceed 1e100, and for what is no array of real numbers.
    """
    array = as_array(where, name, value).astype(np.float64)
    if array.ndim != axes or not array.size:
        form = say("a sequence") if axes == 1 else say("a matrix")
        rule = say("{name} must be {form} of at least one number", name=name, form=form)
        raise ShapeError(where, rule, got=say("shape {shape}", shape=array.shape))
    if not (np.abs(array) <= LARGEST).all():
        wrong = array[~(np.abs(array) <= LARGEST)][0]
        raise ArgumentError(
            where, say("{name} must hold finite numbers up to ±1e100", name=name), got=f"{wrong}"
        )
    return array
