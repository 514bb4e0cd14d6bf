"""What a network is wrong about, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.data.dataset import DataLike
from pellucid.errors import ArgumentError, DataError, say
from pellucid.review.scores import class_names, judged
from pellucid.sizes import is_integer


@dataclass(frozen=True)
class Mistake:
    """An image whose class is not the one that the network names.

    Attributes:
        index: its number in the data.
        name: what it is called there, such as its file; else its number.
        label, named: the true class and the one that the network names; `label_name` and `named_name` are their names.
        probability: what the network gives the class that it names.
    """

    index: int
    name: str
    label: int
    label_name: str
    named: int
    named_name: str
    probability: float


def mistakes(data: DataLike, probabilities: Any, most: int | None = None) -> tuple[Mistake, ...]:
    """The images that a network is wrong about, those first of which it is most sure; equals in their order.

    Args:
        data: a dataset, or a pair (images, labels), with a label for each image.
        probabilities: (N, classes), as `predict` gives them for it.
        most: how many at most; None for all.

    Raises: DataError for data without such labels, or with one that the network does not have; ShapeError when the
        probabilities are of other data; ArgumentError for a `most` that is no whole number ≥ 0.

    Example:
        >>> images, p = np.zeros((3, 1, 2, 2)), [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]
        >>> [(m.index, m.label, m.named, m.probability) for m in mistakes((images, [1, 1, 1]), p)]
        [(0, 1, 0, 0.9), (1, 1, 0, 0.6)]
    """
    if most is not None and (not is_integer(most) or most < 0):
        rule = say("{name} must be a whole number", name="most")
        raise ArgumentError("mistakes", rule, expected="≥ 0", got=f"most={most!r}")
    data, found = judged("mistakes", data, probabilities)
    if data.labels.ndim != 1:
        rule = "mistakes are images with one label each"
        raise DataError("mistakes", rule, got=say("labels {shape}", shape=data.labels.shape))
    named, names = found.argmax(axis=1), class_names(data.classes, found.shape[1])
    wrong = np.flatnonzero(named != data.labels)
    sure = found[wrong, named[wrong]]
    return tuple(
        Mistake(
            index=int(i),
            name=str(data.names[i]) if data.names else str(i),
            label=int(data.labels[i]),
            label_name=names[data.labels[i]],
            named=int(named[i]),
            named_name=names[named[i]],
            probability=float(found[i, named[i]]),
        )
        for i in wrong[np.argsort(-sure, kind="stable")][:most]
    )
