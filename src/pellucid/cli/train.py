"""`pellucid train`: a network from nothing, or from another one, to a file."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import nullcontext
from copy import copy
from functools import partial
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
    network_names,
)
from pellucid.columns import printable
from pellucid.errors import ArgumentError, NonFiniteError, PellucidError, say
from pellucid.language import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from rich.console import Console

    from pellucid.nn import Module
    from pellucid.runs.job import Job
    from pellucid.train import Epoch, History
    from pellucid.train.epochs import Callback, Epochs

_HEADER_BYTES = 1 << 20  # of a model file, at most


def train(
    context: typer.Context,
    data: Data = MNIST,
    model: Annotated[
        str | None,
        typer.Option(
            metavar=text("value.network"),
            help=text("option.train_model"),
            show_default=text("default.model"),
            autocompletion=network_names,
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
    schedule: Annotated[ScheduleName, typer.Option(help=text("option.schedule"))] = ScheduleName.ONE_CYCLE,
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
    curves: Annotated[
        Path | None, typer.Option("--history", metavar=text("value.file"), help=text("option.history"))
    ] = None,
    allow_nonfinite: Annotated[
        bool, typer.Option("--allow-nonfinite", help=text("option.allow_nonfinite"))
    ] = False,
    config_file: Annotated[
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
    from pellucid import review
    from pellucid.cli import history_file, output, scores
    from pellucid.cli.interrupt import as_ctrl_c
    from pellucid.cli.watch import Watch
    from pellucid.formats.file import check_writable
    from pellucid.kernels.tape import set_num_threads
    from pellucid.runs import networks
    from pellucid.runs.job import Job
    from pellucid.runs.receipt import beside
    from pellucid.runs.settings import NAME
    from pellucid.train import Checkpoints

    if threads is not None:
        set_num_threads(threads)
    if resume and checkpoint is None:
        raise ArgumentError("train", "to resume needs a folder of checkpoints", hint="--checkpoint run")
    if out is not None:
        check_writable(say("model file '{path}'", path=out), out, _HEADER_BYTES)
        check_writable(say("receipt '{path}'", path=beside(out)), beside(out))
    if curves is not None:
        history_file.check(curves)
    given = context.get_parameter_source("model")
    if given is not None and given.name == "DEFAULT_MAP" and networks.is_python(model):
        hint = say("--model {model}", model=model)
        raise ArgumentError("train", "a file of settings cannot name Python code", hint=hint)
    settings = config.settings(context)
    job = Job(settings)
    written = "" if checkpoint is None else job.effective().toml()
    network, images, test = job.network, job.images, job.held_out
    if out is not None:
        _check_room(out, network.model)
    going = job.epochs()
    if checkpoint is not None:
        folder = Checkpoints(checkpoint, description=job.description())
        going.keep(folder, resume=resume)
        output.write(say("settings '{path}'", path=str(checkpoint / NAME)), checkpoint / NAME, written)
    elif out is not None:
        going.mark()
    console = output.screen(json, quiet=quiet)
    count = sum(parameter.size for _, parameter in network.model.named_parameters())
    name = model or network.name
    console.print(
        text(
            "training.begins", model=name, count=count, data=data, images=len(images),
            optimizer=optimizer, lr=job.optimizer.lr,
        )
    )  # fmt: skip
    for skipped in images.skipped:
        console.print(text("training.skipped", name=skipped))

    judged = images if test is None else test
    asked = copy(job.optimizer)  # with this rate, whatever a schedule makes of it meanwhile
    how = partial(review.advice, network.model, judged, optimizer=asked, loss=job.loss(), clip_norm=clip_norm)
    watch = Watch(lambda history: how(history=history), console)
    with as_ctrl_c() as signals:
        ended = _learn(going, console, epochs, [watch, signals.check])
        if curves is not None:
            history_file.write(curves, going.run.history)
            console.print(text("training.saved", path=curves))
        if isinstance(ended, NonFiniteError) and (out is None or not allow_nonfinite):
            raise ended
        if out is not None:
            out = _put_away(job, going, out, ended, allow_nonfinite=allow_nonfinite)
    if ended is not None:
        raise _told(ended, out, signals.exit_code)
    history = going.run.history
    chance = None if test is None else _chance(test.labels)
    seen = json or not quiet
    told = scores.scores_of(network.model, test) if seen and test is not None else None
    found = watch.end(history)
    if not json:
        scores.tell(console, told)
    if report is not None:
        review.report(
            report, network.model, judged, history=history, train=images, recipe=settings.plain(),
            doubts=[finding.text for finding in found], title=text("review.title", model=f"{name}, {data}"),
        )  # fmt: skip
        console.print(text("figures.page_written", path=report))
    if json:
        run = {"model": name, "data": data, "optimizer": optimizer, "lr": job.optimizer.lr}
        run |= {"batch_size": batch_size, "seed": seed, "parameters": count}
        run |= (
            _results(history, chance)
            | scores.document(told)
            | {"advice": [vars(finding) for finding in found]}
        )
        output.print_json(run | {"out": None if out is None else str(out)})
    elif out is not None:
        console.print(text("training.saved", path=out))


def _put_away(
    job: Job,
    going: Epochs,
    out: Path,
    ended: KeyboardInterrupt | PellucidError | OSError | None,
    *,
    allow_nonfinite: bool,
) -> Path | None:
    """Save the network, and the receipt of a run that is done; where it is then, None where it has learned nothing."""
    from pellucid.cli.rescue import saved
    from pellucid.formats import save_model
    from pellucid.runs.receipt import beside
    from pellucid.train.interrupt import after_step

    network = job.network

    def save(path: Path) -> None:
        # What ends here anyway need not be interrupted, unless it has been once.
        with after_step() if ended is None else nullcontext():
            save_model(
                path, network.name, network.settings, network.model, classes=network.classes,
                preprocessing=network.preprocessing, allow_nonfinite=allow_nonfinite,
            )  # fmt: skip

    if ended is not None and not going.run.history.losses:
        return None  # it takes nobody's place
    try:
        out = saved(out, save)
    except typer.Exit:
        raise (typer.Exit(2) if ended is None or isinstance(ended, KeyboardInterrupt) else ended) from None
    if ended is None:
        job.receipt(going).write(beside(out))
        return out
    beside(out).unlink(missing_ok=True)  # of the network that was there before
    if not isinstance(ended, KeyboardInterrupt):
        print(printable(text("training.saved_so_far", path=out)), file=sys.stderr)
    return out


def _check_room(out: Path, network: Module) -> None:
    """Look before training whether a network can be saved there.

    Raises: FormatError when it cannot.
    """
    from pellucid.formats.file import check_writable

    size_bytes = _HEADER_BYTES + sum(array.nbytes for _, array in network.named_arrays())
    check_writable(say("model file '{path}'", path=out), out, size_bytes)


def _learn(
    going: Epochs, console: Console, epochs: int, callbacks: Sequence[Callback]
) -> KeyboardInterrupt | PellucidError | OSError | None:
    """Go through a run; what ended it early, if something did."""
    from pellucid.cli.progress import shown

    try:
        with shown(console, epochs) as show:
            going.callbacks = [show, *callbacks]
            try:
                going.go()
            finally:
                going.settle()
    except (KeyboardInterrupt, PellucidError, OSError) as error:
        return error
    return None


def _told(
    ended: KeyboardInterrupt | PellucidError | OSError, out: Path | None, exit_code: int
) -> typer.Exit | PellucidError | OSError:
    """How the command ends where training ended early; an interrupt is told, and where the network is."""
    if not isinstance(ended, KeyboardInterrupt):
        return ended
    key = "training.interrupted" if out is None else "training.interrupted_saved"
    print(text(key, path=out), file=sys.stderr)
    return typer.Exit(exit_code)


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
