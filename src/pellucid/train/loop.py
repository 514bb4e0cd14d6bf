"""The loop around the step: epochs over a dataset, evaluation, prediction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import DataLike, Dataset, dataset
from pellucid.data.preprocessing import as_float
from pellucid.engine.graph import trace
from pellucid.errors import ArgumentError, DataError, NumericError, ShapeError, say, told_by
from pellucid.explain.finite import check_finite
from pellucid.functions.sums import total as summed
from pellucid.nn.module import Module
from pellucid.numbers import as_array
from pellucid.ops.log_softmax import Shares
from pellucid.ops.softmax import Softmax
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer
from pellucid.train.batch import check_classes
from pellucid.train.interrupt import after_step
from pellucid.train.optimizers import Optimizer
from pellucid.train.step import TrainStep, check_model

Array = NDArray[Any]
_EVALUATION_BATCH = 256  # images, at most
_HINT = "use a smaller learning rate"
_FIRST = "before training, pellucid.record(model, x).overview() shows where the first NaN or infinity is"


@dataclass(frozen=True)
class Progress:
    """Where training stands after a step."""

    epoch: int
    batch: int
    batches: int
    loss: float
    images_per_second: float


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to. `loss` is the mean over its batches, each weighted by its size."""

    epoch: int
    loss: float
    seconds: float
    validation: dict[str, float] | None = None


@dataclass
class History:
    """All epochs of a training run."""

    epochs: list[Epoch] = field(default_factory=list)


@memory.enough("fit")
@told_by("fit", "TrainStep")
def fit(
    model: Module,
    train: DataLike,
    validation: DataLike | None = None,
    *,
    optimizer: Optimizer,
    loss: str = "cross_entropy",
    epochs: int,
    batch_size: int = 64,
    seed: int = 0,
    callbacks: Sequence[Callable[[Progress | Epoch], None]] = (),
) -> History:
    """Train a model: `epochs` times over the data, in an order that depends on (seed, epoch) alone.

    Data are a `Dataset` or a pair (images, labels).
    Callbacks are called with a `Progress` after every step and with an `Epoch` after every epoch.
    The loss is "cross_entropy", since labels are classes; `TrainStep` takes targets of other kinds.

    The first Ctrl-C ends training after the step and its callbacks, the second at once; the model can be used as it is.

    Raises: KeyboardInterrupt after Ctrl-C; NumericError as soon as the loss, or before training and after an epoch an
        array of the model, is not finite; ArgumentError or DataError for unfit arguments, before the first update for
        a label in either dataset that is no class, and before an update with images that are not finite.
    """
    if not is_integer(epochs) or epochs < 1:
        raise ArgumentError("fit", "epochs must be a whole number ≥ 1", got=f"epochs={epochs!r}")
    callbacks = _callbacks(callbacks)
    train = dataset("fit", train)
    validation = None if validation is None else dataset("fit", validation)
    if len(train) == 0:
        raise DataError("fit", "there is nothing to train on", got="0 images")
    if loss != "cross_entropy":
        rule = "labels are classes, so the loss must be cross_entropy"
        hint = "use TrainStep for other targets"
        raise ArgumentError("fit", rule, got=repr(loss), hint=hint if loss == "mse_loss" else None)
    step, history = TrainStep(model, optimizer, loss, check_seed("fit", seed)), History()
    _check_labels(model, train, validation)
    hint = "mend them, or make the model anew"
    check_finite("fit", "the model's numbers must be finite before training", model.named_arrays(), hint)
    with after_step() as end_if_interrupted:

        def tell(event: Progress | Epoch) -> None:
            for callback in callbacks:
                callback(event)
            end_if_interrupted()

        for epoch in range(epochs):
            start = time.perf_counter()
            mean = _train_epoch(step, train, batch_size, seed, epoch, tell)
            result = None if validation is None else _scores(model, validation, end_if_interrupted)
            history.epochs.append(Epoch(epoch, mean, time.perf_counter() - start, result))
            tell(history.epochs[-1])
    return history


def _callbacks(given: Any) -> Sequence[Callable[[Progress | Epoch], None]]:
    """The callbacks, of which an iterator has them only once."""
    try:
        callbacks = tuple(given)
    except TypeError:
        callbacks = (None,)
    if not all(map(callable, callbacks)):
        rule, hint = "callbacks must be a list of functions", "callbacks=[print]"
        raise ArgumentError("fit", rule, got=f"callbacks={given!r}"[:80], hint=hint)
    return callbacks


def _check_finite(where: str, images: Array, first: int = 0) -> None:
    """Some images, of which the data has `first` before, must be finite in float32."""
    for start in range(0, len(images), _EVALUATION_BATCH):
        some = images[start : start + _EVALUATION_BATCH]
        finite = np.isfinite(as_float(some))
        if not finite.all():
            image, *place = (int(i) for i in np.unravel_index(int(finite.argmin()), finite.shape))
            got = say(
                "{number} at {place}", number=some[(image, *place)], place=[first + start + image, *place]
            )
            rule, hint = "images must be finite numbers of float32", "mend these images, or leave them out"
            raise DataError(where, rule, got=got, hint=hint)


def _train_epoch(
    step: TrainStep, data: Dataset, batch_size: int, seed: int, epoch: int, tell: Callable[[Progress], None]
) -> float:
    """See each image once; returns the mean loss."""
    start, total, seen = time.perf_counter(), 0.0, 0
    batches = -(-len(data) // batch_size) if is_integer(batch_size) and batch_size > 0 else 0
    for number, (x, y) in enumerate(data.batches(batch_size, seed, epoch), 1):
        if not np.isfinite(x).all():
            _check_finite("fit", data.images)
        updated = step.steps > 0
        value = step(x, y)
        if not np.isfinite(value):
            rule = (
                "the loss is not finite any more" if updated else "the loss is not finite before any update"
            )
            got = say("{value} in epoch {epoch}, batch {number}", value=value, epoch=epoch + 1, number=number)
            raise NumericError("fit", rule, got=got, hint=_HINT if updated else _FIRST)
        total, seen = total + value * len(x), seen + len(x)
        tell(Progress(epoch, number, batches, value, seen / (time.perf_counter() - start)))
    rule = say("the weights are not finite any more after epoch {epoch}", epoch=epoch + 1)
    check_finite("fit", rule, step.model.named_arrays(), _HINT)
    return total / seen


@memory.enough("evaluate")
def evaluate(model: Module, data: DataLike) -> dict[str, float]:
    """Mean cross-entropy and accuracy of a classifier over a dataset.

    Raises: DataError when there is no image, a label that is no class, or an image that is not finite; NumericError
        when outputs are not.
    """
    check_model("evaluate", model)
    return _scores(model, dataset("evaluate", data))


def _scores(model: Module, data: Dataset, between: Callable[[], None] = lambda: None) -> dict[str, float]:
    """What `evaluate` returns; `between` batches something may end the work."""
    if len(data) == 0:
        raise DataError("evaluate", "there is nothing to evaluate on", got="0 images")
    losses, right, seen = np.empty(len(data)), 0, 0
    for x, y in data.batches(_batch_size(len(data)), shuffle=False):
        between()
        logits = np.asarray(_logits("evaluate", model, x, seen), np.float64)
        if not seen:
            check_classes(data.labels, logits.shape[1], "evaluate", "labels", DataError)
        # Another thread may have changed them since.
        check_classes(y, logits.shape[1], "evaluate", "a batch's labels", DataError)
        losses[seen : seen + len(y)] = -Shares(logits, 1).logarithms[np.arange(len(y)), y]
        seen += len(y)
        right += int((logits.argmax(axis=1) == y).sum())
    return {"loss": float(summed(losses)) / len(data), "accuracy": right / len(data)}


@memory.enough("predict")
def predict(model: Module, images: Any) -> Array:
    """Class probabilities (N, classes) of images (N,C,…) or of a dataset's images.

    8-bit images are divided by 255 and 16-bit ones by 65,535, as in training.

    Raises: ArgumentError for what is no array of real numbers; ShapeError when the model is no classifier; DataError
        when images are not finite, NumericError when the model's outputs are not.
    """
    check_model("predict", model)
    given = images.images if isinstance(images, Dataset) else images
    array = as_array("predict", "images", given, by_parts=True)
    if array.ndim < 2:
        got = f"{array.shape}"
        raise ShapeError("predict", "images must have a batch axis and channels", expected="(N,C,…)", got=got)
    parts, size = [], _batch_size(len(array))
    for start in range(0, max(1, len(array)), size):
        part = array[start : start + size]
        part = as_float(part) if part.dtype.kind == "u" else part
        parts.append(_logits("predict", model, part, start))
    return Softmax(dim=1).forward(np.concatenate(parts))


def _batch_size(count: int) -> int:
    """How many images a batch has, so that the last one is hardly smaller and needs no plan of its own."""
    batches = max(1, -(-count // _EVALUATION_BATCH))
    return max(1, -(-count // batches))


def _logits(where: str, model: Module, images: Array, first: int) -> Array:
    """What a classifier says of a batch, of which the data has `first` images before."""
    try:
        logits: Array = model(images)
    except ArgumentError:
        _check_finite(where, images, first)  # which knows where in the data they are
        raise
    if logits.ndim != 2:
        raise ShapeError(where, "a classifier's output is (N, classes)", got=f"{logits.shape}")
    finite = np.isfinite(logits).all(axis=1)
    if not finite.all():
        _check_finite(where, images, first)
        wrong = int(finite.argmin())
        got = say("{logits} for image {image}", logits=logits[wrong].tolist(), image=first + wrong)
        hint = "pellucid.record(model, x).overview() shows where the first NaN or infinity is"
        raise NumericError(where, "the network's output must be finite", got=got, hint=hint)
    return logits


def _check_labels(model: Module, *data: Dataset | None) -> None:
    """Every label of the training data, and of those to validate with, must be a class, before anything is updated."""
    (train, *_) = data
    assert train is not None
    inputs = {"input": (train.images.shape, model.dtype)}
    output = trace(model.trace_forward, inputs, dict(model.named_arrays()), training=False).output
    for some, name in zip(data, ("labels", "validation labels"), strict=True):
        if some is not None and output.ndim == 2:  # the step itself refuses what is no classifier
            check_classes(some.labels, output.shape[1], "fit", name, DataError)
