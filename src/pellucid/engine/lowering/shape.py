"""Between tensors and plain memory in N C D H W order: the way in from a user's array, and the way out."""

from __future__ import annotations

from itertools import product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Symbol
from pellucid.engine.loops import Work
from pellucid.engine.lowering.pointwise import target
from pellucid.engine.lowering.walk import Stage, cut_when_few, stored, view, walk
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, split
from pellucid.kernels.loops import layout, tiles
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.simd import End, Transpose
from pellucid.sizes import size_of

_FEW = 4  # channels of pictures: for these, loops along the row are longer than a pixel


def ingest(plan: Plan, symbol: Symbol) -> None:
    """Make the buffer of an input: labels lie as they are, numbers are brought into channels-last order.

    They are read from where the caller's array lies, contiguous and of the plan's type.
    """
    if symbol.dtype.kind != "f":
        plan.last(plan.put(symbol, plan.block(symbol.name, size_of(symbol.shape), "int64")))
        return
    tensor = plan.tensor(symbol.name, symbol.shape)
    plan.put(symbol, tensor)
    array = plan.taken_in(symbol)

    def copy() -> Work:
        images = tensor.inner[0]
        per_chunk = max(1, images // CHUNKS)
        table = layout.FromPublic(array, target(tensor), Sizes(*tensor.inner), per_chunk)
        return Work(-(-images // per_chunk), table)

    def transpose() -> Work:
        list_, here = _inwards(plan, tensor), view(tensor)
        stage = Stage((array, None, tensor, None), (_image(tensor), 0, here.image, 0))
        return walk(plan, list_, [stage], range(here.images))

    few = tensor.inner[4] <= _FEW
    plan.loop(None, symbol.name, *((layout.from_public, copy) if few else (tiles.walk_tiles, transpose)))


def egest(plan: Plan, tensor: Block) -> None:
    """Let every run write a result to a new array.

    Whole numbers, and what has no axes behind the channels and so lies as the caller wants it, are copied.
    """
    if not isinstance(tensor, Tensor) or tensor.dtype.kind != "f" or len(tensor.shape) < 3:
        return
    array = plan.handed_out(tensor)

    def bind() -> Work:
        stage = Stage((tensor, None, array, None), (view(tensor).image, 0, _image(tensor), 0))
        return walk(plan, _outwards(plan, tensor), [stage], range(tensor.inner[0]))

    plan.loop(None, array.name, tiles.walk_tiles, bind)


def outwards(plan: Plan, step: Step, name: str, x: Tensor, y: Block) -> None:
    """A loop that copies a tensor to plain memory in N C D H W order."""

    def bind() -> Work:
        stage = Stage((x, None, y, None), (view(x).image, 0, _image(x), 0))
        return walk(plan, _outwards(plan, x), [stage], range(x.inner[0]))

    plan.loop(step, name, tiles.walk_tiles, bind)


def inwards(plan: Plan, step: Step, name: str, y: Block, out: Tensor, base: Tensor | None = None) -> None:
    """A loop that copies plain memory in N C D H W order to a tensor, and adds to it what a base holds."""

    def bind() -> Work:
        stage = Stage((y, None, out, base), (_image(out), 0, view(out).image, view(base or out).image))
        return walk(plan, _inwards(plan, out, base), [stage], range(out.inner[0]))

    plan.loop(step, name, tiles.walk_tiles, bind)


def _outwards(plan: Plan, tensor: Tensor) -> TileList:
    """One image of a tensor to N C D H W order."""
    here, plane, result = view(tensor), size_of(tensor.inner[1:4]), TileList()
    runs = _runs(tensor)
    for position, first, count in runs:
        code = Transpose(plan.bits, count, here.channels, here.channels, plane)
        result.add(code, code, a=here.offset(position), out=first)
        cut_when_few(result, here.images, len(runs))
    return result


def _inwards(plan: Plan, tensor: Tensor, base: Tensor | None = None) -> TileList:
    """One image of a tensor from N C D H W order; to it is added what the base holds in its place."""
    here, there = stored(plan, tensor), view(base or tensor)
    plane, result = size_of(tensor.inner[1:4]), TileList()
    end: End = "base" if base else "nothing"
    runs = _runs(tensor, base or tensor)
    for position, first, count in runs:
        step = here.channels
        code = Transpose(plan.bits, step, count, plane, step, end, step, past=here.past and base is None)
        result.add(code, code, a=first, out=here.offset(position), start=there.offset(position))
        cut_when_few(result, here.images, len(runs))
    return result


def _image(tensor: Tensor) -> int:
    """Numbers in an image in N C D H W order."""
    return size_of(tensor.inner[1:])


def _runs(*tensors: Tensor) -> list[tuple[tuple[int, int, int], int, int]]:
    """Positions that lie side by side in all these tensors: where a run begins, how many are before it and in it.

    With few images there are several runs in any case, for threads to share.
    """
    images, depth, height, width, _ = tensors[0].inner
    if 0 in (depth, height, width):
        return []
    if all(tensor.halo == [[0, 0]] * 3 for tensor in tensors):
        positions = depth * height * width
        parts = split(positions, positions if images >= CHUNKS else -(-positions // CHUNKS))
        return [((0, 0, first), first, count) for first, count in parts]
    return [((d, h, 0), (d * height + h) * width, width) for d, h in product(range(depth), range(height))]
