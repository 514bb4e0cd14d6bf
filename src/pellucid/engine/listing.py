"""A plan to be read: every loop, what it was fused from, what it reads, writes and multiplies, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.choice import by_winograd
from pellucid.engine.program import Bound, Program
from pellucid.engine.steps import Step
from pellucid.ops.product import Product
from pellucid.sizes import size_of

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One loop.

    Attributes:
        name: what it makes.
        path: the layer or the parameter that it works for.
        way: "forward", "backward", "sum", "update"; "" for what goes in and out.
        ops: the ops that its step carries out, the first one's loop.
        rules: by which rules the others were fused.
        algorithm: of a layer's sum, "direct" or "winograd".
        kernel: the compiled function.
        chunks: into how many parts threads can share it out.
        shape: of the first result, with public axes where it is a tensor.
        read_bytes: how many bytes of blocks it reads, each once, halos aside.
        written_bytes: how many it writes.
        multiply_adds: how many of a layer's sum it makes, as that is defined.
        writes: the blocks that it writes.
        start: where the first of them begins in the arena; None for memory that lies elsewhere.
    """

    name: str
    path: str
    way: str
    ops: tuple[str, ...]
    rules: tuple[str, ...]
    algorithm: str
    kernel: str
    chunks: int
    shape: Shape
    read_bytes: int
    written_bytes: int
    multiply_adds: int
    writes: tuple[str, ...]
    start: int | None


@dataclass(frozen=True)
class Place:
    """A block's place in the arena, and the first and the last row that name it."""

    name: str
    start: int
    size_bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Listing:
    """The loops of a plan in their order, and the arena; printed, a table.

    Attributes:
        rows: the loops.
        places: the blocks in the arena, by where they begin.
        arena_bytes: the arena's size.
        block_bytes: what all blocks would take side by side.
        scratch_bytes: what each thread takes besides.
        multiply_adds: of all rows.
        read_bytes: of all rows.
        written_bytes: of all rows.
    """

    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    arena_bytes: int
    block_bytes: int
    scratch_bytes: int
    multiply_adds: int
    read_bytes: int
    written_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The same as values that JSON knows."""
        return asdict(self)

    def text(self, lang: str | None = None) -> str:
        """The table in a language, "en" or "ko"; None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        from pellucid.engine.printed import plan_text

        return plan_text(self, lang)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from pellucid.engine.printed import plan_html

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
        rules=step.rules if step else (),
        algorithm=_algorithm(program, step),
        kernel=loop.kernel.name,
        chunks=work.chunks,
        shape=_shape(written[0]) if written else (),
        read_bytes=_bytes(work.reads),
        written_bytes=_bytes(written),
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


def _bytes(blocks: Iterable[Block]) -> int:
    return sum(
        (size_of(block.inner) if isinstance(block, Tensor) else block.size) * int(block.dtype.itemsize)
        for block in blocks
    )
