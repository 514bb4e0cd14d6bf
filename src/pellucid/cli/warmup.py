"""`pellucid warmup`: compile kernels before they are needed."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import Json, network_names
from pellucid.language import text


def warmup(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar=text("value.models"),
            help=text("option.warmup_models"),
            show_default=text("default.all_names"),
            autocompletion=network_names,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help=text("option.images_per_batch"), show_default=text("default.batch")),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(metavar="C,H,W", help=text("option.input"), show_default=text("default.inputs")),
    ] = None,
    json: Json = False,
) -> None:
    """Compile all that networks need for training and inference, and keep it."""
    from pellucid.bench.cases import batch_of
    from pellucid.bench.warmup import warm_up
    from pellucid.cli import inputs, output
    from pellucid.kernels.cache import folder
    from pellucid.nn.models import MODELS, input_shape

    size = None if shape is None else inputs.read_shape("warmup", "--shape", shape, between=",")
    console, done = output.screen(json), []
    for model in dict.fromkeys(models or MODELS):
        network = inputs.open_model(model, size)
        count = batch_of(model) if batch is None else batch
        warmth = warm_up(network, size or input_shape(network), count)
        kernels, seconds = warmth.kernels, warmth.seconds
        console.print(text("warmup.compiled", model=model, batch=count, kernels=kernels, seconds=seconds))
        done.append({"model": model, "batch": count, "kernels": kernels, "seconds": seconds})
    kept = folder()
    if json:
        output.print_json({"models": done, "cache": kept and str(kept)})
    elif kept:
        console.print(text("warmup.kept", folder=kept))
