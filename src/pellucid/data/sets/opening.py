"""A data set by its name: what it is, is found by looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pellucid.data.dataset import Dataset
from pellucid.data.mnist import mnist
from pellucid.data.sets.arrays import Labelled, of_arrays
from pellucid.data.sets.cifar import of_cifar
from pellucid.data.sets.folder import archive_kind, of_folder
from pellucid.data.sets.idx import idx_files, of_idx
from pellucid.data.sets.listing import of_csv
from pellucid.data.sets.npz import of_npz
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import Folder, Source, path_of
from pellucid.errors import DataError, say
from pellucid.sizes import IntOrTuple

MNIST = "mnist"
Parts = tuple[Dataset, Dataset | None]
_BY_SUFFIX: dict[str, Callable[[Path, Settings], Parts]] = {".npz": of_npz, ".csv": of_csv}


def open(
    name: str,
    *,
    size: IntOrTuple | None = None,
    channels: int | None = None,
    validation: float = 0.2,
    seed: int = 0,
    fit: str = "crop",
    skip_bad: bool = False,
) -> tuple[Dataset, Dataset | None]:
    """Read a data set of any kind that there is a reader for; give training and validation.

    Args:
        name: "mnist", or the path of a folder of a folder for each class, a zip or tar archive of it, a folder of IDX
            files, CIFAR-10 or CIFAR-100 as folder or archive, an .npz or a .csv file. "./mnist" is a folder.
        size: (H,W), or one number for both. None: the images' own; of pictures in files, if all have the same, of at
            most 256 pixels a side, else 32×32.
        channels: 1, grey, or 3. None: the images' own; of pictures in files, 1 if all are grey by their files, else 3.
        validation: the share for validation, where the data set has no part for it, nor for tests.
        seed: decides which images are held out.
        fit: of images of other proportions than `size`, as for `folder`.
        skip_bad: pictures that cannot be read are left out.

    Returns: training and validation, which may be None, as the reader of its kind gives them.

    Raises: DataError when there is no such data set, and what the reader raises.
    """
    if name == "":
        raise DataError("open", "a data set has a name", expected="mnist", got="''")
    settings = Settings("open", size, channels, validation, seed, fit, skip_bad)
    return _mnist(settings) if name == MNIST else _at(path_of("open", name), settings)


def _mnist(settings: Settings) -> Parts:
    """MNIST; pictures of it, if others are asked for."""
    parts = mnist()
    if settings.sides in (None, (28, 28)) and settings.channels in (None, 1):
        return parts
    train, test = (Labelled(part.images, part.labels) for part in parts)
    return of_arrays(say("data set '{path}'", path=MNIST), train, test, (), settings)


def _at(path: Path, settings: Settings) -> Parts:
    if path.is_dir():
        return of_idx(path, settings) if idx_files(path) else _of_source(Folder.searched(path), settings)
    read = _BY_SUFFIX.get(path.suffix.lower())
    if read is not None and path.is_file():
        return read(path, settings)
    kind = archive_kind(path)
    if kind is not None:
        return _of_source(kind(path), settings)
    rule = "this is no data set" if path.exists() else "there is no such data set"
    raise _unknown(say("data set '{path}'", path=path), rule)


def _of_source(source: Source, settings: Settings) -> Parts:
    found = of_cifar(source, settings)
    if found is not None:
        return found
    if not any(member.is_picture for member in source.members):
        raise _unknown(source.where, "this is no data set")
    return of_folder(source, settings)


def _unknown(where: str, rule: str) -> DataError:
    expected = (
        "mnist, a folder or archive (zip, tar, tar.gz, tar.bz2, tar.xz) with a folder for each class, a folder of IDX "
        "files, CIFAR-10 or CIFAR-100, an .npz or a .csv file"
    )
    return DataError(where, rule, expected=expected)
