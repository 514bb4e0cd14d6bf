"""A training run: what its bits depend on, and how far it has come."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.formats.run import RunState
from pellucid.sizes import is_integer
from pellucid.train.events import Epoch
from pellucid.train.history import History
from pellucid.train.step import TrainStep

Array = NDArray[Any]
STRETCH = 100  # steps from one checksum of the state to the next


@dataclass
class Best:
    """The epoch with the best scores so far, and the model's numbers behind it."""

    score: float
    epoch: int
    arrays: dict[str, Array]


@dataclass
class Run:
    """How far a run has come: `batch` batches of `epoch`, both counted from 0.

    Attributes:
        recipe: what the run's bits depend on, for a comparison with a checkpoint's.
        lr: the learning rate that a schedule multiplies; None without one.
        loss_sum, images: of the batches of this epoch.
        marks: checksums of the state before the first step and behind every hundredth, where they are wanted.
        last: the one of the state in which the run ended.
    """

    step: TrainStep
    recipe: dict[str, Any]
    lr: float | None = None
    history: History = field(default_factory=History)
    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    images: int = 0
    best: Best | None = None
    marks: list[str] = field(default_factory=list)
    last: str = ""

    def arrays(self) -> dict[str, Array]:
        """Copies of all that the next step's bits depend on."""
        model, step = self.step.model.state_dict(), self.step.state_dict()
        return {f"model/{name}": array for name, array in model.items()} | {
            f"step/{name}": array for name, array in step.items()
        }

    def mark(self) -> None:
        """Note the state's checksum."""
        self.marks.append(digest(self.arrays()))

    def states(self) -> list[str]:
        """The checksums of the states before the first step, behind every hundredth, and behind the last one."""
        return self.marks if self.step.steps % STRETCH == 0 else [*self.marks, self.last]

    def saved(self) -> RunState:
        """All of it, to be restored."""
        arrays = self.arrays()
        arrays["losses"], arrays["rates"] = np.array(self.history.losses), np.array(self.history.rates)
        state = {
            "epoch": self.epoch,
            "batch": self.batch,
            "images": self.images,
            "loss_sum": self.loss_sum.hex(),
            "lr": (self.step.optimizer.lr if self.lr is None else self.lr).hex(),
            "epochs": [asdict(epoch) for epoch in self.history.epochs],
            "marks": self.marks,
        }
        if self.best:
            arrays |= {f"best/{name}": array for name, array in self.best.arrays.items()}
            state["best"] = {"score": self.best.score.hex(), "epoch": self.best.epoch}
        return RunState(arrays, self.recipe, state)

    def check(self, found: RunState) -> None:
        """A run goes on by the recipe that began it, or its bits would be nobody's.

        Raises: ArgumentError for a checkpoint of another recipe.
        """
        ours, theirs = self.recipe, found.recipe
        for name in (*ours, *theirs):
            if ours.get(name) != theirs.get(name):
                raise ArgumentError(
                    "fit",
                    say("a run goes on with the {name} that it began with", name=name[:80]),
                    expected=str(theirs.get(name))[:200],
                    got=str(ours.get(name))[:200],
                    hint="use the same settings, or begin another run in another folder",
                )

    def restore(self, found: RunState, batches: int) -> None:
        """Go on where a checkpoint was written, in epochs of so many batches, 0 where nobody knows.

        Raises: ArgumentError when it is one of another recipe; FormatError when its parts do not fit.
        """
        self.check(found)
        try:
            state = _State(found.state)
            arrays = found.under("model/"), found.under("step/")
            losses, rates = (found.arrays[name].astype(np.float64).tolist() for name in ("losses", "rates"))
            if "best" in found.state:
                best = _State(found.state["best"])
                self.best = Best(best.number("score"), best.count("epoch"), found.under("best/"))
                if _shapes(self.best.arrays) != _shapes(self.step.model.state_dict()):
                    raise ValueError
            epochs = [Epoch(**epoch) for epoch in found.state["epochs"]]
            self.epoch, self.batch, self.images = map(state.count, ("epoch", "batch", "images"))
            self.loss_sum, lr = state.number("loss_sum"), state.number("lr")
            marks = [str(mark) for mark in found.state["marks"]]
            wrong = len(marks) != len(losses) // STRETCH + 1
            wrong |= len(epochs) != self.epoch or (self.images > 0) != (self.batch > 0)
            wrong |= 0 < batches < self.batch
            wrong |= not all(map(math.isfinite, (*losses, *rates)))
            wrong |= not all(is_integer(epoch.steps) and epoch.steps >= 0 for epoch in epochs)
            if wrong or len(losses) != len(rates) or len(losses) != int(arrays[1]["steps"]):
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise FormatError("fit", "the checkpoint's state is broken") from None
        self.step.model.load_state_dict(arrays[0])
        self.step.load_state_dict(arrays[1])
        self.step.optimizer.lr = lr
        self.history, self.marks = History(epochs, losses, rates), marks


def digest(arrays: Mapping[str, Array]) -> str:
    """A checksum (SHA-256) of arrays with their names, types and shapes.

    Example:
        >>> digest({"a": np.zeros(2), "b": np.ones(3)}) == digest({"b": np.ones(3), "a": np.zeros(2)})
        True
    """
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype.name} {arrays[name].shape} ".encode())
        sha.update(array.reshape(-1).view(np.uint8).data)
    return sha.hexdigest()


def _shapes(arrays: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items()}


class _State:
    """Numbers of a description that is not trusted."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def count(self, name: str) -> int:
        """A whole number ≥ 0."""
        if not is_integer(self._given[name]) or self._given[name] < 0:
            raise ValueError(name)
        return int(self._given[name])

    def number(self, name: str) -> float:
        """A finite floating number, written exactly."""
        value = float.fromhex(self._given[name])
        if not math.isfinite(value):
            raise ValueError(name)
        return value
