"""`pellucid predict`: what a saved network sees in pictures."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from pellucid.cli.options import Json, SavedModel
from pellucid.language import text


def predict(
    model: SavedModel,
    images: Annotated[list[str], typer.Argument(metavar=text("value.image"), help=text("option.images"))],
    invert: Annotated[bool, typer.Option("--invert", help=text("option.invert"))] = False,
    top: Annotated[int, typer.Option(min=1, help=text("option.classes"))] = 3,
    json: Json = False,
) -> None:
    """Name the likeliest classes of images, with their probabilities."""
    from rich import box
    from rich.table import Table

    from pellucid import train
    from pellucid.cli import inputs, output
    from pellucid.formats import load_model
    from pellucid.nn.models import input_shape

    network = load_model(model)
    shape = input_shape(network)
    found: list[dict[str, Any]] = []
    dark_ink = False
    for image in images:
        x = inputs.picture(image, shape, invert=invert)
        dark_ink |= shape == inputs.MNIST_SHAPE and inputs.is_dark_on_light(x)
        chances = train.predict(network, x)[0]
        best = (-chances).argsort(kind="stable")[:top]
        found.append(
            {"image": image, "top": [{"class": int(c), "probability": float(chances[c])} for c in best]}
        )
    if json:
        output.print_json({"model": model, "predictions": found})
        return
    heads = (text("prediction.image"), text("prediction.class"), text("prediction.probability"))
    table = Table(*heads, box=box.SIMPLE)
    table.columns[2].justify = "right"
    for row in found:
        name = row["image"]
        for guess in row["top"]:
            table.add_row(name, str(guess["class"]), f"{guess['probability']:.2%}")
            name = ""
    output.screen(json).print(table)
    if dark_ink and not invert:
        print(text("prediction.dark_ink"), file=sys.stderr)
