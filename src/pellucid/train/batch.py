"""What a user hands to a training step, turned into what its program reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError
from pellucid.nn.parameter import real_array

Array = NDArray[Any]


def images(x: Any, dtype: np.dtype[Any]) -> Array:
    """A batch of inputs as a contiguous array of the model's float type.

    Raises: ArgumentError when x is no array of real numbers; ShapeError when it is empty or has no batch axis.
    """
    array = real_array("TrainStep", x)
    if array.ndim < 2 or array.size == 0:
        raise ShapeError(
            "TrainStep",
            "a step needs a batch of at least one input",
            expected="x of (N,C,…)",
            got=f"x {array.shape}",
        )
    return np.ascontiguousarray(array, dtype)


def labels(y: Any, count: int) -> Array:
    """Class numbers as int64.

    Raises: ArgumentError when they are not whole numbers; ShapeError when there is not one for each input.
    """
    array = real_array("TrainStep", y)
    if array.dtype.kind not in "iu":
        raise ArgumentError("TrainStep", "labels must be whole numbers", got=f"y of dtype {array.dtype}")
    if array.shape != (count,):
        raise ShapeError(
            "TrainStep", "there must be one label per input", expected=f"y ({count},)", got=f"y {array.shape}"
        )
    return np.ascontiguousarray(array, np.int64)


def check_classes(y: Array, classes: int) -> None:
    """Labels must be classes that the network has.

    Raises: ArgumentError with the first label that is not.
    """
    wrong = y[(y < 0) | (y >= classes)]
    if wrong.size:
        raise ArgumentError(
            "cross_entropy", "a label must be a class", expected=f"0 to {classes - 1}", got=f"{wrong[0]}"
        )
