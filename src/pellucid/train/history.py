"""What happened in training: each step's loss and learning rate, each epoch's scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """Where training stands after a step.

    `batches` is how many an epoch has, 0 where nobody knows, as of an iterator; `lr` the step's learning rate.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    images_per_second: float
    lr: float = 0.0


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to. `loss` is the mean over its batches, each weighted by its size."""

    epoch: int
    loss: float
    seconds: float
    validation: dict[str, float] | None = None


@dataclass
class History:
    """All epochs of a training run, and all its steps.

    Attributes:
        epochs: what each came to.
        losses, rates: the loss and the learning rate of each step.
        ended: why training ended before its last epoch, None where it did not.

    Example:
        >>> print(History([Epoch(0, 0.5, 2.0, {"accuracy": 0.75})]).csv())
        epoch,loss,seconds,validation_accuracy
        1,0.5,2.0,0.75
    """

    epochs: list[Epoch] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    ended: str | None = None

    def csv(self) -> str:
        """The epochs as comma-separated values, counted from 1."""
        rows = list(self._rows())
        heads = list(dict.fromkeys(key for row in rows for key in row))
        lines = [heads, *([str(row.get(key, "")) for key in heads] for row in rows)]
        return "\n".join(",".join(line) for line in lines)

    def json(self) -> str:
        """Epochs and steps as one JSON document."""
        return json.dumps(asdict(self), allow_nan=False)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for epoch in self.epochs:
            scores = {f"validation_{name}": score for name, score in (epoch.validation or {}).items()}
            yield {"epoch": epoch.epoch + 1, "loss": epoch.loss, "seconds": epoch.seconds, **scores}
