"""The arrays of NumPy's archives. Sizes are checked before memory is taken, and nothing is unpickled."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.sets.arrays import fill
from pellucid.errors import DataError, FormatError, PellucidError, say

SUFFIX = ".npy"
VERSION = (1, 0)  # later ones have room for headers of 4 GiB


class Arrays:
    """An archive as np.savez writes it, open to be read.

    Attributes:
        names: those of its arrays, in the order in which they lie.
        others: those of files that are no arrays.

    Raises: FormatError for an archive that holds a file twice.
    """

    def __init__(self, where: str, archive: zipfile.ZipFile, error: type[PellucidError]) -> None:
        self._where, self._archive, self._error = where, archive, error
        counts = Counter(info.filename for info in archive.infolist())
        name, count = max(counts.items(), key=itemgetter(1), default=("", 0))
        if count > 1:
            raise FormatError(where, "an archive must not hold a file twice", got=repr(name))
        self.names = [name.removesuffix(SUFFIX) for name in counts if name.endswith(SUFFIX)]
        self.others = [name for name in counts if not name.endswith(SUFFIX)]

    def size_bytes(self) -> int:
        """How much memory all of them take, as far as the archive tells the truth."""
        return sum(self._archive.getinfo(name + SUFFIX).file_size for name in self.names)

    def read(self, name: str) -> NDArray[Any]:
        """One of them.

        Raises: an error of the kind that was chosen when the system cannot read it; FormatError when it is broken, its
            header and its length differ, or it holds Python's objects; NumericError when it has no room.
        """
        with _refused(self._where, self._error), memory.enough(self._where):
            return self._read(name)

    def _read(self, name: str) -> NDArray[Any]:
        where = say("{where}, array '{name}'", where=self._where, name=name)
        info = self._archive.getinfo(name + SUFFIX)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            rule = "files in an archive must be stored or deflated"
            raise FormatError(where, rule, got=f"{info.compress_type}")
        with self._archive.open(info) as file:
            version = npy.read_magic(file)
            if version != VERSION:
                rule = "the array must be of a version that is read here"
                raise FormatError(where, rule, expected=f"{VERSION}", got=f"{version}")
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


@contextmanager
def opened(where: str, path: Path, error: type[PellucidError] = DataError) -> Iterator[Arrays]:
    """The arrays of an archive, as long as the block lasts.

    Raises: an `error` when the system cannot read it; FormatError when it is broken.
    """
    with _refused(where, error):
        archive = zipfile.ZipFile(path)
    with archive:
        yield Arrays(where, archive, error)


@contextmanager
def _refused(where: str, error: type[PellucidError]) -> Iterator[None]:
    """What the system, zipfile and NumPy raise while they open and read an archive is said in our words."""
    try:
        yield
    except PellucidError:
        raise
    except OSError as reason:
        raise error(where, "the file cannot be read", got=reason.strerror or str(reason)) from None
    except Exception as reason:  # zipfile and NumPy raise nearly anything on broken files
        got = f"{type(reason).__name__}: {reason}"
        raise FormatError(where, "the file cannot be read", got=got) from None
