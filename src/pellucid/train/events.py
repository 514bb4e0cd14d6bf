"""What a run tells while it goes on: each step, and each epoch."""

from __future__ import annotations

from dataclasses import dataclass


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
    """What one epoch came to.

    `loss` is the mean over its batches, each weighted by its size; `steps` how many they are, 0 where nobody knows.
    """

    epoch: int
    loss: float
    seconds: float
    validation: dict[str, float] | None = None
    steps: int = 0
