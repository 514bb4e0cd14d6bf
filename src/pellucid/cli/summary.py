"""`pellucid summary`: a network's layers, sizes and costs."""

from __future__ import annotations

from sys import maxsize
from typing import Annotated

import typer

from pellucid.cli.options import Json, Lang, ModelOrFile
from pellucid.language import text


def summary(
    model: ModelOrFile,
    input: Annotated[
        str | None,
        typer.Option(metavar="CxHxW", help=text("option.input"), show_default=text("default.input")),
    ] = None,
    formulas: Annotated[bool, typer.Option("--formulas", help=text("option.formulas"))] = False,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Layers with output shapes, parameters, multiply–accumulates, memory and receptive fields for one image."""
    from pellucid import nn
    from pellucid.cli import costs, inputs, output
    from pellucid.language import chosen
    from pellucid.nn.init import without_values
    from pellucid.nn.models import input_shape

    lang = chosen(lang)
    shape = None if input is None else inputs.read_shape("summary", "--input", input, between="x")
    # Nothing is computed, so a fresh network needs no weights.
    network = without_values(lambda: inputs.open_model(model, shape), at_most=maxsize)
    shape = shape or input_shape(network)
    result = nn.summary(network, (1, *shape))
    if json:
        output.print_json({"model": model, "input": shape, **result.to_dict()})
        return
    screen = output.screen(json)
    screen.print(costs.table(result, lang, screen.width))
    if formulas:
        screen.print(costs.formulas(result, lang))
