"""What a user hands to a training step, turned into what its program reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.dataset import labels_hint
from pellucid.errors import ArgumentError, PellucidError, ShapeError, say
from pellucid.numbers import as_array, check_scaled, contiguous
from pellucid.ops.base import Shape

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
    whole = array.dtype.kind in "iu" and array.dtype != np.uint64  # what they are taken for the network says
    if array.ndim < 2 - whole or array.size == 0:
        raise ShapeError(
            where,
            say("{name} must be a batch of at least one image", name=name),
            expected=say("{name} of (N,C,…)", name=name),
            got=f"{name} {array.shape}",
        )
    return contiguous(where, name, array, np.dtype(np.int64) if whole else dtype)


def input(where: str, name: str, value: Any, dtype: np.dtype[Any]) -> Array:
    """One of several inputs, or targets, as a contiguous array: of the model's float type, or whole numbers.

    Raises: ArgumentError for what is no array of real numbers, or of 8 or 16 bits; ShapeError when it has no batch axis
        or is empty.
    """
    array = as_array(where, name, value)
    check_scaled(where, name, array)
    if array.ndim < 1 or array.size == 0:
        rule = say("{name} must have an axis for its batch and not be empty", name=name)
        raise ShapeError(where, rule, expected=f"{name} (N,…)", got=f"{name} {array.shape}")
    whole = array.dtype.kind in "iu" and array.dtype != np.uint64
    return contiguous(where, name, array, np.dtype(np.int64) if whole else dtype)


def labels(y: Any, count: int) -> Array:
    """Class numbers as int64, in an array of their own: nobody changes them between their check and their use.

    Raises: ArgumentError when they are not whole numbers; ShapeError when there are not those of each input.
    """
    array = as_array("TrainStep", "y", y)
    if array.dtype.kind not in "iu":
        raise _not_whole(array)
    if array.shape[:1] != (count,):
        raise _not_one_each(array, count)
    return np.array(array, np.int64)


def are_probabilities(y: Array) -> bool:
    """Whether targets of a cross-entropy are a probability for each class: floating, with an axis of classes."""
    return y.dtype.kind == "f" and y.ndim > 1 and y.shape[1] > 1


def check_targets(y: Array, output: Shape) -> None:
    """Targets of a network that tells classes apart must fit to its output.

    Where that has more axes than (N, classes), the op says what labels must be.

    Raises: ShapeError for labels or probabilities of another shape.
    """
    if y.dtype.kind == "f" and y.shape != output:
        raise ShapeError(
            "TrainStep",
            "class probabilities must have the shape of the network's output",
            expected=f"y {output}",
            got=f"y {y.shape}",
        )
    if y.dtype.kind != "f" and len(output) == 2 and y.shape != output[:1]:
        raise _not_one_each(y, output[0])


def check_classes(
    y: Array,
    classes: int,
    where: str = "cross_entropy",
    name: str = "y",
    error: type[PellucidError] = ArgumentError,
    ignored: int | None = None,
) -> None:
    """Labels must be classes that the network has, or the one that is ignored.

    Raises: an `error` with the first label that is neither.
    """
    wrong = np.flatnonzero(y.view(np.uint64) >= classes)  # a negative number is a huge one there
    if wrong.size and ignored is not None:
        wrong = wrong[y.reshape(-1)[wrong] != ignored]
    if wrong.size:
        at = tuple(int(i) for i in np.unravel_index(wrong[0], y.shape))
        expected = say("0 to {last}", last=classes - 1)
        if ignored not in (None, -100):
            expected = say("0 to {last}, or {ignored}", last=classes - 1, ignored=ignored)
        raise error(
            where,
            "a label must be a class of the network",
            expected=expected,
            got=f"{name}[{','.join(map(str, at))}] = {y[at]}",
        )


def _not_whole(y: Array) -> ArgumentError:
    """What is said of labels that are no whole numbers."""
    got, hint = say("y of dtype {dtype}", dtype=y.dtype), labels_hint("y", y)
    return ArgumentError("TrainStep", "labels must be whole numbers", got=got, hint=hint)


def _not_one_each(y: Array, count: int) -> ShapeError:
    """What is said of labels that are too many or too few."""
    return ShapeError(
        "TrainStep",
        "there must be one label per input",
        expected=f"y ({count},)",
        got=f"y {y.shape}",
        hint=labels_hint("y", y) if y.ndim != 1 else None,
    )
