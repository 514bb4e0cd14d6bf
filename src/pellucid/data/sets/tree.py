"""Which class each picture has, and which part of the data: by the names of its folders alone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import DataError, say
from pellucid.philox import Purpose, Stream

TRAIN, VALIDATION = ("train",), ("val", "valid", "validation", "test")  # the first that there is, if several
MAX_CLASSES = 1 << 16
_WHOLE = re.compile("-?[0-9]{1,18}")


@dataclass(frozen=True)
class Tree:
    """Pictures by class and name.

    Attributes:
        order: which of the names, class by class in the order of their names.
        labels: of each of these, the number of its class.
        classes: their names.
        held_out: of each, whether a folder says that it is for validation; None: no folder does.
    """

    order: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    held_out: NDArray[np.bool_] | None = None


def tree(where: str, names: Sequence[str]) -> Tree:
    """Of pictures in folders, [train/ or val/] class/…/name. A folder around everything is looked through.

    Raises: DataError for pictures without a class, for classes whose names differ in upper and lower case alone, and
        when validation has classes that training does not have.

    Example:
        >>> tree("folder", ["cat/2.png", "ant/1.png", "cat/1.png"]).order
        array([1, 2, 0])
        >>> tree("folder", ["set/train/ant/1.png", "set/test/ant/1.png"]).held_out
        array([ True, False])
    """
    if not names:
        raise DataError(where, "there must be pictures", hint=_FOLDERS)
    paths = _looked_through([name.split("/") for name in names])
    parts = {path[0] for path in paths if len(path) > 1}
    held_out = None
    if parts <= {*TRAIN, *VALIDATION} and "train" in parts and len(parts) > 1:
        chosen = next(part for part in VALIDATION if part in parts)
        kept = [i for i, path in enumerate(paths) if path[0] in ("train", chosen)]
        held_out = np.array([paths[i][0] == chosen for i in kept])
        within = [paths[i][1:] for i in kept]
    else:
        kept, within = list(range(len(paths))), paths
    classless = next((names[i] for i, path in zip(kept, within, strict=True) if len(path) < 2), None)
    if classless is not None:
        rule = "each picture must lie in the folder of its class"
        raise DataError(where, rule, got=repr(classless), hint=_FOLDERS)
    labels, classes = numbered(where, [path[0] for path in within])
    if held_out is not None and (strange := set(labels[held_out]) - set(labels[~held_out])):
        rule, got = "validation must have no other classes than training", repr(classes[min(strange)])
        raise DataError(where, rule, got=got)
    order = sorted(range(len(kept)), key=lambda i: (labels[i], names[kept[i]]))
    placed = np.array(kept)[order]
    return Tree(placed, labels[order], classes, None if held_out is None else held_out[order])


_FOLDERS = "a folder for each class, with its pictures, and around them train and val if you like"


def _looked_through(paths: list[list[str]]) -> list[list[str]]:
    """Without folders that hold nothing but one folder of folders of classes."""
    pairs = enumerate(zip(min(paths), max(paths), strict=False))
    shared = next((i for i, (one, other) in pairs if one != other), min(map(len, paths)))
    around = max(0, min(shared, min(map(len, paths)) - 2))
    return [path[around:] for path in paths]


def numbered(where: str, texts: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Of each image the number of its class, and what classes are called: sorted, whole numbers as numbers if all are.

    Raises: DataError when names differ in upper and lower case alone, and for too many of them.

    Example:
        >>> numbered("csv", ["10", "9", "10"])
        (array([1, 0, 1]), ('9', '10'))
    """
    found = set(texts)
    whole = all(_WHOLE.fullmatch(text) for text in found)
    classes = tuple(sorted(found, key=lambda text: (int(text) if whole else 0, text)))
    check_count(where, len(classes))
    alike: dict[str, str] = {}
    for name in classes:
        other = alike.setdefault(unicodedata.normalize("NFC", name.casefold()), name)
        if other != name:
            rule = "names of classes must differ in more than upper and lower case"
            raise DataError(where, rule, got=f"{other!r}, {name!r}")
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[text] for text in texts], np.int64), classes


def check_count(where: str, classes: int) -> None:
    """Raises: DataError for more classes than anybody has."""
    if classes > MAX_CLASSES:
        expected, got = say("at most {most}", most=MAX_CLASSES), f"{classes}"
        raise DataError(where, "there are too many classes", expected=expected, got=got)


def held_out(labels: NDArray[np.int64], validation: float, seed: int) -> NDArray[np.bool_]:
    """Which images are for validation: of each class the share, to the nearest whole number, but never all of them.

    Which ones is a function of the seed, the number of the class and how many images it has: image i of a class is the
    i-th one with this label.

    Example:
        >>> held_out(np.array([0, 0, 0, 0, 1, 1]), 0.5, seed=0)
        array([False,  True, False,  True, False,  True])
    """
    chosen = np.zeros(len(labels), bool)
    by_class = np.argsort(labels, kind="stable")
    counts: Iterable[tuple[int, int]] = sorted(Counter(labels.tolist()).items())
    start = 0
    for label, count in counts:
        share = min(int(validation * count + 0.5), count - 1)
        drawn = Stream(seed, Purpose.VALIDATION, at=label).sample(count, share)
        chosen[by_class[start + drawn]] = True
        start += count
    return chosen
