"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


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


Data = Annotated[DataName, typer.Option(help="The dataset.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")
]
SavedModel = Annotated[str, typer.Argument(metavar="MODEL", help="A file that `pellucid train --out` wrote.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides the initial weights and the order of the images.")]
Threads = Annotated[
    int | None, typer.Option(min=1, max=1024, help="How many threads compute.", show_default="one per core")
]
