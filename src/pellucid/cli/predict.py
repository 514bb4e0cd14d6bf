"""`pellucid predict`: what a saved network sees in pictures."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from pellucid.cli.options import Json, SavedModel

_HINT = (
    "hint: this looks like dark ink on light paper; the digits of MNIST are light on dark, so try --invert"
)


def predict(
    model: SavedModel,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="Image files; mnist:17 is MNIST's test digit 17.")
    ],
    invert: Annotated[
        bool, typer.Option("--invert", help="Swap light and dark: MNIST's digits are light on dark.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="How many classes to name, the likeliest first.")] = 3,
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
    table = Table("image", "class", "probability", box=box.SIMPLE)
    table.columns[2].justify = "right"
    for row in found:
        name = row["image"]
        for guess in row["top"]:
            table.add_row(name, str(guess["class"]), f"{guess['probability']:.2%}")
            name = ""
    output.screen(json).print(table)
    if dark_ink and not invert:
        print(_HINT, file=sys.stderr)
