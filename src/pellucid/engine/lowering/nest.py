"""The loops of a move in the order in which they run: three inner ones, and a list of places for all others.

The columns are neighbours in the target. Where the rows are neighbours in the source, code makes columns of rows in
registers, block by block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.engine.loops import Work
from pellucid.engine.moves import Atom, Move
from pellucid.engine.plan import CHUNKS
from pellucid.kernels import simd
from pellucid.kernels.loops.moves import Loop, Moved, Places

_SMALL = 1 << 12  # numbers that are not worth another thread
_SQUARE = 4  # rows and columns from which on blocks in registers pay
_LONG = 1 << 14  # numbers of a row
_ONE = Atom(1, (0, 0, 0))
_SOURCE, _TARGET = 0, 1


class Nest:
    """The loops of one move, from the memory of a source to that of a target, perhaps with a base."""

    def __init__(self, bits: int, move: Move) -> None:
        self.bits, self.starts = bits, (*move.starts, 0)[:3]
        self.outer = [_three(atom) for atom in move.atoms]
        self.columns = self._taken(_TARGET)
        self.columns = self._parted(self.columns, _LONG)
        self.turns = self.columns.steps[_TARGET] == 1 != self.columns.steps[_SOURCE]
        self.rows = self._taken(_SOURCE if self.turns else _TARGET)
        self.turns = (
            self.turns and self.rows.steps[_SOURCE] == 1 and min(self.rows.size, self.columns.size) >= _SQUARE
        )
        self.layers = self._taken(_TARGET)
        self.layers = self._shared(self.layers)
        self.rows = self._shared(self.rows)
        self.columns = self._shared(self.columns)

    def work(self, source: Any, target: Any, base: Any) -> Work:
        """The table of these loops over memory, and its chunks."""
        places = np.array(self.starts)[:, None]
        for atom in self.outer:
            places = (places[:, :, None] + atom.places[:, None, :]).reshape(3, -1)
        places = np.ascontiguousarray(places)
        count = places.shape[1]
        per_chunk = max(1, count // CHUNKS)
        if self._size <= _SMALL:
            per_chunk = count
        table = Moved(
            source=source,
            target=target,
            base=base,
            places=Places(places[0], places[1], places[2], count, per_chunk),
            layers=_loop(self.layers),
            rows=_loop(self.rows),
            columns=_loop(self.columns),
            code=simd.address(self._code(base is not None)) if self.turns else 0,
        )
        return Work(-(-count // per_chunk), table)

    @property
    def _size(self) -> int:
        size = self.layers.size * self.rows.size * self.columns.size
        for atom in self.outer:
            size *= atom.size
        return size

    def _code(self, adds: bool) -> simd.Code:
        """What makes columns of rows: A[i][j] with j along the rows, which are neighbours in the source."""
        step, out_step = self.columns.steps[_SOURCE], self.rows.steps[_TARGET]
        rows, columns, start_step = self.columns.size, self.rows.size, self.rows.steps[2]
        if adds:
            return simd.Transpose(self.bits, rows, columns, step, out_step, "base", start_step)
        return simd.Transpose(self.bits, rows, columns, step, out_step)

    def _taken(self, memory: int) -> Atom:
        """The loop whose steps are the shortest in a memory, which is no outer one any more."""
        known = [atom for atom in self.outer if atom.listed is None]
        if not known:
            return _ONE
        found = min(known, key=lambda atom: abs(atom.steps[memory]))
        self.outer.remove(found)
        return found

    def _parted(self, atom: Atom, most: int) -> Atom:
        """At most so many of a loop's positions, as an inner loop; how often these come is an outer one."""
        inner = next(n for n in range(min(atom.size, most), 0, -1) if atom.size % n == 0)
        if inner < atom.size:
            self.outer.append(Atom(atom.size // inner, tuple(step * inner for step in atom.steps)))
        return Atom(inner, atom.steps)

    def _shared(self, atom: Atom) -> Atom:
        """A loop of which threads share as much as gives each chunk a place."""
        inner = self.layers.size * self.rows.size * self.columns.size
        count = self._size // max(inner, 1)
        if count >= CHUNKS or self._size <= _SMALL:
            return atom
        return self._parted(atom, max(1, atom.size * count // CHUNKS))


def _three(atom: Atom) -> Atom:
    """With steps in three memories, also where there is no base."""
    if atom.listed is None:
        return Atom(atom.size, (*atom.steps, 0)[:3])
    return Atom(atom.size, listed=np.concatenate([atom.listed, np.zeros((1, atom.size), np.int64)])[:3])


def _loop(atom: Atom) -> Loop:
    return Loop(atom.size, *atom.steps)
