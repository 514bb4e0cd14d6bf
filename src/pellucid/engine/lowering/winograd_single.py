"""Winograd's convolution of a single image, or of a few small ones: one launch, in which threads share nothing.

What one core has written comes slowly to another, and here that would be much of the work. So a thread takes some
output channels and does for them all that there is to do: it transforms the tiles for itself, then the weight, makes
the products and transforms back. Where output channels are too few to share out, it takes some of the tiles. With a
handful of tiles each transformed weight is used at once (`kernels/simd/few.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from pellucid.engine.loops import Work
from pellucid.engine.lowering.walk import Stage, walk
from pellucid.engine.lowering.winograd import Grid, Planes, Position
from pellucid.engine.lowering.winograd_conv import PART, Convolution
from pellucid.engine.tiling import TileList, split
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd.few import INPUTS, FewTiles, Product, most_tiles
from pellucid.winograd import Pair, Scheme

_NUMBERS = 1 << 12  # tiles times input channels, at most: transformed, they stay in a core's cache
_PANELS = 4  # blocks of output channels that a thread takes at a time, at most
_SHARES = 2  # into so many the work is cut, at least
_SOURCE, _WEIGHT, _PRODUCT, _BACK = range(4)  # stages


def lower(conv: Convolution) -> None:
    """Write a convolution's loops: one, where there is so little to transform that every thread had better do it."""
    whole = conv.target.grid(conv.source.tensor.inner[0])
    if len(whole.tiles) * conv.inputs <= _NUMBERS:
        conv.source.widen(conv.target.grid(1))
        Single(conv, whole).lower()
    else:
        conv.lower()


@dataclass(frozen=True)
class Single:
    """A convolution of so few images, and all their tiles."""

    conv: Convolution
    grid: Grid

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Blocks of output channels, in shares: (first, how many)."""
        panels = len(self.conv.panels)
        return split(panels, max(1, min(_PANELS, panels // _SHARES)))

    @property
    def groups(self) -> list[tuple[int, int]]:
        """Tiles, in shares if output channels are not; but sums over an image belong to one thread."""
        count = len(self.grid.tiles)
        whole = len(self.ranges) > 1 or self.conv.target.moments is not None
        return split(count, count if whole else -(-count // _SHARES))

    @property
    def few(self) -> bool:
        """Whether transformed weights are used at once."""
        conv, bits = self.conv, self.conv.plan.bits
        whole = all(count % INPUTS == 0 for _, count in self.parts)
        whole &= conv.outputs % simd.vector_lanes(bits) == 0
        in_rows = all(step == conv.outputs for _, step in conv.weight.places)
        return whole and in_rows and self.groups[0][1] <= most_tiles(bits)

    @property
    def parts(self) -> list[tuple[int, int]]:
        """Input channels in parts, which only shows in sums over several pairs of points for each channel."""
        alone = len(self.conv.scheme.right.pairs) == 1
        return split(self.conv.inputs, self.conv.inputs if alone else PART)

    @property
    def values(self) -> Planes:
        """Where a thread has its tiles at the points."""
        return Planes.of(self.conv.scheme.left.points, self.groups[0][1], self.conv.inputs)

    @property
    def results(self) -> Planes:
        """The products: of one block of output channels, or of all that a thread takes."""
        columns = self.conv.panels[0][1] * (self.ranges[0][1] if self.few else 1)
        return Planes.of(self.conv.scheme.result.points, self.groups[0][1], columns, self.values.end)

    @property
    def weights(self) -> Planes:
        """Part of the weight at the points."""
        rows, columns = split(self.conv.inputs, PART)[0][1], self.conv.panels[0][1]
        return Planes.of(self.conv.scheme.right.points, rows, columns, self.results.end)

    def lower(self) -> None:
        """Write the launch."""
        conv, plan, weight = self.conv, self.conv.plan, self.conv.weight.block

        def bind() -> Work:
            list_ = TileList()
            for (first, panels), (begin, count) in product(self.ranges, self.groups):
                group = self.grid.tiles[begin : begin + count]
                list_.stage = _SOURCE
                conv.source.into_planes(list_, group, self.values, plan.bits)
                if self.few:
                    self._add_few(list_, conv.panels[first : first + panels], group)
                for panel in range(first, first + panels) if not self.few else ():
                    self._add_panel(list_, panel, group)
                list_.cut()
            stages = [
                conv.source.stage(None, 1),
                Stage((weight, None, None, None), (0, 0, 0, 0)),
                Stage((None, weight if self.few else None, None, None), (0, 0, 0, 0)),
                conv.target.stage(1),
            ]
            return walk(plan, list_, stages, range(1))

        scratch = self.weights.end * plan.dtype.itemsize
        more = {"scratch": scratch, "multiply_adds": conv.multiply_adds}
        plan.loop(conv.step, conv.label, tiles.walk_tiles, bind, order=conv.order, **more)

    def _add_few(self, list_: TileList, panels: Sequence[tuple[int, int]], group: Sequence[Position]) -> None:
        """The calls for some blocks of output channels, all at once."""
        conv, values, results = self.conv, self.values, self.results
        first, columns = panels[0][0], sum(width for _, width in panels)
        steps = (3 * conv.inputs * conv.outputs, conv.inputs * conv.outputs)
        list_.stage = _PRODUCT
        for (c, inputs), (i, pair) in product(self.parts, enumerate(conv.scheme.right.pairs)):
            code = FewTiles(
                conv.plan.bits,
                columns,
                inputs,
                len(group),
                pair.kinds,
                products_of(conv.scheme, pair),
                (*pair.steps(steps), conv.outputs),
                (values.step, values.columns),
                (results.step, results.columns),
                0 if c or i else conv.scheme.result.points**2,
            )
            b = first + c * conv.outputs + pair.offset(steps)
            list_.add(code, code, a=values.start + c, b=b, out=results.start, start=results.end)
        list_.stage = _BACK
        conv.target.from_planes(list_, self.grid, group, (first, columns), results)

    def _add_panel(self, list_: TileList, panel: int, group: Sequence[Position]) -> None:
        """The calls for one block of output channels: the weight part by part, with its products."""
        conv, values, results = self.conv, self.values, self.results
        for part in split(conv.inputs, PART):
            list_.stage = _WEIGHT
            conv.add_weight(list_, panel, part, self.weights)
            list_.stage = _PRODUCT
            conv.add_products(list_, panel, values.later(part[0]), self.weights, results, len(group), part)
        list_.stage = _BACK
        conv.target.from_planes(list_, self.grid, group, conv.panels[panel], results)


def products_of(scheme: Scheme, pair: Pair) -> tuple[Product, ...]:
    """The products of a pair of the weight's phases: its own point, that of the input, that of the result."""
    size = scheme.right.points
    begin = divmod(pair.point, size)
    found = []
    for point, factors in enumerate(scheme.products):
        for left, right in factors:
            i, j = (at - first for at, first in zip(divmod(right, size), begin, strict=True))
            if i in range(pair.h.points) and j in range(pair.w.points):
                found.append(((i, j), left, point))
    return tuple(found)
