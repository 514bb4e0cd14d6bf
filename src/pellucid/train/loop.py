"""`fit`: what is asked for is checked and put together as a run, which goes through its epochs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

from pellucid import memory
from pellucid.data.augment import Augment
from pellucid.data.dataset import DataLike, Dataset
from pellucid.engine import algorithm
from pellucid.engine.graph import trace
from pellucid.errors import ArgumentError, DataError, say, told_by
from pellucid.explain.finite import check_finite
from pellucid.nn.module import Module
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer
from pellucid.train import schedules
from pellucid.train.batch import check_classes
from pellucid.train.checkpoints import Checkpoints
from pellucid.train.epochs import Callback, Ends, Epochs
from pellucid.train.evaluation import examples
from pellucid.train.history import History
from pellucid.train.kinds import check_model
from pellucid.train.losses import LossLike
from pellucid.train.optimizers import Optimizer
from pellucid.train.own_loss import OwnLoss, loss_of
from pellucid.train.pairs import Pairs
from pellucid.train.run import Run
from pellucid.train.schedules import Schedule
from pellucid.train.source import Batch, Images, source
from pellucid.train.step import TrainStep
from pellucid.train.wanted import check_counted


def fit(
    model: Module,
    train: DataLike | Iterable[Batch],
    validation: DataLike | None = None,
    *,
    optimizer: Optimizer,
    loss: LossLike = "cross_entropy",
    epochs: int,
    batch_size: int = 64,
    schedule: Schedule | str | None = None,
    augment: Augment | str | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | Checkpoints | None = None,
    resume: bool = False,
    clip_norm: float | None = None,
    ema: float | None = None,
    early_stopping: int | None = None,
    restore_best: bool = False,
    drop_last: bool = False,
) -> History:
    """Train a model: `epochs` times over the data, in an order that depends on (seed, epoch) alone.

    Args:
        train: a `Dataset`, a pair (images, labels), or batches (x, y): a list of them, or an iterator.
        validation: is evaluated after each epoch.
        loss: as for `TrainStep`. Labels to train on and to validate with may be its `ignore_index`; with cross-entropy,
            targets of a `Dataset` may be a probability for each class, (N,C,…).
        schedule: how the learning rate changes, such as `pellucid.schedules.OneCycle()`, or its name.
        augment: how images change in each epoch, such as `pellucid.Augment(crop=4, flip=True)` or "crop 4; flip".
        callbacks: are called with a `Progress` after every step and with an `Epoch` after every epoch; one that returns
            "stop" ends training.
        checkpoint: a folder in which the run's state is saved, at each epoch's end and every five minutes.
        resume: go on from the newest checkpoint there, with the same bits as a run that was never interrupted; begin
            where there is none, and return at once where the run is finished.
        clip_norm, ema: as for `TrainStep`. With averages, these are validated, and the model has them in the end.
        early_stopping: end after so many epochs without a better validation (accuracy, or loss where there is none).
        restore_best: leave the model as it was behind its best epoch; early stopping does so, too.
        drop_last: leave out a last batch that is smaller. A last batch of one image, whose statistics would be no
            use to batch norm, is joined to the one before it.

    The first Ctrl-C ends training after the step and its callbacks, and a checkpoint is written; the second ends it at
    once. The model can be used as it is: whatever ends training leaves it with its averages, or as it was behind its
    best epoch, where a finished run would.

    Raises: KeyboardInterrupt after Ctrl-C; NumericError as soon as the loss, or before training and after an epoch an
        array of the model, is not finite; ArgumentError or DataError for unfit arguments, before the first update for
        a label in either dataset that is no class, and before an update with images that are not finite; FormatError
        when a checkpoint cannot be written or read.
    """
    going = prepared(
        model, train, validation, optimizer=optimizer, loss=loss, epochs=epochs, batch_size=batch_size,
        schedule=schedule, augment=augment, seed=seed, callbacks=callbacks, clip_norm=clip_norm, ema=ema,
        early_stopping=early_stopping, restore_best=restore_best, drop_last=drop_last,
    )  # fmt: skip
    if checkpoint is not None:
        going.keep(
            checkpoint if isinstance(checkpoint, Checkpoints) else Checkpoints(checkpoint), resume=resume
        )
    elif resume:
        rule, hint = "to resume needs a folder of checkpoints", "checkpoint='run/'"
        raise ArgumentError("fit", rule, hint=hint)
    try:
        going.go()
    finally:
        going.settle()
    return going.run.history


@memory.enough("fit")
@told_by("fit", "TrainStep")
def prepared(
    model: Module,
    train: DataLike | Iterable[Batch],
    validation: DataLike | None = None,
    *,
    optimizer: Optimizer,
    loss: LossLike = "cross_entropy",
    epochs: int,
    batch_size: int = 64,
    schedule: Schedule | str | None = None,
    augment: Augment | str | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    clip_norm: float | None = None,
    ema: float | None = None,
    early_stopping: int | None = None,
    restore_best: bool = False,
    drop_last: bool = False,
) -> Epochs:
    """A run whose arguments, those of `fit`, have been checked, before its first step.

    Raises: as `fit`, before the first update.
    """
    if not is_integer(epochs) or epochs < 1:
        raise ArgumentError("fit", "epochs must be a whole number ≥ 1", got=f"epochs={epochs!r}")
    callbacks = _callbacks(callbacks)
    check_model("fit", model)
    join_one = any(name.endswith("running_mean") for name, _ in model.named_buffers())
    step = TrainStep(model, optimizer, loss, check_seed("fit", seed), clip_norm=clip_norm, ema=ema)
    criterion = loss_of("fit", loss)
    change = _change(augment)
    cut = {"drop_last": drop_last, "join_one": join_one}
    batches = source(train, batch_size, seed, change, loss=criterion, **cut)
    validate = None if validation is None else examples("fit", validation, criterion)
    rate = None if schedule is None else schedules.schedule("fit", schedule)
    if rate and not batches.batches:
        rule, hint = "a schedule must know how many steps there are", "give a list of batches"
        raise ArgumentError("fit", rule, got=say("an iterator"), hint=hint)
    patience = _patience(early_stopping, validate)
    if isinstance(batches, Images) and not isinstance(criterion, OwnLoss):
        _check_labels(model, criterion.ignore_index, batches.data, validate)
    hint = "mend them, or make the model anew"
    check_finite("fit", "the model's numbers must be finite before training", model.named_arrays(), hint)
    recipe = {
        "model": f"{type(model).__name__} {hashlib.sha256(repr(model).encode()).hexdigest()}",
        "dtype": str(model.dtype),
        "frozen": [name for name, parameter in model.named_parameters() if not parameter.requires_grad],
        "optimizer": repr(optimizer),
        "loss": repr(criterion),
        "batch_size": int(batch_size) if isinstance(batches, Images) else None,
        "drop_last": bool(drop_last),
        "seed": step.seed,
        "clip_norm": step.clip_norm,
        "ema": step.ema,
        "schedule": repr(rate),
        "augment": repr(change),
        "steps": int(epochs) * batches.batches if rate else None,
        "early_stopping": patience,
        "restore_best": True if restore_best else None,
        "algorithm": algorithm.current(),
    }
    run = Run(step, recipe, optimizer.lr if rate else None)
    ends = Ends(epochs, patience, restore_best=restore_best)
    return Epochs(run, batches, validate, rate, ends, callbacks)


def _change(given: Any) -> Augment | None:
    if given is None or isinstance(given, Augment):
        return given
    if isinstance(given, str):
        return Augment.from_text(given)
    rule, hint = "augment is an Augment", "augment=pellucid.Augment(crop=4, flip=True)"
    raise ArgumentError("fit", rule, got=type(given).__name__, hint=hint)


def _patience(given: Any, validation: Dataset | Pairs | None) -> int | None:
    if given is None:
        return None
    if not is_integer(given) or given < 1:
        rule = "early_stopping is a number of epochs ≥ 1"
        raise ArgumentError("fit", rule, got=f"early_stopping={given!r}")
    if validation is None:
        raise ArgumentError(
            "fit", "early stopping needs data to validate with", hint="fit(model, train, validation, …)"
        )
    return int(given)


def _callbacks(given: Any) -> Sequence[Callback]:
    """The callbacks, of which an iterator has them only once."""
    try:
        callbacks = tuple(given)
    except TypeError:
        callbacks = (None,)
    if not all(map(callable, callbacks)):
        rule, hint = "callbacks must be a list of functions", "callbacks=[print]"
        raise ArgumentError("fit", rule, got=f"callbacks={given!r}"[:80], hint=hint)
    return callbacks


def _check_labels(model: Module, ignored: int | None, train: Dataset, validation: object) -> None:
    """Every label must be a class or ignored before anything is updated, to validate with as well as to train on."""
    data = (train, validation if isinstance(validation, Dataset) else None)
    inputs = {"input": (train.images.shape, model.dtype)}
    output = trace(model.trace_forward, inputs, dict(model.named_arrays()), training=False).output
    known = {some.classes for some in data if some is not None and some.classes}
    if len(known) > 1:
        got = "; ".join(", ".join(classes)[:80] for classes in known)
        raise DataError("fit", "data to train on and to validate with must have the same classes", got=got)
    for some, name in zip(data, ("labels", "validation labels"), strict=True):
        if some is None or some.labels is None:
            continue
        check_counted("fit", some.labels, ignored, training=some is train)
        if some.labels.ndim == output.ndim - 1:  # the step refuses what is no classifier
            check_classes(some.labels, output.shape[1], "fit", name, DataError, ignored)
