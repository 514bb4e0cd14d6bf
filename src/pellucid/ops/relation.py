"""Which elements of an op's arrays meet, as plain data: how axes are labelled, how windows slide, what is copied where.

Every axis of every array has a label. An element reads another when they have the same index along every label that
both have, and meet (`geometry.py`) along a spatial axis, where a convolution's input is labelled i, its weight k and
its output y, with the axis's number: "i0", "k0", "y0". A label that one of them lacks is summed over or shared. So the
one form Σ g[n,o,y]·x[n,c,i]·w[o,c,k] gives output, gradients, and what each of them reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.geometry import Axis, Meeting
from pellucid.sizes import Index

Labels: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """Positions that meet by i = y·stride + k·dilation − padding; with `flipped`, K − 1 − k takes the place of k."""

    axis: Axis
    flipped: bool = False

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        """For each kernel position the outputs and inputs that meet."""
        met, size = self.axis.meetings, self.axis.kernel
        if not self.flipped:
            return met
        return tuple({**m, "k": slice(size - m["k"].stop, size - m["k"].start)} for m in met)

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows."""
        axis = self.axis
        numbers = {"stride": axis.stride, "dilation": axis.dilation, "padding": axis.before}
        return {"kind": "window", **numbers, "flipped": self.flipped}


@dataclass(frozen=True)
class Spans:
    """Positions that meet where output y holds start ≤ i < stop; a pair of these for each y."""

    pairs: tuple[tuple[int, int], ...]

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        """For each output its inputs."""
        return tuple(
            {"y": slice(y, y + 1), "i": slice(start, stop)} for y, (start, stop) in enumerate(self.pairs)
        )

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows."""
        return {"kind": "spans", "spans": [list(pair) for pair in self.pairs]}


@dataclass(frozen=True)
class Weighted:
    """Positions that meet one by one: for each output y the inputs i that it reads, ascending, with their weights."""

    rows: tuple[tuple[tuple[int, float], ...], ...]

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        """Each output with each of its inputs."""
        return tuple(
            {"y": slice(y, y + 1), "i": slice(i, i + 1)} for y, row in enumerate(self.rows) for i, _ in row
        )

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows."""
        return {"kind": "weighted", "reads": [[[int(i), float(w)] for i, w in row] for row in self.rows]}


class Run(NamedTuple):
    """Positions y, y + 1, … that meet i, i + step, …: so many."""

    y: int
    i: int
    length: int
    step: int = 1


@dataclass(frozen=True)
class Runs:
    """Positions that meet one by one, in runs: y meets one i at most, and i one y."""

    runs: tuple[Run, ...]

    @property
    def meetings(self) -> tuple[Meeting, ...]:
        """For each run its outputs and inputs."""
        return tuple(
            {"y": stretch(run.y, run.length), "i": stretch(run.i, run.length, run.step)} for run in self.runs
        )

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows."""
        return {"kind": "runs", "runs": [list(run) for run in self.runs]}


def stretch(first: int, count: int, step: int = 1) -> slice:
    """So many positions from the first one on, which may descend.

    Example:
        >>> list(range(10))[stretch(4, 3, -2)]
        [4, 2, 0]
    """
    stop = first + count * step
    return slice(first, None if stop < 0 else stop, step)


Link: TypeAlias = Window | Spans | Weighted | Runs
Links: TypeAlias = tuple[Link, ...]  # for each spatial axis


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
        own: what a gradient reads at its own index alone, though more of it meets in the forward.
    """

    labels: Mapping[str, Labels]
    sizes: Mapping[str, int]
    links: Links = ()
    through: str | None = None
    own: tuple[str, ...] = ()

    def read_by(self, of: str, argument: str) -> Labels:
        """The labels of what a result reads: of "output", "grad_<argument>" or a statistic."""
        result = of.removeprefix("grad_")
        own = of != result and argument in self.own
        return self.labels[result if own else argument.removeprefix("grad_")]


@dataclass(frozen=True, eq=False)
class Copies:
    """An output whose elements are operand elements unchanged, or sums of such copies.

    Attributes:
        of: the array each of whose elements meets one of the other at most: "output", or else the operand.
        places: for each of its elements the flat index of that one; −1 for none.
        pattern: the labels of all axes, and how positions meet where shapes alone decide that; None where `Op.relation`
            has said it already.
        by: the operand whose numbers decide it; None where shapes do.
    """

    of: str
    places: NDArray[np.int64]
    pattern: IndexPattern | None = None
    by: str | None = None


@dataclass(frozen=True)
class Each:
    """Operands of which each meets the output in a place of its own, as those that are put one behind the other.

    Attributes:
        patterns: how the elements of one meet those of the output, by the operand's name.
    """

    patterns: Mapping[str, IndexPattern]


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


def windows(axes: Sequence[Axis], *, flipped: bool = False) -> Links:
    """Links of windows that slide."""
    return tuple(Window(axis, flipped) for axis in axes)


def spans(tables: Sequence[NDArray[np.int64]]) -> Links:
    """Links of windows that are given as start and past-the-end position of each output."""
    return tuple(Spans(tuple((start, stop) for start, stop in table.tolist())) for table in tables)
