"""Which images of a batch pulled at a weight: the parts of its gradient, image by image."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import AddressError
from pellucid.explain.address import parse, written
from pellucid.explain.recording import Recording
from pellucid.explain.terms import Joined, Products
from pellucid.runs.replay import Replay, position, record
from pellucid.train.epochs import Epochs
from pellucid.train.source import Images


@dataclass(frozen=True)
class Pull:
    """What one image of a batch gave to a gradient.

    Attributes:
        image: its number in the data, or in the batch where batches were given.
        name: what it is called: its file where it has one.
        part: the sum of its terms of the gradient, rounded once.
    """

    image: int
    name: str
    part: float


def pulls(replay: Replay, step: int, address: str) -> list[Pull]:
    """Those of one step, the largest first; none where the gradient is no sum over images.

    Raises: ArgumentError for a step that the run has not made.
    """
    going = replay.before(step)
    epoch, batch = position(going)
    recording = record(going)
    name, index = parse(address)
    try:
        terms = recording.explain(written(f"grad({name})", index or ())).terms
    except AddressError:  # a buffer, or a parameter that is frozen
        return []
    parts: dict[int, list[float]] = defaultdict(list)
    for group in terms.groups if isinstance(terms, Joined) else [terms]:
        images = _images(group, recording)
        if images is None:
            return []
        products = np.prod([np.asarray(column, np.float64) for column in group.values], axis=0)
        for image, product in zip(images.tolist(), products.tolist(), strict=True):
            parts[image].append(product)
    named = _names(going, epoch, batch)
    found = [Pull(*named(n), math.fsum(products)) for n, products in parts.items()]
    return sorted(found, key=lambda pull: (-abs(pull.part), pull.image))


def _images(terms: Products, recording: Recording) -> NDArray[np.int64] | None:
    """The image of each term: the first index of the gradient that comes back to it; None where there is none."""
    count = recording["input"].shape[0]
    for label, rows in zip(terms.labels, terms.indices, strict=True):
        if rows is None or isinstance(label, str) or not len(rows) or not rows.shape[1]:
            continue
        name, _ = parse(label(rows[0]))
        if name.startswith("grad(") and recording[name].shape[:1] == (count,):
            column: NDArray[np.int64] = rows[:, 0]
            return column
    return None


def _names(going: Epochs, epoch: int, batch: int) -> Callable[[int], tuple[int, str]]:
    """What tells an image's number in the data and its name by its place in a batch."""
    if not isinstance(going.source, Images):
        return lambda n: (n, str(n))
    chosen, names = going.source.chosen(epoch, batch), going.source.data.names

    def name(n: int) -> tuple[int, str]:
        image = int(chosen[n])
        return image, names[image] if names else str(image)

    return name
