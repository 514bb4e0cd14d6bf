"""A training run: what its bits depend on, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.formats.run import RunState
from pellucid.sizes import is_integer
from pellucid.train.history import Epoch, History
from pellucid.train.step import TrainStep

Array = NDArray[Any]


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

    def saved(self) -> RunState:
        """All of it, to be restored."""
        arrays: dict[str, Any] = {
            f"model/{name}": array for name, array in self.step.model.state_dict().items()
        }
        arrays |= {f"step/{name}": array for name, array in self.step.state_dict().items()}
        arrays["losses"], arrays["rates"] = np.array(self.history.losses), np.array(self.history.rates)
        state = {
            "epoch": self.epoch,
            "batch": self.batch,
            "images": self.images,
            "loss_sum": self.loss_sum.hex(),
            "lr": (self.step.optimizer.lr if self.lr is None else self.lr).hex(),
            "epochs": [asdict(epoch) for epoch in self.history.epochs],
        }
        if self.best:
            arrays |= {f"best/{name}": array for name, array in self.best.arrays.items()}
            state["best"] = {"score": self.best.score.hex(), "epoch": self.best.epoch}
        return RunState(arrays, self.recipe, state)

    def restore(self, found: RunState) -> None:
        """Go on where a checkpoint was written.

        Raises: ArgumentError when it is one of another recipe; FormatError when its parts do not fit.
        """
        _check_recipe(self.recipe, found.recipe)
        try:
            state = _State(found.state)
            arrays = found.under("model/"), found.under("step/")
            losses, rates = (found.arrays[name].astype(np.float64).tolist() for name in ("losses", "rates"))
            if "best" in found.state:
                best = _State(found.state["best"])
                self.best = Best(best.number("score"), best.count("epoch"), found.under("best/"))
            epochs = [Epoch(**epoch) for epoch in found.state["epochs"]]
            self.epoch, self.batch, self.images = map(state.count, ("epoch", "batch", "images"))
            self.loss_sum, lr = state.number("loss_sum"), state.number("lr")
            wrong = len(epochs) != self.epoch or (self.images > 0) != (self.batch > 0)
            if wrong or len(losses) != len(rates) or len(losses) != int(arrays[1]["steps"]):
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise FormatError("fit", "the checkpoint's state is broken") from None
        self.step.model.load_state_dict(arrays[0])
        self.step.load_state_dict(arrays[1])
        self.step.optimizer.lr = lr
        self.history = History(epochs, losses, rates)


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
        """A floating number, written exactly."""
        return float.fromhex(self._given[name])


def _check_recipe(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """A run goes on by the recipe that began it, or its bits would be nobody's."""
    for name in (*ours, *theirs):
        if ours.get(name) != theirs.get(name):
            raise ArgumentError(
                "fit",
                say("a run goes on with the {name} that it began with", name=name),
                expected=str(theirs.get(name))[:200],
                got=str(ours.get(name))[:200],
                hint="use the same settings, or begin another run in another folder",
            )
