"""Whether a batch may run in the plan of a larger one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pellucid.engine.graph import Graph, Symbol
from pellucid.engine.structure import items
from pellucid.ops.base import Op
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.row_major import RowMajor


def is_part(small: Graph, large: Graph) -> bool:
    """Whether one graph does to a few images what the other does to more of them, and to each by itself.

    All tensors that depend on the inputs must have the images as their first axis, and be alike otherwise. Loops go
    image by image; an op that mixes images while their axis stays says so (`Op.mixed`), and of those that move numbers
    `Rearranging.keeps_images` says it, as of a roll along that axis.
    """
    counts = [next(iter(graph.inputs.values())).shape[0] for graph in (small, large)]
    by_array = {id(array): symbol for symbol, array in _arrays(large)}
    alike: dict[Symbol | None, object] = {None: None}
    alike |= zip(small.inputs.values(), large.inputs.values(), strict=True)
    alike |= {symbol: by_array.get(id(array), "missing") for symbol, array in _arrays(small)}
    alike |= {symbol: large.numbers.get(number, "missing") for number, symbol in small.numbers.items()}
    if len(small.nodes) != len(large.nodes):
        return False
    batched = large.batched
    for node, other in zip(small.nodes, large.nodes, strict=True):
        shapes = [symbol.shape for symbol in (node.output, other.output)]
        first = [(count,) for count in counts] if other.output in batched else [shapes[1][:1]] * 2
        operands = tuple(alike[symbol] for symbol in node.operands)
        if isinstance(node.op, Rearranging) and not node.op.keeps_images(
            *(s.shape for s in node.named.values())
        ):
            return False
        if (
            [shape[:1] for shape in shapes] != first
            or shapes[0][1:] != shapes[1][1:]
            or 0 in node.op.mixed(node.output.ndim)
            or not _alike(node.op, other.op)
            or operands != other.operands
        ):
            return False
        alike[node.output] = other.output
    outputs = [[item for _, item in items(graph.returned)] for graph in (small, large)]
    return [alike[output] for output in outputs[0]] == outputs[1]


def _arrays(graph: Graph) -> Iterator[tuple[Symbol, Any]]:
    """A graph's arrays; those of the caller in the place of a program's copies."""
    return ((symbol, graph.constants.get(symbol, array)) for symbol, array in graph.arrays.items())


def _alike(one: Op, other: Op) -> bool:
    """Whether two ops do the same; of a new shape, such as x.view(x.size(0), −1), the output's says all."""
    return one == other or (isinstance(one, RowMajor) and isinstance(other, RowMajor))
