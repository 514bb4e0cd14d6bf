"""Which algorithm computes a convolution, and what follows from it for the order of sums."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.lowering.conv_forward import in_one_range, packed_outputs
from pellucid.engine.lowering.layer import layer_of
from pellucid.engine.lowering.winograd import pays, serves
from pellucid.engine.steps import Setting, Step, Steps
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv


def by_winograd(step: Step, setting: Setting) -> bool:
    """Whether Winograd's algorithm computes a convolution: by the shape of an image and the channels alone."""
    if not isinstance(step.op, Conv) or setting.algorithm == "direct":
        return False
    layer = layer_of(step.node, setting.bits)
    return serves(layer) if setting.algorithm == "winograd" else pays(layer)


def repeats_nothing(step: Step, graph: Graph) -> bool:
    """Whether all operands of a sum, and the like, are tensors of the output's shape."""
    shape = step.node.output.shape
    return all(s.shape == shape and s not in graph.arrays for s in step.node.named.values())


def normalises_in_passing(step: Step, setting: Setting) -> bool:
    """Whether a convolution's last loop can normalise: not where several positions share a vector."""
    return by_winograd(step, setting) or packed_outputs(layer_of(step.node, setting.bits)) is None


def makes_whole_images(step: Step, setting: Setting) -> bool:
    """Whether a convolution's threads make images as a whole, tile by tile."""
    in_tiles = isinstance(step.op, Conv) and not by_winograd(step, setting)
    return in_tiles and in_one_range(layer_of(step.node, setting.bits), step.node.output.shape[0])


def with_moments(steps: Steps) -> Steps:
    """Batch norms in training whose sums a convolution by Winograd's algorithm makes, tile by tile, in passing.

    That is no fusion: the sums have another order, in recordings as well.
    """
    norms: dict[Symbol, list[Step]] = defaultdict(list)
    for step in steps.order:
        if step.way == "forward" and isinstance(step.op, BatchNorm) and step.op.training:
            norms[step.reads["input"]].append(step)
    changed = {}
    for step in steps.order:
        readers = norms.get(step.makes["output"], ()) if step.way == "forward" else ()
        if readers and by_winograd(step, steps.setting):
            output = step.makes["output"]
            moments = {"moments": Symbol(f"{step.path}.moments", output.shape[:2], np.dtype(np.float64))}
            changed[step] = replace(step, makes={**step.makes, **moments})
            changed |= {norm: replace(norm, reads={**norm.reads, **moments}) for norm in readers}
    return replace(steps, order=tuple(changed.get(step, step) for step in steps.order))
