"""CIFAR-10 and CIFAR-100: the official archives, "binary" and "python", packed or unpacked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.dataset import Dataset
from pellucid.data.sets.arrays import Labelled, of_arrays
from pellucid.data.sets.cifar_names import COARSE, FINE, TEN
from pellucid.data.sets.folder import source_of
from pellucid.data.sets.pickles import bytes_of, read_pickle
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import Member, Source
from pellucid.errors import ArgumentError, DataError, FormatError, either, say

_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class _Layout:
    """What files are called, and where a record or a dict has its label.

    Attributes:
        train, test: names of files, without .bin.
        names: file of the classes' names: of the binary archive, of the python archive.
        keys: of labels and of the classes' names in the python archive's dicts.
        label: which byte of a record of the binary archive, of so many before the pixels.
        classes: names, where no file has them.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    names: tuple[str, str]
    keys: tuple[str, str]
    label: tuple[int, int]
    classes: tuple[str, ...]


_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
_10 = _Layout(
    _BATCHES, ("test_batch",), ("batches.meta.txt", "batches.meta"), ("labels", "label_names"), (0, 1), TEN
)
_100 = {
    kind: _Layout(
        ("train",),
        ("test",),
        (f"{kind}_label_names.txt", "meta"),
        (f"{kind}_labels", f"{kind}_label_names"),
        (i, 2),
        classes,
    )
    for i, (kind, classes) in enumerate((("coarse", COARSE), ("fine", FINE)))
}


def cifar10(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """Read CIFAR-10, 50,000 and 10,000 pictures (3,32,32) of ten classes; give training and test part.

    Args:
        path: of the archive cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or the folder that was in it. Its pickles
            are read as data: nothing in them is run.

    Raises: DataError when files are missing or do not fit together; FormatError for those that are broken, or hold
        anything but arrays, numbers and texts.
    """
    return _read(source_of("cifar10", path), _10, Settings("cifar10"))


def cifar100(path: str | os.PathLike[str], labels: str = "fine") -> tuple[Dataset, Dataset]:
    """Read CIFAR-100, 50,000 and 10,000 pictures (3,32,32); give training and test part.

    Args:
        path: of the archive cifar-100-binary.tar.gz or cifar-100-python.tar.gz, or the folder that was in it.
        labels: "fine", a hundred classes, or "coarse", twenty.

    Raises: as `cifar10`; ArgumentError for other labels.
    """
    if labels not in _100:
        raise ArgumentError("cifar100", "there are no such labels", expected=either(_100), got=repr(labels))
    return _read(source_of("cifar100", path), _100[labels], Settings("cifar100"))


def of_cifar(source: Source, settings: Settings) -> tuple[Dataset, Dataset] | None:
    """The data sets of whichever of the two it is; of CIFAR-100 with fine labels; None where it is neither."""
    for layout in (_10, _100["fine"]):
        if _complete(source, layout) is not None:
            return _read(source, layout, settings)
    return None


def _complete(source: Source, layout: _Layout) -> str | None:
    """The suffix of its files, if all are there: .bin or nothing."""
    names = {os.path.basename(member.name) for member in source.members}
    for suffix in (".bin", ""):
        if all(name + suffix in names for name in (*layout.train, *layout.test)):
            return suffix
    return None


def _read(source: Source, layout: _Layout, settings: Settings) -> tuple[Dataset, Dataset]:
    suffix = _complete(source, layout)
    if suffix is None:
        expected = ", ".join((*layout.train, *layout.test))
        hint = "with .bin or without, as in the official archives"
        raise DataError(source.where, "files are missing", expected=expected, hint=hint)
    meta = layout.names[suffix == ""]
    found = _contents(source, [*(name + suffix for name in (*layout.train, *layout.test)), meta])
    read = _of_records if suffix else _of_dict
    train, test = (
        _joined([read(*found[name + suffix], layout) for name in names])
        for names in (layout.train, layout.test)
    )
    classes = _names(*found[meta], layout) if meta in found else layout.classes
    training, testing = of_arrays(source.where, train, test, classes, settings)
    assert testing is not None
    return training, testing


def _contents(source: Source, names: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    """By name, what messages call a file, and its content.

    Raises: DataError for two files of a name.
    """
    chosen: dict[str, Member] = {}
    for member in source.members:
        name = os.path.basename(member.name)
        if name in names and name in chosen:
            got = f"{chosen[name].name!r}, {member.name!r}"
            raise DataError(source.where, "there must be one file of a name", got=got)
        chosen[name] = member
    found = [(name, member) for name, member in chosen.items() if name in names]
    with source.opened() as read:
        return {name: (source.file(member), source.content(read, member)) for name, member in found}


def _of_records(where: str, content: bytes, layout: _Layout) -> Labelled:
    place, before = layout.label
    if not content or len(content) % (before + _PIXELS):
        expected = say("a multiple of {count} bytes", count=before + _PIXELS)
        got = say("{count} bytes", count=len(content))
        raise FormatError(where, "the file has another length", expected=expected, got=got)
    records = np.frombuffer(content, np.uint8).reshape(-1, before + _PIXELS)
    return Labelled(records[:, before:].reshape(-1, *_SHAPE), records[:, place])


def _of_dict(where: str, content: bytes, layout: _Layout) -> Labelled:
    key = layout.keys[0]
    value = read_pickle(where, content)
    pixels = bytes_of(value.get("data")) if isinstance(value, dict) else None
    labels = value.get(key) if isinstance(value, dict) else None
    if pixels is None or pixels.ndim != 2 or not len(pixels) or pixels.shape[1] != _PIXELS:
        expected = say("an array of bytes (N,{count})", count=_PIXELS)
        raise FormatError(where, say("'{key}' must be there", key="data"), expected=expected)
    if not isinstance(labels, list) or len(labels) != len(pixels) or not all(_is_byte(n) for n in labels):
        expected = say("a list of {count} whole numbers", count=len(pixels))
        raise FormatError(where, say("'{key}' must be there", key=key), expected=expected)
    return Labelled(pixels.reshape(-1, *_SHAPE), np.array(labels, np.uint8))


def _is_byte(value: Any) -> bool:
    return type(value) is int and 0 <= value < 256


def _joined(parts: Sequence[Labelled]) -> Labelled:
    images: NDArray[Any] = np.concatenate([part.images for part in parts])
    return Labelled(images, np.concatenate([part.labels for part in parts]))


def _names(where: str, content: bytes, layout: _Layout) -> tuple[str, ...]:
    """What classes are called.

    Raises: FormatError when there are not as many names as there should be.
    """
    key = layout.keys[1]
    if where.endswith(".txt'"):
        names: Any = content.decode("utf-8", "replace").split()
    else:
        value = read_pickle(where, content)
        names = value.get(key) if isinstance(value, dict) else None
        if isinstance(names, list):
            names = [name.decode("latin-1") if isinstance(name, bytes) else name for name in names]
    right = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not right or len(names) != len(layout.classes):
        expected = say("{count} names", count=len(layout.classes))
        raise FormatError(where, say("'{key}' must be there", key=key), expected=expected)
    return tuple(names)
