"""The roles of arrays in a recording: what is kept on the way, and what has no gradient."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.explain.source import Entry
from pellucid.ops.base import Op, Shape
from pellucid.ops.maker import Maker


def statistics(maker: Maker, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What an op computes on the way to its output and its gradients, always in float64, and the shapes."""
    return maker.statistics(shapes) if isinstance(maker, Op) else {}


def frozen(entries: Mapping[str, Entry]) -> set[str]:
    """The parameters that a recorded step has made no gradient of; none in a recording of inference."""
    if not any(name.startswith("grad(") for name in entries):
        return set()
    outputs = (e.source for e in entries.values() if e.source is not None and e.source.of == "output")
    read = {
        source.operands[argument]
        for source in outputs
        if isinstance(source.op, Op)
        for argument in source.op.counted(source.op.differentiable, source.operands)
    }
    return {name for name in read if name in entries and f"grad({name})" not in entries}
