"""Which elements of an op's arrays meet, as plain data: how axes are labelled, how windows slide, what is copied where.

Every axis of every array has a label. An element reads another when they have the same index along every label that
both have, and meet (`geometry.py`) along a spatial axis, where a convolution's input is labelled i, its weight k and
its output y, with the axis's number: "i0", "k0", "y0". A label that one of them lacks is summed over or shared. So the
one form Σ g[n,o,y]·x[n,c,i]·w[o,c,k] gives output, gradients, and what each of them reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.geometry import Axis, Meeting
from pellucid.sizes import Index

Labels: TypeAlias = tuple[str, ...]
Links: TypeAlias = tuple[tuple[Meeting, ...], ...]  # for each spatial axis


@dataclass(frozen=True)
class IndexPattern:
    """Arrays that meet by the labels of their axes.

    Attributes:
        labels: of each operand's axes, of the output's ("output") and of the statistics'; a gradient has those of what
            it is the gradient of.
        sizes: how many indices each label has.
        links: which positions meet, for each spatial axis.
        through: the result by way of which an operand's gradient depends on the operand itself; None where elements
            meet directly.
    """

    labels: Mapping[str, Labels]
    sizes: Mapping[str, int]
    links: Links = ()
    through: str | None = None


@dataclass(frozen=True, eq=False)
class Copies:
    """An output whose elements are operand elements unchanged, or sums of such copies.

    Attributes:
        of: the array each of whose elements meets one of the other at most: "output", or else the operand.
        places: for each of its elements the flat index of that one; −1 for none.
    """

    of: str
    places: NDArray[np.int64]


class Shares(NamedTuple):
    """The windows along an axis that they cover together: window y holds floor(y·I/O) ≤ i < ceil((y+1)·I/O)."""

    input: int
    output: int


@dataclass(frozen=True)
class Sliding:
    """The windows along each spatial axis by which an output sees its input.

    Attributes:
        axes: the windows.
        backwards: whether the relation is read from its outputs to its inputs, as by a transposed convolution.
    """

    axes: tuple[Axis | Shares, ...]
    backwards: bool = False


def places(
    input: Index, kernel: Index, output: Index
) -> tuple[tuple[Labels, Labels, Labels], dict[str, int]]:
    """The labels of input, kernel and output positions, and their sizes.

    Example:
        >>> places((28, 9), (3,), (26, 9))
        ((('i0', 'i1'), ('k0',), ('y0', 'y1')), {'i0': 28, 'i1': 9, 'k0': 3, 'y0': 26, 'y1': 9})
    """
    i, k, y = (
        tuple(f"{kind}{axis}" for axis in range(len(sizes)))
        for kind, sizes in zip("iky", (input, kernel, output), strict=True)
    )
    return (i, k, y), dict(zip((*i, *k, *y), (*input, *kernel, *output), strict=True))


def windows(tables: Sequence[NDArray[np.int64]]) -> Links:
    """Links of windows that are given as start and past-the-end position of each output."""
    return tuple(tuple(_whole_windows(table)) for table in tables)


def _whole_windows(table: NDArray[np.int64]) -> Iterator[Meeting]:
    for y, (start, stop) in enumerate(table.tolist()):
        yield {"y": slice(y, y + 1), "i": slice(start, stop)}


def pairs(rows: Sequence[Sequence[tuple[int, float]]]) -> tuple[Meeting, ...]:
    """Meetings one by one: for each output the inputs that it reads, with their weights."""
    return tuple({"y": slice(y, y + 1), "i": slice(i, i + 1)} for y, row in enumerate(rows) for i, _ in row)
