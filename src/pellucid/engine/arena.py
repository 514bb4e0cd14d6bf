"""One arena for all blocks of a plan: blocks that never live at the same time may lie in the same place.

A block lives from the first launch that names it to the last one; some outlive the run. Block after block goes where it
costs least: bytes that the arena grows by, and bytes of halo that every run would have to clear. Producers never write
a halo and the arena begins as zeros, so a halo must be cleared only where another layout has lain since: tensors of one
layout that begin at the same byte follow each other for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.derived import derived
from pellucid.engine.buffers import Block, Tensor
from pellucid.errors import say
from pellucid.kernels.loops import placement

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
    memory.require("plan", say("all that a run takes"), size + beside_bytes)
    with memory.enough("plan"):
        arena = np.zeros(size, np.uint8)
    aligned = arena[-arena.ctypes.data % _ALIGN :]
    for place in places:
        place.room.block.place(aligned[place.start : place.end])
    return arena


def _end(places: Iterable[Place]) -> int:
    return max((place.end for place in places), default=0)


def _share(wanted: Sequence[Room], base: int, launches: int) -> list[Place]:
    """Places from byte `base` on: room after room, each where it costs least."""
    layouts: dict[Any, int] = {None: placement.NO_LAYOUT}
    asked = np.zeros((len(wanted), 5), np.int64)
    for row, room in zip(asked, wanted, strict=True):
        layout = layouts.setdefault(room.layout, len(layouts))
        row[:] = room.size, room.first, room.last, layout, _CLEARING * room.halo_bytes
    starts, clear = placement.place(asked, base, launches)
    return [Place(*row) for row in zip(wanted, starts.tolist(), map(bool, clear), strict=True)]
