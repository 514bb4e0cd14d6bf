"""A model's layers, sizes and costs, read from its graph without computing anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pellucid.engine import graph
from pellucid.errors import ArgumentError
from pellucid.nn import costs, sheet
from pellucid.nn.counted import Counted, Row
from pellucid.nn.module import Module
from pellucid.nn.parameter import Parameter
from pellucid.nn.receptive import Fields, receptive_fields
from pellucid.sizes import input_shape as read_shape


@dataclass(frozen=True)
class Summary(Counted):
    """The ops of a model in the order in which they run, and their sums; printed, a table. See `Counted`."""

    def to_dict(self) -> dict[str, Any]:
        """Rows and sums as values that JSON knows."""
        return asdict(self)

    def text(self, lang: str | None = None) -> str:
        """The table in a language, "en" or "ko"; None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return str(sheet.columns(self, lang))

    def formulas(self, lang: str | None = None) -> str:
        """Where the numbers come from: every formula of every op that slides a window or has parameters.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return sheet.formulas(self, lang)

    def __str__(self) -> str:
        return self.text()


def summary(model: Module, input_shape: tuple[int, ...]) -> Summary:
    """The ops that `model` runs on an input of this shape, (N,C,…); counts are for the whole batch.

    Raises: ArgumentError when the shape is not a sequence of sizes ≥ 1 or the model no module; ShapeError when the
        model cannot take it.

    Example:
        >>> from pellucid.nn.models import lenet5
        >>> table = summary(lenet5(), (1, 1, 28, 28))
        >>> row = table.rows[3]
        >>> row.path, row.type, row.output_shape, row.parameters, row.macs, row.receptive_field
        ('conv2', 'Conv2d', (1, 16, 10, 10), 2416, 240000, (14, 14))
        >>> for formula in (row.formulas[0], row.parameter_formula, row.macs_formula, row.field_formulas[0]):
        ...     print(formula)
        floor((14 + 2·0 − 1·(5−1) − 1)/1) + 1 = 10
        5·5·6·16 + 16 = 2,400 + 16 = 2,416
        10·10 · 5·5·6·16 = 240,000
        6 + 1·(5−1)·2 = 14
        >>> table.parameters
        61706
    """
    if not isinstance(model, Module):
        raise ArgumentError("summary", "model must be a Module", got=type(model).__name__)
    shape = read_shape("summary", input_shape, "(N,C,…)")
    traced = graph.trace(
        model.trace_forward, {"input": (shape, model.dtype)}, dict(model.named_arrays()), training=False
    )
    layers = {path: type(module).__name__ for path, module in model.named_modules() if module.is_layer}
    fields = receptive_fields(traced)
    counted: set[graph.Symbol] = set()
    rows = []
    for node in traced.nodes:
        arrays = {s: traced.arrays[s] for s in node.operands if s is not None and s in traced.arrays}
        own = {s: a for s, a in arrays.items() if isinstance(a, Parameter) and s not in counted}
        counted.update(own)
        kind = layers.get(node.path.partition("#")[0], node.op.name)
        before = None if node.operands[0] is None else fields.get(node.operands[0])
        rows.append(_row(node, kind, own, before, fields.get(node.output)))
    sums = (
        sum(getattr(row, name) for row in rows)
        for name in ("parameters", "trainable", "macs", "biases", "activation_bytes")
    )
    return Summary(tuple(rows), *sums)


def _row(
    node: graph.Node,
    kind: str,
    own: dict[graph.Symbol, Parameter],
    before: Fields | None,
    fields: Fields | None,
) -> Row:
    parameters, biases = costs.parameters(node, own)
    macs, memory, dense = costs.macs(node), costs.memory(node), costs.dense(node)
    wider = [f.size for f in before or ()] != [f.size for f in fields or ()]
    return Row(
        path=node.path,
        type=kind,
        output_shape=node.output.shape,
        formulas=node.op.size_formulas(*costs.shapes(node)),
        parameters=parameters.number,
        trainable=sum(array.size for array in own.values() if array.requires_grad),
        macs=macs.number,
        biases=biases,
        parameter_formula=parameters.formula,
        macs_formula=macs.formula,
        activation_bytes=memory.number,
        activation_formula=memory.formula,
        receptive_field=None if fields is None else tuple(field.size for field in fields),
        jump=None if fields is None else tuple(float(field.jump) for field in fields),
        field_formulas=tuple(field.formula for field in fields or ()) if wider else (),
        dense_weights=dense.number,
        dense_formula=dense.formula,
    )
