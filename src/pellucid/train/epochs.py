"""A run, epoch by epoch: its steps, its validation, its callbacks and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pellucid import memory
from pellucid.data.dataset import Dataset
from pellucid.engine.structure import items
from pellucid.errors import FormatError, NumericError, say, told_by
from pellucid.explain.finite import check_finite
from pellucid.formats.run import RunState
from pellucid.numbers import as_array
from pellucid.train.checkpoints import Checkpoints
from pellucid.train.evaluation import scores
from pellucid.train.events import Epoch, Progress
from pellucid.train.interrupt import after_step
from pellucid.train.own_loss import loss_of
from pellucid.train.pairs import Pairs
from pellucid.train.run import STRETCH, Best, Run, digest
from pellucid.train.schedules import Schedule
from pellucid.train.source import Source

Callback: TypeAlias = Callable[[Progress | Epoch], object]
_STOP = "stop"  # what a callback returns to end training
_HINT = "use a smaller learning rate"


@dataclass(frozen=True)
class Ends:
    """When a run ends, and with which numbers.

    Attributes:
        patience: so many epochs without a better validation end it; None for any number.
        restore_best: whether the model is left as it was behind its best epoch.
    """

    epochs: int
    patience: int | None
    restore_best: bool


class Epochs:
    """Goes through a run: its batches, what is told and kept between them.

    Attributes:
        run: how far it has come.
        source: its batches.
        callbacks: are told of each step and each epoch.
    """

    def __init__(
        self,
        run: Run,
        source: Source,
        validation: Dataset | Pairs | None,
        schedule: Schedule | None,
        ends: Ends,
        callbacks: Sequence[Callback],
    ) -> None:
        self.run, self.source, self.callbacks = run, source, callbacks
        self._validation, self._schedule, self._ends = validation, schedule, ends
        self._folder: Checkpoints | None = None
        self._marked = False
        self._whole = True  # whether the run's parts are of one moment, so that they can be saved

    def keep(self, folder: Checkpoints, *, resume: bool) -> None:
        """Keep checkpoints in a folder; the run goes on from the newest one, if that is wanted.

        Raises: what `Checkpoints.prepare`, `Checkpoints.newest` and `Run.restore` raise.
        """
        folder.prepare(resume=resume)
        self.mark()
        found = folder.newest() if resume else None
        if found:
            self.restore(found)
        else:
            folder.save(0, self.run.saved())
        self._folder = folder

    def restore(self, found: RunState) -> None:
        """Go on where a checkpoint was written.

        Raises: what `Run.restore` raises.
        """
        self.run.restore(found, self.source.batches)

    def mark(self) -> None:
        """Note checksums of the data and, every so many steps from the first one on, of the run's state."""
        if not self._marked:
            self.run.recipe["data"] = self.source.digest()
            if self._validation and (self._ends.patience or self._ends.restore_best):  # its scores decide
                self.run.recipe["validation data"] = self._validation.digest()
            self.run.mark()
            self._marked = True

    @memory.enough("fit")
    @told_by("fit", "TrainStep")
    def go(self) -> None:
        """All epochs that are left."""
        run = self.run
        try:
            with after_step() as self._end_if_interrupted:
                while run.epoch < self._ends.epochs and not self._ended():
                    self._epoch()
                if self._marked:
                    run.last = digest(run.arrays())
        except BaseException:
            if self._whole and run.history.losses:
                with suppress(FormatError):
                    self._save()
            raise
        finally:
            self._reset_rate()

    def settle(self) -> None:
        """Leave the model with the numbers that are wanted in the end: its averages, or those of its best epoch."""
        step, best = self.run.step, self.run.best
        if best and (self._ends.restore_best or self._ends.patience):
            step.model.load_state_dict(best.arrays)
        elif step.ema is not None and step.steps:
            step.model.load_state_dict(step.averaged())

    def _epoch(self) -> None:
        """What is left of an epoch, and its end."""
        run, start = self.run, time.perf_counter()
        with closing(self.source.epoch(run.epoch, run.batch)) as batches:
            seen = 0
            for x, y in batches:
                value = self._step(x, y)
                seen += _count(x)
                speed = seen / (time.perf_counter() - start)
                place = run.epoch, run.batch, self.source.batches
                self._tell(Progress(*place, value, speed, run.step.optimizer.lr))
                if self._folder and self._folder.due:
                    self._save()
                if run.history.ended:
                    self._save()
                    return
        rule = say("the weights are not finite any more after epoch {epoch}", epoch=run.epoch + 1)
        check_finite("fit", rule, run.step.model.named_arrays(), _HINT)
        mean = run.loss_sum / run.images
        result = None if self._validation is None else self._validated(self._validation)
        done = Epoch(run.epoch, mean, time.perf_counter() - start, result, run.batch)
        self._whole = False
        run.history.epochs.append(done)
        run.epoch, run.batch, run.images, run.loss_sum = run.epoch + 1, 0, 0, 0.0
        self._keep_best(done)
        self._whole = True
        self._save()
        self._tell(done)

    def _step(self, x: Any, y: Any) -> float:
        run, optimizer = self.run, self.run.step.optimizer
        self._set_rate()
        for path, item in items(x, "x"):
            array = as_array("fit", path, item)
            if not np.isfinite(array).all():
                self.source.check_finite(array, run.epoch, run.batch)
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
        run.batch, run.images = run.batch + 1, run.images + _count(x)
        run.loss_sum += value * _count(x)
        if self._marked and run.step.steps % STRETCH == 0:
            run.mark()
        self._whole = True
        return value

    @contextmanager
    def at_rate(self) -> Iterator[None]:
        """Meanwhile the optimiser has the learning rate of the next step."""
        self._set_rate()
        try:
            yield
        finally:
            self._reset_rate()

    def _set_rate(self) -> None:
        run = self.run
        if self._schedule and run.lr is not None:
            steps = self._ends.epochs * self.source.batches
            run.step.optimizer.lr = run.lr * self._schedule.factor(run.step.steps, steps)

    def _reset_rate(self) -> None:
        if self.run.lr is not None:
            self.run.step.optimizer.lr = self.run.lr

    def _validated(self, data: Dataset | Pairs) -> dict[str, float]:
        """The model's scores: those of its averages, if there are some, which it has meanwhile."""
        step = self.run.step
        loss = loss_of("fit", step.loss)
        if step.ema is None:
            return scores(step.model, data, loss, self._end_if_interrupted)
        own, self._whole = step.model.state_dict(), False
        try:
            step.model.load_state_dict(step.averaged())
            return scores(step.model, data, loss, self._end_if_interrupted)
        finally:
            step.model.load_state_dict(own)
            self._whole = True

    def _tell(self, event: Progress | Epoch) -> None:
        """The callbacks, all of them, then Ctrl-C."""
        answers = [callback(event) for callback in self.callbacks]
        if any(isinstance(answer, str) and answer == _STOP for answer in answers):
            self.run.history.ended = "callback"
        self._end_if_interrupted()

    def _keep_best(self, done: Epoch) -> None:
        if not done.validation:
            return
        run = self.run
        score = done.validation.get("accuracy", -done.validation["loss"])
        if run.best is None or score > run.best.score:
            step = run.step
            numbers = step.model.state_dict() if step.ema is None else step.averaged()
            run.best = Best(score, done.epoch, numbers)

    def _ended(self) -> bool:
        """Whether training ends before its last epoch."""
        run = self.run
        if self._ends.patience and run.best and run.epoch - 1 - run.best.epoch >= self._ends.patience:
            run.history.ended = "early_stopping"
        return run.history.ended is not None

    def _save(self) -> None:
        if self._folder:
            self._folder.save(self.run.step.steps, self.run.saved())


def _count(x: Any) -> int:
    """How many images a batch has."""
    return len(next(items(x))[1] if isinstance(x, tuple | dict) else x)
