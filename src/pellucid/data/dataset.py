"""Images with their labels, and the order in which training sees them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.order import check_batch_size, edges, shuffled
from pellucid.data.preprocessing import Preprocessing, as_float
from pellucid.errors import ArgumentError, DataError, say
from pellucid.numbers import are_whole, as_array, white
from pellucid.ops.base import Shape
from pellucid.philox import check_time
from pellucid.seeds import check_seed
from pellucid.sizes import size_of

_PART = 1024  # images whose checksum is made at a time


class Pictures(ABC):
    """Images that are read when they are asked for: an array's shape and type, and as arrays those that are chosen."""

    shape: Shape
    dtype: np.dtype[Any]

    @abstractmethod
    def read(self, chosen: NDArray[np.int64]) -> NDArray[Any]:
        """Images by their numbers, as an array of their own.

        Raises: DataError when one cannot be read any more.
        """

    @abstractmethod
    def take(self, chosen: NDArray[np.int64]) -> Pictures:
        """Those by their numbers, still to be read."""

    @property
    def ndim(self) -> int:
        """How many axes they have."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N,C,…), of 8 or 16 bits or floating, and for each a class, a class per pixel, or numbers.

    Attributes:
        images: an array, or `Pictures`.
        labels: one whole number (N,) for each image, its class; or (N,…), one for each pixel.
        targets: floating numbers (N,…) in the place of labels, for losses that compare numbers.
        classes: what classes are called.
        names: what images are called, such as their files.
        preprocessing: how pictures have become these images, and how these become inputs.
        skipped: names of those that could not be read and were left out.

    Raises: DataError for what is no array of real numbers, and when the parts do not fit together.

    Example:
        >>> data = Dataset(np.zeros((5, 1, 28, 28), np.uint8), np.arange(5))
        >>> [labels.tolist() for _, labels in data.batches(2, seed=0, epoch=0)]
        [[4, 3], [1, 0], [2]]
        >>> data[:2]
        Dataset(2 images (1, 28, 28) uint8, labels int64)
    """

    images: Any
    labels: Any = None
    targets: Any = None
    classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        images = self.images
        if not isinstance(images, Pictures):
            images = as_array("Dataset", "images", images, by_parts=True, error=DataError)
        if images.ndim < 2 or not (images.dtype.kind == "f" or white(images.dtype) > 1):
            got = f"{images.dtype} {images.shape}"
            raise DataError("Dataset", "images must be arrays (N,C,…) of 8 or 16 bits or floating", got=got)
        object.__setattr__(self, "images", images)
        if self.targets is None:
            object.__setattr__(self, "labels", self._checked_labels())
        else:
            object.__setattr__(self, "targets", self._checked_targets())

    def _checked_labels(self) -> NDArray[np.int64]:
        labels = as_array("Dataset", "labels", self.labels, by_parts=True, error=DataError)
        images = self.images
        one_each, per_pixel = labels.shape == images.shape[:1], labels.ndim == images.ndim - 1 > 1
        if labels.dtype.kind not in "iu" or not (one_each or (per_pixel and labels.shape[0] == len(images))):
            raise DataError(
                "Dataset",
                "labels must be one whole number per image",
                expected=say("whole numbers ({count},)", count=len(images)),
                got=f"{labels.dtype} {labels.shape}",
                hint=labels_hint("labels", labels),
            )
        return labels.astype(np.int64, copy=False)

    def _checked_targets(self) -> NDArray[Any]:
        targets = as_array("Dataset", "targets", self.targets, by_parts=True, error=DataError)
        if self.labels is not None:
            raise DataError("Dataset", "images have labels or targets, not both")
        if targets.ndim < 1 or len(targets) != len(self.images):
            rule = "targets must be numbers for each image"
            got, expected = f"{targets.dtype} {targets.shape}", f"({len(self.images)},…)"
            raise DataError("Dataset", rule, expected=expected, got=got)
        return targets

    @property
    def wanted(self) -> NDArray[Any]:
        """The labels, or the targets."""
        wanted: NDArray[Any] = self.labels if self.targets is None else self.targets
        return wanted

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: Any) -> Dataset:
        """Some of the images with their labels, not copied: `data[:100]`, `data[1::2]`.

        Raises: ArgumentError for anything but a slice.
        """
        if not isinstance(part, slice):
            rule = "a part of the data is taken with a slice"
            hint = "one image is data.images[i], its class data.labels[i]"
            raise ArgumentError("Dataset", rule, expected="such as data[:100]", got=repr(part), hint=hint)
        if isinstance(self.images, Pictures):
            return self.take(np.arange(len(self))[part])
        return self._part(self.images[part], part, self.names[part])

    def take(self, chosen: NDArray[np.int64]) -> Dataset:
        """The images of these numbers, in this order."""
        images = self.images.take(chosen) if isinstance(self.images, Pictures) else self.images[chosen]
        return self._part(images, chosen, tuple(self.names[i] for i in chosen) if self.names else ())

    def _part(self, images: Any, part: Any, names: tuple[str, ...]) -> Dataset:
        wanted = {"targets" if self.labels is None else "labels": self.wanted[part]}
        return Dataset(images, **wanted, classes=self.classes, names=names, preprocessing=self.preprocessing)

    def read(self, chosen: NDArray[np.int64]) -> NDArray[Any]:
        """Images by their numbers as they are, in an array of their own."""
        return self.images.read(chosen) if isinstance(self.images, Pictures) else self.images[chosen]

    def scaled(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Images of this kind as inputs."""
        return self.preprocessing.scaled(images) if self.preprocessing else as_float(images)

    def digest(self) -> str:
        """A checksum (SHA-256) of all that training sees: images, labels or targets, preprocessing.

        Example:
            >>> data = Dataset(np.zeros((3, 1, 2, 2), np.uint8), np.arange(3))
            >>> data.digest() == data.take(np.arange(3)).digest() != data[:2].digest()
            True
        """
        sha = hashlib.sha256(f"{self!r} {self.images.shape} {self.preprocessing}".encode())
        for start in range(0, len(self), _PART):
            chosen = np.arange(start, min(len(self), start + _PART))
            sha.update(np.ascontiguousarray(self.read(chosen)).data)
            sha.update(np.ascontiguousarray(self.wanted[chosen]).data)
        return sha.hexdigest()

    def __repr__(self) -> str:
        images = f"{len(self)} images {self.images.shape[1:]} {self.images.dtype}"
        wanted = "labels" if self.targets is None else "targets"
        return f"Dataset({images}, {wanted} {self.wanted.dtype})"

    def batches(
        self, batch_size: int, seed: int = 0, epoch: int = 0, shuffle: bool = True
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[Any]]]:
        """The images of one epoch as float32 in batches, with their labels; the last batch may be smaller.

        8-bit images are divided by 255 and 16-bit ones by 65,535, so that they lie in [0,1]; floating ones stay
        as they are. `preprocessing` may standardise them. The order is a pure function of (seed, epoch): that of
        64-bit numbers drawn for the images.

        Raises: ArgumentError when a number is not whole, below 0 or, for `batch_size`, below 1; from epoch 2⁴⁸ on.
        """
        check_seed("batches", seed)
        check_time("batches", "epoch", epoch)
        size = check_batch_size("batches", batch_size)
        return self._batches(size, (seed, epoch) if shuffle else None)

    def _batches(
        self, batch_size: int, order_of: tuple[int, int] | None
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[Any]]]:
        shape = (min(batch_size, len(self)), *self.images.shape[1:])
        memory.require("batches", say("a batch as float32"), 4 * size_of(shape), shape=shape)
        order = np.arange(len(self)) if order_of is None else shuffled(len(self), *order_of)
        for start, stop in pairwise(edges(len(self), batch_size)):
            chosen = order[start:stop]
            yield self.scaled(self.read(chosen)), self.wanted[chosen]


DataLike: TypeAlias = Dataset | tuple[Any, Any]  # a dataset, or its images and labels


def dataset(where: str, data: DataLike) -> Dataset:
    """A dataset as it is, or one made of a pair (images, labels).

    Raises: ArgumentError for anything else; DataError when images and labels do not fit together.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        return Dataset(*data)
    raise ArgumentError(where, "data must be a Dataset or a pair (images, labels)", got=type(data).__name__)


def labels_hint(name: str, labels: NDArray[Any]) -> str | None:
    """How labels that are no whole numbers (N,) become such."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        return say("use {name}.argmax(axis=1) for one-hot rows", name=name)
    steps = "" if labels.ndim == 1 else ".reshape(-1)"
    if labels.ndim > 2 or not are_whole(labels):
        return None
    as_whole = "" if labels.dtype.kind in "iu" else ".astype(np.int64)"
    return say("use {code}", code=f"{name}{steps}{as_whole}") if labels.size else None
