"""Options that several commands share. What their help says is looked up when this is imported (see `run.py`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pellucid import seeds
from pellucid.language import LANGUAGES, text


class ModelName(StrEnum):
    """The networks of `pellucid.nn.models`, written out so that `--help` need not import them."""

    LENET5 = "lenet5"
    MNIST_CNN = "mnist_cnn"
    VGG_SMALL = "vgg_small"
    RESNET20 = "resnet20"
    RESNET18 = "resnet18"
    ALEXNET = "alexnet"


class DataName(StrEnum):
    """The datasets of `pellucid.data.datasets`."""

    MNIST = "mnist"


class OptimizerName(StrEnum):
    """The optimisers of `pellucid.train`."""

    SGD = "sgd"
    ADAM = "adam"
    ADAMW = "adamw"


def _checked_seed(seed: int) -> int:
    return seeds.check_seed("--seed", seed)  # a range would stand in the help with all its digits


AnyModel = Annotated[str, typer.Argument(metavar=text("value.any_model"), help=text("option.any_model"))]
Data = Annotated[DataName, typer.Option(help=text("option.data"))]
Json = Annotated[bool, typer.Option("--json", help=text("option.json"))]
Lang = Annotated[
    str | None,
    typer.Option(metavar="|".join(LANGUAGES), help=text("option.lang"), show_default=text("default.lang")),
]
Lr = Annotated[float | None, typer.Option(help=text("option.lr"), show_default=text("default.lr"))]
Momentum = Annotated[float | None, typer.Option(help=text("option.momentum"), show_default="0.9")]
Optimizer = Annotated[OptimizerName, typer.Option(help=text("option.optimizer"))]
Sample = Annotated[int, typer.Option(help=text("option.sample"))]
SavedModel = Annotated[str, typer.Argument(metavar=text("value.model"), help=text("option.saved_model"))]
Seed = Annotated[int, typer.Option(callback=_checked_seed, help=text("option.seed"))]
Threads = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help=text("option.threads"), show_default=text("default.threads")),
]
