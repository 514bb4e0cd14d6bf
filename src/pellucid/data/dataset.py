"""Images with their labels, and the order in which training sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.errors import ArgumentError, DataError, say
from pellucid.numbers import are_whole, as_array, white
from pellucid.philox import Purpose, Stream, check_time
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N,C,…), of 8 or 16 bits or floating, and one whole number (N,) for each: its class.

    Raises: DataError for what is no array of real numbers, and when the two do not fit together.

    Example:
        >>> data = Dataset(np.zeros((5, 1, 28, 28), np.uint8), np.arange(5))
        >>> [labels.tolist() for _, labels in data.batches(2, seed=0, epoch=0)]
        [[4, 3], [1, 0], [2]]
        >>> data[:2]
        Dataset(2 images (1, 28, 28) uint8, labels int64)
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        images = as_array("Dataset", "images", self.images, by_parts=True, error=DataError)
        labels = as_array("Dataset", "labels", self.labels, by_parts=True, error=DataError)
        if images.ndim < 2 or not (images.dtype.kind == "f" or white(images.dtype) > 1):
            got = f"{images.dtype} {images.shape}"
            raise DataError("Dataset", "images must be arrays (N,C,…) of 8 or 16 bits or floating", got=got)
        if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
            raise DataError(
                "Dataset",
                "labels must be one whole number per image",
                expected=say("whole numbers ({count},)", count=len(images)),
                got=f"{labels.dtype} {labels.shape}",
                hint=labels_hint("labels", labels),
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int64, copy=False))

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
        return Dataset(self.images[part], self.labels[part])

    def __repr__(self) -> str:
        images = f"{len(self)} images {self.images.shape[1:]} {self.images.dtype}"
        return f"Dataset({images}, labels {self.labels.dtype})"

    def batches(
        self, batch_size: int, seed: int = 0, epoch: int = 0, shuffle: bool = True
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """The images of one epoch as float32 in batches, with their labels; the last batch may be smaller.

        8-bit images are divided by 255 and 16-bit ones by 65,535, so that they lie in [0,1]; floating ones stay
        as they are. The order is a pure function of (seed, epoch): that of 64-bit numbers drawn for the images.

        Raises: ArgumentError when a number is not whole, below 0 or, for `batch_size`, below 1; from epoch 2⁴⁸ on.
        """
        order = Stream(check_seed("batches", seed), Purpose.ORDER, check_time("batches", "epoch", epoch))
        if not is_integer(batch_size) or batch_size < 1:
            rule = say("{name} must be a whole number", name="batch_size")
            raise ArgumentError("batches", rule, expected="batch_size ≥ 1", got=f"batch_size={batch_size!r}")
        return self._batches(batch_size, order if shuffle else None)

    def _batches(
        self, batch_size: int, shuffled: Stream | None
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        shape = (min(batch_size, len(self)), *self.images.shape[1:])
        memory.require("batches", say("a batch as float32"), 4 * size_of(shape), shape=shape)
        order = np.arange(len(self)) if shuffled is None else shuffled.order(len(self))
        for start in range(0, len(self), batch_size):
            chosen = order[start : start + batch_size]
            yield as_float(self.images[chosen]), self.labels[chosen]


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


def as_float(images: NDArray[Any]) -> NDArray[np.float32]:
    """Images of 8 and 16 bits divided by white, others as they are; float32, infinite beyond its range."""
    with np.errstate(over="ignore"):
        return images.astype(np.float32) / np.float32(white(images.dtype))
