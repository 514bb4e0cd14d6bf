"""Padding and interpolation: tables of what each axis reads, for one loop over rows (`kernels/loops/resample.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import source, target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.errors import ShapeError, say
from pellucid.kernels.loops import resample
from pellucid.kernels.loops.lists import Axes, Lists
from pellucid.kernels.loops.rows import Rows
from pellucid.ops.base import Shape
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.pad import Pad
from pellucid.ops.resampling import Resampling, Spread


@registry.forward(Interpolate, Pad)
def forward(plan: Plan, step: Step) -> None:
    """Copies where every output is one input element or a constant, else weighted sums."""
    op, input = _of(step.node)
    if isinstance(op, Pad) and len(op.pad) > 2 * (len(input) - 2):
        raise ShapeError(
            op.name,
            "in a network only the axes behind the channels are padded",
            expected=say(
                "at most {most} widths for input {input}", most=2 * max(0, len(input) - 2), input=input
            ),
            got=f"pad={op.pad}",
        )
    x, y = plan.read(step, "input"), plan.output(step)
    spreads = along_three(op.spreads(input))
    copies = all(spread.copies for spread in spreads)
    constant = (op.value or 0.0) if isinstance(op, Pad) else 0.0

    def bind() -> Work:
        chunks, walked = every_row(y)
        runs, lists = _runs(spreads)
        last = runs, axes(lists), y.inner[4], float(constant)
        return Work(chunks, resample.Pick(walked, source(x), target(y), *last))

    if copies:
        plan.loop(step, f"{step.path}.output", resample.pick, bind)
    else:
        plan.loop(step, f"{step.path}.output", resample.spread, lambda: _spread(x, y, None, spreads))


@registry.backward(Interpolate, Pad)
def backward(plan: Plan, step: Step) -> None:
    """The same tables transposed: each input element sums over the outputs that read it."""
    grad_output = plan.read(step, "grad_output")
    op, input = _of(step.node)
    out, base = plan.gradient(step)
    spreads = along_three(op.directed("grad_input", input))

    label = f"{out.name} by {step.path}"
    plan.loop(step, label, resample.spread, lambda: _spread(grad_output, out, base, spreads))


def _of(node: Node) -> tuple[Resampling, Shape]:
    op, input = node.op, node.operands[0]
    assert isinstance(op, Resampling)
    assert input is not None
    return op, input.shape


def along_three(spreads: Sequence[Spread]) -> list[Spread]:
    """Along D, H and W; an axis that is not there has one position, which stays."""
    return [Spread((((0, 1.0),),), 1)] * (3 - len(spreads)) + list(spreads)


def every_row(out: Tensor) -> tuple[int, Rows]:
    """How many chunks, and the rows of a result: one by one, also where no halo parts them."""
    images, depth, height, width, channels = out.inner
    per_chunk = max(1, images * depth * height // CHUNKS)
    return -(-images * depth * height // per_chunk), Rows(per_chunk, images, depth, height, width * channels)


def axes(spreads: Sequence[Spread]) -> Axes:
    """Which positions results read along D, H and W."""
    return Axes(*map(_lists, spreads))


def _lists(spread: Spread) -> Lists:
    begins = np.cumsum([0, *map(len, spread.rows)], dtype=np.int64)
    return Lists(begins, np.array([i for row in spread.rows for i, _ in row], np.int64))


def _spread(x: Tensor, out: Tensor, base: Tensor | None, spreads: Sequence[Spread]) -> Work:
    """Weighted sums, on top of a base."""
    chunks, walked = every_row(out)
    runs, lists = _runs(spreads)
    weights = (np.array([weight for row in spread.rows for _, weight in row], np.float64) for spread in lists)
    last = runs, axes(lists), resample.Weights(*weights), out.inner[4]
    return Work(chunks, resample.Spread(walked, source(x), target(out), source(base), *last))


def _runs(spreads: Sequence[Spread]) -> tuple[tuple[resample.Run, ...], list[Spread]]:
    """Results side by side along W that read alike, and what the first of each run reads there."""
    *others, wide = spreads

    def alike(y: int) -> tuple[tuple[int, float], ...]:
        return tuple((i - y, weight) for i, weight in wide.rows[y])

    groups = [list(group) for _, group in groupby(range(len(wide.rows)), alike)]
    runs = tuple(resample.Run(group[0], len(group)) for group in groups)
    return runs, [*others, Spread(tuple(wide.rows[run.first] for run in runs), wide.sources)]
