"""A plan to be read: every loop, what it was fused from, what it reads, writes and multiplies, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.listed import Listed, Place, Row, Shape
from pellucid.engine.lowering.choice import by_winograd
from pellucid.engine.printed import plan_html, plan_text
from pellucid.engine.program import Bound, Program
from pellucid.engine.steps import Step
from pellucid.ops.product import Product
from pellucid.ops.rule import Rule
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Listing(Listed):
    """The loops of a plan and the arena; printed, a table."""

    def to_dict(self) -> dict[str, Any]:
        """The same as values that JSON knows."""
        return asdict(self)

    def text(self, lang: str | None = None) -> str:
        """The table in a language, "en" or "ko"; None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return plan_text(self, lang)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return plan_html(self)


def listing(program: Program) -> Listing:
    """The listing of a program's plan."""
    starts = {place.room.block: place.start for place in program.places}
    rows = tuple(_row(program, bound, starts) for bound in program.loops)
    named = [{block.root for block in bound.work.blocks} for bound in program.loops]
    places = []
    for place in sorted(program.places, key=lambda place: place.start):
        block = place.room.block
        users = [i for i, blocks in enumerate(named) if block in blocks]
        lives = (users[0], users[-1]) if users else (0, len(rows) - 1)
        places.append(Place(block.name, place.start, block.size_bytes, *lives))
    return Listing(
        rows,
        tuple(places),
        arena_bytes=program.arena.nbytes,
        block_bytes=sum(place.size_bytes for place in places),
        scratch_bytes=program.plan.scratch_bytes,
        multiply_adds=sum(row.multiply_adds for row in rows),
        read_bytes=sum(row.read_bytes for row in rows),
        written_bytes=sum(row.written_bytes for row in rows),
    )


def _row(program: Program, bound: Bound, starts: dict[Block, int]) -> Row:
    loop, work, step = bound.loop, bound.work, bound.loop.step
    written = work.writes
    first = next((block for block in written if block.root in starts), None)
    carried = () if step is None else (step, *step.fused)
    return Row(
        name=loop.name,
        path=step.path if step else "",
        way=step.way if step else "",
        ops=tuple(one.op.name for one in carried),
        decayed=sum(one.op.weight_decay != 0 for one in carried if isinstance(one.op, Rule)),
        rules=step.rules if step else (),
        algorithm=_algorithm(program, step),
        kernel=loop.kernel.name,
        chunks=work.chunks,
        shape=_shape(written[0]) if written else (),
        read_bytes=_bytes(work.reads, loop.touches),
        written_bytes=_bytes(written, loop.touches),
        multiply_adds=loop.multiply_adds,
        writes=tuple(block.name for block in written),
        start=None if first is None else starts[first.root],
    )


def _algorithm(program: Program, step: Step | None) -> str:
    if step is None or not isinstance(step.op, Product):
        return ""
    return "winograd" if by_winograd(step, program.plan.setting) else "direct"


def _shape(block: Block) -> Shape:
    return block.shape if isinstance(block, Tensor) else (block.size,)


def _bytes(blocks: Iterable[Block], touches: Mapping[Block, int]) -> int:
    return sum(touches.get(block, _size(block)) * int(block.dtype.itemsize) for block in blocks)


def _size(block: Block) -> int:
    return size_of(block.inner) if isinstance(block, Tensor) else block.size
