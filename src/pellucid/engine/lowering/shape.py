"""What only moves numbers: flatten, and the way in from a user's array."""

from __future__ import annotations

from itertools import product

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.lowering.walk import FIRST_STAGE, Stage, view, walk
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.engine.tiling import TileList
from pellucid.errors import ArgumentError
from pellucid.geometry import size_of
from pellucid.kernels import layout, tiles
from pellucid.kernels.simd import Turn
from pellucid.ops.flatten import Flatten

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
        here, plane, list_ = view(tensor), size_of(tensor.inner[1:4]), TileList()
        for position, first, count in _runs(tensor):
            code = Turn(plan.bits, here.channels, count, plane, here.channels, past=here.past)
            list_.add(code, code, a=first, out=here.offset(position))
        stage = Stage((None, None, tensor, None), (here.channels * plane, 0, here.image, 0))
        return walk(plan, list_, [stage], range(here.images))

    plan.launch(symbol.name, *((layout.from_public, copy) if few else (tiles.walk_tiles, turn)))
    plan.ingests[symbol] = plan.launches[-1], 0 if few else FIRST_STAGE


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
        here, plane, list_ = view(x), size_of(x.inner[1:4]), TileList()
        for position, first, count in _runs(x):
            turn = Turn(plan.bits, count, here.channels, here.channels, plane)
            list_.add(turn, turn, a=here.offset(position), out=first)
        stage = Stage((x, None, y, None), (here.image, 0, here.channels * plane, 0))
        return walk(plan, list_, [stage], range(here.images))

    plan.launch(node.output.name, tiles.walk_tiles, bind)


def flatten_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """The same numbers in the old order."""
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        here, plane, list_ = view(out), size_of(out.inner[1:4]), TileList()
        there = view(base or out)
        for position, first, count in _runs(out, base or out):
            turn = Turn(
                plan.bits,
                here.channels,
                count,
                plane,
                here.channels,
                "base" if base else "nothing",
                here.channels,
            )
            list_.add(turn, turn, a=first, out=here.offset(position), start=there.offset(position))
        stage = Stage((grad_output, None, out, base), (here.channels * plane, 0, here.image, there.image))
        return walk(plan, list_, [stage], range(here.images))

    plan.launch(f"{out.name} by {node.path}", tiles.walk_tiles, bind)


def _runs(*tensors: Tensor) -> list[tuple[tuple[int, int, int], int, int]]:
    """Positions that lie side by side in all these tensors: where a run begins, how many are before it and in it."""
    depth, height, width = tensors[0].inner[1:4]
    if all(tensor.halo == [[0, 0]] * 3 for tensor in tensors):
        return [((0, 0, 0), 0, depth * height * width)]
    return [((d, h, 0), (d * height + h) * width, width) for d, h in product(range(depth), range(height))]
