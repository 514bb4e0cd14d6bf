"""A loop of a plan as a value: a kernel, its arguments by name, what it reads and writes, where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pellucid.engine.buffers import Block
from pellucid.engine.steps import Step
from pellucid.kernels.jit import Kernel
from pellucid.kernels.table import Access, values

Orders: TypeAlias = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Work:
    """What a kernel is called with: its filled table (see `kernels/table.py`), and how many chunks it has.

    Memory stands in the table as blocks, numbers of the engine's own as arrays.
    """

    chunks: int
    table: Any
    adds_to: tuple[Block, ...] = ()  # blocks that it writes whose numbers it reads first
    leaves: tuple[Block, ...] = ()  # blocks that it writes, where a table of many uses has what is read

    @property
    def blocks(self) -> list[Block]:
        """Every block that the kernel touches."""
        return [value for _, value in values(self.table) if isinstance(value, Block)]

    @property
    def reads(self) -> list[Block]:
        """The blocks whose numbers it needs, each once; of its own results only those that it begins with."""
        pointers = self._pointers
        written = {*self.leaves, *(block for block, access in pointers if access.writes)}
        read = [
            block for block, access in pointers if access.reads and (access.writes or block not in written)
        ]
        return list(dict.fromkeys((*read, *self.adds_to)))

    @property
    def writes(self) -> list[Block]:
        """The blocks that it writes, each once."""
        written = (block for block, access in self._pointers if access.writes)
        return list(dict.fromkeys((*written, *self.leaves)))

    @property
    def _pointers(self) -> list[tuple[Block, Access]]:
        return [(v, f.access) for f, v in values(self.table) if isinstance(v, Block) and f.access]


@dataclass(frozen=True, eq=False)
class Loop:
    """One kernel's work. Where tensors lie, and so what stands in its table, is known when all loops are.

    Attributes:
        name: what it makes.
        kernel: the compiled function.
        bind: gives its work.
        step: the step that it belongs to, if it belongs to one.
        order: for each result of the step, by its role, what the order of its sums depends on besides shapes:
            into how many "parts" of the batch a sum over it is cut (`batch.py` of the package), "pixels_side_by_side"
            of a batch norm, which have sums of their own in a part, whether its statistics were made "in_tiles", into
            how many "columns" the numbers of a group norm's set go, each of which has a sum of its own,
            "winograd_additions" (the most additions that a product of a weight gradient meets) where Winograd's
            algorithm computes it, and of what is drawn by chance which "layer" of its kind draws.
        scratch_bytes: memory that each thread needs for itself meanwhile.
        touches: how many numbers of a block it reads or writes, where that is not all of them.
        multiply_adds: how many of a layer's it makes, as the layer's sum is defined, whatever algorithm saves of them.
        gate: a whole number; where it is 0, the loop is left out.
    """

    name: str
    kernel: Kernel
    bind: Callable[[], Work]
    step: Step | None = None
    order: Orders = field(default_factory=dict)
    scratch_bytes: int = 0
    touches: Mapping[Block, int] = field(default_factory=dict)
    multiply_adds: int = 0
    gate: Block | None = None
