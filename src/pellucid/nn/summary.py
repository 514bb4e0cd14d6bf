"""A model's layers, sizes and costs, read from its graph without computing anything."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from pellucid.engine import graph
from pellucid.errors import ArgumentError
from pellucid.geometry import Geometry, is_integer
from pellucid.nn.module import Module
from pellucid.nn.parameter import Parameter


@dataclass(frozen=True)
class Row:
    """One op of the model.

    `formulas` are the output sizes with their numbers put in, axis by axis, for ops that slide a window.
    `parameters` counts those that no row above has counted; `macs` are multiply–accumulates, those on padding
    included.
    """

    path: str
    type: str
    output_shape: tuple[int, ...]
    formulas: tuple[str, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Summary:
    """The rows of a model in the order in which its ops run, and their sums."""

    rows: tuple[Row, ...]
    parameters: int
    macs: int


def summary(model: Module, input_shape: tuple[int, ...]) -> Summary:
    """The ops that `model` runs on an input of this shape, (N,C,…); counts are for the whole batch.

    Raises: ArgumentError when the shape is not a sequence of sizes ≥ 1; ShapeError when the model cannot take
        it.

    Example:
        >>> from pellucid.nn.models import lenet5
        >>> table = summary(lenet5(), (1, 1, 28, 28))
        >>> table.rows[0].path, table.rows[0].type, table.rows[0].output_shape, table.rows[0].macs
        ('conv1', 'Conv2d', (1, 6, 28, 28), 117600)
        >>> table.rows[0].formulas[0]
        'floor((28 + 2·2 − 1·(5−1) − 1)/1) + 1 = 28'
        >>> table.parameters
        61706
    """
    if not input_shape or not all(is_integer(size) and size > 0 for size in input_shape):
        got = repr(input_shape)
        raise ArgumentError("summary", "an input shape has sizes ≥ 1", expected="(N,C,…)", got=got)
    shape = tuple(int(size) for size in input_shape)
    traced = graph.trace(
        model.trace_forward, {"input": (shape, model.dtype)}, dict(model.named_arrays()), training=False
    )
    layers = {path: type(module).__name__ for path, module in model.named_modules() if module.is_layer}
    counted: set[graph.Symbol] = set()
    rows = []
    for node in traced.nodes:
        arrays = {s: traced.arrays[s] for s in node.operands if s is not None and s in traced.arrays}
        own = {symbol for symbol, array in arrays.items() if isinstance(array, Parameter)} - counted
        counted |= own
        rows.append(
            Row(
                path=node.path,
                type=layers.get(node.path.partition("#")[0], node.op.name),
                output_shape=node.output.shape,
                formulas=_formulas(node),
                parameters=sum(prod(symbol.shape) for symbol in own),
                macs=_macs(node),
            )
        )
    return Summary(tuple(rows), sum(row.parameters for row in rows), sum(row.macs for row in rows))


def _formulas(node: graph.Node) -> tuple[str, ...]:
    """The sizes of the axes along which the op slides a window."""
    geometry_of = getattr(node.op, "geometry", None)
    if geometry_of is None:
        return ()
    geometry = geometry_of(*(operand.shape for operand in node.operands[:2] if operand is not None))
    return tuple(axis.formula for axis in geometry.axes) if isinstance(geometry, Geometry) else ()


def _macs(node: graph.Node) -> int:
    """Each output of a convolution or a linear layer is a sum over one row of the weight, (O, …)."""
    weight = dict(zip(node.op.arguments, node.operands, strict=False)).get("weight")
    if weight is None or weight.ndim < 2:
        return 0
    return prod(node.output.shape) * prod(weight.shape[1:])
