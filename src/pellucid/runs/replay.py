"""A run that is run again from its checkpoints, with the same bits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.explain.recording import Recording
from pellucid.formats.run import RunState, load_run
from pellucid.language import text
from pellucid.runs import networks
from pellucid.runs.job import Job
from pellucid.runs.settings import NAME, Settings, read
from pellucid.train.checkpoints import Checkpoints
from pellucid.train.epochs import Epochs
from pellucid.train.events import Epoch, Progress


@dataclass(frozen=True)
class Replay:
    """A run's folder, and what makes the run anew.

    Attributes:
        make: gives the run before its first step; what it validates with may be missing.
        folder: its checkpoints.
    """

    make: Callable[[], Epochs]
    folder: Checkpoints

    @property
    def steps(self) -> int:
        """How many steps the run has made, as far as there are checkpoints."""
        return max(self._paths())

    @property
    def where(self) -> str:
        """What messages call the run."""
        return say("run '{path}'", path=str(self.folder.folder))

    def saved(self, steps: int) -> RunState:
        """A checkpoint.

        Raises: FormatError when it is damaged.
        """
        return load_run(self._paths()[steps])

    def marks(self) -> list[int]:
        """The numbers of steps behind which there is a checkpoint."""
        return list(self._paths())

    def behind(self, steps: int) -> Epochs:
        """The run behind so many steps.

        Raises: FormatError when no checkpoint before that is sound; ArgumentError when the run was another one.
        """
        going = self.make()
        going.mark()
        *earlier, last = [mark for mark in self._paths() if mark <= steps]
        while True:
            try:
                going.restore(self.saved(last))
                break
            except FormatError as error:
                if not earlier:
                    raise
                warnings.warn(text("training.damaged", error=error), stacklevel=2)
                last = earlier.pop()
        advance(going, steps)
        return going

    def before(self, step: int) -> Epochs:
        """The run before a step, counted from 1.

        Raises: ArgumentError for a step that the run has not made, and what `behind` raises.
        """
        if not 1 <= step <= self.steps:
            expected = say("1 to {last}", last=self.steps)
            raise ArgumentError("run", "the run has no such step", expected=expected, got=str(step))
        return self.behind(step - 1)

    def _paths(self) -> dict[int, Path]:
        paths = self.folder.paths()
        if 0 not in paths:
            rule = "the folder must have the checkpoint of the beginning"
            raise FormatError(self.where, rule, expected="step-000000000.safetensors")
        return paths


def opened(folder: Path, *, data: str | None = None, python: str | None = None) -> Replay:
    """The run that `pellucid train --checkpoint` keeps in a folder.

    Args:
        folder: where its settings and checkpoints are.
        data: where its data are now; None for where the settings say.
        python: the class of a Python file that makes its network, as "my_net.py:Net", for one that was made so.

    Raises: FormatError when there is no such run; ArgumentError for a network from Python without its file.
    """
    if not (folder / NAME).is_file():
        where, rule = say("run '{path}'", path=str(folder)), "there is no run in this folder"
        raise FormatError(where, rule, hint="pellucid train --checkpoint makes one")
    settings = networks.with_python(Settings.of("run", read(folder / NAME)), python)
    job = Job(settings if data is None else settings.but(data=data))
    return Replay(lambda: job.epochs(validated=False), Checkpoints(folder))


def advance(going: Epochs, steps: int, tell: Callable[[Progress], object] = lambda _: None) -> None:
    """Go on until so many steps have been made, and tell of each."""
    run = going.run

    def watch(event: Progress | Epoch) -> str | None:
        if isinstance(event, Epoch):
            return None
        told = tell(event)
        return "stop" if told == "stop" or run.step.steps >= steps else None

    if run.step.steps < steps:
        going.callbacks = [watch]
        going.go()
        run.history.ended = None


def record(going: Epochs) -> Recording:
    """The next step in the open."""
    with closing(going.source.epoch(*position(going))) as batches:
        x, y = next(iter(batches))
    with going.at_rate():
        return going.run.step.record(x, y)


def position(going: Epochs) -> tuple[int, int]:
    """The epoch of the next step and its batch there, both counted from 0."""
    run, batches = going.run, going.source.batches
    return (run.epoch + 1, 0) if batches and run.batch >= batches else (run.epoch, run.batch)
