"""Where training's batches come from: a dataset, cut anew in each epoch, or batches that somebody gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.augment import Augment
from pellucid.data.dataset import Dataset
from pellucid.data.feed import ahead
from pellucid.data.order import check_batch_size, edges, shuffled
from pellucid.errors import ArgumentError, DataError, say
from pellucid.sizes import size_of
from pellucid.train.evaluation import check_finite_images
from pellucid.train.losses import Loss
from pellucid.train.pairs import Pairs, are_several
from pellucid.train.wanted import is_pair, judged

Array = NDArray[Any]
Batch = tuple[Any, Any]  # inputs and what is wanted of them


class Source(ABC):
    """Batches, epoch by epoch.

    Attributes:
        batches: how many an epoch has, 0 where nobody knows.
    """

    batches: int = 0

    @abstractmethod
    def epoch(self, epoch: int, first: int = 0) -> Generator[Batch]:
        """The batches of an epoch from one on, counted from 0."""

    def digest(self) -> str:
        """What tells the data apart from others, empty where nobody knows."""
        return ""

    def check_finite(self, x: Array, epoch: int, batch: int) -> None:
        """Raises: DataError that names the first number of a batch, counted from 0, which is not finite."""
        try:
            check_finite_images("fit", x)
        except DataError as error:
            place = {"epoch": epoch + 1, "number": batch + 1}
            error.got = say("{got}, in epoch {epoch}, batch {number}", got=error.got, **place)
            raise


class Images(Source):
    """Those of a dataset, made ahead by a thread: in an order of (seed, epoch), the last one smaller."""

    def __init__(
        self,
        data: Dataset,
        batch_size: int,
        seed: int,
        augment: Augment | None,
        *,
        drop_last: bool = False,
        join_one: bool = False,
    ) -> None:
        if len(data) == 0:
            raise DataError("fit", "there is nothing to train on", got="0 images")
        self.data, self._seed, self._augment = data, seed, augment
        self._classes = 0
        if augment is not None and augment.mixup:
            if data.labels is None or data.labels.ndim > 1:
                raise ArgumentError("fit", "mixup needs a class for each image", got=repr(augment))
            self._classes = 1 + max(int(data.labels.max(initial=0)), len(data.classes) - 1)
        size = check_batch_size("fit", batch_size)
        self._edges = edges(len(data), size, drop_last=drop_last, join_one=join_one)
        self.batches = len(self._edges) - 1
        shape = (min(size, len(data)), *data.images.shape[1:])
        memory.require("fit", say("a batch as float32"), 4 * size_of(shape), shape=shape)

    def epoch(self, epoch: int, first: int = 0) -> Generator[Batch]:
        """Read and scaled while a step computes."""
        return ahead(self._made(epoch, first))

    def chosen(self, epoch: int, batch: int) -> NDArray[np.int64]:
        """The numbers of a batch's images in the data."""
        return next(self._parts(epoch, batch))

    def _parts(self, epoch: int, first: int) -> Iterator[NDArray[np.int64]]:
        """The numbers of all images from a batch on, batch by batch."""
        order = shuffled(len(self.data), self._seed, epoch)
        for start, stop in islice(pairwise(self._edges), first, None):
            yield order[start:stop]

    def _made(self, epoch: int, first: int) -> Generator[Batch]:
        for chosen in self._parts(epoch, first):
            yield self._batch(chosen, epoch)

    def _batch(self, chosen: NDArray[np.int64], epoch: int) -> Batch:
        data, augment = self.data, self._augment
        if augment is None:
            return data.scaled(data.read(chosen)), data.wanted[chosen]
        taken = data.preprocessing
        scales = {"scale": taken.scale, "shift": taken.shift} if taken and taken.mean else {}
        x = augment.batch(data.images, chosen, self._seed, epoch, **scales)
        if not augment.mixup:
            return x, data.wanted[chosen]
        return x, augment.targets(data.labels, chosen, self._classes, self._seed, epoch)

    def digest(self) -> str:
        """A checksum of all images and what is wanted of them."""
        return self.data.digest()

    def check_finite(self, x: Array, epoch: int, batch: int) -> None:
        """By the image's number in the data, and its name."""
        data = self.data
        if isinstance(data.images, np.ndarray):
            check_finite_images("fit", data.images, names=data.names)
        check_finite_images("fit", x, self.chosen(epoch, batch).tolist(), data.names)


class Cut(Source):
    """Such data in batches, in an order of (seed, epoch)."""

    def __init__(self, data: Pairs, batch_size: int, seed: int, *, drop_last: bool, join_one: bool) -> None:
        self._data, self._seed = data, seed
        size = check_batch_size("fit", batch_size)
        self._edges = edges(len(data), size, drop_last=drop_last, join_one=join_one)
        self.batches = len(self._edges) - 1

    def epoch(self, epoch: int, first: int = 0) -> Generator[Batch]:
        """One after the other."""
        order = shuffled(len(self._data), self._seed, epoch)
        for ends in islice(pairwise(self._edges), first, None):
            yield self._data.take(order[slice(*ends)])

    def digest(self) -> str:
        """Of all data."""
        return self._data.digest()


class Given(Source):
    """A list of batches (x, y), the same ones in every epoch; or an iterator's, for as many epochs as it lasts."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._given = batches
        self.batches = len(batches) if isinstance(batches, Sequence) else 0
        if isinstance(batches, Sequence) and not batches:
            raise DataError("fit", "there is nothing to train on", got="0 batches")

    def epoch(self, epoch: int, first: int = 0) -> Generator[Batch]:
        """As they come."""
        found = 0
        for found, batch in enumerate(self._given, 1):
            x, y = _pair(batch)
            if found > first:
                yield x, y
        if not found:
            hint = "give a list of batches, or an object whose __iter__ begins anew"
            rule = "the iterator has no more batches"
            raise DataError("fit", rule, got=say("epoch {epoch}", epoch=epoch + 1), hint=hint)


def _pair(batch: Any) -> Batch:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise DataError("fit", "a batch is a pair (x, y)", got=type(batch).__name__)
    return batch[0], batch[1]


def source(
    train: Any,
    batch_size: int,
    seed: int,
    augment: Augment | None,
    *,
    loss: Loss,
    drop_last: bool,
    join_one: bool,
) -> Source:
    """A dataset, a pair (images, labels), of which each may be a structure of arrays, or batches.

    Raises: ArgumentError for anything else; DataError when images and labels do not fit together.
    """
    if are_several(train):
        if augment is not None:
            raise ArgumentError("fit", "a dataset of images is augmented", got=repr(augment))
        return Cut(Pairs("fit", *train), batch_size, seed, drop_last=drop_last, join_one=join_one)
    if isinstance(train, Dataset) or is_pair(train):
        data = judged("fit", train, loss)
        return Images(data, batch_size, seed, augment, drop_last=drop_last, join_one=join_one)
    if isinstance(train, Iterable) and not isinstance(train, str | bytes | dict | np.ndarray):
        if drop_last or augment is not None:
            rule = "batches that are given are taken as they are"
            raise ArgumentError("fit", rule, got="drop_last=True" if drop_last else repr(augment))
        return Given(train)
    rule = "data must be a Dataset, a pair (images, labels) or batches"
    raise ArgumentError("fit", rule, got=type(train).__name__)
