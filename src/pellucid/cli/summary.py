"""`pellucid summary`: a network's layers, sizes and costs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from pellucid.nn.summary import Summary


def summary(
    model: Annotated[str, typer.Argument(help="A network's name or a saved one's file.")],
    input: Annotated[
        str | None,
        typer.Option(metavar="CxHxW", help="The shape of one input.", show_default="the network's own"),
    ] = None,
    json: Json = False,
) -> None:
    """Layers with output shapes, how these come about, parameters and multiply–accumulates for one image."""
    from pellucid import nn
    from pellucid.cli import inputs, output
    from pellucid.nn.models import input_shape

    shape = None if input is None else inputs.read_shape("summary", "--input", input, between="x")
    network = inputs.open_model(model, shape)
    shape = shape or input_shape(network)
    result = nn.summary(network, (1, *shape))
    if json:
        output.print_json({"model": model, "input": shape, **asdict(result)})
    else:
        output.screen(json).print(_table(result))


def _table(result: Summary) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_footer=True)
    table.add_column("path", "total")
    table.add_column("type")
    table.add_column("output")
    table.add_column("output size")
    table.add_column("parameters", f"{result.parameters:,}", justify="right")
    table.add_column("MACs", f"{result.macs:,}", justify="right")
    for row in result.rows:
        shape = "×".join(map(str, row.output_shape[1:]))
        formulas = "\n".join(dict.fromkeys(row.formulas))  # once when both axes have the same
        table.add_row(row.path, row.type, shape, formulas, _count(row.parameters), _count(row.macs))
    return table


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
