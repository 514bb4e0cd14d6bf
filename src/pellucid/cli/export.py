"""`pellucid export`: a saved network's weights for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import Json, Python, SavedModel
from pellucid.errors import ArgumentError, say
from pellucid.language import text


class Format(StrEnum):
    """The formats of `pellucid.formats.weights`, written out so that `--help` need not import them."""

    SAFETENSORS = "safetensors"
    NPZ = "npz"


def export(
    model: SavedModel,
    format: Annotated[
        Format | None,
        typer.Option("--format", help=text("option.format"), show_default=text("default.format")),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar=text("value.file"),
            help=text("option.export_out"),
            show_default=text("default.export_out"),
        ),
    ] = None,
    python: Python = None,
    json: Json = False,
) -> None:
    """Plain weights of a saved network, with the names of its classes and its preprocessing as texts."""
    import os
    from dataclasses import asdict

    from pellucid.cli import output
    from pellucid.formats import save_weights
    from pellucid.formats.weights import SUFFIXES
    from pellucid.formats.zoo import PREFIX
    from pellucid.runs import networks

    ending = SUFFIXES[format or Format.SAFETENSORS]
    if out is not None and format is not None and out.suffix.lower() != ending:
        rule, got = "the file's name must say its format", repr(out.name)[:80]
        raise ArgumentError(say("weights '{path}'", path=out), rule, expected=ending, got=got)
    network = networks.saved(model, python)
    out = out or Path(model.removeprefix(PREFIX)).with_suffix(f".weights{ending}")
    if os.path.exists(out) and os.path.exists(model) and os.path.samefile(out, model):
        rule = "weights cannot take the place of the model, which says more"
        raise ArgumentError(say("weights '{path}'", path=out), rule, hint="-o weights.safetensors")
    state, taken = network.model.state_dict(), network.preprocessing
    save_weights(out, state, classes=network.classes, preprocessing=taken)
    if json:
        arrays = {name: {"shape": array.shape, "dtype": str(array.dtype)} for name, array in state.items()}
        document = {"model": model, "out": str(out), "arrays": arrays, "classes": network.classes}
        output.print_json(document | {"preprocessing": taken and asdict(taken)})
    else:
        count = sum(array.size for array in state.values())
        output.screen(json).print(text("export.written", arrays=len(state), count=count, path=out))
