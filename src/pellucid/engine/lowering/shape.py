"""What only moves numbers: flatten, and the way in from a user's array."""

from __future__ import annotations

from itertools import product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.lowering.walk import FIRST_STAGE, Stage, cut_when_few, stored, view, walk
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList, split
from pellucid.errors import ArgumentError
from pellucid.kernels.loops import layout, tiles
from pellucid.kernels.simd import End, Turn
from pellucid.ops.flatten import Flatten
from pellucid.sizes import size_of

_FEW = 4  # channels of pictures: for these, loops along the row are longer than a pixel


def ingest(plan: Plan, symbol: Symbol) -> None:
    """Make the buffer of an input: labels lie as they are, numbers are brought into channels-last order.

    The caller writes the address of his array, contiguous and of the plan's type, into the launch's n before each run.
    """
    if symbol.dtype.kind != "f":
        labels = plan.values[symbol] = plan.block(symbol.name, size_of(symbol.shape), "int64")
        plan.lasting.add(labels)
        return
    tensor = plan.values[symbol] = plan.tensor(symbol.name, symbol.shape)

    few = tensor.inner[4] <= _FEW

    def copy() -> Tables:
        images = tensor.inner[0]
        per_chunk = max(1, images // CHUNKS)
        return Tables(-(-images // per_chunk), (tensor,), (0, *tensor.inner, per_chunk, *tensor.strides[:3]))

    def turn() -> Tables:
        list_, here = _inwards(plan, tensor), view(tensor)
        stage = Stage((None, None, tensor, None), (_image(tensor), 0, here.image, 0))
        return walk(plan, list_, [stage], range(here.images))

    plan.launch(symbol.name, *((layout.from_public, copy) if few else (tiles.walk_tiles, turn)))
    plan.ingests[symbol] = plan.launches[-1], 0 if few else FIRST_STAGE


def egest(plan: Plan, tensor: Block) -> None:
    """Let every run write a result to a new array, whose address the caller writes into the launch's n.

    Whole numbers, and what has no axes behind the channels and so lies as the caller wants it, are copied.
    """
    if not isinstance(tensor, Tensor) or tensor.dtype.kind != "f" or len(tensor.shape) < 3:
        return

    def bind() -> Tables:
        stage = Stage((tensor, None, None, None), (view(tensor).image, 0, _image(tensor), 0))
        return walk(plan, _outwards(plan, tensor), [stage], range(tensor.inner[0]))

    plan.launch(f"{tensor.name}, for the caller", tiles.walk_tiles, bind)
    plan.egests[tensor] = plan.launches[-1], FIRST_STAGE + 2


def flatten_forward(plan: Plan, node: Node) -> None:
    """(N,C,…) → (N, C·…) in N C D H W order."""
    op, input = node.op, node.operands[0]
    assert isinstance(op, Flatten)
    assert input is not None
    if op.start_dim != 1 or op.end_dim not in (-1, input.ndim - 1):
        raise ArgumentError(
            "flatten",
            "in a network the axes behind the batch become one",
            expected="start_dim=1, end_dim=-1",
            got=f"start_dim={op.start_dim}, end_dim={op.end_dim}",
        )
    x, y = plan.value(input), plan.output(node)

    def bind() -> Tables:
        stage = Stage((x, None, y, None), (view(x).image, 0, _image(x), 0))
        return walk(plan, _outwards(plan, x), [stage], range(x.inner[0]))

    plan.launch(node.output.name, tiles.walk_tiles, bind)


def flatten_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """The same numbers in the old order."""
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        stage = Stage(
            (grad_output, None, out, base), (_image(out), 0, view(out).image, view(base or out).image)
        )
        return walk(plan, _inwards(plan, out, base), [stage], range(out.inner[0]))

    plan.launch(f"{out.name} by {node.path}", tiles.walk_tiles, bind)


def _outwards(plan: Plan, tensor: Tensor) -> TileList:
    """One image of a tensor to N C D H W order."""
    here, plane, result = view(tensor), size_of(tensor.inner[1:4]), TileList()
    runs = _runs(tensor)
    for position, first, count in runs:
        code = Turn(plan.bits, count, here.channels, here.channels, plane)
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
        code = Turn(plan.bits, step, count, plane, step, end, step, past=here.past and base is None)
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
