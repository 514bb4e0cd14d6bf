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
from pellucid.errors import NumericError, say
from pellucid.language import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from rich.console import Console

    from pellucid.data import Dataset
    from pellucid.nn import Module
    from pellucid.train.history import Epoch

_HEADER_BYTES = 1 << 16  # of a model file, at most


def train(
    data: Data = DataName.MNIST,
    model: Annotated[
        ModelName,
        typer.Option(help=text("option.train_model")),
    ] = ModelName.LENET5,
    epochs: Annotated[int, typer.Option(min=1, help=text("option.epochs"))] = 3,
    batch_size: Annotated[int, typer.Option(min=1, help=text("option.batch_size"))] = 64,
    lr: Lr = None,
    optimizer: Optimizer = OptimizerName.SGD,
    momentum: Momentum = None,
    seed: Seed = 0,
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option(help=text("option.out"))] = None,
    allow_nonfinite: Annotated[
        bool,
        typer.Option("--allow-nonfinite", help=text("option.allow_nonfinite")),
    ] = False,
    json: Json = False,
) -> None:
    """Train a network, tell after each epoch how well it does, and save it."""
    from pellucid import nn
    from pellucid.cli import inputs, output
    from pellucid.cli.interrupt import as_ctrl_c
    from pellucid.cli.rescue import saved
    from pellucid.data import datasets
    from pellucid.formats import save_model
    from pellucid.kernels.tape import set_num_threads
    from pellucid.train.interrupt import after_step

    if threads is not None:
        set_num_threads(threads)
    rule = inputs.optimizer("train", optimizer, lr, momentum)
    nn.seed(seed)
    settings = inputs.settings_for(model, inputs.MNIST_SHAPE)
    network = inputs.open_model(model, inputs.MNIST_SHAPE)
    if out is not None:
        _check_room(out, network)
    images, test_images = datasets.mnist()
    console = output.screen(json)
    count = sum(parameter.size for _, parameter in network.named_parameters())
    console.print(
        text(
            "training.begins", model=model, count=count, data=data, images=len(images),
            optimizer=optimizer, lr=rule.lr,
        )
    )  # fmt: skip

    def save(path: Path) -> None:
        # What ends here anyway need not be interrupted, unless it has been once.
        with after_step() if ended is None else nullcontext():
            save_model(path, model, settings, network, allow_nonfinite=allow_nonfinite)

    plan = {"optimizer": rule, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    with as_ctrl_c() as exit_code:
        finished, ended = _learn(network, images, test_images, console, plan)
        if isinstance(ended, NumericError) and (out is None or not allow_nonfinite):
            raise ended
        if out is not None:
            out = saved(out, save)
    if ended is not None:
        raise _told(ended, out, exit_code)
    accuracy, chance = _accuracy(finished[-1]), _chance(test_images.labels)
    if accuracy <= chance:  # what names one class for all images has no more than the share of the largest
        usual = inputs.optimizer("train", optimizer, None, momentum).lr
        console.print("\n".join(_doubts(accuracy, chance, rule.lr, usual)))
    if json:
        run = {"model": model, "data": data, "optimizer": optimizer, "lr": rule.lr}
        run |= {"batch_size": batch_size, "seed": seed, "parameters": count}
        output.print_json(run | _results(finished, chance) | {"out": None if out is None else str(out)})
    elif out is not None:
        console.print(text("training.saved", path=out))


def _check_room(out: Path, network: Module) -> None:
    """Look before training whether a network can be saved there.

    Raises: FormatError when it cannot.
    """
    from pellucid.formats.file import check_writable

    size_bytes = _HEADER_BYTES + sum(array.nbytes for _, array in network.named_arrays())
    check_writable(say("model file '{path}'", path=out), out, size_bytes)


def _learn(
    network: Module, images: Dataset, test: Dataset, console: Console, plan: dict[str, Any]
) -> tuple[list[Epoch], KeyboardInterrupt | NumericError | None]:
    """Train a network as planned: all epochs, or none and what ended training early."""
    from pellucid.cli.progress import shown
    from pellucid.train import fit

    try:
        with shown(console, plan["epochs"]) as show:
            return fit(network, images, test, **plan, callbacks=[show]).epochs, None
    except (KeyboardInterrupt, NumericError) as error:
        return [], error


def _told(
    ended: KeyboardInterrupt | NumericError, out: Path | None, exit_code: Callable[[], int]
) -> typer.Exit | NumericError:
    """How the command ends where training ended early; an interrupt is told, and where the network is."""
    if isinstance(ended, NumericError):
        return ended
    key = "training.interrupted" if out is None else "training.interrupted_saved"
    print(text(key, path=out), file=sys.stderr)
    return typer.Exit(exit_code())


def _doubts(accuracy: float, chance: float, lr: float, usual_lr: float) -> Iterator[str]:
    """What to say of a network that only guesses: that it does, and what to try."""
    yield text("training.guessing", accuracy=accuracy, chance=chance)
    if not lr:
        yield text("training.standing")
    else:
        yield text("training.slower" if lr >= usual_lr else "training.longer", lr=lr)


def _chance(labels: NDArray[Any]) -> float:
    """How many labels are right if the most frequent class is named for all images."""
    return max(Counter(labels.tolist()).values()) / len(labels)


def _accuracy(epoch: Epoch) -> float:
    return (epoch.validation or {})["accuracy"]


def _results(finished: list[Epoch], chance: float) -> dict[str, Any]:
    return {
        "epochs": [_epoch(epoch) for epoch in finished],
        "chance": chance,
        "better_than_guessing": _accuracy(finished[-1]) > chance,
    }


def _epoch(epoch: Epoch) -> dict[str, Any]:
    test = {f"test_{name}": value for name, value in (epoch.validation or {}).items()}
    return {"epoch": epoch.epoch + 1, "loss": epoch.loss, **test, "seconds": epoch.seconds}
