"""`pellucid explain`: the arithmetic that made one number."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import Json, Seed


def explain(
    model: Annotated[
        str, typer.Argument(help="A saved network's file, or a name for one with fresh weights.")
    ],
    at: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help='The number: an output of a convolution or a linear layer, as "conv1.output[0,5,14,13]".',
        ),
    ],
    sample: Annotated[int, typer.Option(help="The MNIST test image that the network sees.")] = 0,
    step: Annotated[
        bool,
        typer.Option(
            "--step",
            help='Record a training step (SGD, lr 0.05): gradients too, as "grad(conv1.weight)[5,0,2,2]".',
        ),
    ] = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Show how one of the network's numbers was made, term by term, with a proof that it was made so."""
    from rich.panel import Panel
    from rich.text import Text

    from pellucid import nn
    from pellucid.cli import inputs, output
    from pellucid.errors import AddressError
    from pellucid.train import SGD, record

    nn.seed(seed)
    network = inputs.open_model(model, inputs.MNIST_SHAPE)
    x, y = inputs.test_digit(sample)
    recording = record(network, x, y, optimizer=SGD(lr=0.05)) if step else record(network, x)
    try:
        trace = recording.explain(at)
    except AddressError as error:
        if not step and at.lstrip().startswith("grad("):
            error.hint = "add --step"
        raise
    if json:
        output.print_json({"model": model, "sample": sample, "address": at, "trace": trace.to_dict()})
    else:
        output.screen(json).print(Panel.fit(Text(str(trace)), title=Text(at)))
