"""How training looks while it runs: a bar on a terminal, a line every few seconds where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pellucid.language import text
from pellucid.train import history

Show = Callable[[history.Progress | history.Epoch], None]
_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def shown(console: Console, epochs: int) -> Iterator[Show]:
    """A callback for `fit` that shows where training stands."""
    if not console.is_terminal:
        yield _lines(console, epochs)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    # The engine writes on stderr while it compiles: it has the line to itself until the first step is done.
    progress = Progress(*columns, console=console, transient=True, redirect_stderr=False)
    task = progress.add_task("", total=None, speed="")

    def show(event: history.Progress | history.Epoch) -> None:
        progress.start()
        if isinstance(event, history.Epoch):
            console.print(_epoch_line(event, epochs))
            return
        progress.update(
            task,
            description=text("training.epoch", epoch=event.epoch + 1, epochs=epochs),
            total=epochs * event.batches,
            completed=event.epoch * event.batches + event.batch,
            speed=_speed(event),
        )

    try:
        yield show
    finally:
        progress.stop()


def _lines(console: Console, epochs: int) -> Show:
    last = time.monotonic()

    def show(event: history.Progress | history.Epoch) -> None:
        nonlocal last
        if isinstance(event, history.Epoch):
            console.print(_epoch_line(event, epochs))
        elif time.monotonic() - last < _SECONDS_BETWEEN_LINES:
            return
        else:
            epoch = text("training.epoch", epoch=event.epoch + 1, epochs=epochs)
            console.print(f"{epoch}  {event.batch / event.batches:4.0%}  {_speed(event)}")
        last = time.monotonic()

    return show


def _speed(event: history.Progress) -> str:
    speed = text("training.speed", speed=event.images_per_second)
    return f"{speed}  {text('training.loss', loss=event.loss)}"


def _epoch_line(event: history.Epoch, epochs: int) -> str:
    said = [
        text("training.epoch", epoch=event.epoch + 1, epochs=epochs),
        text("training.loss", loss=event.loss),
    ]
    if event.validation:
        said.append(text("training.test_accuracy", accuracy=event.validation["accuracy"]))
    return "  ".join([*said, text("training.seconds", seconds=event.seconds)])
