"""MNIST, 70,000 handwritten digits, from the files that come with Pellucid.

The files are in LeCun's IDX format: a magic number whose last byte counts the axes, one big-endian size per
axis, then the bytes. Their origin and terms stand in mnist_files/README.md.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import prod

import numpy as np
from numpy.typing import NDArray

from pellucid.data.dataset import Dataset
from pellucid.errors import DataError, say

# Name: shape and SHA-256 of the decompressed file.
FILES = {
    "train-images-idx3-ubyte": (
        (60000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        (60000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        (10000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        (10000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


@cache
def mnist() -> tuple[Dataset, Dataset]:
    """MNIST's 60,000 training and 10,000 test images.

    `.images` are (N,1,28,28) uint8 with light digits on dark ground, `.labels` (N,) int64. The arrays are
    read-only and are kept after the first call.

    Raises: DataError when a file is missing or is not the one that was packed.
    """
    return _split("train"), _split("t10k")


def read_idx(path: Traversable, shape: tuple[int, ...], sha256: str) -> NDArray[np.uint8]:
    """The bytes of a compressed IDX file of the expected shape and checksum, as a read-only array.

    Never more than the expected number of bytes is decompressed.

    Raises: DataError when the file is missing, broken, of another shape or changed.
    """
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
    try:
        with path.open("rb") as packed, gzip.open(packed) as file:
            content = _checked(path.name, file, header, prod(shape))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(path.name, "the file cannot be read", got=str(error)) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        got = hashlib.sha256(content).hexdigest()
        raise DataError(path.name, "the file has been changed", expected=f"SHA-256 {sha256}", got=got)
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def _checked(name: str, file: gzip.GzipFile, header: bytes, size_bytes: int) -> bytes:
    """Header and values, when there are exactly as many as there should be."""
    found = file.read(len(header))
    if found != header:
        raise DataError(name, "the header is another one", expected=header.hex(" ", 4), got=found.hex(" ", 4))
    values = file.read(size_bytes + 1)
    if len(values) != size_bytes:
        got = say("{count} or more", count=len(values)) if len(values) > size_bytes else f"{len(values)}"
        raise DataError(
            name,
            "the file has another length",
            expected=say("{count} values", count=size_bytes),
            got=got,
        )
    return header + values


def _split(name: str) -> Dataset:
    folder = files("pellucid.data") / "mnist_files"
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    images, labels = (read_idx(folder / f"{name}-{kind}.gz", *FILES[f"{name}-{kind}"]) for kind in kinds)
    dataset = Dataset(images[:, np.newaxis], labels.astype(np.int64))
    dataset.labels.flags.writeable = False
    return dataset
