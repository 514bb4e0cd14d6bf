"""What a plan's listing says, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One loop.

    Attributes:
        name: what it makes.
        path: the layer or the parameter that it works for.
        way: "forward", "backward", "sum", "norm", "update"; "" for what goes in and out.
        ops: the ops that its step carries out, the first one's loop.
        decayed: how many of the updates have weight decay.
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
    decayed: int
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
class Listed:
    """The loops of a plan in their order, and the arena.

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
