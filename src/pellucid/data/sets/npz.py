"""Data sets in NumPy's archives of arrays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from pellucid.data.dataset import Dataset
from pellucid.data.sets.arrays import Labelled, of_arrays
from pellucid.data.sets.folder import archive_kind
from pellucid.data.sets.npy import Arrays, opened
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import path_of
from pellucid.data.sets.zips import Zip
from pellucid.errors import DataError, FormatError, say

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
    with opened(where, path) as arrays:
        return _of_arrays(where, arrays, settings)


def _of_arrays(where: str, arrays: Arrays, settings: Settings) -> tuple[Dataset, Dataset | None]:
    def both(pairs: list[tuple[str, str]]) -> Labelled | None:
        found = next((pair for pair in pairs if set(pair) <= set(arrays.names)), None)
        return Labelled(*map(arrays.read, found)) if found else None

    train = both(_TRAIN)
    if train is None:
        got = ", ".join((arrays.names + arrays.others)[:10]) or None
        raise DataError(where, "arrays are missing", expected="'images', 'labels'", got=got)
    return of_arrays(where, train, both(_VALIDATION), _classes(where, arrays), settings)


def _classes(where: str, arrays: Arrays) -> tuple[str, ...]:
    """The classes' names, if there is such an array."""
    if "classes" not in arrays.names:
        return ()
    classes = arrays.read("classes")
    if classes.dtype.kind not in "US" or classes.ndim != 1:
        got = f"{classes.dtype} {classes.shape}"
        raise DataError(where, "names of classes must be texts (N,)", got=got)
    try:
        return tuple(map(str, np.char.decode(classes, "utf-8") if classes.dtype.kind == "S" else classes))
    except ValueError as error:  # bytes that are no UTF-8, numbers that are no characters
        got = f"{type(error).__name__}: {error}"
        raise FormatError(where, "the file cannot be read", got=got) from None
