"""Data sets whose images are arrays of a file already."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import Dataset
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.tree import check_count, held_out
from pellucid.errors import DataError, say
from pellucid.sizes import size_of

_PART = 1 << 20  # bytes that are read at a time


class Labelled(NamedTuple):
    """Images, in any of the layouts that `images_of` knows, and their labels."""

    images: NDArray[Any]
    labels: NDArray[Any]


def of_arrays(
    where: str, train: Labelled, test: Labelled | None, classes: tuple[str, ...], settings: Settings
) -> tuple[Dataset, Dataset | None]:
    """Training and validation: the test part, or a share of the training part if there is none.

    Without names, classes are called by their numbers. Images keep their size, channels and type, unless the settings
    ask for others. Then they are pictures, and become images of 8 bits as those do.

    Raises: DataError when images and labels do not fit together, or both parts not.
    """
    parts = [_checked(where, part) for part in (train, test) if part is not None]
    if len({(*part.images.shape[1:], part.images.dtype) for part in parts}) > 1:
        rule = "images of both parts must have one shape and type"
        raise DataError(where, rule, got=", ".join(f"{p.images.dtype} {p.images.shape}" for p in parts))
    highest = max(int(part.labels.max()) for part in parts)
    if classes and highest >= len(classes):
        expected, got = say("0 to {last}", last=len(classes) - 1), f"{highest}"
        raise DataError(where, "labels must be numbers of classes", expected=expected, got=got)
    check_count(where, max(highest + 1, len(classes)))
    classes = classes or tuple(map(str, range(highest + 1)))
    p = _preprocessing(parts[0].images, settings)
    data = [Dataset(_resized(where, images, p), labels, classes=classes) for images, labels in parts]
    if test is None:
        held = held_out(data[0].labels, settings.validation, settings.seed)
        data = [data[0].take(np.flatnonzero(~held)), data[0].take(np.flatnonzero(held))]
    p = p.learned([data[0].images])
    training, validation = (replace(part, preprocessing=p) for part in data)
    return training, validation if len(validation) else None


def images_of(where: str, images: NDArray[Any]) -> NDArray[Any]:
    """Images (N,C,H,W) of an array (N,H,W), which is grey, (N,C,H,W) or (N,H,W,C); C is 1 or 3.

    What can be read both ways is (N,C,H,W).

    Raises: DataError for other shapes and types.
    """
    if images.ndim == 3:
        images = images[:, np.newaxis]
    elif images.ndim == 4 and images.shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not images.size:
        expected, got = say("(N,H,W), (N,C,H,W) or (N,H,W,C), C=1 or C=3"), f"{images.shape}"
        raise DataError(where, "there must be images, grey or of three colours", expected=expected, got=got)
    dtype = images.dtype.newbyteorder("=")
    if dtype.kind != "f" and dtype not in (np.uint8, np.uint16):
        raise DataError(where, "images must be of 8 or 16 bits or floating", got=f"{dtype}")
    with memory.enough(where):
        return np.ascontiguousarray(images, dtype)


def _checked(where: str, part: Labelled) -> Labelled:
    images, labels = images_of(where, part.images), part.labels
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        rule, expected = (
            "labels must be one whole number per image",
            say("whole numbers ({count},)", count=len(images)),
        )
        raise DataError(where, rule, expected=expected, got=f"{labels.dtype} {labels.shape}")
    if labels.min() < 0 or labels.max() >= 1 << 62:
        got = f"{labels.min() if labels.min() < 0 else labels.max()}"
        raise DataError(where, "labels must be numbers of classes", expected="0, 1, 2, …", got=got)
    return Labelled(images, labels.astype(np.int64))


def _preprocessing(images: NDArray[Any], settings: Settings) -> Preprocessing:
    """That of the settings, for the rest that of the images."""
    channels, *own = images.shape[1:]
    height, width = settings.sides or own
    return Preprocessing(settings.channels or channels, height, width, settings.fit)


def fill(file: IO[bytes], array: NDArray[Any]) -> int:
    """Fill an array's memory with the bytes of a file, all of it; give how many bytes are lacking."""
    rest = array.reshape(-1, order="A").view(np.uint8).data if array.size else memoryview(b"")
    while rest and (part := file.read(min(len(rest), _PART))):
        rest[: len(part)] = part
        rest = rest[len(part) :]
    return len(rest)


def _resized(where: str, images: NDArray[Any], p: Preprocessing) -> NDArray[Any]:
    """The images, if they have the shape that is asked for, or pictures of that."""
    if images.shape[1:] == p.shape:
        return images
    shape = (len(images), *p.shape)
    memory.require(where, say("the images"), size_of(shape), shape=shape)
    resized = np.empty(shape, np.uint8)
    for row, image in zip(resized, images, strict=True):
        row[...] = p.picture(image.transpose(1, 2, 0) if len(image) == 3 else image[0])
    return resized
