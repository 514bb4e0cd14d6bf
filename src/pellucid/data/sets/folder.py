"""A folder of a folder for each class, or an archive of such a one."""

from __future__ import annotations

import os
from pathlib import Path

from pellucid.data.dataset import Dataset
from pellucid.data.sets.archives import Archive
from pellucid.data.sets.pictures import of_pictures
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import Folder, Source, path_of
from pellucid.data.sets.tars import Tar, unpacker
from pellucid.data.sets.tree import tree
from pellucid.data.sets.zips import Zip
from pellucid.errors import DataError, say
from pellucid.sizes import IntOrTuple

_TAR_MAGIC = slice(257, 262)  # where a header says "ustar"


def folder(
    path: str | os.PathLike[str],
    size: IntOrTuple | None = (32, 32),
    channels: int | None = 3,
    validation: float = 0.2,
    seed: int = 0,
    *,
    fit: str = "crop",
    skip_bad: bool = False,
    memory_bytes: int | None = None,
) -> tuple[Dataset, Dataset | None]:
    """Read pictures in a folder for each class; give a data set for training and one for validation.

    The first folder on a picture's path is its class, and all that lie deeper belong to it. A folder around everything
    is looked through. Folders train and val (or valid, validation, test; the first of these counts) around the classes
    say which pictures are for what. Else `validation` is the share of each class that is held out, by the seed and the
    names. Classes are sorted by name, images by class and name.

    Files with the suffix of a picture count (.png .jpg .jpeg .jpe .jfif .gif .bmp .dib .webp .tif .tiff .pbm .pgm .ppm
    .pnm .pfm), but hidden ones. All are read once, and become images (C,H,W) uint8 by `Preprocessing.picture`. Those
    for which there is no room in memory are read again when they are asked for; their files must stay as they are.

    Args:
        path: of the folder, or of a zip archive (stored or deflated) or a tar archive (plain, gzip, bzip2 or xz) of it.
            A compressed tar archive can only be read as a whole, so its images must fit in memory.
        size: (H,W), or one number for both. None: the pictures' own, if all have the same, of at most 256 pixels a
            side, else 32×32.
        channels: 1, grey, or 3, red, green, blue. None: 1 if all pictures are grey by their files, else 3.
        validation: the share for validation, 0 ≤ validation < 1. Each class keeps a picture for training.
        seed: decides which pictures are held out.
        fit: "crop" keeps the middle of pictures of other proportions, "pad" lays black around, "stretch" stretches.
        skip_bad: pictures that cannot be read are left out and named in `.skipped`, with a warning.
        memory_bytes: how many bytes of images stay in memory. None: a quarter of what is to be had, at most 2 GiB.

    Returns: training and validation, None where no picture is for that. Both have the names of classes and pictures,
        and `preprocessing` with mean and standard deviation of the training part.

    Raises: DataError when there are no pictures, or some cannot be read, and for what they do not say clearly;
        FormatError for archives that are broken, lead out of themselves or unpack to too much; ArgumentError for other
        settings.
    """
    settings = Settings("folder", size, channels, validation, seed, fit, skip_bad, memory_bytes)
    return of_folder(source_of("folder", path), settings)


def of_folder(source: Source, settings: Settings) -> tuple[Dataset, Dataset | None]:
    """The data sets of a folder or an archive of classes."""
    pictures = [member for member in source.members if member.is_picture]
    names = tree(source.where, [member.name for member in pictures])
    return of_pictures(source, pictures, names, settings)


def source_of(where: str, path: str | os.PathLike[str]) -> Source:
    """The folder or archive.

    Raises: DataError for what is neither.
    """
    found = path_of(where, path)
    if found.is_dir():
        return Folder.searched(found)
    kind = archive_kind(found)
    if kind is None:
        got = (
            say("file '{path}'", path=found)
            if found.exists()
            else say("no such file or folder: '{path}'", path=found)
        )
        raise DataError(where, "data must be a folder, or a zip or tar archive", got=got)
    return kind(found)


def archive_kind(path: Path) -> type[Archive] | None:
    """What reads a file as an archive, by its first bytes.

    Raises: DataError when it cannot be read.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise DataError(
            say("file '{path}'", path=path), "the file cannot be read", got=error.strerror
        ) from None
    if start[:4] in (b"PK\3\4", b"PK\5\6"):
        return Zip
    return Tar if unpacker(start) or start[_TAR_MAGIC] == b"ustar" else None
