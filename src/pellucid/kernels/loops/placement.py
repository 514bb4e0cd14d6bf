"""Where rooms go in an arena, one after the other, each where it costs least (see `engine/arena.py`).

Each room is compared with all that have a place already: for a long network many millions of times, too many for
Python. A room is eight numbers in a row of one table, and is known by where its row begins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels.intrinsics import int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.progress import progress

NO_LAYOUT = -1
_UNBOUNDED = 1 << 62
# A room asks for bytes, from launch `first` to launch `last`. Rooms of one layout that begin at the same byte leave
# each other's halo zero; to clear it in every run costs `clearing` bytes. It is given a start, and whether it must be
# cleared; `since` is how many launches ago, when its life begins, somebody else was there, in this run or the last.
_SIZE, _FIRST, _LAST, _LAYOUT, _CLEARING, _START, _CLEAR, _SINCE = range(8)
_FIELDS = 8
# A candidate: by how much the arena would grow, what would stay free beside the room, where it would begin.
_GROWTH, _SLACK, _AT = range(3)
_CANDIDATE_FIELDS = 3


def place(asked: NDArray[np.int64], base: int, launches: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each room its first byte, `base` or a later one, and whether its halo must be cleared.

    `asked` has a row for each room, in the order in which they choose: bytes, first and last launch, layout
    (`NO_LAYOUT` where there is no halo), what clearing costs.
    """
    count = len(asked)
    rooms = np.zeros((count, _FIELDS), np.int64)
    rooms[:, : asked.shape[1]] = asked
    order, candidates = np.zeros(count, np.int64), np.zeros((2 * count + 1, _CANDIDATE_FIELDS), np.int64)
    function = place_rooms.callable()
    progress.close()
    function(rooms.ctypes.data, count, base, launches, order.ctypes.data, candidates.ctypes.data)
    return rooms[:, _START], rooms[:, _CLEAR]


@kernel
def place_rooms(rooms, count, base, launches, order, candidates):
    """What `place` does. `order` is for the rooms that have a place, by their first byte; both it and `candidates` are
    room to work in.
    """
    rooms, order, candidates = int64_at(rooms), int64_at(order), int64_at(candidates)
    top, largest = base, 0
    for placed in range(count):
        room = placed * _FIELDS
        size = rooms[room + _SIZE]
        found = find_gaps(rooms, room, order, placed, base, top, candidates)
        if rooms[room + _LAYOUT] != NO_LAYOUT:
            found = find_alike(rooms, room, order, placed, top, candidates, found)
        best, start = _UNBOUNDED, base
        while found > 0:
            nearest = cheapest(candidates, found) * _CANDIDATE_FIELDS
            growth, at = candidates[nearest + _GROWTH], candidates[nearest + _AT]
            if growth >= best:
                break
            cost = growth + halos(rooms, room, at, order, placed, largest, launches, False)
            if cost < best:
                best, start = cost, at
            found -= 1
            for field in range(_CANDIDATE_FIELDS):
                candidates[nearest + field] = candidates[found * _CANDIDATE_FIELDS + field]
        halos(rooms, room, start, order, placed, largest, launches, True)
        rooms[room + _START] = start
        i = placed
        while i > 0 and rooms[order[i - 1] + _START] > start:
            order[i] = order[i - 1]
            i -= 1
        order[i] = room
        top, largest = max(top, start + size), max(largest, size)


@inline
def find_gaps(rooms, room, order, placed, base, top, candidates):
    """Write down the beginnings of all gaps between living rooms that are large enough; returns how many."""
    found, free, size = 0, base, rooms[room + _SIZE]
    for i in range(placed):
        other = order[i]
        if rooms[other + _FIRST] <= rooms[room + _LAST] and rooms[room + _FIRST] <= rooms[other + _LAST]:
            start = rooms[other + _START]
            if start - free >= size:
                candidate(candidates, found, free, start - free, size, top)
                found += 1
            free = max(free, start + rooms[other + _SIZE])
    candidate(candidates, found, free, _UNBOUNDED, size, top)
    return found + 1


@inline
def find_alike(rooms, room, order, placed, top, candidates, gaps):
    """Write down, behind the gaps, where in them rooms of the same layout begin; returns how many there are now."""
    found, gap, before, size = gaps, 0, -1, rooms[room + _SIZE]
    for i in range(placed):
        start = rooms[order[i] + _START]
        if rooms[order[i] + _LAYOUT] != rooms[room + _LAYOUT] or start == before:
            continue
        before = start
        while gap + 1 < gaps and candidates[(gap + 1) * _CANDIDATE_FIELDS + _AT] <= start:
            gap += 1
        low, slack = candidates[gap * _CANDIDATE_FIELDS + _AT], candidates[gap * _CANDIDATE_FIELDS + _SLACK]
        if low <= start and start - low + size <= slack:
            candidate(candidates, found, start, 0, size, top)
            found += 1
    return found


@inline
def candidate(candidates, number, at, slack, size, top):
    """Write down a candidate."""
    row = number * _CANDIDATE_FIELDS
    candidates[row + _GROWTH] = max(0, at + size - top)
    candidates[row + _SLACK] = slack
    candidates[row + _AT] = at


@inline
def cheapest(candidates, found):
    """The number of the candidate by which the arena grows least; of several the tightest, then the first."""
    best = 0
    for i in range(1, found):
        for field in range(_CANDIDATE_FIELDS):
            here = candidates[i * _CANDIDATE_FIELDS + field]
            there = candidates[best * _CANDIDATE_FIELDS + field]
            if here < there:
                best = i
            if here != there:
                break
    return best


@inline
def halos(rooms, room, start, order, placed, largest, launches, settle):
    """What a place costs in halos to be cleared, the room's own and others'; with `settle`, note down whose.

    Of those who share bytes with it, the one whose life ended last before the room's begins decides whether the room is
    to be cleared; those that the room now comes right before must be cleared unless they are alike.
    """
    stop, cost = start + rooms[room + _SIZE], 0
    layout, nearest, clear = rooms[room + _LAYOUT], launches, False
    behind, high = 0, placed
    while behind < high:
        middle = (behind + high) // 2
        if rooms[order[middle] + _START] < stop:
            behind = middle + 1
        else:
            high = middle
    for i in range(behind - 1, -1, -1):
        other = order[i]
        # no room is so large that one that begins earlier would reach this far
        if rooms[other + _START] + largest <= start:
            break
        if rooms[other + _START] + rooms[other + _SIZE] <= start:
            continue
        alike = rooms[other + _START] == start and rooms[other + _LAYOUT] == layout
        ago = (rooms[room + _FIRST] - rooms[other + _LAST]) % launches
        if ago <= nearest:
            nearest, clear = ago, not alike
        later = (rooms[other + _FIRST] - rooms[room + _LAST]) % launches
        if later < rooms[other + _SINCE]:
            must = rooms[other + _LAYOUT] != NO_LAYOUT and not alike
            cost += (must - rooms[other + _CLEAR]) * rooms[other + _CLEARING]
            if settle:
                rooms[other + _SINCE], rooms[other + _CLEAR] = later, must
    clear = clear and layout != NO_LAYOUT
    if settle:
        rooms[room + _SINCE], rooms[room + _CLEAR] = nearest, clear
    return cost + clear * rooms[room + _CLEARING]
