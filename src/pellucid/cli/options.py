"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pellucid import seeds


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


AnyModel = Annotated[
    str, typer.Argument(help="A saved network's file, or a name for one with fresh weights.")
]
Data = Annotated[DataName, typer.Option(help="The dataset.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")
]
Lang = Annotated[
    str | None, typer.Option(metavar="en|ko", help="The language.", show_default="PELLUCID_LANG, or en")
]
Lr = Annotated[
    float | None, typer.Option(help="The learning rate.", show_default="0.05 for sgd, 0.001 for the others")
]
Momentum = Annotated[
    float | None, typer.Option(help="How much of the last update goes on; sgd only.", show_default="0.9")
]
Optimizer = Annotated[OptimizerName, typer.Option(help="The rule of updates.")]
Sample = Annotated[int, typer.Option(help="The number of the first test image in the batch, from 0.")]
SavedModel = Annotated[str, typer.Argument(metavar="MODEL", help="A file that `pellucid train --out` wrote.")]
Seed = Annotated[
    int,
    typer.Option(callback=_checked_seed, help="Decides the initial weights and the order of the images."),
]
Threads = Annotated[
    int | None, typer.Option(min=1, max=1024, help="How many threads compute.", show_default="one per core")
]
