"""`pellucid train`: a network from nothing to a file."""

from __future__ import annotations

import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pellucid.cli.options import (
    Data,
    DataName,
    Json,
    Lr,
    ModelName,
    Momentum,
    Optimizer,
    OptimizerName,
    Seed,
    Threads,
)
from pellucid.errors import NumericError

if TYPE_CHECKING:
    from pellucid.train.loop import Epoch


def train(
    data: Data = DataName.MNIST,
    model: Annotated[
        ModelName,
        typer.Option(help="The network; vgg_small wants adam, or sgd with --lr 0.02, alexnet larger images."),
    ] = ModelName.LENET5,
    epochs: Annotated[int, typer.Option(min=1, help="How often each image is seen.")] = 3,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per update.")] = 64,
    lr: Lr = None,
    optimizer: Optimizer = OptimizerName.SGD,
    momentum: Momentum = None,
    seed: Seed = 0,
    threads: Threads = None,
    out: Annotated[
        Path | None, typer.Option(help="Save the trained network in this safetensors file.")
    ] = None,
    allow_nonfinite: Annotated[
        bool,
        typer.Option("--allow-nonfinite", help="Save the network even if it holds NaN or infinite numbers."),
    ] = False,
    json: Json = False,
) -> None:
    """Train a network; after each epoch say how well it does on the test images.

    Ctrl-C ends training early; with --out, what has been learned until then is saved.
    """
    from pellucid import nn
    from pellucid.cli import inputs, output
    from pellucid.cli.interrupt import between_steps
    from pellucid.cli.progress import shown
    from pellucid.cli.rescue import saved
    from pellucid.data import datasets
    from pellucid.formats import save_model
    from pellucid.formats.file import check_writable
    from pellucid.kernels.tape import set_num_threads
    from pellucid.train import fit

    if out is not None:
        check_writable(f"model file '{out}'", out)
    if threads is not None:
        set_num_threads(threads)
    rule = inputs.optimizer("train", optimizer, lr, momentum)
    nn.seed(seed)
    settings = inputs.settings_for(model, inputs.MNIST_SHAPE)
    network = inputs.open_model(model, inputs.MNIST_SHAPE)
    images, test_images = datasets.mnist()

    console, interrupted = output.screen(json), False
    count = sum(parameter.size for _, parameter in network.named_parameters())
    console.print(
        f"{model} ({count:,} parameters) on {data}, {len(images):,} images, {optimizer} lr {rule.lr:g}"
    )
    finished: list[Epoch] = []
    try:
        with between_steps() as check, shown(console, epochs) as show:
            history = fit(
                network,
                images,
                test_images,
                optimizer=rule,
                epochs=epochs,
                batch_size=batch_size,
                seed=seed,
                callbacks=[show, check],
            )
            finished = history.epochs
        if out is not None and not allow_nonfinite:
            _check_finite(finished[-1])
    except KeyboardInterrupt:
        interrupted = True
    if out is not None:
        out = saved(
            out, lambda path: save_model(path, model, settings, network, allow_nonfinite=allow_nonfinite)
        )
    if interrupted:
        print("interrupted" + (f"; the network so far is saved in {out}" if out else ""), file=sys.stderr)
        raise typer.Exit(130)
    if json:
        output.print_json(
            {
                "model": model,
                "data": data,
                "optimizer": optimizer,
                "lr": rule.lr,
                "batch_size": batch_size,
                "seed": seed,
                "parameters": count,
                "epochs": [_epoch(epoch) for epoch in finished],
                "out": None if out is None else str(out),
            }
        )
    elif out is not None:
        console.print(f"saved in {out}")


def _check_finite(epoch: Epoch) -> None:
    """Finite weights can be so large that all they give is NaN.

    Raises: NumericError when the loss on the test images says so.
    """
    loss = (epoch.validation or {}).get("loss", 0.0)
    if not isfinite(loss):
        rule = "nothing was saved, since the network's loss on the test images must be finite"
        raise NumericError(
            "train", rule, got=f"a loss of {loss}", hint="use a smaller --lr, or --allow-nonfinite"
        )


def _epoch(epoch: Epoch) -> dict[str, Any]:
    test = {f"test_{name}": value for name, value in (epoch.validation or {}).items()}
    return {"epoch": epoch.epoch + 1, "loss": epoch.loss, **test, "seconds": epoch.seconds}
