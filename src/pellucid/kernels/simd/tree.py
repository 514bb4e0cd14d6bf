"""Sums over a batch in a tile's registers, where an image gives each sum one product: the linear layer's.

The parts of the batch (`batch.py` of the package) are summed two at a time, side by side in registers. A pair's sum
waits for its right half on the stack; behind an odd pair both halves are there. So sums of few products leave the
registers once for two parts, and the code is as long for many parts as for few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.emit import I64, Emitter, Registers, int64

Places = tuple[Any, Any]  # in A and in B
Products = Callable[[Places, int, Registers], Registers]  # the products of image j from there on


@dataclass(frozen=True)
class Batch:
    """A batch in two or more parts, a power of two; `steps` are those of A and B from image to image."""

    images: int
    parts: int
    steps: tuple[int, int]
    unroll: int  # products of a sum in a round of the loop, a divisor of the shortest part's images

    def sums(self, e: Emitter, start: Places, zeros: Registers, products: Products) -> Registers:
        """The sums over all images."""
        levels, rows, vectors = (self.parts // 2).bit_length(), len(zeros), len(zeros[0])
        with e.b.goto_entry_block():
            stack = e.b.alloca(e.vector, levels * rows * vectors)

        def cells(level: Any) -> list[list[Any]]:
            first = e.ahead(stack, e.b.mul(level, int64(rows * vectors)))
            return [[e.ahead(first, m * vectors + v) for v in range(vectors)] for m in range(rows)]

        def pair(k: Any, _: Registers) -> Registers:
            total = self._pair(e, k, start, zeros, products)
            waiting, complete = _ones(e, k), _ones_at_the_end(e, k)

            def left(i: Any, right: Registers) -> Registers:
                at = cells(e.b.sub(e.b.sub(waiting, int64(1)), i))
                return [
                    [e.b.fadd(e.b.load(c), x) for c, x in zip(*row, strict=True)]
                    for row in zip(at, right, strict=True)
                ]

            some = e.b.icmp_signed(">", complete, int64(0))
            total = e.when(some, total, lambda: e.loop(complete, total, left))
            for row in zip(cells(e.b.sub(waiting, complete)), total, strict=True):
                for cell, value in zip(*row, strict=True):
                    e.b.store(value, cell)
            return total

        return e.loop(int64(self.parts // 2), zeros, pair)

    def _pair(self, e: Emitter, k: Any, start: Places, zeros: Registers, products: Products) -> Registers:
        """The sum of the parts 2k and 2k + 1."""
        shortest, rows = self.images // self.parts, len(zeros)
        begins = [self._edge(e, e.b.add(e.b.mul(k, int64(2)), int64(i))) for i in range(3)]
        places = [self._later(e, start, begin) for begin in begins[:2]]
        cells = [tuple(map(e.moving, place)) for place in places]

        def images(_: Any, sums: Registers) -> Registers:
            now = [(e.b.load(a), e.b.load(b)) for a, b in cells]
            halves = [sums[:rows], sums[rows:]]
            for j in range(self.unroll):
                halves = [products(at, j, half) for at, half in zip(now, halves, strict=True)]
            for place, pointers in zip(now, cells, strict=True):
                for pointer, cell in zip(self._later(e, place, int64(self.unroll)), pointers, strict=True):
                    e.b.store(pointer, cell)
            return [*halves[0], *halves[1]]

        sums = e.loop(int64(shortest // self.unroll), [*zeros, *zeros], images)
        halves = [sums[:rows], sums[rows:]]
        if self.images % self.parts:
            halves = [
                self._longer(e, begins[i : i + 2], places[i], half, products) for i, half in enumerate(halves)
            ]
        return [[e.b.fadd(x, y) for x, y in zip(*row, strict=True)] for row in zip(*halves, strict=True)]

    def _longer(
        self, e: Emitter, edges: list[Any], place: Places, sums: Registers, products: Products
    ) -> Registers:
        """One more image, if the part between two edges has one."""
        shortest = int64(self.images // self.parts)
        longer = e.b.icmp_signed(">", e.b.sub(edges[1], edges[0]), shortest)
        return e.when(longer, sums, lambda: products(self._later(e, place, shortest), 0, sums))

    def _edge(self, e: Emitter, part: Any) -> Any:
        """The first image of a part."""
        return e.b.lshr(e.b.mul(part, int64(self.images)), int64(self.parts.bit_length() - 1))

    def _later(self, e: Emitter, place: Places, images: Any) -> Places:
        a, b = (e.ahead(x, e.b.mul(images, int64(step))) for x, step in zip(place, self.steps, strict=True))
        return a, b


def _ones(e: Emitter, number: Any) -> Any:
    """How many binary digits of a number are 1: so many sums wait when its pair begins."""
    return e.b.call(e.intrinsic("llvm.ctpop.i64", ir.FunctionType(I64, [I64])), [number])


def _ones_at_the_end(e: Emitter, number: Any) -> Any:
    """How many of the last ones: so many right halves are complete behind its pair."""
    kind = ir.FunctionType(I64, [I64, ir.IntType(1)])
    return e.b.call(e.intrinsic("llvm.cttz.i64", kind), [e.b.not_(number), ir.Constant(ir.IntType(1), 0)])
