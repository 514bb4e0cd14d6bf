"""Facts of a description: numbers of the run, each in its range, and none lacking that an explanation reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from pellucid import seeds
from pellucid.explain.files.checks import check, whole
from pellucid.explain.source import Maker, Source
from pellucid.ops.base import Op, Shape
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.dropout import Dropout
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.mse_loss import MSELoss
from pellucid.sizes import size_of

_RANGES: dict[str, Callable[[Any], bool]] = {
    "images_per_part": lambda x: whole(x) and x >= 1,
    "pixels_side_by_side": lambda x: whole(x) and x >= 1,
    "in_tiles": lambda x: whole(x, 2) and x >= 0,
    "winograd_additions": lambda x: whole(x) and x >= 0,
    "seed": lambda x: whole(x, seeds.LARGEST + 1) and x >= 0,
    "step": lambda x: whole(x, 2**63) and x >= 0,
    "layer": lambda x: whole(x) and x >= 0,
    "lr": lambda x: (whole(x) or isinstance(x, float)) and math.isfinite(x) and x >= 0,
}


def check_facts(where: str, op: Maker, of: str, facts: Any) -> None:
    """Every fact is known and in its range, and those that this result's explanation reads are there."""
    check(isinstance(facts, dict), where, "facts map names to numbers", facts)
    for key, value in facts.items():
        check(key in _RANGES and _RANGES[key](value), where, "there is no such fact", value, key)
    lost = [key for key in _needed(op, of) if key not in facts]
    check(not lost, where, f"{of} of {op.name} needs all its facts", lost, "missing")
    if not isinstance(op, Op):
        check(facts["step"] >= 1, where, "an optimiser's steps count from 1", facts["step"], "step")


def check_fitting(where: str, source: Source, operands: Mapping[str, Shape]) -> None:
    """Facts suit the shapes: Winograd's kernels, and a batch norm's sums, which take whole parts."""
    op, facts = source.op, source.facts
    if "winograd_additions" in facts:
        axes = op.geometry(operands["input"], operands["weight"]).axes if isinstance(op, Conv) else ()
        form = [(axis.kernel, axis.stride, axis.dilation) for axis in axes]
        rule = "Winograd's algorithm has 3×3 kernels of stride 1 or 2"
        check(form in ([(3, 1, 1)] * 2, [(3, 2, 1)] * 2), where, rule, form)
    if isinstance(op, BatchNorm):
        shape, beside = operands["input"], facts["pixels_side_by_side"]
        numbers, part = size_of(shape[2:]) * shape[0], size_of(shape[2:]) * facts["images_per_part"]
        fits = numbers % beside == 0 == min(part, numbers) % beside
        check(fits, where, "pixels side by side divide every part of a sum", beside, "pixels_side_by_side")
        rule = "tiles lie in two dimensions"
        check(not facts["in_tiles"] or len(shape) == 4, where, rule, facts["in_tiles"], "in_tiles")


def _needed(op: Maker, of: str) -> tuple[str, ...]:
    """The facts that the explanation of a result cannot do without."""
    if isinstance(op, Dropout):
        return "seed", "step", "layer"
    if isinstance(op, BatchNorm):
        return "images_per_part", "pixels_side_by_side", "in_tiles"
    if isinstance(op, GroupNorm | LayerNorm) and of in ("grad_weight", "grad_bias"):
        return ("images_per_part",)
    if isinstance(op, MSELoss) and of == "output":
        return ("images_per_part",)
    return () if isinstance(op, Op) else ("lr", "step")
