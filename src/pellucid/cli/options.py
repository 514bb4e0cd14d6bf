"""Options that several commands share. What their help says is looked up when this is imported (see `run.py`)."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pellucid.language import LANGUAGES, text


class BenchName(StrEnum):
    """The networks of `pellucid.nn.models` that are measured, written out so that `--help` need not import them."""

    LENET5 = "lenet5"
    MNIST_CNN = "mnist_cnn"
    VGG_SMALL = "vgg_small"
    RESNET20 = "resnet20"
    RESNET18 = "resnet18"
    ALEXNET = "alexnet"


_OTHERS = (
    "vgg11",
    "vgg16",
    "tiny",
    "resnet50",
    "densenet121",
    "squeezenet",
    "googlenet",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "shufflenet_v2",
    "convnext_tiny",
    "unet",
)


def network_names() -> list[str]:
    """Those and the others, for completion in shells."""
    return [*BenchName, *_OTHERS]


class Fit(StrEnum):
    """How pictures of other proportions become inputs: `pellucid.data.fitting.FITS`."""

    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"


class ScheduleName(StrEnum):
    """The schedules of `pellucid.train.schedules`."""

    CONSTANT = "constant"
    STEP = "step"
    COSINE = "cosine"
    ONE_CYCLE = "one-cycle"


class OptimizerName(StrEnum):
    """The optimisers of `pellucid.train`."""

    SGD = "sgd"
    ADAM = "adam"
    ADAMW = "adamw"


def _checked_seed(seed: int) -> int:
    from pellucid.seeds import check_seed  # with NumPy, for which help and completion need not wait

    return check_seed("--seed", seed)  # a range would stand in the help with all its digits


AnyModel = Annotated[
    str,
    typer.Argument(
        metavar=text("value.any_model"), help=text("option.any_model"), autocompletion=network_names
    ),
]
ModelOrFile = Annotated[
    str,
    typer.Argument(
        metavar=text("value.any_model"), help=text("option.model_or_file"), autocompletion=network_names
    ),
]
Data = Annotated[str, typer.Option(metavar=text("value.data"), help=text("option.data"))]
Json = Annotated[bool, typer.Option("--json", help=text("option.json"))]
Lang = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(LANGUAGES),
        help=text("option.lang"),
        show_default=text("default.lang"),
        autocompletion=lambda: LANGUAGES,
    ),
]
MNIST = "mnist"
Lr = Annotated[float | None, typer.Option(help=text("option.lr"), show_default=text("default.lr"))]
Momentum = Annotated[float | None, typer.Option(help=text("option.momentum"), show_default="0.9")]
Optimizer = Annotated[OptimizerName, typer.Option(help=text("option.optimizer"))]
Report = Annotated[Path | None, typer.Option(metavar=text("value.file"), help=text("option.report"))]
Sample = Annotated[int, typer.Option(help=text("option.sample"))]
SavedModel = Annotated[str, typer.Argument(metavar=text("value.model"), help=text("option.saved_model"))]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help=text("option.skip_bad"))]
Validation = Annotated[
    float, typer.Option(min=0.0, max=0.99, help=text("option.validation"), show_default="0.2")
]
Python = Annotated[
    str | None, typer.Option("--model", metavar=text("value.python"), help=text("option.python"))
]
Seed = Annotated[int, typer.Option(callback=_checked_seed, help=text("option.seed"))]
Threads = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help=text("option.threads"), show_default=text("default.threads")),
]
