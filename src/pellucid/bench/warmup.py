"""Compiling ahead: every kernel that a network needs for training and inference, before anybody waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import prod

import numpy as np

from pellucid import memory
from pellucid.errors import say
from pellucid.kernels.progress import progress
from pellucid.nn.module import Module
from pellucid.train import SGD, Adam, TrainStep


@dataclass(frozen=True)
class Warmth:
    """What making a network ready came to: kernels that were not on disk yet, and seconds in all."""

    kernels: int
    seconds: float


def warm_up(network: Module, shape: tuple[int, int, int], batch: int) -> Warmth:
    """Run the network once on a batch and on one image, and train it for a step with each kind of optimiser.

    Its parameters change. Raises: ShapeError when it cannot take such inputs, NumericError when they do not fit
    in memory.
    """
    memory.require(
        "warmup", say("a batch"), batch * prod(shape) * network.dtype.itemsize, shape=(batch, *shape)
    )
    start, before = time.perf_counter(), progress.total
    x = np.zeros((batch, *shape), network.dtype)
    classes = network(x[:1]).shape[1]
    network(x)
    y = np.arange(batch) % classes
    for optimizer in (SGD(lr=0.01, momentum=0.9), Adam()):
        TrainStep(network, optimizer)(x, y)
    return Warmth(progress.total - before, time.perf_counter() - start)
