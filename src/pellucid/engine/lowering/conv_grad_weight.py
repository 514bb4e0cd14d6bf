"""The weight and bias gradients: rows are the weight's (k, c), columns output channels.

A is the input, B grad_output; taps are rows of positions, image by image. Where output channels are few, a row is
several kernel positions packed into one vector (`packed.py`).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.layer import Layer, layer_of
from pellucid.engine.lowering.packed import CHAINS, Packing, best_packing
from pellucid.engine.lowering.walk import Stage, View, view, walk
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import Taps, TileList, blocks, split
from pellucid.geometry import Geometry
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import Piece, Tile
from pellucid.sizes import size_of

_MOST_PARTS = 8  # with fewer, each part's tiles are cut into ranges that threads share
_PART_NUMBERS = 1 << 20  # most numbers in all partial weight gradients of a layer together
_AHEAD = 24  # positions between what is multiplied and what is brought into the cache
_BLOCK_NUMBERS = 1 << 16  # numbers of input and grad_output that are kept in cache for all tiles
_SHORTEST = 16  # positions; for fewer, sums would leave the registers too often


def grad_weight(plan: Plan, step: Step) -> None:
    """grad_weight = Σ grad_output·input and grad_bias = Σ grad_output: parts of fixed images, added in order.

    The bias gradient is one more row of the weight's: that of an input which is 1 everywhere.
    """
    input, grad_output = plan.read(step, "input"), plan.read(step, "grad_output")
    input.widen(Geometry(layer_of(step.node, plan.bits).axes).padded)
    sum_products(plan, step, input, grad_output, bias="bias" in step.reads)


def sum_products(plan: Plan, step: Step, input: Tensor, grad_output: Tensor, *, bias: bool) -> None:
    """The gradient of the step's weight and, with `bias`, of that."""
    layer, images = layer_of(step.node, plan.bits), input.inner[0]
    size = layer.weight_size + (layer.all_outputs if bias else 0)
    parts = parts_of(images, size)
    per_part = images // parts
    gradient = plan.parameter_gradient(step, "grad_weight", size)
    if bias:
        plan.part_gradient(step, "grad_bias", gradient, layer.weight_size)
    partial = gradient if parts == 1 else plan.block(f"{gradient.name}, parts", size * parts)

    def bind() -> Work:
        x, g = view(input), view(grad_output)
        together = _images_together(layer, per_part)
        ranges = 1 if parts >= _MOST_PARTS else CHUNKS // parts
        tiles_ = grad_weight_tiles(layer, x, g, together, ranges, bias=bias)
        per_unit = (x.image * together, g.image * together, 0, 0)
        stage = Stage((input, grad_output, partial, partial), per_unit, part=size)
        return walk(plan, tiles_, [stage], range(images // together), per_part // together)

    sums = ("grad_weight", "grad_bias") if bias else ("grad_weight",)
    order = {of: {"images_per_part": per_part} for of in sums}
    products = step.multiply_adds("grad_weight")
    plan.loop(step, partial.name, tiles.walk_tiles, bind, order=order, multiply_adds=products)
    if parts > 1:
        add_parts(plan, step, partial, parts, gradient)


def add_parts(plan: Plan, step: Step, parts: Block, count: int, out: Block) -> None:
    """out = the sum of `count` parts that lie one behind the other in `parts`."""
    chunk = -(-out.size // CHUNKS)
    work = Work(-(-out.size // chunk), tiles.AddParts(parts, out, count, out.size, chunk))
    plan.loop(step, out.name, tiles.add_parts, lambda: work)


def parts_of(images: int, size: int) -> int:
    """How many parts: a divisor of the images, so that all are alike and threads end together."""
    most = max(1, min(images, _MOST_PARTS, _PART_NUMBERS // size))
    return max(n for n in range(1, most + 1) if images % n == 0)


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


def grad_weight_tiles(layer: Layer, x: View, g: View, together: int, ranges: int, *, bias: bool) -> TileList:
    """The tiles of `together` images: for each block of output channels, all rows (k, c) of the weight."""
    result = TileList()
    d, h, w = layer.axes
    corner = x.offset(layer.first_read((0, 0, 0)))
    steps = (w.stride * x.strides[2], g.strides[2])
    packing = packed_kernel(layer)
    pieces = _pieces(packing, layer.outputs, steps) if packing else ()
    lines = product(range(together), range(d.output), range(h.output))
    stretches = _stretches(layer, x, g, list(lines), sum(piece.length for piece in pieces))
    calls = []
    for group, column, columns in layer.column_blocks(layer.outputs):
        o = group * layer.outputs + column
        columns *= packing.positions if packing else 1
        for rows in _weight_rows(layer, x, simd.register_tile(layer.bits, columns), packing, bias=bias):
            origin, first = rows[0][0] or 0, rows[0][1][0]
            reads = tuple(None if read is None else read - origin for read, _ in rows)
            outs = tuple((row - first) * layer.all_outputs for _, numbers in rows for row in numbers)
            # The rows that follow find grad_output in the cache.
            ahead = _AHEAD * steps[1] if first == 0 else 0
            codes = {
                run: Tile(
                    layer.bits, reads, columns, *steps, run, outs,
                    ahead=ahead, pieces=pieces, depthwise=layer.depthwise,
                )
                for run, _ in stretches
            }  # fmt: skip
            out = first * layer.all_outputs + o
            calls.append((codes, corner + origin + group * layer.inputs, o, out))
    for i in range(ranges):
        mine = calls[i * len(calls) // ranges : (i + 1) * len(calls) // ranges]
        for j, (run, taps) in enumerate(stretches):
            for codes, a, b, out in mine:
                on = replace(codes[run], start="out")
                result.add(on if j else codes[run], on, taps, a=a, b=b, out=out)
        result.cut()
    return result


def _stretches(
    layer: Layer, x: View, g: View, lines: list[tuple[int, int, int]], whole: int
) -> list[tuple[int, Taps]]:
    """The sum over rows of positions (image, d, h) as (run, taps): as much of it at a time as all tiles keep in cache.

    A row whose products come in pieces, `whole` in all, is not cut.
    """
    d, h, w = layer.axes
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


def bias_tiles(list_: TileList, layer: Layer, g: View, together: int) -> None:
    """The bias gradient alone, of `together` images: one row of ones for each block of output channels."""
    d, h, w = layer.axes
    lines = product(range(together), range(d.output), range(h.output))
    taps = tuple((0, n * g.image + g.offset((yd, yh, 0))) for n, yd, yh in lines)
    for o, columns in blocks(layer.all_outputs, simd.column_tile(layer.bits)):
        zero = Tile(layer.bits, (None,), columns, 0, g.strides[2], w.output, (0,))
        list_.add(zero, replace(zero, start="out"), taps, a=0, b=o, out=layer.weight_size + o)


# A row of a tile: where it reads the input, and the number in the weight of each (k, c) in it.
Row = tuple[int | None, tuple[int, ...]]


def _weight_rows(layer: Layer, x: View, most: int, packing: Packing | None, *, bias: bool) -> list[list[Row]]:
    """The rows of the weight in tiles. The bias gradient's has None to read; if packed, its parts are all the same."""
    d, h, w = layer.axes
    c, together = layer.inputs, packing.positions if packing else 1
    starts = packing.starts(w.kernel) if packing else range(w.kernel)
    rows = list[Row]()
    for kd, kh, kw in product(range(d.kernel), range(h.kernel), starts):
        at = x.offset((kd * d.dilation, kh * h.dilation, kw * w.dilation))
        first = ((kd * h.kernel + kh) * w.kernel + kw) * c
        # what meets grad_output's later position belongs to the earlier kernel position
        ks = range(together - 1, -1, -1)
        rows += [(at + i, tuple(first + k * c + i for k in ks)) for i in range(c)]
    ones: list[Row] = [(None, (layer.taps * c,) * together)] if bias else []
    if c < most:
        rows += ones
        return [rows[start : start + n] for start, n in split(len(rows), most)]
    tiles_ = [rows[t + start :][:n] for t in range(0, len(rows), c) for start, n in split(c, most)]
    return tiles_ + [ones] * bias
