"""What is wanted of a network's outputs: labels, class probabilities or numbers; and how far outputs are from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.dataset import Dataset, dataset
from pellucid.errors import ArgumentError, DataError, ShapeError, say
from pellucid.explain.address import written
from pellucid.explain.finite import first_wrong
from pellucid.functions.sums import total as summed
from pellucid.numbers import as_array
from pellucid.ops.class_loss import losses_of
from pellucid.ops.log_softmax import Shares
from pellucid.train.batch import are_probabilities, check_classes
from pellucid.train.losses import LOSSES, CrossEntropyLoss, Loss, MSELoss
from pellucid.train.own_loss import OwnLoss

Array = NDArray[Any]


def judged(where: str, data: Any, loss: Loss) -> Dataset:
    """A dataset, or one made of a pair, that fits a loss: that compares numbers, or names classes, or is one's own.

    Raises: ArgumentError when there are labels where there should be numbers, or the other way round; DataError for a
        target that is not finite.
    """
    if isinstance(loss, OwnLoss):
        return dataset(where, _as_targets(where, data))
    numbers = isinstance(loss, MSELoss)
    if is_pair(data):
        y = as_array(where, "y", data[1], by_parts=True)
        if y.dtype.kind == "f" and (numbers or are_probabilities(y)):
            data = Dataset(data[0], targets=y)
    found = dataset(where, data)
    if numbers and found.targets is None:
        rule, hint = "labels are classes, so the loss must be cross_entropy", "targets are floating numbers"
        raise ArgumentError(where, rule, got=say("labels and {loss}", loss="mse_loss"), hint=hint)
    if not numbers and found.labels is None and not are_probabilities(found.targets):
        rule = "targets are numbers, so the loss must be mse_loss"
        hint = "labels are whole numbers, class probabilities floating ones (N, classes, …)"
        raise ArgumentError(where, rule, got=say("targets and {loss}", loss="cross_entropy"), hint=hint)
    if found.targets is not None and (at := first_wrong(found.targets)) is not None:
        got = say("{number} in {at}", number=found.targets[at], at=written("targets", at))
        if found.names:
            got = say("{got} in '{name}'", got=got, name=found.names[at[0]])
        rule, hint = "targets must be finite numbers", "mend the data, or leave them out"
        raise DataError(where, rule, got=got, hint=hint)
    return found


def _as_targets(where: str, data: Any) -> Any:
    """A pair whose second part are floats holds targets."""
    if not is_pair(data):
        return data
    y = as_array(where, "y", data[1], by_parts=True)
    return Dataset(data[0], targets=y) if y.dtype.kind == "f" else data


def is_pair(data: Any) -> bool:
    """Whether it is (images, labels), rather than two batches (x, y)."""
    if not isinstance(data, tuple) or len(data) != 2:
        return False
    return not all(isinstance(part, tuple) and len(part) == 2 for part in data)


def check_counted(where: str, labels: Array, ignored: int | None, *, training: bool = False) -> None:
    """Some label must count.

    Raises: DataError when all are ignored.
    """
    if labels.size and (labels == ignored).all():
        rule = "there is nothing to train on" if training else "there is nothing to evaluate on"
        got = say("labels that are all {ignored}, which is ignored", ignored=ignored)
        raise DataError(where, rule, got=got)


class Judge(ABC):
    """Takes a network's outputs batch by batch, then tells how good they are."""

    @abstractmethod
    def add(self, output: Array, y: Array, first: int) -> None:
        """The outputs for a batch, of which the data have `first` images before, and what is wanted of them."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """The mean of the loss, and what else there is to say."""


def judge(data: Dataset, loss: Loss | None) -> Judge:
    """By the kind of data, where no loss says more.

    Raises: ArgumentError for a label to ignore where there are probabilities.
    """
    if data.labels is not None:
        criterion = loss or LOSSES["cross_entropy"]
        return _Labels(data, criterion.ignore_index)
    if not isinstance(loss, CrossEntropyLoss):
        return _Numbers(data)
    if loss.ignore_index >= 0:  # a negative one is no class
        rule, got = "class probabilities have no class to ignore", f"ignore_index={loss.ignore_index}"
        raise ArgumentError("evaluate", rule, expected="ignore_index=-100", got=got)
    return _Probabilities(data)


class _Labels(Judge):
    """Cross-entropy and accuracy, of images or of their pixels; some may be ignored."""

    def __init__(self, data: Dataset, ignored: int | None) -> None:
        check_counted("evaluate", data.labels, ignored)
        self._losses, self._data, self._ignored = np.empty(data.labels.shape), data, ignored
        self._right = self._count = 0

    def add(self, output: Array, y: Array, first: int) -> None:
        if output.ndim < 2 or output.shape[:1] + output.shape[2:] != y.shape:
            rule = "a classifier's output is (N, classes)"
            if y.ndim > 1:
                rule = "the output for a label per pixel is (N, classes, …) with the labels' sizes"
            raise ShapeError("evaluate", rule, got=f"{output.shape}")
        classes, ignored = output.shape[1], self._ignored
        if not first:
            check_classes(self._data.labels, classes, "evaluate", "labels", DataError, ignored)
        # Another thread may have changed them since.
        check_classes(y, classes, "evaluate", "a batch's labels", DataError, ignored)
        counts = y != ignored
        own = np.where(counts, y, 0)
        logarithms = Shares(np.asarray(output, np.float64), 1).logarithms
        chosen = np.take_along_axis(logarithms, np.expand_dims(own, 1), 1).reshape(y.shape)
        self._losses[first : first + len(y)] = np.where(counts, -chosen, 0.0)
        self._right += int(((output.argmax(axis=1) == y) & counts).sum())
        self._count += int(counts.sum())

    def scores(self) -> dict[str, float]:
        count = max(self._count, 1)
        return {"loss": float(summed(self._losses)) / count, "accuracy": self._right / count}


class _Probabilities(Judge):
    """Cross-entropy with a probability for each class, and how often the likeliest class is named."""

    def __init__(self, data: Dataset) -> None:
        self._losses, self._right = np.empty((len(data), *data.targets.shape[2:])), 0

    def add(self, output: Array, y: Array, first: int) -> None:
        if output.shape != y.shape:
            rule = "class probabilities must have the shape of the network's output"
            raise ShapeError("evaluate", rule, expected=f"{output.shape}", got=f"{y.shape}")
        shares = Shares(np.asarray(output, np.float64), 1)
        self._losses[first : first + len(y)] = losses_of(y.astype(np.float64), shares, 1)
        self._right += int((output.argmax(axis=1) == y.argmax(axis=1)).sum())

    def scores(self) -> dict[str, float]:
        count = self._losses.size
        return {"loss": float(summed(self._losses)) / count, "accuracy": self._right / count}


class _Numbers(Judge):
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
