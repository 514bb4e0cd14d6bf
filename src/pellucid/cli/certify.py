"""`pellucid certify`: proof that the numbers of a step are those of its formulas."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import (
    MNIST,
    AnyModel,
    Data,
    Json,
    Lang,
    Lr,
    Momentum,
    Optimizer,
    OptimizerName,
    Sample,
    Seed,
)
from pellucid.language import text


def certify(
    model: AnyModel,
    data: Data = MNIST,
    sample: Sample = 0,
    batch: Annotated[int, typer.Option(min=1, help=text("option.images_in_batch"))] = 4,
    sample_size: Annotated[int, typer.Option(min=1, help=text("option.sample_size"))] = 1000,
    optimizer: Optimizer = OptimizerName.SGD,
    lr: Lr = None,
    momentum: Momentum = None,
    lang: Lang = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Check a training step's numbers."""
    from rich.text import Text

    from pellucid import nn
    from pellucid.cli import output
    from pellucid.explain.finite import check_recording
    from pellucid.language import chosen
    from pellucid.runs import networks
    from pellucid.runs.options import optimizer as optimizer_of
    from pellucid.train import record

    lang = chosen(lang)
    rule = optimizer_of("certify", optimizer, lr, momentum)
    nn.seed(seed)
    saved, x, y = networks.with_images(model, data, sample, batch)
    console = output.screen(json)
    with console.status(model):
        recording = record(saved.model, x, y, optimizer=rule)
        check_recording("certify", recording)
        certificates = recording.certify(sample_size, seed, lang)
    if json:
        run = {"model": model, "data": data, "sample": sample, "batch": batch, "optimizer": optimizer}
        output.print_json({**run, "lr": rule.lr, "seed": seed, **certificates.to_dict()})
    else:
        console.print(output.table(certificates.table(), console.width))
        for finding in certificates.findings():
            console.print(Text(finding, "green" if certificates.certified else "red"))
    if not certificates.certified:
        raise typer.Exit(1)
