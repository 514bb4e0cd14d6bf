"""Pooling: the relation between two grids of positions as tables, and the launches that gather along it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.graph import Node
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.geometry import Axis, size_of
from pellucid.kernels import pooling
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.max_pool import MaxPool

# For each position along an axis, the positions it gathers from, each with its kernel position.
Relation = list[list[tuple[int, int]]]


def max_pool_forward(plan: Plan, node: Node) -> None:
    """The largest element of each window, and which it was."""
    x, y = plan.value(node.operands[0]), plan.output(node)
    axes = _axes(node)
    routes = plan.saved[node, "routes"] = plan.block(f"{node.path}.routes", size_of(y.inner), "int32")

    def bind() -> Tables:
        relations = [[[(i, k) for k, i in axis.taps(at)] for at in range(axis.output)] for axis in axes]
        chunks, n = _tables(plan, relations, x, y, (0, 0, 0), _kernel_strides(axes))
        return Tables(chunks, (x, y, routes), n)

    plan.launch(node.output.name, pooling.max_pool, bind)


def max_pool_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Each input element collects from the windows that it won."""
    assert node.operands[0] is not None
    routes, axes = plan.saved[node, "routes"], _axes(node)
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        _, _, height, width, channels = grad_output.inner
        relations = [[list(reversed(axis.sources(i))) for i in range(axis.input)] for axis in axes]
        steps = (height * width * channels, width * channels, channels)
        chunks, n = _tables(plan, relations, grad_output, out, steps, _kernel_strides(axes), base)
        return Tables(chunks, (grad_output, out, routes, base or out), n)

    plan.launch(f"{out.name} by {node.path}", pooling.max_pool_gradient, bind)


def average_forward(plan: Plan, node: Node) -> None:
    """The mean of each window."""
    x, y = plan.value(node.operands[0]), plan.output(node)
    windows, divisors = _windows(node), plan.block(f"{node.path}.divisors", 0, "float64")
    sums = plan.block(f"{node.path}, sums", 2 * CHUNKS * y.inner[4], "float64")
    divisors = plan.saved[node, "divisors"] = _Constant(f"{node.path}.divisors", _divisors(node))

    def bind() -> Tables:
        chunks, n = _tables(plan, windows, x, y, (0, 0, 0), (0, 0, 0))
        return Tables(chunks, (x, y, sums, divisors), n)

    plan.launch(node.output.name, pooling.average, bind)
