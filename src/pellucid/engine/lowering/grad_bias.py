"""The gradient of a bias by itself: grad_output summed over images and positions, as products with 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering.parts import Parts, copy, list_calls, walk_parts
from pellucid.engine.lowering.walk import Stage, view
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, blocks
from pellucid.kernels import simd
from pellucid.kernels.loops import parts as loops
from pellucid.kernels.simd import Tile


def add_ones(list_: TileList, bits: int, grad_output: Tensor, images: int, out: int) -> None:
    """The sums of some images: a row of ones for each block of channels."""
    g, (_, depth, height, width, channels) = view(grad_output), grad_output.inner
    lines = product(range(images), range(depth), range(height))
    taps = tuple((0, n * g.image + g.offset((d, h, 0))) for n, d, h in lines)
    for o, columns in blocks(channels, simd.column_tile(bits)):
        zero = Tile(bits, (None,), columns, 0, g.strides[2], width, (0,))
        list_.add(zero, replace(zero, start="out"), taps, a=0, b=o, out=out + o)


def grad_bias(
    plan: Plan, step: Step, whole: Block, stage: Callable[[], Stage], add: Callable[[TileList], None]
) -> None:
    """Loops that fill a block with a bias gradient: `add` appends what sums an image, from the stage's blocks."""
    parts = Parts.of(step.reads["grad_output"].shape[0], whole.size)
    sums, bits = parts.room_for(plan, whole), plan.bits

    def bind() -> Work:
        list_ = TileList()

        def copied() -> None:
            list_.stage = 1
            if parts.waits:
                copy(list_, bits, 0, whole.size)

        list_calls(list_, parts.units(1), lambda _: add(list_), copied)
        a, b, *_ = stage().blocks
        place = replace(stage(), blocks=(a, b, None if parts.waits else sums, None), part=whole.size)
        end = Stage((None, None, sums, None), (0, 0, 0, 0), whole.size)
        return walk_parts(plan, parts, list_, [place, end], parts.units(1), (0, whole.size))

    scratch = parts.slots * whole.size * plan.dtype.itemsize
    plan.loop(step, sums.name, loops.walk_parts, bind, order={"grad_bias": parts.order}, scratch=scratch)
    parts.add(plan, step, sums, whole)
