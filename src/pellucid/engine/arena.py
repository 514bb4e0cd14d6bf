"""One arena for all blocks of a plan: blocks that never live at the same time may lie in the same place.

A block lives from the first launch that names it to the last one; some outlive the run. Block after block goes where it
costs least: bytes that the arena grows by, and bytes of halo that every run would have to clear. Producers never write
a halo and the arena begins as zeros, so a halo must be cleared only where another layout has lain since: tensors of one
layout that begin at the same byte follow each other for nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.derived import derived
from pellucid.engine.buffers import Block, Tensor

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
        return (tensor.outer, tensor.halo) if isinstance(tensor, Tensor) and self.halo_bytes else None


@dataclass(frozen=True, eq=False)
class Place:
    """Where a room is, and how many launches ago, when its block begins, somebody else was there."""

    room: Room
    start: int
    since: int
    clear: bool = False  # somebody of another layout, so that a halo is no longer zero

    @derived
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.room.size

    @property
    def clearing_bytes(self) -> int:
        """What a run must clear for it, as bytes of the arena."""
        return _CLEARING * self.room.halo_bytes if self.clear else 0

    def shared_with(self, other: Place, launches: int) -> Place:
        """The same, where `other` uses bytes of it at another time of a run (and of the run before)."""
        since = (self.room.first - other.room.last) % launches
        if since >= self.since:
            return self
        alike = self.start == other.start and self.room.layout == other.room.layout
        return replace(self, since=since, clear=self.room.layout is not None and not alike)


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
            lasting.append(Place(room, lasting[-1].end if lasting else 0, launches))
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
    places: dict[Room, Place] = {}
    end = base
    for room in wanted:
        best: dict[Room, Place] = {}
        least = -1
        for start in _starts(room, places.values(), base, end):
            growth = max(0, start + room.size - end)
            if best and growth >= least:
                break
            changes = _changes(Place(room, start, launches), places.values(), launches)
            before = sum(places[r].clearing_bytes for r in changes if r in places)
            cost = growth + sum(place.clearing_bytes for place in changes.values()) - before
            if not best or cost < least:
                best, least = changes, cost
        places |= best
        end = max(end, places[room].end)
    return list(places.values())


def _starts(room: Room, places: Iterable[Place], base: int, end: int) -> list[int]:
    """Where a room could begin: least growth first, then where its layout is already, then the tightest gap."""
    found = []
    for low, high in _gaps(room, places, base):
        found.append((max(0, low + room.size - end), high - low, low))
        for place in places if room.layout else ():
            if place.room.layout == room.layout and low <= place.start and place.end <= high:
                found.append((max(0, place.end - end), 0, place.start))
    return [start for _, _, start in sorted(found)]


def _gaps(room: Room, places: Iterable[Place], base: int) -> Iterator[tuple[int, int]]:
    """The bytes that nobody uses while a room is in use, as (first, end), where there are enough of them."""
    at = base
    for place in sorted(places, key=lambda place: place.start):
        if place.room.first <= room.last and room.first <= place.room.last:
            if place.start - at >= room.size:
                yield at, place.start
            at = max(at, place.end)
    yield at, sys.maxsize


def _changes(new: Place, places: Iterable[Place], launches: int) -> dict[Room, Place]:
    """A new place and those that share bytes with it, as they are once it is there."""
    changes = {}
    for other in places:
        if other.start < new.end and new.start < other.end:
            new = new.shared_with(other, launches)
            changes[other.room] = other.shared_with(new, launches)
    return changes | {new.room: new}
