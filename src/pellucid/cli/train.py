"""`pellucid train`: a network from nothing, or from another one, to a file."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pellucid.cli import config
from pellucid.cli.options import (
    MNIST,
    Data,
    Fit,
    Json,
    Lr,
    Momentum,
    Optimizer,
    OptimizerName,
    Report,
    ScheduleName,
    Seed,
    SkipBad,
    Threads,
    Validation,
)
from pellucid.errors import ArgumentError, NumericError, PellucidError, say
from pellucid.language import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from rich.console import Console

    from pellucid.data import Dataset
    from pellucid.formats import Saved
    from pellucid.nn import Module
    from pellucid.train import CrossEntropyLoss, Epoch, History

_HEADER_BYTES = 1 << 20  # of a model file, at most


def train(
    context: typer.Context,
    data: Data = MNIST,
    model: Annotated[
        str | None,
        typer.Option(
            metavar=text("value.network"), help=text("option.train_model"), show_default=text("default.model")
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help=text("option.size"), show_default=text("default.picture_size"))
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help=text("option.channels"), show_default=text("default.channels"))
    ] = None,
    fit: Annotated[Fit, typer.Option(help=text("option.fit"))] = Fit.CROP,
    validation: Validation = 0.2,
    skip_bad: SkipBad = False,
    augment: Annotated[
        str | None, typer.Option(metavar=text("value.augment"), help=text("option.augment"))
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help=text("option.epochs"))] = 3,
    batch_size: Annotated[int, typer.Option(min=1, help=text("option.batch_size"))] = 64,
    optimizer: Optimizer = OptimizerName.SGD,
    lr: Lr = None,
    momentum: Momentum = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(help=text("option.weight_decay"), show_default=text("default.weight_decay")),
    ] = None,
    schedule: Annotated[ScheduleName, typer.Option(help=text("option.schedule"))] = ScheduleName.CONSTANT,
    warmup: Annotated[float, typer.Option(help=text("option.warmup_share"))] = 0.0,
    clip_norm: Annotated[float | None, typer.Option(help=text("option.clip_norm"))] = None,
    ema: Annotated[float | None, typer.Option(help=text("option.ema"))] = None,
    label_smoothing: Annotated[float, typer.Option(help=text("option.label_smoothing"))] = 0.0,
    class_weights: Annotated[
        bool, typer.Option("--class-weights", help=text("option.class_weights"))
    ] = False,
    early_stopping: Annotated[int | None, typer.Option(min=1, help=text("option.early_stopping"))] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar=text("value.file"), help=text("option.from"))
    ] = None,
    freeze: Annotated[
        list[str] | None, typer.Option(metavar=text("value.pattern"), help=text("option.freeze"))
    ] = None,
    seed: Seed = 0,
    threads: Threads = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar=text("value.folder"), help=text("option.checkpoint"))
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help=text("option.resume"))] = False,
    out: Annotated[Path | None, typer.Option(metavar=text("value.file"), help=text("option.out"))] = None,
    report: Report = None,
    allow_nonfinite: Annotated[
        bool, typer.Option("--allow-nonfinite", help=text("option.allow_nonfinite"))
    ] = False,
    config_file: Annotated[  # noqa: ARG001 - its callback does the work
        Path | None,
        typer.Option(
            "--config",
            metavar=text("value.file"),
            help=text("option.config"),
            callback=config.read,
            is_eager=True,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help=text("option.quiet"))] = False,
    json: Json = False,
) -> None:
    """Train a network, tell after each epoch how well it does, and save it."""
    from pellucid import nn, review
    from pellucid.cli import inputs, networks, output
    from pellucid.cli.interrupt import as_ctrl_c
    from pellucid.cli.rescue import saved
    from pellucid.data.augment import Augment
    from pellucid.formats import save_model
    from pellucid.formats.file import check_writable
    from pellucid.kernels.tape import set_num_threads
    from pellucid.train import Checkpoints
    from pellucid.train.interrupt import after_step
    from pellucid.train.schedules import SCHEDULES

    if threads is not None:
        set_num_threads(threads)
    rule = inputs.optimizer("train", optimizer, lr, momentum, weight_decay)
    rate = None if schedule is ScheduleName.CONSTANT and not warmup else SCHEDULES[schedule](warmup=warmup)
    change = None if augment is None else Augment.from_text(augment)
    if resume and checkpoint is None:
        raise ArgumentError("train", "to resume needs a folder of checkpoints", hint="--checkpoint run")
    nn.seed(seed)
    if out is not None:
        check_writable(say("model file '{path}'", path=out), out, _HEADER_BYTES)
    told = context.get_parameter_source("model")
    if told is not None and told.name == "DEFAULT_MAP" and networks.is_python(model):
        hint = say("--model {model}", model=model)
        raise ArgumentError("train", "a file of settings cannot name Python code", hint=hint)
    origin = networks.saved(source, model if networks.is_python(model) else None) if source else None
    sides = None if size is None else inputs.read_sides("train", "--size", size)
    pictures = {
        "size": sides, "channels": channels, "fit": fit.value, "validation": validation, "seed": seed,
        "skip_bad": skip_bad,
    }  # fmt: skip
    images, test = networks.data_for(origin and replace(origin, classes=()), data, pictures)
    network = _network(model, origin, images, test, freeze or [])
    if out is not None:
        _check_room(out, network.model)
    folder = None if checkpoint is None else Checkpoints(checkpoint)
    if folder:
        folder.prepare(resume=resume)
        if not folder.paths():
            config.write(context, folder.folder)
    console = output.screen(json, quiet=quiet)
    count = sum(parameter.size for _, parameter in network.model.named_parameters())
    name = model or network.name
    console.print(
        text(
            "training.begins", model=name, count=count, data=data, images=len(images),
            optimizer=optimizer, lr=rule.lr,
        )
    )  # fmt: skip
    for skipped in images.skipped:
        console.print(text("training.skipped", name=skipped))

    def save(path: Path) -> None:
        # What ends here anyway need not be interrupted, unless it has been once.
        with after_step() if ended is None else nullcontext():
            save_model(
                path, network.name, network.settings, network.model, classes=network.classes,
                preprocessing=network.preprocessing, allow_nonfinite=allow_nonfinite,
            )  # fmt: skip

    plan = {
        "optimizer": rule, "epochs": epochs, "batch_size": batch_size, "seed": seed, "schedule": rate,
        "augment": change, "early_stopping": early_stopping, "checkpoint": folder, "resume": resume,
        "clip_norm": clip_norm, "ema": ema, "loss": _loss(images, label_smoothing, class_weights),
    }  # fmt: skip
    with as_ctrl_c() as exit_code:
        history, ended, moved = _learn(network.model, images, test, console, plan)
        if isinstance(ended, NumericError) and (out is None or not allow_nonfinite):
            raise ended
        if out is not None and not moved and ended is not None:
            out = None  # a network that has not learned anything takes nobody's place
        if out is not None:
            out = saved(out, save)
    if ended is not None:
        raise _told(ended, out, exit_code)
    chance, doubts = None if test is None else _chance(test.labels), []
    if chance is not None and (accuracy := _accuracy(history.epochs[-1])) <= chance:
        # what names one class for all images has no more than the share of the largest
        usual = inputs.optimizer("train", optimizer, None, momentum, weight_decay).lr
        doubts = list(_doubts(accuracy, chance, rule.lr, usual))
        console.print("\n".join(doubts))
    if report is not None:
        review.report(
            report, network.model, images if test is None else test, history=history, train=images,
            recipe=config.settings(context), doubts=doubts, title=text("review.title", model=f"{name}, {data}"),
        )  # fmt: skip
        console.print(text("figures.page_written", path=report))
    if json:
        run = {"model": name, "data": data, "optimizer": optimizer, "lr": rule.lr}
        run |= {"batch_size": batch_size, "seed": seed, "parameters": count}
        output.print_json(run | _results(history, chance) | {"out": None if out is None else str(out)})
    elif out is not None:
        console.print(text("training.saved", path=out))


def _network(
    model: str | None, origin: Saved | None, images: Dataset, test: Dataset | None, patterns: list[str]
) -> Saved:
    """A new network for these images, with the weights of another one as far as they fit."""
    from pellucid.cli import networks
    from pellucid.nn.transfer import freeze, take_over

    name = model or (origin.name if origin else "lenet5")
    network = networks.fresh(name, networks.shape_of(images), networks.classes_of(images, test))
    new = take_over(network.model, origin.model.state_dict()) if origin else []
    freeze(network.model, patterns, but=new)
    return replace(network, classes=images.classes, preprocessing=images.preprocessing)


def _loss(images: Dataset, smoothing: float, balanced: bool) -> CrossEntropyLoss:
    """Cross-entropy; balanced, a class weighs the more the fewer images it has, on average 1 for each image."""
    from pellucid.cli import networks
    from pellucid.train import CrossEntropyLoss

    if not balanced:
        return CrossEntropyLoss(label_smoothing=smoothing)
    counts = Counter(images.labels.tolist())
    classes = networks.classes_of(images)
    weights = [len(images) / (len(counts) * counts[c]) if counts[c] else 1.0 for c in range(classes)]
    return CrossEntropyLoss(weights, label_smoothing=smoothing)


def _check_room(out: Path, network: Module) -> None:
    """Look before training whether a network can be saved there.

    Raises: FormatError when it cannot.
    """
    from pellucid.formats.file import check_writable

    size_bytes = _HEADER_BYTES + sum(array.nbytes for _, array in network.named_arrays())
    check_writable(say("model file '{path}'", path=out), out, size_bytes)


def _learn(
    network: Module, images: Dataset, test: Dataset | None, console: Console, plan: dict[str, Any]
) -> tuple[History, KeyboardInterrupt | PellucidError | OSError | None, bool]:
    """Train a network as planned: all epochs, or none and what ended training early; and whether it made a step."""
    from pellucid.cli.progress import shown
    from pellucid.train import History, fit

    steps: list[object] = []
    try:
        with shown(console, plan["epochs"]) as show:
            history = fit(network, images, test, **plan, callbacks=[show, steps.append])
            return history, None, True
    except (KeyboardInterrupt, PellucidError, OSError) as error:
        return History(), error, bool(steps)


def _told(
    ended: KeyboardInterrupt | PellucidError | OSError, out: Path | None, exit_code: Callable[[], int]
) -> typer.Exit | PellucidError | OSError:
    """How the command ends where training ended early; an interrupt is told, and where the network is."""
    if not isinstance(ended, KeyboardInterrupt):
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


def _results(history: History, chance: float | None) -> dict[str, Any]:
    return {
        "epochs": [_epoch(epoch) for epoch in history.epochs],
        "ended": history.ended,
        "chance": chance,
        "better_than_guessing": None if chance is None else _accuracy(history.epochs[-1]) > chance,
    }


def _epoch(epoch: Epoch) -> dict[str, Any]:
    test = {f"test_{name}": value for name, value in (epoch.validation or {}).items()}
    return {"epoch": epoch.epoch + 1, "loss": epoch.loss, **test, "seconds": epoch.seconds}
