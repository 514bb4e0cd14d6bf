"""From a plan to a program: its memory and its tape, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import arena
from pellucid.engine.buffers import Block, External, Port, Tensor
from pellucid.engine.constants import refresh
from pellucid.engine.graph import Symbol
from pellucid.engine.loops import Loop, Work
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels import tape, turns
from pellucid.kernels.loops import layout
from pellucid.kernels.loops.gate import Gate, gated
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.progress import progress
from pellucid.kernels.shelves import borrowed
from pellucid.kernels.table import Filled, fill

Array = NDArray[Any]
_LOOP_BYTES = 10_000  # what a loop leaves in memory, about: its table, its code, its part of the plan


class Program:
    """A plan with its memory and its tape.

    Attributes:
        plan: the plan.
        loops: its loops with those that clear halos, each with its work and its table as compiled code reads it.
        places: where its blocks lie in the arena.
        arena: their memory.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        with borrowed() as self._code:
            self._complete(plan)

    def _complete(self, plan: Plan) -> None:
        """Places for all blocks, and the tape."""
        loops = [_gated(plan, loop) for loop in (*plan.loops, *plan.commits)]
        work = [loop.bind() for loop in loops]
        lasting = plan.blocks if plan.keep else plan.lasting
        self.places = arena.arrange(arena.rooms(plan.blocks, [w.blocks for w in work], lasting), len(loops))
        self.arena = arena.allocate(self.places, self._beside_bytes())
        self.loops: list[Bound] = []
        halos = [place.room for place in self.places if place.clear]
        for i, (loop, its) in enumerate(zip(loops, work, strict=True)):
            clearing = [
                clear_halo(cast("Tensor", room.block), loop.step) for room in halos if room.first == i
            ]
            self.loops += [Bound(loop, its) for loop, its in [*clearing, (loop, its)]]
        rows = tape.launches([bound.launch(plan.bits) for bound in self.loops])
        end = len(rows) - len(plan.commits)
        self.launches, self._commits = rows[:end] if plan.keep else rows, rows[end:]
        self._scratch_bytes = plan.scratch_bytes
        tape.make()
        progress.close()

    @property
    def size_bytes(self) -> int:
        """What it takes while it is kept, about."""
        return self.arena.nbytes + _LOOP_BYTES * len(self.loops)

    def run(self, result: Symbol, /, **inputs: Array) -> Array:
        """Play the tape once on these inputs, which are contiguous, and copy one tensor out."""
        return self.results([self.plan.value(result)], **inputs)[0]

    def results(self, blocks: Sequence[Block], /, **inputs: Array) -> list[Array]:
        """The same for any blocks."""
        graph = self.plan.graph
        with turns.running:
            given = {graph.inputs[name]: array for name, array in inputs.items()}
            typed = {symbol: array.astype(symbol.dtype, copy=False) for symbol, array in given.items()}
            for symbol, array in typed.items():
                self._feed(symbol, array)
            refresh((graph.arrays[copy], array) for copy, array in graph.constants.items())
            arrays = {block: self._room(block, port) for block, port in self.plan.results.items()}
            tape.team.play(self.launches, self._scratch_bytes)
            return [arrays[block] if block in arrays else block.array() for block in blocks]

    def _beside_bytes(self) -> int:
        """What a run takes besides the arena: results, the threads' scratch memory, a recording's copies."""
        plan = self.plan
        results = sum(port.size_bytes for port in plan.results.values())
        owned = (block for block in plan.values.values() if plan.keep and isinstance(block, External))
        return results + plan.scratch_bytes * tape.team.size + sum(block.size_bytes for block in owned)

    def update_state(self) -> None:
        """Carry out, in one run, what a recording left out: the changes of the model's own state."""
        tape.team.play(self._commits)

    def _room(self, block: Block, port: Port) -> Array:
        """An array that the run will write a result to."""
        result = np.empty(cast("Tensor", block).shape, block.dtype)
        port.open(result)
        return result

    def _feed(self, symbol: Symbol, array: Array) -> None:
        """Floats are read from where they lie; labels are copied."""
        if symbol in self.plan.inputs:
            self.plan.inputs[symbol].open(array)
        else:
            self.plan.value(symbol).memory[:] = array.reshape(-1)


def _gated(plan: Plan, loop: Loop) -> Loop:
    """What changes the model waits for the gate. A recording makes its updates beside the model, in any case."""
    changes = loop.step.way == "update" if loop.step else loop in plan.commits
    return replace(loop, gate=plan.gate) if changes and not plan.keep else loop


class Bound:
    """A loop whose arguments are all known."""

    def __init__(self, loop: Loop, work: Work) -> None:
        self.loop, self.work = loop, work
        self.filled: Filled = fill(work.table)
        for cells, place, value in self.filled.pointers:
            if isinstance(value, Port):
                value.cells.append((cells, place))

    @property
    def name(self) -> str:
        """What the loop makes."""
        return self.loop.name

    def launch(self, bits: int) -> tuple[int, int, int]:
        """What the tape takes of it (see `tape.launches`)."""
        address = self.loop.kernel.address(bits)
        if self.loop.gate is None:
            return address, self.filled.address, self.work.chunks
        self._gate = fill(Gate(self.loop.gate, address, self.filled.address))
        return gated.address(bits), self._gate.address, self.work.chunks


def clear_halo(tensor: Tensor, step: Step | None = None) -> tuple[Loop, Work]:
    """Make the zeros around a tensor zero again, before a step that writes it."""
    sizes, size = Sizes(*tensor.inner), tensor.dtype.itemsize
    per_chunk = max(1, sizes.images // CHUNKS)
    sides = layout.Sides(*(width for widths in tensor.halo for width in widths))
    strides = layout.Strides(*(stride * size for stride in tensor.strides))
    table = layout.Halo(tensor, per_chunk, sizes, sizes.channels * size, sides, strides)
    work = Work(-(-sizes.images // per_chunk), table)
    return Loop(f"{tensor.name}, halo", layout.clear_halo, lambda: work, step), work
