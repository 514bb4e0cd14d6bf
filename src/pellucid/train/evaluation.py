"""How well a model does: loss and accuracy over data, and probabilities of classes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import DataLike, Dataset, dataset
from pellucid.data.feed import ahead
from pellucid.data.order import edges
from pellucid.data.preprocessing import as_float
from pellucid.errors import ArgumentError, DataError, NumericError, ShapeError, say
from pellucid.functions.sums import total as summed
from pellucid.nn.module import Module
from pellucid.numbers import as_array
from pellucid.ops.log_softmax import Shares
from pellucid.ops.softmax import Softmax
from pellucid.train.batch import check_classes
from pellucid.train.step import check_model

Array = NDArray[Any]
_BATCH = 256  # images, at most


@memory.enough("evaluate")
def evaluate(model: Module, data: DataLike) -> dict[str, float]:
    """How well a model does on a dataset, or a pair (images, labels).

    With labels, one for each image or one for each pixel: mean cross-entropy ("loss") and the share of those that the
    largest output names ("accuracy"). With targets, numbers of the output's shape: their mean squared error ("loss").

    Raises: DataError when there is no image, a label that is no class, or an image that is not finite; NumericError
        when outputs are not; ShapeError when outputs and labels do not fit together.
    """
    check_model("evaluate", model)
    return scores(model, dataset("evaluate", data))


def scores(model: Module, data: Dataset, between: Callable[[], None] = lambda: None) -> dict[str, float]:
    """What `evaluate` returns; `between` batches something may end the work."""
    if len(data) == 0:
        raise DataError("evaluate", "there is nothing to evaluate on", got="0 images")
    judged = _Numbers(data) if data.labels is None else _Labels(data)
    seen = 0
    for x, y in ahead(data.batches(_batch_size(len(data)), shuffle=False)):
        between()
        judged.add(outputs("evaluate", model, x, seen), y, seen)
        seen += len(x)
    return judged.scores()


class _Labels:
    """Cross-entropy and accuracy, of images or of their pixels."""

    def __init__(self, data: Dataset) -> None:
        self._losses, self._right, self._data = np.empty(data.labels.shape), 0, data

    def add(self, logits: Array, y: Array, first: int) -> None:
        if logits.ndim < 2 or logits.shape[:1] + logits.shape[2:] != y.shape:
            rule = "a classifier's output is (N, classes)"
            if y.ndim > 1:
                rule = "the output for a label per pixel is (N, classes, …) with the labels' sizes"
            raise ShapeError("evaluate", rule, got=f"{logits.shape}")
        classes = logits.shape[1]
        if not first:
            check_classes(self._data.labels.reshape(-1), classes, "evaluate", "labels", DataError)
        # Another thread may have changed them since.
        check_classes(y.reshape(-1), classes, "evaluate", "a batch's labels", DataError)
        logarithms = Shares(np.asarray(logits, np.float64), 1).logarithms
        chosen = np.take_along_axis(logarithms, np.expand_dims(y, 1), 1)
        self._losses[first : first + len(y)] = -chosen.reshape(y.shape)
        self._right += int((logits.argmax(axis=1) == y).sum())

    def scores(self) -> dict[str, float]:
        count = self._losses.size
        return {"loss": float(summed(self._losses)) / count, "accuracy": self._right / count}


class _Numbers:
    """The mean squared error."""

    def __init__(self, data: Dataset) -> None:
        self._squares, self._size = np.empty(len(data)), 1

    def add(self, output: Array, y: Array, first: int) -> None:
        if output.shape != y.shape:
            rule = "targets must have the shape of the network's output"
            raise ShapeError("evaluate", rule, expected=f"{output.shape}", got=f"{y.shape}")
        errors = (output.astype(np.float64) - y).reshape(len(y), -1)
        self._squares[first : first + len(y)] = summed(errors * errors, (1,))
        self._size = errors.shape[1]

    def scores(self) -> dict[str, float]:
        return {"loss": float(summed(self._squares)) / (len(self._squares) * self._size)}


@memory.enough("predict")
def predict(model: Module, images: Any) -> Array:
    """Class probabilities (N, classes, …) of images (N,C,…) or of a dataset's images.

    8-bit images are divided by 255 and 16-bit ones by 65,535; a dataset's preprocessing is applied, as in training.

    Raises: ArgumentError for what is no array of real numbers; ShapeError when the model is no classifier; DataError
        when images are not finite, NumericError when the model's outputs are not.
    """
    return Softmax(dim=1).forward(raw("predict", model, images))


def raw(where: str, model: Module, images: Any) -> Array:
    """A classifier's outputs, its logits, as `predict` takes images."""
    check_model(where, model)
    if isinstance(images, Dataset):
        data, count = images, len(images)

        def part(start: int, stop: int) -> Array:
            return data.scaled(data.read(np.arange(start, stop)))
    else:
        array = as_array(where, "images", images, by_parts=True)
        if array.ndim < 2:
            rule = "images must have a batch axis and channels"
            raise ShapeError(where, rule, expected="(N,C,…)", got=f"{array.shape}")
        count = len(array)

        def part(start: int, stop: int) -> Array:
            some = array[start:stop]
            return as_float(some) if some.dtype.kind == "u" else some

    bounds = edges(count, _batch_size(count)) if count else [0, 0]
    parts = [outputs(where, model, part(*ends), ends[0]) for ends in pairwise(bounds)]
    for logits in parts:
        if logits.ndim < 2:
            raise ShapeError(where, "a classifier's output is (N, classes)", got=f"{logits.shape}")
    return np.concatenate(parts)


def _batch_size(count: int) -> int:
    """How many images a batch has, so that the last one is hardly smaller and needs no plan of its own."""
    batches = max(1, -(-count // _BATCH))
    return max(1, -(-count // batches))


def outputs(where: str, model: Module, images: Array, first: int) -> Array:
    """What a model says of a batch, of which the data has `first` images before."""
    try:
        found: Array = model(images)
    except ArgumentError:
        check_finite_images(where, images, first)  # which knows where in the data they are
        raise
    finite = np.isfinite(found).reshape(len(found), -1).all(axis=1)
    if not finite.all():
        check_finite_images(where, images, first)
        wrong = int(finite.argmin())
        got = say("{logits} for image {image}", logits=_short(found[wrong]), image=first + wrong)
        hint = "pellucid.record(model, x).overview() shows where the first NaN or infinity is"
        raise NumericError(where, "the network's output must be finite", got=got, hint=hint)
    return found


def _short(numbers: Array) -> str:
    text = str(numbers.tolist())
    return text if len(text) <= 200 else f"{text[:199]}…"


def check_finite_images(where: str, images: Array, first: int = 0) -> None:
    """Some images, of which the data has `first` before, must be finite in float32.

    Raises: DataError that names the first number which is not.
    """
    for start in range(0, len(images), _BATCH):
        some = images[start : start + _BATCH]
        finite = np.isfinite(as_float(some))
        if not finite.all():
            image, *place = (int(i) for i in np.unravel_index(int(finite.argmin()), finite.shape))
            place = [first + start + image, *place]
            got = say("{number} at {place}", number=some[(image, *place[1:])], place=place)
            rule, hint = "images must be finite numbers of float32", "mend these images, or leave them out"
            raise DataError(where, rule, got=got, hint=hint)
