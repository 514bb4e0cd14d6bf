"""`pellucid warmup`: compile kernels before they are needed."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import Json


def warmup(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...", help="Networks' names or saved ones' files.", show_default="all names"
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="Images per batch.", show_default="64; resnet18 32, alexnet 16"),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(metavar="C,H,W", help="The shape of one input.", show_default="each network's own"),
    ] = None,
    json: Json = False,
) -> None:
    """Compile all that networks need for training and inference (of batches and single images), and keep it.

    Kernels are compiled when they are first used, too; this only spares the wait.
    """
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
        console.print(
            f"{model}, batch {count}: {warmth.kernels} kernels compiled, {warmth.seconds:.1f} s in all"
        )
        done.append({"model": model, "batch": count, "kernels": warmth.kernels, "seconds": warmth.seconds})
    kept = folder()
    if json:
        output.print_json({"models": done, "cache": kept and str(kept)})
    elif kept:
        console.print(f"kept in {kept}")
