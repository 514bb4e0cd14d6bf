"""Pellucid, as anybody uses it: arrays in, a float or an array out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pellucid.bench.cases import LR, MOMENTUM, Array, Case, weights
from pellucid.nn import Module
from pellucid.nn.models import MODELS


def load() -> None:
    """Import what a training step needs."""
    import pellucid

    pellucid.TrainStep  # noqa: B018 - the name is imported when it is asked for


def train(case: Case, folder: Path, threads: int) -> Callable[[int], float]:
    """Steps of SGD with momentum."""
    import pellucid as pc

    pc.set_num_threads(threads)
    step, batches = pc.TrainStep(_network(case, folder), pc.SGD(lr=LR, momentum=MOMENTUM)), case.batches()
    return lambda number: step(*batches[number % len(batches)])


def infer(case: Case, folder: Path, threads: int) -> Callable[[int], Array]:
    """Logits of a batch."""
    import pellucid as pc

    pc.set_num_threads(threads)
    network, batches = _network(case, folder), case.batches()
    return lambda number: network(batches[number % len(batches)][0])


def _network(case: Case, folder: Path) -> Module:
    network = MODELS[case.model]()
    arrays = dict(network.named_arrays())
    for name, array in weights(folder):
        arrays[name].assign(array)
    return network
