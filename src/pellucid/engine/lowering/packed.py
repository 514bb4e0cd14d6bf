"""Neighbouring positions of a row packed into one vector, for layers whose channels leave most of it empty.

Forward, the sums of P neighbouring output positions lie one behind the other in memory, (position, channel), and
their windows overlap: K kernel positions of each, but only K + P − 1 different input positions of all (stride 1). So a
tile's columns are (position, channel), and a step along W is one *input* position: its number of A meets for each of
the P positions another kernel position, or none, and then those sums are left alone. Each sum still meets its own
kernel positions in their order: nothing shows in a number. The input gradient is the same with its taps in
the opposite order. B is the weight broadcast to these places, a *panel* made once per step.

In the weight gradient P neighbouring kernel positions share a row: the input number that meets grad_output at y for
one of them meets it at y − 1 for the next, and these two lie one behind the other in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import steps
from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering.layer import Layer
from pellucid.engine.plan import Plan
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Piece

Step = tuple[int, tuple[int | None, ...]]  # the place that is read, and each position's kernel position there
CHAINS = 8  # with fewer sums a multiply–add waits for the one before it


@dataclass(frozen=True)
class Packing:
    """P positions in a vector, and the steps: each reads one place, for a kernel position of each of the P or None."""

    positions: int
    steps: tuple[Step, ...]

    @property
    def cost(self) -> int:
        """What one vector takes, in multiply–adds."""
        return sum(simd.masked_cost() if None in kernel else 1 for _, kernel in self.steps)

    def starts(self, size: int) -> list[int]:
        """Where vectors begin along a row of `size` positions; the last may hold some that another holds, too."""
        return [min(x, size - self.positions) for x in range(0, size, self.positions)]

    def places(self, layer: Layer) -> NDArray[np.int64]:
        """Where a panel's numbers lie in the weight, as (kernel row, step, position, c, o); anywhere for None."""
        numbers = np.arange(layer.weight_size).reshape(-1, layer.axes[2].kernel, layer.inputs, layer.outputs)
        return numbers[:, [[k or 0 for k in kernel] for _, kernel in self.steps]]

    def pieces(
        self, step: int, run: int, columns: int, numbers: Collection[int] | None = None
    ) -> tuple[Piece, ...]:
        """The steps, `step` numbers of A apart, as pieces of `run` products; or only those with these numbers.

        A panel's row is (position, channel).
        """
        width, result = self.positions * columns, list[Piece]()
        for j, (read, kernel) in enumerate(self.steps):
            if numbers is not None and j not in numbers:
                continue
            some = tuple(i for i in range(width) if kernel[i // columns] is not None)
            last = result[-1] if result else None
            if last and last.columns == some and last.a + last.length == read * step:
                result[-1] = Piece(last.length + run, last.a, last.b, some)
            else:
                result.append(Piece(run, read * step, j * run * width, some))
        return tuple(result)


def best_packing(reads: Sequence[int], step: int, count: int, columns: int, bits: int) -> Packing:
    """How many of `count` positions of a row to pack into a vector, 1 if it does not pay.

    `reads` is what the first position reads for its kernel positions, ascending or descending; the next position reads
    `step` further on.
    """
    most = min(count, simd.vector_lanes(bits) // columns)
    choices = [Packing(n, _steps(reads, step, n)) for n in range(1, most + 1)]
    plain = Packing(1, _steps(reads, step, 1))
    return min(choices, key=lambda c: len(c.starts(count)) * c.cost, default=plain)


def _steps(reads: Sequence[int], step: int, positions: int) -> tuple[Step, ...]:
    """All places that some position reads, in the order of each one's kernel positions, and which those are."""
    reached = {read + i * step for read in reads for i in range(positions)}
    places = sorted(reached, reverse=reads[0] > reads[-1])
    number = {read: k for k, read in enumerate(reads)}
    return tuple((at, tuple(number.get(at - i * step) for i in range(positions))) for at in places)


def panel(plan: Plan, of: steps.Step, name: str, source: Block, places: NDArray[np.int64]) -> Block:
    """A block that holds the numbers of another at these places."""
    result = plan.block(name, places.size)
    fill(plan, of, result, source, places)
    return result


def fill(plan: Plan, of: steps.Step, result: Block, source: Block, places: NDArray[np.int64]) -> None:
    """Fill a block with the numbers of another at these places."""
    places = np.ascontiguousarray(places, np.int64)
    work = Work(1, tiles.Gather(source, result, places, places.size))
    plan.loop(of, result.name, tiles.gather, lambda: work)
