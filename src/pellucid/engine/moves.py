"""How numbers go from one memory to another: what an op says of its axes, as loops with a step in each memory.

The labels of a pattern (`ops/rearranging.py`) are cut until each lies within one axis on either side. Then positions
along it are equally far apart in every memory: an `Atom`. Where axes of a new shape cut through old ones (6 × 4 numbers
as 4 × 6), no cut helps, and the places of the numbers there are listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, product
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Shape
from pellucid.ops.rearranging import partner, runs_of
from pellucid.ops.relation import IndexPattern, Run, Runs
from pellucid.sizes import size_of

Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Atom:
    """One loop.

    Attributes:
        size: how many positions it has.
        steps: how far neighbours are apart, in each memory.
        listed: for each memory a row, how far the positions lie from the first one, where no step says it.
    """

    size: int
    steps: tuple[int, ...] = ()
    listed: Places | None = None

    @property
    def places(self) -> Places:
        """How far the positions lie from the first one, a row for each memory."""
        return np.arange(self.size) * np.array(self.steps)[:, None] if self.listed is None else self.listed


@dataclass(frozen=True, eq=False)
class Move:
    """Loops in one another.

    Attributes:
        starts: where the first number lies, in each memory.
        atoms: the loops, in the order of the output's axes.
    """

    starts: tuple[int, ...]
    atoms: tuple[Atom, ...]


@dataclass(frozen=True)
class Lying:
    """An array as it lies: its name in a pattern, its shape, and how far apart neighbours along each axis are."""

    name: str
    shape: Shape
    steps: Sequence[int]

    def places(self, numbers: Places) -> Places:
        """Where elements lie that have these numbers in row-major order."""
        found = np.zeros(numbers.shape, np.int64)
        for size, step in zip(reversed(self.shape), reversed(self.steps), strict=True):
            numbers, position = np.divmod(numbers, size)
            found += position * step
        return found

    @property
    def bounds(self) -> list[int]:
        """How many numbers in row-major order the last axis has, the last two, and so on."""
        return list(accumulate(reversed(self.shape), lambda held, size: held * size, initial=1))


def moves(pattern: IndexPattern, memories: Sequence[Lying]) -> Iterator[Move]:
    """The moves among memories, each of which has the axes of an operand or those of the output."""
    if 0 in pattern.sizes.values():
        return
    order = pattern.labels["output"]
    for runs in product(*(runs_of(pattern, label) for label in order)):
        starts, atoms = np.zeros(len(memories), np.int64), list[Atom]()
        for label, run in zip(order, runs, strict=True):
            units = [_unit(pattern, memory.name, label) for memory in memories]
            if run is None:
                atoms += _cut(pattern.sizes[label], units, memories)
            else:
                first, atom = _along(run, units, memories)
                starts, atoms = starts + first, [*atoms, atom]
        yield Move(tuple(starts.tolist()), tuple(_joined(atom for atom in atoms if atom.size > 1)))


def _unit(pattern: IndexPattern, name: str, label: str) -> int:
    """How many numbers in row-major order neighbours along a label of the output are apart in an array."""
    own = pattern.labels[name]
    return size_of([pattern.sizes[behind] for behind in own[own.index(partner(label, own)) + 1 :]])


def _cut(size: int, units: Sequence[int], memories: Sequence[Lying]) -> list[Atom]:
    """A label cut at the bounds of axes; between bounds of which one does not divide the next, places are listed."""
    cuts = [
        {1, size, *(bound // unit for bound in memory.bounds if unit < bound < unit * size)}
        for memory, unit in zip(memories, units, strict=True)
    ]
    found: list[Atom] = []
    for low, high in pairwise(sorted(set.intersection(*cuts))):
        inner = [cut for cut in sorted(set.union(*cuts)) if low <= cut <= high]
        if any(b % a for a, b in pairwise(inner)):
            numbers = [np.arange(high // low) * low * unit for unit in units]
            found.append(Atom(high // low, listed=_places(numbers, memories)))
        else:
            for a, b in pairwise(inner):
                steps = _places([np.array([a * unit]) for unit in units], memories)
                found.append(Atom(b // a, tuple(steps[:, 0].tolist())))
    return found[::-1]


def _along(run: Run, units: Sequence[int], memories: Sequence[Lying]) -> tuple[Places, Atom]:
    """Where a run begins in each memory, and its loop."""
    each = [(run.y, 1) if memory.name == "output" else (run.i, run.step) for memory in memories]
    numbers = [
        (first + np.arange(run.length) * step) * unit for (first, step), unit in zip(each, units, strict=True)
    ]
    places = _places(numbers, memories)
    away = places - places[:, :1]
    steps = away[:, 1:2] if run.length > 1 else away
    if (away == np.arange(run.length) * steps).all():
        return places[:, 0], Atom(run.length, tuple(steps[:, 0].tolist()))
    return places[:, 0], Atom(run.length, listed=away)


def _places(numbers: Sequence[Places], memories: Sequence[Lying]) -> Places:
    """Where elements lie, by their numbers in each memory."""
    return np.stack([memory.places(each) for memory, each in zip(memories, numbers, strict=True)])


def _joined(atoms: Iterator[Atom]) -> list[Atom]:
    """Loops that are one where an outer one goes on where the inner one ends, in all memories."""
    found: list[Atom] = []
    for atom in atoms:
        outer = found[-1] if found else None
        goes_on = tuple(step * atom.size for step in atom.steps)
        if outer is not None and outer.listed is None and atom.listed is None and outer.steps == goes_on:
            found[-1] = Atom(outer.size * atom.size, atom.steps)
        else:
            found.append(atom)
    return found


def unmet(pattern: IndexPattern, name: str) -> Iterator[IndexPattern]:
    """The operand's elements that meet none of the output, as patterns of it with itself, of which none meet twice."""
    mine = pattern.labels[name]
    whole = [
        Runs((Run(0, 0, size),) if size else ())
        for size in (pattern.sizes[f"i{n}"] for n, _ in _links(pattern))
    ]
    for n, link in _links(pattern):
        left = Runs(tuple(_left(link, pattern.sizes[f"i{n}"])))
        met = [one for _, one in _links(pattern)][:n]
        if left.runs:
            labels = {
                name: mine,
                "output": tuple(f"y{label[1:]}" if label[0] == "i" else label for label in mine),
            }
            yield IndexPattern(labels, pattern.sizes, (*met, left, *whole[n + 1 :]))


def _links(pattern: IndexPattern) -> list[tuple[int, Runs]]:
    return [(n, link) for n, link in enumerate(pattern.links) if isinstance(link, Runs)]


def _left(link: Runs, size: int) -> Iterator[Run]:
    """The positions of an operand's axis that no run has, in runs."""
    free = np.ones(size, np.bool_)
    for meeting in link.meetings:
        free[meeting["i"]] = False
    positions = np.flatnonzero(free)
    while len(positions):
        step = int(positions[1] - positions[0]) if len(positions) > 1 else 1
        away = positions - positions[0] == np.arange(len(positions)) * step
        count = len(positions) if away.all() else int(np.argmin(away))
        yield Run(0, int(positions[0]), count, step)
        positions = positions[count:]


def counted(pattern: IndexPattern) -> int:
    """How many moves there are."""
    return 0 if 0 in pattern.sizes.values() else prod(len(link.runs) for _, link in _links(pattern))
