"""How well a model does: loss and accuracy over data, and probabilities of classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import DataLike, Dataset, dataset
from pellucid.data.feed import ahead
from pellucid.data.order import edges
from pellucid.data.preprocessing import as_float
from pellucid.errors import ArgumentError, DataError, NonFiniteError, ShapeError, say
from pellucid.explain.finite import first_wrong
from pellucid.nn.module import Module
from pellucid.numbers import as_array
from pellucid.ops.softmax import Softmax
from pellucid.train.kinds import check_model
from pellucid.train.losses import LOSSES, CrossEntropyLoss, Loss, LossLike, MSELoss
from pellucid.train.mean_loss import mean_loss
from pellucid.train.own_loss import OwnLoss, loss_of
from pellucid.train.pairs import Pairs, are_several
from pellucid.train.wanted import judge, judged

Array = NDArray[Any]
_BATCH = 256  # images, at most


@memory.enough("evaluate")
def evaluate(
    model: Module, data: DataLike, *, loss: LossLike | None = None, ignore_index: int | None = None
) -> dict[str, float]:
    """How well a model does on a dataset, or a pair (images, labels).

    With labels, one for each image or one for each pixel: mean cross-entropy ("loss") and the share of those that the
    largest output names ("accuracy"). With targets, numbers of the output's shape: their mean squared error ("loss").
    With targets that are a probability for each class, (N,C,…), and `loss="cross_entropy"`: the mean cross-entropy, and
    how often the largest output and the largest probability are of one class. With a loss of one's own: its mean over
    the batches, as training would have it without dropout. Inputs and targets may be tuples or dicts of arrays.

    Args:
        model: what is evaluated.
        data: images with labels or targets.
        loss: what training makes smaller; of a `CrossEntropyLoss` the ignored label counts, but neither class weights
            nor smoothing. None is that of the kind of data: cross-entropy for labels, squares for targets.
        ignore_index: the label of what is left out, of loss and accuracy alike; None is that of the loss, or −100.

    Raises: DataError when there is no image, a label that is neither a class nor ignored, none that counts, or an image
        that is not finite; NonFiniteError when outputs are not; ShapeError when outputs and labels do not fit together;
        ArgumentError for a loss of another kind of data.

    Example:
        >>> import pellucid as pc
        >>> pc.seed(0)
        >>> model, x = pc.Sequential(pc.Linear(4, 3)), np.ones((3, 4), np.float32)
        >>> pc.evaluate(model, (x, np.array([1, 255, 1])), ignore_index=255) == pc.evaluate(model, (x[1:], [1, 1]))
        True
    """
    check_model("evaluate", model)
    criterion = None if loss is None else loss_of("evaluate", loss)
    if ignore_index is not None:
        if isinstance(criterion, MSELoss):
            rule, got = "only cross_entropy has labels to ignore", f"ignore_index={ignore_index!r}"
            raise ArgumentError("evaluate", rule, got=got)
        criterion = CrossEntropyLoss(ignore_index=ignore_index)
    return scores(model, examples("evaluate", data, criterion), criterion)


def examples(where: str, data: Any, loss: Loss | None) -> Dataset | Pairs:
    """Data to evaluate on: a dataset, or inputs and targets in structures.

    Raises: what `judged` and `Pairs` raise.
    """
    if are_several(data):
        return Pairs(where, *data)
    return dataset(where, data) if loss is None else judged(where, data, loss)


def scores(
    model: Module,
    data: Dataset | Pairs,
    loss: Loss | None = None,
    between: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """What `evaluate` returns; `between` batches something may end the work."""
    if len(data) == 0:
        raise DataError("evaluate", "there is nothing to evaluate on", got="0 images")
    if isinstance(data, Pairs) or isinstance(loss, OwnLoss):
        batches = data.batches(_batch_size(len(data)), shuffle=False)
        return mean_loss("evaluate", model, loss or LOSSES["cross_entropy"], batches, between)
    by, seen = judge(data, loss), 0
    for x, y in ahead(data.batches(_batch_size(len(data)), shuffle=False)):
        between()
        by.add(outputs("evaluate", model, x, seen, data.names), y, seen)
        seen += len(x)
    return by.scores()


@memory.enough("predict")
def predict(model: Module, images: Any) -> Array:
    """Class probabilities (N, classes, …) of images (N,C,…) or of a dataset's images.

    8-bit images are divided by 255 and 16-bit ones by 65,535; a dataset's preprocessing is applied, as in training.
    Several inputs are a tuple of forward's arguments, or a dict by their names.

    Raises: ArgumentError for what is no array of real numbers; ShapeError when the model is no classifier; DataError
        when images are not finite, NonFiniteError when the model's outputs are not.
    """
    return Softmax(dim=1).forward(raw("predict", model, images))


def raw(where: str, model: Module, images: Any) -> Array:
    """A classifier's outputs, its logits, as `predict` takes images."""
    check_model(where, model)
    if isinstance(images, tuple | dict):
        return _of_several(where, model, Pairs(where, images, ()))
    names: Sequence[str] = ()
    if isinstance(images, Dataset):
        data, count, names = images, len(images), images.names

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
    parts = [outputs(where, model, part(*ends), ends[0], names) for ends in pairwise(bounds)]
    for logits in parts:
        if logits.ndim < 2:
            raise ShapeError(where, "a classifier's output is (N, classes)", got=f"{logits.shape}")
    return np.concatenate(parts)


def _of_several(where: str, model: Module, data: Pairs) -> Array:
    """The same of several inputs, which are numbers as they are."""
    parts = []
    for x, _ in data.batches(_batch_size(len(data)), shuffle=False):
        found = model(**x) if isinstance(x, dict) else model(*x)
        if not isinstance(found, np.ndarray) or found.ndim < 2:
            got = f"{found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
            raise ShapeError(where, "a classifier's output is (N, classes)", got=got)
        parts.append(found)
    return np.concatenate(parts)


def _batch_size(count: int) -> int:
    """How many images a batch has, so that the last one is hardly smaller and needs no plan of its own."""
    batches = max(1, -(-count // _BATCH))
    return max(1, -(-count // batches))


def outputs(where: str, model: Module, images: Array, first: int, names: Sequence[str] = ()) -> Array:
    """What a model says of a batch of data whose images have these names; `first` ones lie before."""
    numbers = range(first, first + len(images))
    try:
        found: Array = model(images)
    except ArgumentError:
        check_finite_images(where, images, numbers, names)  # which knows where in the data they are
        raise
    if not isinstance(found, np.ndarray):
        raise ArgumentError(where, "one output is needed here", got=type(found).__name__)
    finite = np.isfinite(found).reshape(len(found), -1).all(axis=1)
    if not finite.all():
        check_finite_images(where, images, numbers, names)
        wrong = int(finite.argmin())
        got = say("{logits} for image {image}", logits=_short(found[wrong]), image=first + wrong)
        hint = "pellucid.record(model, x).overview() shows where the first NaN or infinity is"
        raise NonFiniteError(where, "the network's output must be finite", got=got, hint=hint)
    return found


def _short(numbers: Array) -> str:
    text = str(numbers.tolist())
    return text if len(text) <= 200 else f"{text[:199]}…"


def check_finite_images(
    where: str, images: Array, numbers: Sequence[int] | None = None, names: Sequence[str] = ()
) -> None:
    """Some images must be finite in float32.

    Args:
        where: what was called.
        images: (N,…).
        numbers: which ones of the data they are; None for those from 0 on.
        names: what the data's images are called, if they are.

    Raises: DataError that names the first number which is not, and its image.
    """
    numbers = range(len(images)) if numbers is None else numbers
    for start in range(0, len(images), _BATCH):
        some = images[start : start + _BATCH]
        if (found := first_wrong(as_float(some))) is not None:
            image = int(numbers[start + found[0]])
            place = [image, *found[1:]]
            got = say("{number} at {place}", number=some[found], place=place)
            if names:
                got = say("{got} in '{name}'", got=got, name=names[image])
            rule, hint = "images must be finite numbers of float32", "mend these images, or leave them out"
            raise DataError(where, rule, got=got, hint=hint)
