"""What advice looks at: how a network does on some images, and what a few more updates do to a copy of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data import Dataset
from pellucid.errors import DataError, NonFiniteError
from pellucid.explain.overview import dead_units
from pellucid.functions.sums import total
from pellucid.nn import Module
from pellucid.nn.parameter import Parameter
from pellucid.ops.log_softmax import Shares
from pellucid.train import History, Optimizer, TrainStep, record
from pellucid.train.batch import check_classes
from pellucid.train.curves import mean
from pellucid.train.evaluation import raw
from pellucid.train.losses import Loss

Array = NDArray[Any]
_JUDGED = 1024  # images that it classifies
_SEEN = 256  # of them, those that the probe sees
_BATCH, _STEPS = 32, 8  # the probe's: momentum has grown to more than half by then
_RECENT = 0.2  # the share of an epoch's last steps whose losses count


@dataclass(frozen=True)
class Guess:
    """How a classifier does, beside one that knows nothing of the images.

    Attributes:
        images: how many were classified.
        accuracy: the share that is right.
        chance: the share of the most frequent class.
        named: the class that all images are taken for; None where there are several.
        loss: the mean cross-entropy.
        classes: how many the network tells apart.
        entropy: the loss of who knows how frequent the classes are and no more: log C for equally frequent ones.
    """

    images: int
    accuracy: float
    chance: float
    named: int | None
    loss: float
    classes: int
    entropy: float


@dataclass(frozen=True)
class Units:
    """A ReLU's units, and the share of them that are 0 for all images.

    Attributes:
        layer: the ReLU.
        input: what it reads.
        units: how many there are.
        share: of them.
    """

    layer: str
    input: str
    units: int
    share: float


@dataclass(frozen=True)
class Probe:
    """What updates do to a copy of a network.

    Attributes:
        size: the root of the mean square of its inputs' numbers.
        dead: of each ReLU.
        ratios: by weight, ‖after − before‖/‖before‖ of the last update; nothing where none could be made.
        constant: weights of which all numbers are the same, and stay so: the number, and how many they are.
        broken: where updates came to NaN or infinity, if they did.
    """

    size: float
    dead: tuple[Units, ...]
    ratios: dict[str, float]
    constant: dict[str, tuple[float, int]]
    broken: str | None = None


@dataclass(frozen=True)
class Course:
    """Losses of training, in its steps: the mean of the first ones, and of the last ones."""

    first: float
    recent: float


def course(history: History | None) -> Course | None:
    """How losses have gone, as far as there are some."""
    losses = history.losses if history else []
    if not losses:
        return None
    epochs = max(1, len(history.epochs)) if history else 1
    count = max(1, round(_RECENT * len(losses) / epochs))
    few = max(1, count // 10)
    return Course(mean(losses[:few]), mean(losses[-count:]))


def guess(model: Module, data: Dataset, loss: Loss) -> Guess | None:
    """How it does on up to 1,024 images, spread over the data; None where these have not one label each, or only one.

    Raises: DataError for a label that is no class; NumericError for outputs that are not finite.
    """
    if data.labels is None or data.labels.ndim != 1:
        return None
    some = data.take(_spread(len(data), _JUDGED))
    if loss.ignore_index is not None:
        some = some.take(np.flatnonzero(some.labels != loss.ignore_index))
    if len(np.unique(some.labels)) < 2:
        return None
    logits = raw("advice", model, some).astype(np.float64)
    if logits.ndim != 2:
        return None
    labels, named = some.labels, logits.argmax(axis=1)
    check_classes(labels, logits.shape[1], "advice", "labels", DataError)
    counts = np.bincount(labels, minlength=logits.shape[1])
    shares = counts[counts > 0] / len(labels)
    logarithms = Shares(logits, 1).logarithms
    return Guess(
        images=len(labels),
        accuracy=float(np.mean(named == labels)),
        chance=float(shares.max()),
        named=int(named[0]) if (named == named[0]).all() else None,
        loss=-float(total(logarithms[np.arange(len(labels)), labels])) / len(labels),
        classes=logits.shape[1],
        entropy=-math.fsum(share * math.log(share) for share in shares),
    )


def probe(
    model: Module, data: Dataset, optimizer: Optimizer | None, loss: Loss, clip_norm: float | None
) -> Probe:
    """Make some updates of a copy, if there is an optimiser: the model and its training stay as they are.

    Raises: NumericError where there is no memory for them; what `TrainStep` and `record` raise.
    """
    chosen = _spread(len(data), _SEEN)
    count = max(1, min(_SEEN // _BATCH, len(chosen) // (_BATCH // 2)))
    batches = [_batch(data, chosen[first::count]) for first in range(count)]
    squares = [float(np.mean(np.square(x, dtype=np.float64))) for x, _ in batches]
    twin = copy.deepcopy(model)
    dead = _dead(twin, [x for x, _ in batches])
    ratios: dict[str, float] = {}
    broken = None
    try:
        if optimizer is not None:
            ratios = _ratios(twin, batches, TrainStep(twin, optimizer, loss, clip_norm=clip_norm))
    except NonFiniteError as error:
        broken = error.got or error.rule
    same = {
        name: (float(weight.flat[0]), weight.size)
        for name, weight in _weights(twin)
        if weight.size > 1 and (weight == weight.flat[0]).all()
    }
    return Probe(math.sqrt(math.fsum(squares) / count), dead, ratios, same, broken)


def _ratios(twin: Module, batches: Sequence[tuple[Array, Array]], step: TrainStep) -> dict[str, float]:
    """How large the last of some updates is beside each weight; that of a weight which is 0 has no ratio."""
    before: dict[str, Array] = {}
    for i in range(_STEPS):
        before = {name: np.array(weight) for name, weight in _weights(twin)}
        step(*batches[i % len(batches)])
    norms = {name: float(np.linalg.norm(old.astype(np.float64))) for name, old in before.items()}
    return {
        name: float(np.linalg.norm(weight.astype(np.float64) - before[name])) / norms[name]
        for name, weight in _weights(twin)
        if norms[name]
    }


def _weights(model: Module) -> Iterator[tuple[str, Parameter]]:
    """Those that are trained; biases and norms' weights, which have one axis, may begin at one number."""
    return ((name, p) for name, p in model.named_parameters() if p.ndim > 1 and p.requires_grad)


def _dead(model: Module, inputs: Sequence[Array]) -> tuple[Units, ...]:
    """Those of each ReLU that are 0 for all inputs."""
    found: dict[tuple[str, str], Array] = {}
    for x in inputs:
        recording = record(model, x)
        for entry in recording.entries.values():
            if entry.source is not None and entry.source.of == "output" and entry.source.op.name == "relu":
                dead = dead_units(recording[entry.name])
                place = entry.source.path, entry.source.operands["input"]
                found[place] = found.get(place, True) & dead
    return tuple(Units(*place, len(dead), float(np.mean(dead))) for place, dead in found.items())


def _spread(count: int, most: int) -> NDArray[np.int64]:
    """So many numbers at most, spread evenly, since data may be sorted by class."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _batch(data: Dataset, chosen: NDArray[np.int64]) -> tuple[Array, Array]:
    return data.scaled(data.read(chosen)), data.wanted[chosen]
