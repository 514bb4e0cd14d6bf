"""NumPy's archives of arrays. Sizes are checked before memory is taken, and nothing is unpickled."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Callable
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import Dataset
from pellucid.data.sets.arrays import Labelled, fill, of_arrays
from pellucid.data.sets.folder import archive_kind
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import path_of
from pellucid.data.sets.zips import Zip
from pellucid.errors import DataError, FormatError, NumericError, say

_SUFFIX = ".npy"
_VERSION = (1, 0)  # later ones have room for headers of 4 GiB
# Names of images and labels; the first that are there count.
_TRAIN = [("images", "labels"), ("train_images", "train_labels"), ("x_train", "y_train")]
_VALIDATION = [
    *((f"{part}_images", f"{part}_labels") for part in ("val", "valid", "validation", "test")),
    *((f"x_{part}", f"y_{part}") for part in ("val", "valid", "validation", "test")),
]


def npz(
    path: str | os.PathLike[str], validation: float = 0.2, seed: int = 0
) -> tuple[Dataset, Dataset | None]:
    """Read arrays `images` and `labels`, and perhaps `classes`, of a file of np.savez; give training and validation.

    Images are (N,H,W), grey, (N,C,H,W) or (N,H,W,C), with C=1 or 3; what can be read both ways is (N,C,H,W). They are
    of 8 or 16 bits or floating, and stay as they are. Labels (N,) are whole numbers, those of classes, whose names
    `classes` may hold. The training part may also be called train_images, train_labels or x_train, y_train. Arrays
    val_images, val_labels (or valid_…, validation_…, test_…; x_val, y_val and so on) are the validation, the first of
    these that is there. Else that is a share of each class.

    Args:
        path: of the file.
        validation: the share, where the file has no validation.
        seed: decides which images are held out.

    Raises: FormatError for files that are broken or hold Python's objects; DataError when arrays are missing or do not
        fit together; NumericError when there is no memory for them.
    """
    return of_npz(path_of("npz", path), Settings("npz", validation=validation, seed=seed))


def of_npz(path: Path, settings: Settings) -> tuple[Dataset, Dataset | None]:
    """The data sets of a file."""
    where = say("file '{path}'", path=path)
    if not path.is_file():
        raise DataError(where, "this is not a file" if path.exists() else "there is no such file")
    if archive_kind(path) is not Zip:
        raise FormatError(where, "this is no archive of arrays as np.savez writes")
    try:
        with zipfile.ZipFile(path) as archive:
            return _of_archive(where, archive, settings)
    except (DataError, FormatError, NumericError):
        raise
    except OSError as error:
        raise DataError(where, "the file cannot be read", got=error.strerror or str(error)) from None
    except Exception as error:  # zipfile and NumPy raise nearly anything on broken files
        got = f"{type(error).__name__}: {error}"
        raise FormatError(where, "the file cannot be read", got=got) from None


def _of_archive(where: str, archive: zipfile.ZipFile, settings: Settings) -> tuple[Dataset, Dataset | None]:
    counts = Counter(info.filename for info in archive.infolist())
    name, count = max(counts.items(), key=itemgetter(1), default=("", 0))
    if count > 1:
        raise FormatError(where, "an archive must not hold a file twice", got=repr(name))
    names = list(counts)

    def read(name: str) -> NDArray[Any]:
        return _array(say("{where}, array '{name}'", where=where, name=name), archive, name + _SUFFIX)

    def both(pairs: list[tuple[str, str]]) -> Labelled | None:
        found = next((pair for pair in pairs if all(name + _SUFFIX in names for name in pair)), None)
        return Labelled(*map(read, found)) if found else None

    train = both(_TRAIN)
    if train is None:
        got = ", ".join(name.removesuffix(_SUFFIX) for name in names[:10]) or None
        raise DataError(where, "arrays are missing", expected="'images', 'labels'", got=got)
    return of_arrays(where, train, both(_VALIDATION), _classes(where, read, names), settings)


def _classes(where: str, read: Callable[[str], NDArray[Any]], names: list[str]) -> tuple[str, ...]:
    """The classes' names, if there is such an array."""
    if f"classes{_SUFFIX}" not in names:
        return ()
    classes = read("classes")
    if classes.dtype.kind not in "US" or classes.ndim != 1:
        got = f"{classes.dtype} {classes.shape}"
        raise DataError(where, "names of classes must be texts (N,)", got=got)
    if classes.dtype.kind == "S":
        classes = np.char.decode(classes, "utf-8")
    return tuple(map(str, classes))


def _array(where: str, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """An array of the archive.

    Raises: FormatError when its header and its length differ, or it holds Python's objects.
    """
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rule = "files in an archive must be stored or deflated"
        raise FormatError(where, rule, got=f"{info.compress_type}")
    with archive.open(info) as file:
        version = npy.read_magic(file)
        if version != _VERSION:
            rule = "the array must be of a version that is read here"
            raise FormatError(where, rule, expected=f"{_VERSION}", got=f"{version}")
        shape, fortran, dtype = npy.read_array_header_1_0(file)
        if dtype.hasobject or dtype.names is not None:
            raise FormatError(where, "the array must hold numbers or texts", got=f"{dtype}")
        needed, there = prod(shape) * dtype.itemsize, info.file_size - file.tell()
        if needed != there or there > info.compress_size * 1032 + (1 << 16):
            expected = say("{count} bytes for {shape}", count=needed, shape=shape)
            got = say("{count} bytes", count=min(there, info.compress_size * 1032))
            raise FormatError(where, "the file has another length", expected=expected, got=got)
        memory.require(where, say("the array"), needed, shape=shape)
        array = np.empty(shape, dtype, order="F" if fortran else "C")
        if fill(file, array) or file.read(1):  # the checksum is compared at the end
            raise FormatError(where, "the file is cut off")
        return array
