"""The IDX format of MNIST, EMNIST, Fashion-MNIST and others.

A file is two zeros, a byte that says the type, one that counts the axes, a big-endian size of 32 bits for each axis,
and the numbers, big-endian.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from math import prod
from pathlib import Path
from typing import IO, Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import Dataset
from pellucid.data.sets.arrays import Labelled, fill, of_arrays
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import path_of
from pellucid.errors import ArgumentError, DataError, FormatError, say

FilePath = str | os.PathLike[str]
_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_GZIP, _MOST_TIMES = b"\x1f\x8b", 1032  # so much deflate saves at most
_NAME = re.compile(
    r"(?P<set>.*?)(?P<part>train|t10k|test)[-_.](?P<kind>images|labels)[-_.]idx\d[-_.]\w+?(?P<gz>\.gz)?", re.I
)


@overload
def idx(path: FilePath) -> tuple[Dataset, Dataset]: ...
@overload
def idx(*, images: FilePath, labels: FilePath) -> Dataset: ...
def idx(
    path: FilePath | None = None, *, images: FilePath | None = None, labels: FilePath | None = None
) -> tuple[Dataset, Dataset] | Dataset:
    """Read IDX files: all four of a folder, or two that are named.

    Files of a folder are called train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
    t10k-labels-idx1-ubyte, or test-… in the place of t10k-…; with a dot or _ for a -, and something before as in
    emnist-letters-train-…, if you like. They may be compressed (.gz). Images are bytes or floats, (N,H,W), (N,C,H,W) or
    (N,H,W,C) with C=1 or 3, and stay as they are; labels are whole numbers of any type. Classes are called by their
    numbers.

    Args:
        path: a folder.
        images: a file, in the place of a folder.
        labels: the file that belongs to it.

    Returns: training and test part of a folder, `preprocessing` with mean and deviation of the former; or the data set
        of two files.

    Raises: FormatError for files that are cut off, or none; DataError for what is missing or does not fit together.
    """
    if path is not None and images is None and labels is None:
        train, test = of_idx(path_of("idx", path), Settings("idx"))
        return train, test
    if path is None and images is not None and labels is not None:
        files = path_of("idx", images), path_of("idx", labels)
        both = Labelled(*map(read_idx, files))
        return of_arrays(say("file '{path}'", path=files[0]), both, None, (), Settings("idx", validation=0))[
            0
        ]
    raise ArgumentError("idx", "idx takes a folder, or a file of images and one of labels")


def of_idx(folder: Path, settings: Settings) -> tuple[Dataset, Dataset]:
    """The data sets of a folder."""
    where = say("data set '{path}'", path=folder)
    found = idx_files(folder)
    sets = sorted({name for name, _, _ in found})
    if len(sets) > 1:
        hint = "name the files: idx(images=…, labels=…)"
        raise DataError(
            where, "there must be one data set in the folder", got=", ".join(map(repr, sets)), hint=hint
        )
    wanted = [(part, kind) for part in ("train", "test") for kind in ("images", "labels")]
    missing = [f"{part}-{kind}" for part, kind in wanted if not sets or (sets[0], part, kind) not in found]
    if missing:
        rule, expected = "files are missing", "train-images-idx3-ubyte, t10k-labels-idx1-ubyte, …"
        raise DataError(where, rule, expected=expected, got=say("no {names}", names=", ".join(missing)))
    train_images, train_labels, test_images, test_labels = (
        read_idx(found[sets[0], part, kind]) for part, kind in wanted
    )
    train, test = of_arrays(
        where, Labelled(train_images, train_labels), Labelled(test_images, test_labels), (), settings
    )
    assert test is not None
    return train, test


def idx_files(folder: Path) -> dict[tuple[str, str, str], Path]:
    """Files by set, part and kind that their names say; one that is not compressed, if there are both.

    Raises: DataError when the folder cannot be read.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        rule = "the folder cannot be read"
        raise DataError(say("folder '{path}'", path=folder), rule, got=error.strerror) from None
    matches = [match for name in names if (match := _NAME.fullmatch(name))]
    found = {}
    for match in sorted(matches, key=lambda match: match["gz"] is None):  # the last one stays
        part = "train" if match["part"].lower() == "train" else "test"
        found[match["set"], part, match["kind"].lower()] = folder / match.string
    return found


def read_idx(path: Path) -> NDArray[Any]:
    """The array of an IDX file, compressed or not. Its header must fit the file's length before memory is taken.

    Raises: DataError when the file cannot be read; FormatError when it is none, cut off or too long.
    """
    where = say("file '{path}'", path=path)
    try:
        if not path.is_file():
            raise DataError(where, "there is no such file" if not path.exists() else "this is not a file")
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            packed = file.read(2) == _GZIP
            file.seek(0)
            if packed:
                with gzip.open(file) as unpacked:
                    content = cast(IO[bytes], unpacked)
                    return _array(where, content, size_bytes * _MOST_TIMES, exactly=False)
            return _array(where, file, size_bytes, exactly=True)
    except (OSError, EOFError, zlib.error) as error:
        got = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(where, "the file cannot be read", got=got) from None


def _array(where: str, file: IO[bytes], size_bytes: int, *, exactly: bool) -> NDArray[Any]:
    """The array of an open file that has so many bytes, or no more."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES or not 1 <= start[3] <= 4:
        expected = say("two zeros, a type, 1 to 4 axes")
        raise FormatError(
            where, "this is no IDX file", expected=expected, got=start.hex(" ") or say("nothing")
        )
    header = file.read(4 * start[3])
    if len(header) < 4 * start[3]:
        raise FormatError(where, "the header is cut off")
    shape, dtype = tuple(np.frombuffer(header, ">u4").tolist()), np.dtype(_TYPES[start[2]])
    needed = 4 + len(header) + prod(shape) * dtype.itemsize
    if needed != size_bytes if exactly else needed > size_bytes:
        raise _other_length(where, needed, shape, say("{count} bytes", count=size_bytes) if exactly else None)
    memory.require(where, say("the file"), needed, shape=shape)
    with memory.enough(where):
        array = np.empty(shape, dtype)
    if lacking := fill(file, array):
        raise _other_length(where, needed, shape, say("{count} bytes", count=needed - lacking))
    if file.read(1):
        raise _other_length(where, needed, shape, say("{count} or more", count=needed + 1))
    return array


def _other_length(where: str, needed: int, shape: tuple[int, ...], got: str | None) -> FormatError:
    expected = say("{count} bytes for {shape}", count=needed, shape=shape)
    return FormatError(where, "the file has another length", expected=expected, got=got)
