"""The weight and bias gradients: rows are the weight's (k, c), columns output channels.

A is the input, B grad_output; taps are rows of positions, image by image. Where output channels are few, a row is
several kernel positions packed into one vector (`packed.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, product

from pellucid.derived import derived
from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.packed import CHAINS, Packing, best_packing
from pellucid.engine.lowering.parts import Parts, copy_rows, list_calls, walk_parts
from pellucid.engine.lowering.walk import Stage, View, view
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import Taps, TileList, split
from pellucid.geometry import Geometry
from pellucid.kernels import simd
from pellucid.kernels.loops import parts as loops
from pellucid.kernels.simd import Piece, Tile
from pellucid.sizes import size_of

_AHEAD = 24  # positions between what is multiplied and what is brought into the cache
_BLOCK_NUMBERS = 1 << 16  # numbers of input and grad_output that are kept in cache for all tiles
_SHORTEST = 16  # positions; for fewer, sums would leave the registers too often


def grad_weight(plan: Plan, step: Step) -> None:
    """grad_weight = Σ grad_output·input and grad_bias = Σ grad_output, part by part of the batch.

    The bias gradient is one more row of the weight's: that of an input which is 1 everywhere.
    """
    input, grad_output = plan.read(step, "input"), plan.read(step, "grad_output")
    input.widen(Geometry(layer_of(step.node, plan.bits).axes).padded)
    sum_products(plan, step, input, grad_output, bias="bias" in step.reads)


def sum_products(plan: Plan, step: Step, input: Tensor, grad_output: Tensor, *, bias: bool) -> None:
    """The gradient of the step's weight and, with `bias`, of that."""
    layer = layer_of(step.node, plan.bits)
    size = layer.weight_size + (layer.all_outputs if bias else 0)
    parts = Parts.of(input.inner[0], size)
    gradient = plan.parameter_gradient(step, "grad_weight", size)
    if bias:
        plan.part_gradient(step, "grad_bias", gradient, layer.weight_size)
    sums, made = parts.room_for(plan, gradient), _Tiles(layer, parts, bias)

    def bind() -> Work:
        x, g = view(input), view(grad_output)
        units = parts.units(_images_together(layer, min(parts.images)))
        place = Stage((input, grad_output, sums, None), (x.image, g.image, 0, 0), part=size)
        if parts.waits:
            place = replace(place, blocks=(input, grad_output, None, None), part=made.slot)
        end = Stage((None, None, sums, None), (0, 0, 0, 0), part=size)
        return walk_parts(plan, parts, made.listed(x, g, units), [place, end], units, (0, made.slot))

    plan.loop(
        step,
        sums.name,
        loops.walk_parts,
        bind,
        order=dict.fromkeys(("grad_weight", "grad_bias")[: 1 + bias], parts.order),
        scratch=parts.slots * made.slot * plan.dtype.itemsize,
        multiply_adds=step.multiply_adds("grad_weight"),
    )
    parts.add(plan, step, sums, gradient)


def _images_together(layer: Layer, common: int) -> int:
    """How many images one pass takes: as many as stay in cache, a divisor of every part's images."""
    numbers = size_of([a.input for a in layer.axes]) * layer.inputs * layer.groups
    numbers += size_of([a.output for a in layer.axes]) * layer.all_outputs
    return max(
        n for n in range(1, common + 1) if common % n == 0 and n * numbers <= max(numbers, _BLOCK_NUMBERS)
    )


def packed_kernel(layer: Layer) -> Packing | None:
    """How kernel positions are packed, if they are: their steps read positions of grad_output."""
    w = layer.axes[2]
    if layer.groups > 1 or w.stride > 1 or w.dilation > 1:  # neighbours do not read neighbours
        return None
    result = best_packing(range(w.output), -1, w.kernel, layer.outputs, layer.bits)
    lines = layer.taps // w.kernel * layer.inputs
    fits = result.positions <= w.output and len(result.starts(w.kernel)) * lines >= CHAINS
    return result if result.positions > 1 and fits else None


# A row of a tile: where it reads the input, and the row of the weight that each (k, c) in it is; None for one that is a
# part of another row, too.
Row = tuple[int | None, tuple[int | None, ...]]


@dataclass(frozen=True)
class _Block:
    """Some rows and columns of the weight, for one tile.

    Attributes:
        group: of the channels.
        column: the first of the columns, in the group.
        width: columns of a number of the weight.
        rows: the rows, several numbers in one where kernel positions are packed.
    """

    group: int
    column: int
    width: int
    rows: list[Row]

    @property
    def numbers(self) -> list[int]:
        """The rows of the weight that it makes."""
        return [number for number in self.all_numbers if number is not None]

    @property
    def all_numbers(self) -> list[int | None]:
        """The same with those that it leaves to others."""
        return [number for _, numbers in self.rows for number in numbers]


@dataclass(frozen=True)
class _Tiles:
    """The tiles of a weight gradient: for each block of output channels, all rows (k, c) of the weight."""

    layer: Layer
    parts: Parts
    bias: bool

    @derived
    def packing(self) -> Packing | None:
        """How kernel positions are packed, if they are."""
        return packed_kernel(self.layer)

    def ranges(self, x: View) -> list[list[_Block]]:
        """The blocks, in the ranges that threads share; smaller blocks where there would be too few."""
        found = self._blocks(x, simd.register_tile)
        if len(found) < self.parts.ranges:
            share = len(found) / self.parts.ranges
            found = self._blocks(x, lambda *tile: max(CHAINS, int(simd.register_tile(*tile) * share)))
        count = min(len(found), self.parts.ranges)
        return [found[i * len(found) // count : (i + 1) * len(found) // count] for i in range(count)]

    def _blocks(self, x: View, most: Callable[[int, int], int]) -> list[_Block]:
        """All blocks, of `most` rows for so many columns."""
        layer, packing, found = self.layer, self.packing, list[_Block]()
        for group, column, width in layer.column_blocks(layer.outputs):
            columns = width * (packing.positions if packing else 1)
            rows_ = _weight_rows(layer, x, most(layer.bits, columns), packing, bias=self.bias)
            found += [_Block(group, column, width, rows) for rows in rows_]
        return found

    @derived
    def slot(self) -> int:
        """The most numbers of a range, where they wait in a slot."""
        if not self.parts.waits:
            return 0
        nowhere = View(0, 0, 0, (0, 0, 0))
        return max(sum(len(b.numbers) * b.width for b in blocks_) for blocks_ in self.ranges(nowhere))

    def listed(self, x: View, g: View, units: Sequence[int]) -> TileList:
        """The calls for units of so many images."""
        result = TileList()
        whole = len(self.packing.steps) if self.packing else 0
        stretches = {images: _stretches(self.layer, x, g, images, whole) for images in units}
        for blocks_ in self.ranges(x):
            result.stage = 0

            def unit(images: int, blocks_: list[_Block] = blocks_) -> None:
                self._unit(result, blocks_, stretches[images], x, g)

            list_calls(result, units, unit, partial(self._copies, result, blocks_))
        return result

    def _unit(
        self, list_: TileList, blocks_: list[_Block], stretches: list[tuple[int, Taps]], x: View, g: View
    ) -> None:
        """Stretch by stretch, a unit's products for all blocks."""
        layer, w = self.layer, self.layer.axes[2]
        steps = (w.stride * x.strides[2], g.strides[2])
        pieces = _pieces(self.packing, layer.outputs, steps) if self.packing else ()
        corner = x.offset(layer.first_read((0, 0, 0)))
        for j, (run, taps) in enumerate(stretches):
            slot = 0
            for block in blocks_:
                origin, first = block.rows[0][0] or 0, block.numbers[0]
                o = block.group * layer.outputs + block.column
                code = Tile(
                    layer.bits,
                    tuple(None if read is None else read - origin for read, _ in block.rows),
                    block.width * len(block.rows[0][1]),
                    *steps,
                    run,
                    self._places(block),
                    # the rows that follow find grad_output in the cache
                    ahead=_AHEAD * steps[1] if first == 0 else 0,
                    pieces=pieces,
                    depthwise=layer.depthwise,
                )
                on = replace(code, start="out")
                a, out = corner + origin + block.group * layer.inputs, first * layer.all_outputs + o
                list_.add(on if j else code, on, taps, a=a, b=o, out=slot if self.parts.waits else out)
                slot += len(block.numbers) * block.width

    def _places(self, block: _Block) -> tuple[int | None, ...]:
        """Where a block's rows go, from the first of them on: side by side in a slot, else as in the weight."""
        outputs, first = self.layer.all_outputs, block.numbers[0]
        places = {
            n: i * block.width if self.parts.waits else (n - first) * outputs
            for i, n in enumerate(block.numbers)
        }
        return tuple(None if n is None else places[n] for n in block.all_numbers)

    def _copies(self, list_: TileList, blocks_: list[_Block]) -> None:
        """From the first slot to the weight's gradient, if it is there."""
        list_.stage, slot, outputs = 1, 0, self.layer.all_outputs
        if not self.parts.waits:
            return
        for block in blocks_:
            o = block.group * self.layer.outputs + block.column
            rows = [(slot + i * block.width, n * outputs + o) for i, n in enumerate(block.numbers)]
            copy_rows(list_, self.layer.bits, rows, block.width)
            slot += len(rows) * block.width


def _stretches(layer: Layer, x: View, g: View, together: int, whole: int) -> list[tuple[int, Taps]]:
    """The sum over rows of positions (image, d, h) as (run, taps): as much of it at a time as all tiles keep in cache.

    A row whose products come in pieces, `whole` in all, is not cut.
    """
    d, h, w = layer.axes
    lines = list(product(range(together), range(d.output), range(h.output)))
    numbers = layer.all_inputs * d.stride * h.stride * w.stride + layer.all_outputs
    most = max(_SHORTEST, _BLOCK_NUMBERS // numbers)

    def tap(line: tuple[int, int, int], yw: int) -> tuple[int, int]:
        n, yd, yh = line
        a = x.offset((yd * d.stride, yh * h.stride, yw * w.stride))
        return n * x.image + a, n * g.image + g.offset((yd, yh, yw))

    if not whole and w.output > most:
        return [(run, (tap(line, yw),)) for line in lines for yw, run in split(w.output, most)]
    some = max(1, most // w.output)
    starts = range(0, len(lines), some)
    return [(whole or w.output, tuple(tap(line, 0) for line in lines[i : i + some])) for i in starts]


def _pieces(packing: Packing, columns: int, steps: tuple[int, int]) -> tuple[Piece, ...]:
    """The steps along a row of positions as pieces: a number of the input, and grad_output from `at` on."""
    result = list[Piece]()
    for some, group in groupby(packing.steps, lambda step: [y is not None for y in step[1]]):
        (at, _), *others = group
        taking = tuple(i for i in range(packing.positions * columns) if some[i // columns])
        result.append(Piece(1 + len(others), (at + packing.positions - 1) * steps[0], at * steps[1], taking))
    return tuple(result)


def _weight_rows(layer: Layer, x: View, most: int, packing: Packing | None, *, bias: bool) -> list[list[Row]]:
    """The rows of the weight in tiles. The bias gradient's has None to read."""
    d, h, w = layer.axes
    c, together = layer.inputs, packing.positions if packing else 1
    starts = packing.starts(w.kernel) if packing else range(w.kernel)
    rows = list[Row]()
    for kd, kh in product(range(d.kernel), range(h.kernel)):
        new = 0  # the first kernel position along W that no row has yet
        for kw in starts:
            at = x.offset((kd * d.dilation, kh * h.dilation, kw * w.dilation))
            first = (kd * h.kernel + kh) * w.kernel
            # what meets grad_output's later position belongs to the earlier kernel position
            ks = [(first + k) * c if k >= new else None for k in range(kw + together - 1, kw - 1, -1)]
            rows += [(at + i, tuple(None if k is None else k + i for k in ks)) for i in range(c)]
            new = kw + together
    ones: list[Row] = [(None, (layer.taps * c, *(None,) * (together - 1)))] if bias else []
    if c < most:
        rows += ones
        return [rows[start : start + n] for start, n in split(len(rows), most)]
    tiles_ = [rows[t + start :][:n] for t in range(0, len(rows), c) for start, n in split(c, most)]
    return tiles_ + [ones] * bias
