"""`pellucid train`: a network from nothing to a file."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import nullcontext
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
from pellucid.language import text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.train.loop import Epoch

_HEADER_BYTES = 1 << 16  # of a model file, at most


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
    """Train a network; after each epoch say how well it does on the test images, at the end if it only guesses.

    Ctrl-C ends training early, as do SIGTERM and SIGHUP; with --out, what has been learned until then is saved.
    """
    from pellucid import nn
    from pellucid.cli import inputs, output
    from pellucid.cli.interrupt import as_ctrl_c
    from pellucid.cli.progress import shown
    from pellucid.cli.rescue import saved
    from pellucid.data import datasets
    from pellucid.formats import save_model
    from pellucid.formats.file import check_writable
    from pellucid.kernels.tape import set_num_threads
    from pellucid.train import fit
    from pellucid.train.interrupt import after_step

    if threads is not None:
        set_num_threads(threads)
    rule = inputs.optimizer("train", optimizer, lr, momentum)
    nn.seed(seed)
    settings = inputs.settings_for(model, inputs.MNIST_SHAPE)
    network = inputs.open_model(model, inputs.MNIST_SHAPE)
    if out is not None:
        size_bytes = _HEADER_BYTES + sum(array.nbytes for _, array in network.named_arrays())
        check_writable(f"model file '{out}'", out, size_bytes)
    images, test_images = datasets.mnist()

    console = output.screen(json)
    count = sum(parameter.size for _, parameter in network.named_parameters())
    console.print(
        f"{model} ({count:,} parameters) on {data}, {len(images):,} images, {optimizer} lr {rule.lr:g}"
    )
    finished: list[Epoch] = []
    ended: KeyboardInterrupt | NumericError | None = None  # what ended training early

    def save(path: Path) -> None:
        # What ends here anyway need not be interrupted, unless it has been once.
        with after_step() if ended is None else nullcontext():
            save_model(path, model, settings, network, allow_nonfinite=allow_nonfinite)

    with as_ctrl_c() as exit_code:
        try:
            with shown(console, epochs) as show:
                history = fit(
                    network, images, test_images,
                    optimizer=rule, epochs=epochs, batch_size=batch_size, seed=seed, callbacks=[show],
                )  # fmt: skip
                finished = history.epochs
        except KeyboardInterrupt as error:
            ended = error
        except NumericError as error:
            if out is None or not allow_nonfinite:
                raise
            ended = error
        if out is not None:
            out = saved(out, save)
    if isinstance(ended, KeyboardInterrupt):
        key = "training.interrupted" if out is None else "training.interrupted_saved"
        print(text(key, path=out), file=sys.stderr)
        raise typer.Exit(exit_code())
    if ended is not None:
        raise ended
    (*_, last), chance = finished, _chance(test_images.labels)
    accuracy = (last.validation or {})["accuracy"]
    if accuracy <= chance:  # what names one class for all images has no more than the share of the largest
        console.print(text("training.guessing", accuracy=accuracy, chance=chance))
        usual = inputs.optimizer("train", optimizer, None, momentum).lr
        advice = "training.slower" if rule.lr >= usual else "training.longer"
        console.print(text(advice if rule.lr else "training.standing", lr=rule.lr))
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
                "chance": chance,
                "better_than_guessing": accuracy > chance,
                "out": None if out is None else str(out),
            }
        )
    elif out is not None:
        console.print(f"saved in {out}")


def _chance(labels: NDArray[Any]) -> float:
    """How many labels are right if the most frequent class is named for all images."""
    return max(Counter(labels.tolist()).values()) / len(labels)


def _epoch(epoch: Epoch) -> dict[str, Any]:
    test = {f"test_{name}": value for name, value in (epoch.validation or {}).items()}
    return {"epoch": epoch.epoch + 1, "loss": epoch.loss, **test, "seconds": epoch.seconds}
