"""How threads share out a large sum over a batch: parts of the tree, or ranges of what is summed.

Where the parts' sums are small, there is room for each: threads share the parts, and the parts are added at the end.
Where they are large, a chunk takes several parts, or all, of a range of the weight. The sums that wait for their right
halves then lie in its scratch memory (`kernels/loops/parts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pellucid import batch
from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering.walk import Stage, left_by, tables
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import parts as loops
from pellucid.kernels.simd import Tile

_ROOM = 1 << 20  # most numbers of all subtrees' sums together
_ENOUGH = 8  # subtrees that threads share; with fewer, the work on each is cut into ranges


@dataclass(frozen=True)
class Parts:
    """The parts of a sum.

    Attributes:
        edges: where each begins, in images, and the end of the last one.
        size: how many numbers the sum has.
        room: how many numbers those that have room of their own may have together.
    """

    edges: tuple[int, ...]
    size: int
    room: int

    @classmethod
    def of(cls, images: int, size: int) -> Parts:
        """Those of a batch."""
        return cls(tuple(batch.edges(images, batch.large_parts(images))), size, _ROOM)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.edges) - 1

    @property
    def shares(self) -> int:
        """Into how many subtrees they are shared out, each with room of its own."""
        most = max(1, min(self.count, CHUNKS, self.room // self.size))
        return 1 << most.bit_length() - 1

    @property
    def ranges(self) -> int:
        """Ranges of calls to cut the work on a subtree into, so that there are enough chunks."""
        return 1 if self.shares >= _ENOUGH else CHUNKS // self.shares

    @property
    def waits(self) -> bool:
        """Whether a subtree has several parts, so that their sums are in slots of scratch memory first."""
        return self.count > self.shares

    @property
    def slots(self) -> int:
        """How many: one for each sum that waits for its right half, and one for that in the making."""
        return batch.depth(self.count // self.shares) + 1 if self.waits else 0

    @property
    def images(self) -> list[int]:
        """Of each part; some have one more than others."""
        return [stop - start for start, stop in pairwise(self.edges)]

    @property
    def order(self) -> dict[str, int]:
        """What a loop says of it."""
        return {"parts": self.count}

    def units(self, together: int) -> list[int]:
        """The images of a unit, and of that with which a longer part begins, if there are any."""
        return [together] if len({*self.images}) == 1 else [together, 1]

    def room_for(self, plan: Plan, whole: Block) -> Block:
        """Where the subtrees' sums lie, one behind the other: the whole itself, if there is one."""
        return whole if self.shares == 1 else plan.block(f"{whole.name}, parts", self.size * self.shares)

    def add(self, plan: Plan, step: Step, sums: Block, whole: Block) -> None:
        """A launch that adds the subtrees' sums."""
        if self.shares > 1:
            chunk = -(-self.size // CHUNKS)
            table = loops.AddParts(sums, whole, self.shares, self.size, chunk)
            work = Work(-(-self.size // chunk), table)
            plan.loop(step, whole.name, loops.add_parts, lambda: work)


def walk_parts(
    plan: Plan,
    parts: Parts,
    list_: TileList,
    stages: Sequence[Stage],
    units: Sequence[int],
    slots: tuple[int, int],
    *,
    last: bool = False,
) -> Work:
    """A walk over all parts, in units of so many images (see `Parts.units`).

    The list has three ends for each range: behind a unit's calls, behind those of the unit with which a longer part
    begins, and behind those at the end of a subtree.

    Args:
        slots: where the sums of several parts lie in scratch memory, and the numbers of one.
        last: whether the calls at the end make the last part of all.
    """
    calls, bounds, taps, stages_ = tables(plan, list_, stages)
    ranges = (len(bounds) - 1) // 3
    first, slot = slots
    table = loops.PartWalk(
        edges=np.array(parts.edges),
        parts=parts.count // parts.shares,
        summed=parts.count // parts.shares - last,
        ranges=ranges,
        together=units[0],
        shortest=min(parts.images),
        longer=units[-1],
        calls=calls,
        bounds=bounds,
        taps=taps,
        stages=stages_,
        slots=first * plan.dtype.itemsize,
        slot=slot,
        numbers=None,
    )
    return Work(parts.shares * ranges, table, leaves=left_by(stages))


def list_calls(
    list_: TileList, units: Sequence[int], unit: Callable[[int], None], end: Callable[[], None]
) -> None:
    """The three lists of a range: `unit` appends the calls for so many images, `end` those at the end of a subtree."""
    for images in units:
        unit(images)
        list_.end()
    if len(units) == 1:  # no part is longer
        list_.end()
    end()
    list_.end()


def copy_rows(list_: TileList, bits: int, rows: Sequence[tuple[int, int]], columns: int) -> None:
    """Copy rows of numbers, each from one place to another."""
    for first, count in split(len(rows), simd.register_tile(bits, min(columns, simd.column_tile(bits)))):
        (source, target), *_ = some = rows[first : first + count]
        code = Tile(
            bits,
            rows=(None,) * count,
            columns=columns,
            a_step=0,
            b_step=0,
            run=0,
            out_rows=tuple(to - target for _, to in some),
            start="base",
            base_rows=tuple(at - source for at, _ in some),
        )
        list_.add(code, code, a=0, out=target, start=source)


def copy(list_: TileList, bits: int, source: int, size: int) -> None:
    """Copy numbers that lie side by side to the beginning of what is written."""
    width = simd.column_tile(bits)
    whole = size // width * width
    copy_rows(list_, bits, [(source + at, at) for at in range(0, whole, width)], width)
    for at, rest in blocks(size, width)[whole // width :]:
        copy_rows(list_, bits, [(source + at, at)], rest)
