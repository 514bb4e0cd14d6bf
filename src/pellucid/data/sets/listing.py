"""Pictures and their classes in a list: a csv file."""

from __future__ import annotations

import csv as comma_separated
import os
from io import StringIO
from pathlib import Path

import numpy as np

from pellucid.data.dataset import Dataset
from pellucid.data.sets.pictures import of_pictures
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import MAX_MEMBERS, Folder, below, path_of
from pellucid.data.sets.tree import Tree, numbered
from pellucid.errors import DataError, say
from pellucid.sizes import IntOrTuple

_PATHS, _LABELS = ("path", "file", "image"), ("label", "class")
_ROWS = "rows path,label, with paths below the folder of the file"


def csv(
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
    """Read the pictures that a csv file lists in rows path,label; give a data set for training and one for validation.

    Paths are relative to the folder of the file, with /, and stay below it. What stands as a label is the name of the
    class; classes are sorted by name, as whole numbers if all are such. A first row path,label (or file, image; class)
    is a header. The rest is as for `folder`.

    Raises: as `folder` does; DataError for rows that are no path and label, lead elsewhere or name a picture twice.
    """
    settings = Settings("csv", size, channels, validation, seed, fit, skip_bad, memory_bytes)
    return of_csv(path_of("csv", path), settings)


def of_csv(path: Path, settings: Settings) -> tuple[Dataset, Dataset | None]:
    """The data sets of a list."""
    where = say("file '{path}'", path=path)
    rows = _rows(where, _text(path))
    names, texts = zip(*rows, strict=True)
    labels, classes = numbered(where, texts)
    order = np.array(sorted(range(len(rows)), key=lambda i: (labels[i], names[i])))
    source = Folder.listed(path.parent, list(names))
    return of_pictures(source, source.members, Tree(order, labels[order], classes), settings)


def _text(path: Path) -> str:
    folder = Folder.listed(path.parent, [path.name])
    with folder.opened() as read:
        content = folder.content(read, folder.members[0])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(say("file '{path}'", path=path), "the file must be UTF-8") from None


def _rows(where: str, content: str) -> list[tuple[str, str]]:
    """Paths and labels."""
    rows: dict[str, str] = {}
    try:
        for number, row in enumerate(comma_separated.reader(StringIO(content, newline=""), strict=True), 1):
            if not row or (number == 1 and _is_header(row)):
                continue
            name, label = _row(say("{where}, row {number}", where=where, number=number), row)
            if name in rows or len(rows) >= MAX_MEMBERS:
                rule = "a list must name each picture once"
                raise DataError(where, rule, got=repr(name))
            rows[name] = label
    except comma_separated.Error as error:
        raise DataError(where, "the file cannot be read", got=str(error)) from None
    if not rows:
        raise DataError(where, "there must be pictures", hint=_ROWS)
    return list(rows.items())


def _is_header(row: list[str]) -> bool:
    words = [word.strip().lower() for word in row]
    return len(words) == 2 and words[0] in _PATHS and words[1] in _LABELS


def _row(where: str, row: list[str]) -> tuple[str, str]:
    if len(row) != 2 or not all(part.strip() for part in row):
        raise DataError(where, "a row must be a path and a label", got=repr(",".join(row)[:80]), hint=_ROWS)
    name = below(row[0].strip())
    if name is None:
        raise DataError(where, "paths must lie below the folder of the file", got=repr(row[0]))
    return name, row[1].strip()
