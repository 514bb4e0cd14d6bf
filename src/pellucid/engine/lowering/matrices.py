"""Batches of matrices wherever they lie, and the tiles that multiply them: out = start + left·right.

A tile reads the left matrix number by number, so it may lie anyhow; of the right one and of the result it takes rows,
whose numbers must lie side by side. Where columns do so instead, the transposed product is made, right·left. Where only
one of the two has rows that way, the other factor is copied. In tensors of four axes and more neither rows nor columns
of the last two axes lie side by side, for axis 1 is innermost: they are copied to N C D H W order first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from pellucid.engine import weights
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.broadcast import Operand
from pellucid.engine.lowering.packed import panel
from pellucid.engine.lowering.parts import Parts, copy_rows, list_calls, walk_parts
from pellucid.engine.lowering.shape import outwards
from pellucid.engine.lowering.walk import Stage, cut_when_few, walk
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import Taps, TileList, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import parts as loops
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Start, Tile, Transpose
from pellucid.ops.base import Shape
from pellucid.sizes import size_of

_MOST_AXES = 3  # of tensors whose matrices are multiplied where they lie


@dataclass(frozen=True)
class Matrices:
    """Matrices in memory: the last two axes are theirs, those before count them.

    Attributes:
        steps: how far apart neighbours along each axis are, once all halos are known.
    """

    block: Block
    shape: Shape
    steps: Callable[[], Sequence[int]]

    @property
    def turned(self) -> Matrices:
        """The transposed matrices."""
        *before, rows, columns = self.shape

        def steps() -> Sequence[int]:
            *others, row, column = self.steps()
            return (*others, column, row)

        return Matrices(self.block, (*before, columns, rows), steps)

    @property
    def beside(self) -> bool:
        """Whether the numbers of a row lie side by side; no halo changes that."""
        return self.shape[-1] == 1 or self.steps()[-1] == 1

    def along(self, batch: Shape) -> tuple[int, ...]:
        """How far apart they are along axes to which theirs are broadcast: 0 where they are repeated."""
        own = [0 if n == 1 else step for step, n in zip(self.steps(), self.shape[:-2], strict=False)]
        return (*(0,) * (len(batch) - len(own)), *own)


def in_order(block: Block, shape: Shape) -> Matrices:
    """Those of plain memory in row-major order."""
    steps = tuple(size_of(shape[axis + 1 :]) for axis in range(len(shape)))
    return Matrices(block, shape, lambda: steps)


def as_they_lie(block: Block, shape: Shape) -> Matrices:
    """Those of a tensor or a parameter."""
    return Matrices(block, shape, lambda: Operand(block, shape).steps)


def lie_anyhow(block: Block, shape: Shape) -> bool:
    """Whether neither rows nor columns lie side by side, so that a tensor of this shape is copied."""
    return len(shape) > (_MOST_AXES if isinstance(block, Tensor) else 2)


def matrices(plan: Plan, step: Step, block: Block, shape: Shape) -> Matrices:
    """Those of a tensor or a parameter, or of a copy."""
    if not lie_anyhow(block, shape):
        return as_they_lie(block, shape)
    name = f"{block.name}, row by row"
    if isinstance(block, Tensor):
        copy = plan.block(name, size_of(shape))
        outwards(plan, step, name, block, copy)
        return in_order(copy, shape)
    return in_order(panel(plan, step, name, block, weights.row_major(shape)), shape)


def with_axis(found: Matrices, axis: int | None) -> Matrices:
    """With one more axis of size 1, −2 or −1, if that is not None: a tensor has none for a single row or column."""
    if axis is None:
        return found
    at = len(found.shape) + 1 + axis

    def steps() -> Sequence[int]:
        own = tuple(found.steps())
        return (*own[:at], 0, *own[at:])

    return Matrices(found.block, (*found.shape[:at], 1, *found.shape[at:]), steps)


@dataclass(frozen=True)
class Multiplied:
    """A product out = base + left·right of matrices that are counted by the axes `batch`, the first of them images.

    Where the result lacks one of these axes, it is the sum along it.

    Attributes:
        parts: of the inner axis, where that is one of images; each is summed from 0, and there is no base.
    """

    plan: Plan
    step: Step
    role: str
    batch: Shape
    left: Matrices
    right: Matrices
    out: Matrices
    base: Matrices | None = None
    parts: int = 1

    def lower(self) -> None:
        """Append the loops."""
        if self.right.beside and self.out.beside:
            self._lower()
        elif self.left.turned.beside and self.out.turned.beside:
            self._other_way()._lower()
        elif self.out.beside:
            replace(self, right=self._copied(self.right))._lower()
        else:
            other = self._other_way()
            replace(other, right=self._copied(other.right))._lower()

    def _other_way(self) -> Multiplied:
        """The transposed product."""
        base = None if self.base is None else self.base.turned
        return replace(self, left=self.right.turned, right=self.left.turned, out=self.out.turned, base=base)

    def _copied(self, of: Matrices) -> Matrices:
        """A copy in which the numbers of a row lie side by side; here those of a column do."""
        plan, (*before, rows, columns) = self.plan, of.shape
        copy = plan.block(f"{of.block.name}, transposed", size_of(of.shape))
        images, *others = before or [1]

        def bind() -> Work:
            list_, steps = TileList(), of.steps()
            for i, place in enumerate(np.ndindex(*others)):
                at = sum(a * b for a, b in zip(place, steps[1:-2], strict=True))
                for first, count in split(columns, simd.column_tile(plan.bits)):
                    code = Transpose(plan.bits, count, rows, steps[-1], columns)
                    out = i * rows * columns + first
                    list_.add(code, code, a=at + first * steps[-1], out=out)
                    cut_when_few(list_, images, size_of(others))
            step = steps[0] if before else 0
            stage = Stage((of.block, None, copy, None), (step, 0, size_of(of.shape) // max(1, images), 0))
            return walk(plan, list_, [stage], range(images))

        plan.loop(self.step, copy.name, tiles.walk_tiles, bind)
        return in_order(copy, of.shape)

    def _lower(self) -> None:
        if 0 in self._repeated:
            self._sum_over_images()
            return
        plan, images = self.plan, self.batch[0] if self.batch else 1

        def bind() -> Work:
            list_, pieces, start = TileList(), self._pieces, self._start
            for piece in pieces:
                code, at = self._tile(piece, start), self._places(piece)
                list_.add(code, code, at.taps, a=at.left, b=at.right, out=at.out, start=at.base)
                cut_when_few(list_, images, len(pieces))
            return walk(plan, list_, [self._stage(self.out.block)], range(images))

        products = self.step.multiply_adds(self.role)
        order = {self.role: {"parts": self.parts}} if self.parts > 1 else None
        plan.loop(self.step, self._name, tiles.walk_tiles, bind, order=order, multiply_adds=products)

    def _sum_over_images(self) -> None:
        """The same in the parts of the batch; what begins with a base has one part."""
        plan, images, size = self.plan, self.batch[0], size_of(self.out.shape)
        if size == 0:
            return
        parts = Parts.of(images, size)
        if self.base is not None:
            parts = replace(parts, edges=(0, images))
        whole = self.out.block
        sums, shared = parts.room_for(plan, whole), _shared(self._pieces, parts.ranges)
        slot = max(sum(piece.size for piece in pieces) for pieces in shared) if parts.waits else 0

        def unit(list_: TileList, pieces: Sequence[_Piece], _: int) -> None:
            place = 0
            for piece in pieces:
                first, at = self._tile(piece, self._start), self._places(piece)
                if parts.waits:
                    first = replace(first, out_rows=_multiples(piece.height, piece.width))
                out = place if parts.waits else at.out
                rest = replace(first, start="out")
                list_.add(first, rest, at.taps, a=at.left, b=at.right, out=out, start=at.base)
                place += piece.size

        def copies(list_: TileList, pieces: Sequence[_Piece]) -> None:
            list_.stage, place, row = 1, 0, self.out.steps()[-2]
            for piece in pieces if parts.waits else ():
                out = self._places(piece).out
                copy_rows(
                    list_,
                    plan.bits,
                    [(place + i * piece.width, out + i * row) for i in range(piece.height)],
                    piece.width,
                )
                place += piece.size

        def bind() -> Work:
            list_, units = TileList(), parts.units(1)
            for pieces in shared:
                list_.stage = 0
                list_calls(list_, units, partial(unit, list_, pieces), partial(copies, list_, pieces))
            place = replace(self._stage(None if parts.waits else sums), part=slot if parts.waits else size)
            end = Stage((None, None, sums, None), (0, 0, 0, 0), part=size)
            return walk_parts(plan, parts, list_, [place, end], units, (0, slot))

        plan.loop(
            self.step,
            self._name,
            loops.walk_parts,
            bind,
            order={self.role: parts.order},
            scratch=parts.slots * slot * plan.dtype.itemsize,
            multiply_adds=self.step.multiply_adds(self.role),
        )
        parts.add(plan, self.step, sums, whole)

    @property
    def _name(self) -> str:
        return f"{self.out.block.name} by {self.step.path}"

    @property
    def _start(self) -> Start:
        return "zero" if self.base is None else "base"

    @property
    def _repeated(self) -> tuple[int, ...]:
        """The axes along which the result is a sum."""
        own = self.out.shape[:-2]
        sizes = (*(1,) * (len(self.batch) - len(own)), *own)
        return tuple(axis for axis, size in enumerate(self.batch) if size != sizes[axis])

    @property
    def _pieces(self) -> list[_Piece]:
        """Pieces of all results of an image."""
        bits, (*_, rows, columns) = self.plan.bits, self.out.shape
        together = min(2, self.parts)  # parts lie side by side in the registers
        sizes = [1 if axis in self._repeated else size for axis, size in enumerate(self.batch)][1:]
        return [
            _Piece(place, row, height, column, width)
            for place in np.ndindex(*sizes)
            for column, width in blocks(columns, simd.column_tile(bits) // together)
            for row, height in split(rows, simd.register_tile(bits, width * together))
        ]

    def _stage(self, out: Block | None) -> Stage:
        """What calls count from, and the steps from image to image."""
        read = (self.left, self.right, self.out, self.base)
        left, right, to, base = (m.along(self.batch)[0] if m and self.batch else 0 for m in read)
        blocks_ = (self.left.block, self.right.block, out, None if self.base is None else self.base.block)
        return Stage(blocks_, (left, right, to, base))

    def _tile(self, piece: _Piece, start: Start) -> Tile:
        row, step = self.left.steps()[-2:]
        base = 0 if self.base is None else self.base.steps()[-2]
        return Tile(
            self.plan.bits,
            _multiples(piece.height, row),
            piece.width,
            step,
            self.right.steps()[-2],
            self.left.shape[-1],
            _multiples(piece.height, self.out.steps()[-2]),
            start,
            base_rows=_multiples(piece.height, base),
            parts=self.parts,
        )

    def _places(self, piece: _Piece) -> _Places:
        """Where a piece's numbers are read and written."""

        def at(found: Matrices | None, row: int, column: int) -> int:
            if found is None:
                return 0
            *_, by_row, by_column = found.steps()
            along = found.along(self.batch)[1:]
            place = sum(i * step for i, step in zip(piece.place, along, strict=True))
            return place + row * by_row + column * by_column

        over = [axis for axis in self._repeated if axis]
        left, right = (found.along(self.batch) for found in (self.left, self.right))
        taps = tuple(
            (
                sum(i * left[axis] for i, axis in zip(index, over, strict=True)),
                sum(i * right[axis] for i, axis in zip(index, over, strict=True)),
            )
            for index in np.ndindex(*(self.batch[axis] for axis in over))
        )
        return _Places(
            at(self.left, piece.row, 0),
            at(self.right, 0, piece.column),
            at(self.out, piece.row, piece.column),
            at(self.base, piece.row, piece.column),
            taps,
        )


class _Piece(NamedTuple):
    """Rows and columns of one result of an image, for one tile: which result, the first of each and how many."""

    place: Shape
    row: int
    height: int
    column: int
    width: int

    @property
    def size(self) -> int:
        """Its numbers."""
        return self.height * self.width


class _Places(NamedTuple):
    """Where a tile begins in an image, and how far from there what is summed lies."""

    left: int
    right: int
    out: int
    base: int
    taps: Taps


def _shared(pieces: Sequence[_Piece], ranges: int) -> list[Sequence[_Piece]]:
    """The pieces in the ranges that threads share."""
    count = min(len(pieces), ranges)
    return [pieces[first : first + n] for first, n in split(len(pieces), -(-len(pieces) // count))]


def _multiples(count: int, step: int) -> tuple[int, ...]:
    return tuple(i * step for i in range(count))
