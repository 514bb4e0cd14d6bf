"""Inputs and targets in tuples, lists and dicts, cut into batches as a dataset is: every array along its first axis.

Numbers are taken as they are; a dataset of images scales them, and augments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.order import edges
from pellucid.engine.structure import is_structure, items, mapped
from pellucid.errors import DataError, say
from pellucid.numbers import as_array


class Pairs:
    """Inputs x and targets y of so many examples.

    Raises: ArgumentError for what are no arrays of real numbers; DataError when there is no example, or when arrays
        have different numbers of them.
    """

    def __init__(self, where: str, x: Any, y: Any) -> None:
        self._both = mapped(lambda path, item: as_array(where, path, item), {"x": x, "y": y})
        counts = {path: array.shape[:1] for path, array in items(self._both)}
        first = next(iter(counts.values()), ())
        if not first or first == (0,) or any(count != first for count in counts.values()):
            rule, got = "all arrays must have the same examples along their first axis", _said(counts)
            raise DataError(where, rule, got=got)
        self._count: int = first[0]

    def __len__(self) -> int:
        return self._count

    def take(self, chosen: NDArray[np.int64]) -> tuple[Any, Any]:
        """The examples of these numbers, in this order."""
        both = mapped(lambda _, array: array[chosen], self._both)
        return both["x"], both["y"]

    def batches(self, batch_size: int, *, shuffle: bool) -> Iterator[tuple[Any, Any]]:
        """All of them in their order, for what is not trained on."""
        assert not shuffle, "an epoch's order is a source's"
        return (self.take(np.arange(*ends)) for ends in pairwise(edges(self._count, batch_size)))

    def digest(self) -> str:
        """A checksum (SHA-256) of all names and numbers."""
        sha = hashlib.sha256()
        for path, array in items(self._both):
            sha.update(f"{path} {array.dtype} {array.shape}".encode())
            sha.update(np.ascontiguousarray(array).data)
        return sha.hexdigest()


def are_several(data: Any) -> bool:
    """Whether it is a pair of which one part is a structure, such as ((left, right), labels)."""
    if not isinstance(data, tuple) or len(data) != 2:
        return False
    x, y = data
    if isinstance(x, dict) or isinstance(y, dict):
        return True
    return isinstance(x, tuple) != isinstance(y, tuple) and (is_structure(x) or is_structure(y))


def _said(counts: dict[str, Any]) -> str:
    return ", ".join(
        say("{count} in {name}", count=c[0] if c else 0, name=name) for name, c in counts.items()
    )
