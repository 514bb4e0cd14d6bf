"""One arena for all blocks of a plan: blocks that never live at the same time may lie in the same place.

A block lives from the first launch that names it to the last one; some outlive the run. Block after block goes where it
costs least: bytes that the arena grows by, and bytes of halo that every run would have to clear. Producers never write
a halo and the arena begins as zeros, so a halo must be cleared only where another layout has lain since: tensors of one
layout that begin at the same byte follow each other for nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.derived import derived
from pellucid.engine.buffers import Block, Tensor

Array = NDArray[Any]

_ALIGN = 64  # bytes; there are as many between blocks, at least
_CLEARING = 2  # bytes of the arena that one is worth that need not be cleared in every run


@dataclass(frozen=True, eq=False)
class Room:
    """What a block asks for: bytes from launch `first` to launch `last`."""

    block: Block
    first: int
    last: int

    @derived
    def size(self) -> int:
        """The bytes, with those that keep the next block away."""
        return -(-self.block.size_bytes // _ALIGN) * _ALIGN + _ALIGN

    @derived
    def halo_bytes(self) -> int:
        """How many of them must be zero."""
        return self.block.halo_bytes if isinstance(self.block, Tensor) else 0

    @derived
    def layout(self) -> Any:
        """Tensors that share it and begin at the same byte have the same halo; None where there is no halo."""
        tensor = self.block
        if not isinstance(tensor, Tensor) or not self.halo_bytes:
            return None
        return tensor.outer, tuple(map(tuple, tensor.halo))


@dataclass(frozen=True, eq=False)
class Place:
    """Where a room is."""

    room: Room
    start: int
    clear: bool = False  # somebody of another layout was there before, so that a halo is no longer zero

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.room.size

    @property
    def clearing_bytes(self) -> int:
        """What a run must clear for it, as bytes of the arena."""
        return _CLEARING * self.room.halo_bytes if self.clear else 0


def rooms(blocks: Iterable[Block], named: Sequence[Iterable[Block]], lasting: Iterable[Block]) -> list[Room]:
    """A room for each block that a launch names, or that must outlive the run."""
    lives: dict[Block, tuple[int, int]] = {}
    for i, some in enumerate(named):
        for block in some:
            lives[block.root] = lives.get(block.root, (i, i))[0], i
    lives |= dict.fromkeys((block.root for block in lasting), (0, len(named) - 1))
    return [Room(block, *lives[block]) for block in blocks if block in lives]


def arrange(wanted: Iterable[Room], launches: int) -> list[Place]:
    """A place for each room. Rooms for the whole run lie side by side; the others share what follows."""
    lasting: list[Place] = []
    others = []
    for room in wanted:
        if room.last - room.first == launches - 1:
            lasting.append(Place(room, lasting[-1].end if lasting else 0))
        else:
            others.append(room)
    longest = sorted(others, key=lambda room: (room.first - room.last, -room.size))
    largest = sorted(others, key=lambda room: (room.first - room.last - 1) * room.size)
    tries = [_share(order, _end(lasting), launches) for order in (longest, largest)]
    return lasting + min(tries, key=lambda places: _end(places) + sum(p.clearing_bytes for p in places))


def allocate(places: Sequence[Place], beside_bytes: int = 0) -> NDArray[np.uint8]:
    """Bring the blocks to their places in an arena of zeros; a run will take so much memory beside it.

    Raises: NumericError when the system has not that much memory.
    """
    size = _end(places) + _ALIGN
    memory.require("plan", "all that a run takes", size + beside_bytes)
    with memory.enough("plan"):
        arena = np.zeros(size, np.uint8)
    aligned = arena[-arena.ctypes.data % _ALIGN :]
    for place in places:
        place.room.block.place(aligned[place.start : place.end])
    return arena


def _end(places: Iterable[Place]) -> int:
    return max((place.end for place in places), default=0)


def _share(wanted: Iterable[Room], base: int, launches: int) -> list[Place]:
    """Places from byte `base` on: room after room, each where it costs least."""
    floor = _Floor(base, launches)
    for room in wanted:
        floor.take(room)
    return floor.places()


@dataclass(frozen=True)
class _Arrival:
    """What changes when a room comes to a place: what it costs, whether it must be cleared, and who else now must."""

    start: int
    cost: int
    since: int
    clear: bool
    followers: Array  # rows of the places that it now comes right before
    follower_since: Array
    follower_clear: Array


class _Floor:
    """The places that are taken, as columns of one table in the order of their first byte.

    `since` says how many launches ago, when a room's block begins, somebody else was there: the one before it in the
    run, or at the end of the run before.
    """

    def __init__(self, base: int, launches: int) -> None:
        self._base, self._end, self._launches = base, base, launches
        self._rooms: list[Room] = []
        self._layouts: dict[Any, int] = {}
        self._table = np.zeros((len(_COLUMNS), 0), np.int64)

    def places(self) -> list[Place]:
        """Room by room in the order of their arrival."""
        order = np.argsort(self._column("number"))
        starts, clear = (self._column(name)[order].tolist() for name in ("start", "clear"))
        return [Place(*row) for row in zip(self._rooms, starts, map(bool, clear), strict=True)]

    def take(self, room: Room) -> None:
        """Give a room the place that costs least."""
        layout = self._layouts.setdefault(room.layout, len(self._layouts)) if room.layout else _NONE
        best: _Arrival | None = None
        for start in self._starts(room, layout):
            growth = max(0, start + room.size - self._end)
            if best and growth >= best.cost:
                break
            arrival = self._arrival(room, layout, start, growth)
            if best is None or arrival.cost < best.cost:
                best = arrival
        assert best is not None
        self._column("since")[best.followers] = best.follower_since
        self._column("clear")[best.followers] = best.follower_clear
        end = best.start + room.size
        row = (
            *(best.start, end, room.first, room.last, best.since, best.clear, layout),
            *(room.halo_bytes, len(self._rooms)),
        )
        at = int(np.searchsorted(self._column("start"), best.start, side="right"))
        self._table = np.insert(self._table, at, row, axis=1)
        self._rooms.append(room)
        self._end = max(self._end, end)

    def _column(self, name: str) -> Array:
        column: Array = self._table[_COLUMNS.index(name)]
        return column

    def _starts(self, room: Room, layout: int) -> list[int]:
        """Where a room could begin: least growth first, then where its layout is already, then the tightest gap."""
        start, end = self._column("start"), self._column("end")
        alive = (self._column("first") <= room.last) & (room.first <= self._column("last"))
        lows = np.maximum.accumulate(np.concatenate([[self._base], end[alive]]))
        highs = np.append(start[alive], sys.maxsize)
        free = highs - lows >= room.size
        lows, highs = lows[free], highs[free]
        found = list(zip(np.maximum(0, lows + room.size - self._end), highs - lows, lows, strict=True))
        if layout != _NONE:
            alike = np.unique(start[self._column("layout") == layout])
            gap = np.searchsorted(lows, alike, side="right") - 1
            inside = (gap >= 0) & (alike + room.size <= highs[gap])
            found += [(max(0, at + room.size - self._end), 0, at) for at in alike[inside].tolist()]
        return [int(at) for _, _, at in sorted(found)]

    def _arrival(self, room: Room, layout: int, start: int, growth: int) -> _Arrival:
        """What a place would cost: bytes by which the arena grows, and halos to be cleared, its own and others'."""
        rows = np.flatnonzero((self._column("start") < start + room.size) & (start < self._column("end")))
        column = dict(zip(_COLUMNS, self._table[:, rows], strict=True))
        alike = (column["start"] == start) & (column["layout"] == layout)
        ago = (room.first - column["last"]) % self._launches
        nearest = int(np.argmin(ago)) if len(rows) else _NONE
        clear = layout != _NONE and nearest != _NONE and not alike[nearest]
        later = (column["first"] - room.last) % self._launches
        follow = np.flatnonzero(later < column["since"])
        must = (column["layout"][follow] != _NONE) & ~alike[follow]
        more = _CLEARING * int(((must - column["clear"][follow]) * column["halo_bytes"][follow]).sum())
        cost = growth + _CLEARING * room.halo_bytes * clear + more
        since = int(ago[nearest]) if len(rows) else self._launches
        return _Arrival(start, cost, since, clear, rows[follow], later[follow], must)


_NONE = -1
_COLUMNS = ("start", "end", "first", "last", "since", "clear", "layout", "halo_bytes", "number")
