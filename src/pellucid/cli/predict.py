"""`pellucid predict`: what a saved network sees in pictures."""

from __future__ import annotations

import csv as comma_separated
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pellucid.cli.options import Json, Python, SavedModel
from pellucid.errors import ShapeError, say
from pellucid.language import text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.formats import Saved


def predict(
    model: SavedModel,
    images: Annotated[list[str], typer.Argument(metavar=text("value.image"), help=text("option.images"))],
    invert: Annotated[bool, typer.Option("--invert", help=text("option.invert"))] = False,
    top: Annotated[int, typer.Option(min=1, help=text("option.classes"))] = 3,
    csv: Annotated[Path | None, typer.Option(metavar=text("value.file"), help=text("option.csv"))] = None,
    python: Python = None,
    json: Json = False,
) -> None:
    """Name the likeliest classes of images, with their probabilities."""
    from pellucid import train
    from pellucid.cli import inputs, output
    from pellucid.runs import networks

    network = networks.saved(model, python)
    found: list[dict[str, Any]] = []
    dark_ink = False
    for image in inputs.pictures(images):
        x = inputs.picture_for(network, image, invert=invert)
        dark_ink |= (
            network.preprocessing is None and x.shape[1:] == inputs.MNIST_SHAPE and inputs.is_dark_on_light(x)
        )
        found.append({"image": image, "top": _best(network, train.predict(network.model, x)[0], top)})
    if csv is not None:
        output.write(say("table '{path}'", path=str(csv)), csv, _csv(found))
    if json:
        output.print_json({"model": model, "predictions": found})
        return
    _show(found)
    if dark_ink and not invert:
        print(text("prediction.dark_ink"), file=sys.stderr)


def _best(network: Saved, chances: NDArray[Any], top: int) -> list[dict[str, Any]]:
    """The likeliest classes."""
    if chances.ndim != 1:
        raise ShapeError("predict", "a classifier's output is (N, classes)", got=f"(1, {chances.shape})")
    best = (-chances).argsort(kind="stable")[:top]
    names = network.classes
    if len(names) != len(chances):
        names = tuple(str(number) for number in range(len(chances)))
    return [{"class": int(c), "name": names[c], "probability": float(chances[c])} for c in best]


def _csv(found: list[dict[str, Any]]) -> str:
    """A row for each image: its name, then classes and probabilities."""
    lines = io.StringIO()
    writer = comma_separated.writer(lines, lineterminator="\n")
    count = max(len(row["top"]) for row in found)
    writer.writerow(["image", *(f"{what}{i + 1}" for i in range(count) for what in ("class", "probability"))])
    for row in found:
        cells = (cell for guess in row["top"] for cell in (guess["name"], f"{guess['probability']:.6f}"))
        writer.writerow([row["image"], *cells])
    return lines.getvalue()


def _show(found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from pellucid.cli import output

    heads = (text("prediction.image"), text("prediction.class"), text("prediction.probability"))
    table = Table(*heads, box=box.SIMPLE)
    table.columns[2].justify = "right"
    for row in found:
        name = row["image"]
        for guess in row["top"]:
            table.add_row(Text(name), Text(guess["name"]), f"{guess['probability']:.2%}")
            name = ""
    output.screen(False).print(table)
