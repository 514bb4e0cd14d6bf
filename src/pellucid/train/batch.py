"""What a user hands to a training step, turned into what its program reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.dataset import labels_hint
from pellucid.errors import ArgumentError, PellucidError, ShapeError, say
from pellucid.numbers import as_array, check_scaled, contiguous

Array = NDArray[Any]


def images(x: Any, dtype: np.dtype[Any], name: str = "x", where: str = "TrainStep") -> Array:
    """A batch of inputs, or of targets that are numbers, as a contiguous array of the model's float type.

    Targets may have the batch axis alone. Whole numbers are taken as they are, but as inputs not those of 8 or 16 bits.

    Raises: ArgumentError when x is no array of real numbers, or images that are not scaled; ShapeError when it is empty
        or has no batch axis.
    """
    array = as_array(where, name, x)
    if name == "y":
        if array.ndim < 1 or array.size == 0:
            rule = "targets must have the shape of the network's output and not be empty"
            raise ShapeError(where, rule, expected="y of (N,…)", got=f"y {array.shape}")
        return contiguous(where, name, array, dtype)
    check_scaled(where, name, array)
    if array.ndim < 2 or array.size == 0:
        raise ShapeError(
            where,
            say("{name} must be a batch of at least one image", name=name),
            expected=say("{name} of (N,C,…)", name=name),
            got=f"{name} {array.shape}",
        )
    return contiguous(where, name, array, dtype)


def labels(y: Any, count: int) -> Array:
    """Class numbers as int64, in an array of their own: nobody changes them between their check and their use.

    Raises: ArgumentError when they are not whole numbers; ShapeError when there is not one for each input.
    """
    array = as_array("TrainStep", "y", y)
    if array.dtype.kind not in "iu":
        got, hint = say("y of dtype {dtype}", dtype=array.dtype), labels_hint("y", array)
        raise ArgumentError("TrainStep", "labels must be whole numbers", got=got, hint=hint)
    if array.shape != (count,):
        raise ShapeError(
            "TrainStep",
            "there must be one label per input",
            expected=f"y ({count},)",
            got=f"y {array.shape}",
            hint=labels_hint("y", array) if array.ndim != 1 else None,
        )
    return np.array(array, np.int64)


def check_classes(
    y: Array,
    classes: int,
    where: str = "cross_entropy",
    name: str = "y",
    error: type[PellucidError] = ArgumentError,
) -> None:
    """Labels must be classes that the network has.

    Raises: an `error` with the first label that is not.
    """
    wrong = np.flatnonzero(y.view(np.uint64) >= classes)  # a negative number is a huge one there
    if wrong.size:
        raise error(
            where,
            "a label must be a class of the network",
            expected=say("0 to {last}", last=classes - 1),
            got=f"{name}[{wrong[0]}] = {y[wrong[0]]}",
        )
