"""`pellucid explain`: the arithmetic that made one number, or a step layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Python,
    Sample,
    Seed,
)
from pellucid.errors import say
from pellucid.language import text

if TYPE_CHECKING:
    from rich.console import Console

    from pellucid.explain import Overview, Recording, Trace
    from pellucid.explain.paths.path import Path as WayBack
    from pellucid.runs.number_history import NumberHistory

_TOP, _TOP_OF_EACH = 12, 4  # terms of one number, and of each number on the way back
_BATCH = 32  # samples of an overview: dead units show only when many samples are seen


def explain(
    context: typer.Context,
    model: AnyModel,
    at: Annotated[
        str | None,
        typer.Option(metavar=text("value.address"), help=text("option.at"), show_default=text("default.at")),
    ] = None,
    data: Data = MNIST,
    sample: Sample = 0,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=text("option.images_in_batch"),
            show_default=text("default.explain_batch", overview=_BATCH),
        ),
    ] = None,
    infer: Annotated[bool, typer.Option("--infer", help=text("option.explain_infer"))] = False,
    optimizer: Optimizer = OptimizerName.SGD,
    lr: Lr = None,
    momentum: Momentum = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=text("option.top"),
            show_default=text("default.top", alone=_TOP, deep=_TOP_OF_EACH),
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=text("option.depth"),
            show_default=text("default.depth"),
        ),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help=text("option.number_history"))] = False,
    step: Annotated[int | None, typer.Option(min=1, help=text("option.step"))] = None,
    python: Python = None,
    html: Annotated[Path | None, typer.Option(metavar=text("value.file"), help=text("option.html"))] = None,
    lang: Lang = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Show how one of a network's numbers was made, or a step layer by layer."""
    from pellucid import nn
    from pellucid.cli import inputs, output
    from pellucid.errors import ArgumentError
    from pellucid.explain.finite import check_recording
    from pellucid.formats.file import check_writable
    from pellucid.language import chosen
    from pellucid.markup import page
    from pellucid.runs import networks
    from pellucid.runs.options import optimizer as optimizer_of
    from pellucid.train import record

    lang = chosen(lang)
    if at is None and (top, depth) != (None, None):
        raise ArgumentError("explain", "--top and --depth are about one number", hint="say which with --at")
    if infer and (lr, momentum) != (None, None):
        rule = "--lr and --momentum belong to training, and inference has no update"
        raise ArgumentError("explain", rule, hint="leave out --infer to record a training step")
    if history:
        _check_alone(context)
    elif Path(model).is_dir():
        hint = "--history tells of a run"
        raise ArgumentError("explain", "this is a folder", got=repr(model), hint=hint)
    if step is not None and not history:
        raise ArgumentError("explain", "--step is about a run", hint="pellucid explain run --at … --history")
    if html is not None:
        inputs.check_apart(say("page '{path}'", path=html), html, model)
        check_writable(say("page '{path}'", path=html), html)
    answer: _Overview | _Number | _History
    about: dict[str, Any]
    if history:
        given = context.get_parameter_source("data")
        moved = given is not None and given.name == "COMMANDLINE"
        answer = _of_run(model, at, step, data if moved else None, python, top, lang)
        about = {"run": model}
    else:
        optimiser = optimizer_of("explain", optimizer, lr, momentum)
        nn.seed(seed)
        saved, x, y = networks.with_images(model, data, sample, batch or (1 if at else _BATCH), python)
        recording = record(saved.model, x) if infer else record(saved.model, x, y, optimizer=optimiser)
        check_recording("explain", recording)
        about = {"model": model, "data": data, "sample": sample, "batch": len(x)}
        answer = _of_recording(recording, at, depth, top, lang, infer)
    if html is not None:
        output.write(say("page '{path}'", path=html), html, page(at or model, answer.html(), lang))
    console = output.screen(json)
    if json:
        output.print_json({**about, "address": at, **answer.document()})
    else:
        answer.show(console)
    if html is not None:
        console.print(text("figures.page_written", lang, path=html))


def _check_alone(context: typer.Context) -> None:
    """What a run has said already cannot be said again.

    Raises: ArgumentError for an option that decides another recording.
    """
    from pellucid.errors import ArgumentError

    for name in ("infer", "depth", "batch", "sample", "optimizer", "lr", "momentum", "seed"):
        given = context.get_parameter_source(name)
        if given is not None and given.name == "COMMANDLINE":
            raise ArgumentError("explain", say("{option} does not belong to --history", option=f"--{name}"))


def _of_recording(
    recording: Recording, at: str | None, depth: int | None, top: int | None, lang: str, infer: bool
) -> _Overview | _Number:
    if at is None:
        return _Overview(recording.overview(lang))
    trace = _trace(recording, at, lang, infer)
    path = None if depth is None else recording.why(at, depth, top or _TOP_OF_EACH)
    return _Number(trace, path, top or _TOP)


def _of_run(
    run: str,
    at: str | None,
    step: int | None,
    data: str | None,
    python: str | None,
    top: int | None,
    lang: str,
) -> _History | _Number:
    """How a run made a number, or how one of its steps changed it."""
    from pellucid.errors import ArgumentError
    from pellucid.runs.number_history import history_of
    from pellucid.runs.replay import opened
    from pellucid.runs.replay import record as recorded

    if at is None:
        rule, hint = "--history is about one number", "--at 'conv1.weight[5,0,2,2]'"
        raise ArgumentError("explain", rule, hint=hint)
    replay = opened(Path(run), data=data, python=python)
    if step is None:
        return _History(history_of(replay, at, lang), top)
    recording = recorded(replay.before(step))
    array, bracket, index = at.partition("[")
    updated = f"updated({array.strip()})"  # a buffer has no update of its own
    name = f"{updated}{bracket}{index}" if updated in recording else at
    return _Number(_trace(recording, name, lang, False), None, top or _TOP)


def _trace(recording: Recording, at: str, lang: str, infer: bool) -> Trace:
    """The explanation of one number."""
    from pellucid.errors import AddressError

    try:
        return recording.explain(at, lang)
    except AddressError as error:
        if at.split("[")[0].strip() not in recording:
            step = "leave out --infer to record a training step"
            error.hint = step if infer else "without --at all layers are listed"
        raise


@dataclass(frozen=True)
class _History:
    """A number's way through a run."""

    history: NumberHistory
    top: int | None

    def html(self) -> str:
        return self.history.html()

    def document(self) -> dict[str, Any]:
        return {"history": self.history.to_dict()}

    def show(self, console: Console) -> None:
        from pellucid.runs.number_history import TOP

        console.print(self.history.text(top=self.top or TOP))


@dataclass(frozen=True)
class _Overview:
    """All layers."""

    overview: Overview

    def html(self) -> str:
        return self.overview.html()

    def document(self) -> dict[str, Any]:
        return {"overview": self.overview.to_dict()}

    def show(self, console: Console) -> None:
        from rich.text import Text

        from pellucid.cli import output

        console.print(Text(self.overview.title(), "bold"))
        console.print(output.table(self.overview.table(), console.width))
        style = "yellow" if self.overview.suspicious else "green"
        for finding in self.overview.findings():
            console.print(Text(finding, style))


@dataclass(frozen=True)
class _Number:
    """One number and, where it was asked for, its way back through the network."""

    trace: Trace
    path: WayBack | None
    top: int

    def html(self) -> str:
        return self.trace.html()

    def document(self) -> dict[str, Any]:
        return {"trace": self.trace.to_dict(), **({"why": self.path.to_dict()} if self.path else {})}

    def show(self, console: Console) -> None:
        from pellucid.cli import output
        from pellucid.explain.rendering.terminal import rich_trace

        console.print(rich_trace(self.trace, self.top, self.trace.lang))
        if self.path:
            console.print(output.tree(self.path.text(self.trace.lang), console.width))
