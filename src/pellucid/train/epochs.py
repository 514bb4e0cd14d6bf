"""A run, epoch by epoch: its steps, its validation, its callbacks and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeAlias

import numpy as np

from pellucid.data.dataset import Dataset
from pellucid.errors import FormatError, NumericError, say
from pellucid.explain.finite import check_finite
from pellucid.numbers import as_array
from pellucid.train.checkpoints import Checkpoints
from pellucid.train.evaluation import scores
from pellucid.train.history import Epoch, Progress
from pellucid.train.interrupt import after_step
from pellucid.train.run import Best, Run
from pellucid.train.schedules import Schedule
from pellucid.train.source import Source
from pellucid.train.step import TrainStep

Callback: TypeAlias = Callable[[Progress | Epoch], object]
_STOP = "stop"  # what a callback returns to end training
_HINT = "use a smaller learning rate"


class Epochs:
    """Goes through a run: its batches, what is told and kept between them."""

    def __init__(
        self,
        run: Run,
        batches: Source,
        validation: Dataset | None,
        schedule: Schedule | None,
        epochs: int,
        callbacks: Sequence[Callback],
        folder: Checkpoints | None,
        patience: int | None,
    ) -> None:
        self._run, self._source, self._validation = run, batches, validation
        self._schedule, self._epochs, self._callbacks = schedule, epochs, callbacks
        self._folder, self._patience = folder, patience
        self._whole = True  # whether the run's parts are of one moment, so that they can be saved

    def go(self) -> None:
        """All epochs that are left."""
        run = self._run
        try:
            with after_step() as self._end_if_interrupted:
                while run.epoch < self._epochs and not self._ended():
                    self._epoch()
        except BaseException:
            if self._whole and run.history.losses:
                with suppress(FormatError):
                    self._save()
            raise
        finally:
            if run.lr is not None:
                run.step.optimizer.lr = run.lr

    def _epoch(self) -> None:
        """What is left of an epoch, and its end."""
        run, start = self._run, time.perf_counter()
        with closing(self._source.epoch(run.epoch, run.batch)) as batches:
            seen = 0
            for x, y in batches:
                value = self._step(x, y)
                seen += len(x)
                speed = seen / (time.perf_counter() - start)
                place = run.epoch, run.batch, self._source.batches
                self._tell(Progress(*place, value, speed, run.step.optimizer.lr))
                if self._folder and self._folder.due:
                    self._save()
                if run.history.ended:
                    self._save()
                    return
        rule = say("the weights are not finite any more after epoch {epoch}", epoch=run.epoch + 1)
        check_finite("fit", rule, run.step.model.named_arrays(), _HINT)
        mean, result = run.loss_sum / run.images, None
        if self._validation is not None:
            self._whole = run.step.ema is None
            with _averages(run.step):
                result = scores(run.step.model, self._validation, self._end_if_interrupted)
        done = Epoch(run.epoch, mean, time.perf_counter() - start, result)
        self._whole = False
        run.history.epochs.append(done)
        run.epoch, run.batch, run.images, run.loss_sum = run.epoch + 1, 0, 0, 0.0
        self._keep_best(done)
        self._whole = True
        self._save()
        self._tell(done)

    def _step(self, x: Any, y: Any) -> float:
        run, optimizer = self._run, self._run.step.optimizer
        if self._schedule and run.lr is not None:
            steps = self._epochs * self._source.batches
            optimizer.lr = run.lr * self._schedule.factor(run.step.steps, steps)
        x = as_array("fit", "x", x)
        if not np.isfinite(x).all():
            self._source.check_finite(x)
        self._whole = False
        try:
            value = run.step(x, y)
        except NumericError as error:  # and nothing has changed
            self._whole = True
            if error.got is not None:
                place = {"epoch": run.epoch + 1, "number": run.batch + 1}
                error.got = say("{got}, in epoch {epoch}, batch {number}", got=error.got, **place)
            raise
        run.history.losses.append(value)
        run.history.rates.append(optimizer.lr)
        run.batch, run.images = run.batch + 1, run.images + len(x)
        run.loss_sum += value * len(x)
        self._whole = True
        return value

    def _tell(self, event: Progress | Epoch) -> None:
        """The callbacks, all of them, then Ctrl-C."""
        answers = [callback(event) for callback in self._callbacks]
        if any(isinstance(answer, str) and answer == _STOP for answer in answers):
            self._run.history.ended = "callback"
        self._end_if_interrupted()

    def _keep_best(self, done: Epoch) -> None:
        if not done.validation:
            return
        run = self._run
        score = done.validation.get("accuracy", -done.validation["loss"])
        if run.best is None or score > run.best.score:
            step = run.step
            numbers = step.model.state_dict() if step.ema is None else step.averaged()
            run.best = Best(score, done.epoch, numbers)

    def _ended(self) -> bool:
        """Whether training ends before its last epoch."""
        run = self._run
        if self._patience and run.best and run.epoch - 1 - run.best.epoch >= self._patience:
            run.history.ended = "early_stopping"
        return run.history.ended is not None

    def _save(self) -> None:
        if self._folder:
            self._folder.save(self._run.step.steps, self._run.saved())


@contextmanager
def _averages(step: TrainStep) -> Iterator[None]:
    """Let the model have its averages meanwhile, if there are some."""
    if step.ema is None:
        yield
        return
    own = step.model.state_dict()
    try:
        step.model.load_state_dict(step.averaged())
        yield
    finally:
        step.model.load_state_dict(own)
