"""Whether a model file comes from its data by the recipe of its receipt: the run is made again and compared."""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.explain.address import written
from pellucid.formats import Saved
from pellucid.formats.run import load_run
from pellucid.language import text
from pellucid.runs import networks
from pellucid.runs.job import Job
from pellucid.runs.receipt import Receipt
from pellucid.runs.replay import advance
from pellucid.train.checkpoints import Checkpoints
from pellucid.train.epochs import Epochs
from pellucid.train.events import Progress
from pellucid.train.run import STRETCH, Run, digest

_STRETCHES = 3  # of a sample


@dataclass(frozen=True)
class Finding:
    """What is not as the receipt says: behind which step, 0 for what is there before the first one, and a sentence."""

    step: int
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What a run that was made again came to.

    Attributes:
        steps: how many the receipt has.
        stretches: the first and the last step of each part that was made again, counted from 1; no step is in two.
        whole: whether the run was made again to its end.
        findings: what is not as the receipt says.
    """

    steps: int
    stretches: tuple[tuple[int, int], ...]
    whole: bool
    findings: tuple[Finding, ...]

    @property
    def verified(self) -> bool:
        """Whether all that was looked at agrees."""
        return not self.findings

    @property
    def replayed(self) -> int:
        """How many steps were made again."""
        return sum(last - first + 1 for first, last in self.stretches)

    @property
    def wrong(self) -> int | None:
        """The first step that came to something else; 0 when none did, though what lies before them differs."""
        steps = [finding.step for finding in self.findings]
        return min(filter(None, steps), default=0) if steps else None


class Verification:
    """A saved network, its receipt and the run that they name.

    Args:
        saved: what the model's file holds.
        receipt: what is said of the run.
        data: where the data are.
        source: the file of the network that weights were taken from, where they were.
        python: the class that makes the network, as "my_net.py:Net", for one from Python.

    Raises: FormatError for a file that cannot be read; ArgumentError where the receipt names a network that weights
        were taken from, or one from Python, and none is given, or the other way round; what the readers of data raise.
    """

    def __init__(
        self,
        saved: Saved,
        receipt: Receipt,
        data: str,
        *,
        source: str | None = None,
        python: str | None = None,
    ) -> None:
        if receipt.origin and source is None:
            rule = "the run took weights from another network"
            raise ArgumentError("verify", rule, hint="--from weights.safetensors")
        if source is not None and not receipt.origin:
            raise ArgumentError("verify", "the run took weights from no other network", got=repr(source))
        settings = networks.with_python(receipt.settings.but(data=data, source=source), python)
        self._saved, self._receipt, self._job = saved, receipt, Job(settings)
        self._marks = receipt.marks
        self._stretches: list[tuple[int, int]] = []
        self._findings: list[Finding] = []

    def all(self) -> Verdict:
        """Make the whole run again, up to the first step that comes to something else."""
        going = self._begun(validated=True)
        self._replay(going, len(self._receipt.losses))
        if not any(finding.step for finding in self._findings):
            self._finish(going)
        return self._verdict(whole=True)

    def sample(self, folder: Path | None) -> Verdict:
        """Make some stretches again: the first one, and some that begin at checkpoints, chosen at random.

        A run that is no longer than a stretch is made again wholly.

        A checkpoint that is damaged is told about and left out.

        Raises: FormatError for a folder without any; ArgumentError for one of another run.
        """
        if len(self._receipt.losses) <= STRETCH:
            return self.all()
        self._replay(self._begun(validated=False), STRETCH)
        for steps, path in self._chosen(folder):
            going = self._begun(validated=False)
            try:
                going.restore(load_run(path))
            except FormatError as error:
                warnings.warn(text("training.damaged", error=error), stacklevel=2)
                continue
            except ArgumentError:
                if self._findings:  # such as other data, which no checkpoint fits
                    continue
                rule = "the checkpoints are those of another run"
                raise ArgumentError("verify", rule, got=path.name) from None
            self._replay(going, min((steps // STRETCH + 1) * STRETCH, len(self._receipt.losses)))
        return self._verdict(whole=False)

    def _begun(self, *, validated: bool) -> Epochs:
        """The run before its first step; when it is the first time, it and the file are compared with the receipt."""
        going = self._job.epochs(validated=validated)
        going.mark()
        if not self._stretches:
            for name, (found, said) in self._beginnings(going).items():
                if found != said:
                    self._find(0, text("runs.begins", name=name))
            if going.run.marks[0] != self._receipt.states[0]:
                self._find(0, text("runs.initial"))
            for name in ("name", "settings", "classes", "preprocessing"):
                if getattr(self._saved, name) != getattr(self._job.network, name):
                    self._find(0, text("runs.file_other", name=name))
            if _built(self._saved) != _built(self._job.network):
                self._find(0, text("runs.file_other", name="model"))
        return going

    def _beginnings(self, going: Epochs) -> dict[str, tuple[object, object]]:
        """By name, what the run begins with, and what the receipt says of that."""
        ours, theirs = going.run.recipe, self._receipt.recipe
        origin, held_out = self._job.origin, self._job.held_out
        pairs = {name: (ours.get(name), theirs.get(name)) for name in (*ours, *theirs)}
        pairs["validation"] = (held_out.digest() if held_out else "", self._receipt.validation)
        pairs["network"] = (self._job.network.name, self._receipt.built)
        pairs["from"] = (digest(origin.model.state_dict()) if origin else "", self._receipt.origin)
        return pairs

    def _replay(self, going: Epochs, last: int) -> None:
        """Go on to a step, or to the first one that comes to something else."""
        run, receipt, first = going.run, self._receipt, going.run.step.steps

        def compare(event: Progress) -> str | None:
            step, count = run.step.steps, len(self._findings)
            if event.loss != receipt.losses[step - 1]:
                said = receipt.losses[step - 1]
                self._find(step, text("runs.loss", step=step, said=said, found=event.loss))
            elif step in self._marks and _state(run) != self._marks[step]:
                before = max(first, *(mark for mark in self._marks if mark < step))
                self._find(step, text("runs.state", step=step, first=before + 1))
            return "stop" if len(self._findings) > count else None

        found = len(self._findings)
        advance(going, last, compare)
        self._stretches.append((first + 1, run.step.steps))
        if run.step.steps < last and len(self._findings) == found:
            self._find(run.step.steps, text("runs.shorter", found=run.step.steps, steps=len(receipt.losses)))

    def _finish(self, going: Epochs) -> None:
        """What comes behind the receipt's last step, as validation: the run must end there, with the file's arrays."""
        steps = len(self._receipt.losses)
        advance(going, steps + 1)
        if going.run.step.steps > steps:
            self._find(steps, text("runs.longer", steps=steps))
            return
        going.settle()
        ours, theirs = self._job.network.model.state_dict(), self._saved.model.state_dict()
        for name, array in ours.items():
            other = theirs.get(name)
            if other is None or (other.shape, other.dtype) != (array.shape, array.dtype):
                continue  # another model, which has been found before
            differing = np.flatnonzero((array != other) | (np.signbit(array) != np.signbit(other)))
            if differing.size:
                at = np.unravel_index(differing[0], array.shape)
                self._find(
                    steps,
                    text(
                        "runs.number", address=written(name, at), count=differing.size, said=other[at],
                        found=array[at],
                    ),
                )  # fmt: skip

    def _chosen(self, folder: Path | None) -> list[tuple[int, Path]]:
        """Checkpoints behind which there are steps, each in another stretch; never in the first one."""
        if folder is None:
            return []
        paths = Checkpoints(folder).paths()
        if not paths:
            where = say("run '{path}'", path=str(folder))
            raise FormatError(where, "there is no checkpoint in the folder")
        usable = [steps for steps in paths if STRETCH <= steps < len(self._receipt.losses)]
        firsts = {steps // STRETCH: steps for steps in reversed(usable)}
        chosen = random.SystemRandom().sample(list(firsts.values()), min(_STRETCHES - 1, len(firsts)))
        return [(steps, paths[steps]) for steps in sorted(chosen)]

    def _find(self, step: int, sentence: str) -> None:
        self._findings.append(Finding(step, sentence))

    def _verdict(self, *, whole: bool) -> Verdict:
        if digest(self._saved.model.state_dict()) != self._receipt.model:
            self._find(len(self._receipt.losses), text("runs.file"))
        return Verdict(len(self._receipt.losses), tuple(self._stretches), whole, tuple(self._findings))


def _state(run: Run) -> str:
    """The checksum of a run's state, which it has just made itself behind every hundredth step."""
    return digest(run.arrays()) if run.step.steps % STRETCH else run.marks[-1]


def _built(saved: Saved) -> tuple[str, str]:
    """The layers of a model with their settings, and its type."""
    return repr(saved.model), str(saved.model.dtype)
