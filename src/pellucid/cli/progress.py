"""How training looks while it runs: a bar on a terminal, a line every few seconds where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pellucid.language import text
from pellucid.train import events

Show = Callable[[events.Progress | events.Epoch], None]
_SECONDS_BETWEEN_LINES = 5.0
_FRAMES = 4  # of the bar in a second: each takes about a millisecond from the steps


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
    progress = Progress(
        *columns, console=console, transient=True, redirect_stderr=False, refresh_per_second=_FRAMES
    )
    task, last, judged = progress.add_task("", total=None, speed=""), -1.0, ""

    def show(event: events.Progress | events.Epoch) -> None:
        nonlocal last, judged
        progress.start()
        if isinstance(event, events.Epoch):
            console.print(_epoch_line(event, epochs))
            judged = _accuracy(event)
            return
        now = time.monotonic()
        if now - last < 1 / _FRAMES:
            return
        last = now
        progress.update(
            task,
            description=text("training.epoch", epoch=event.epoch + 1, epochs=epochs),
            total=epochs * event.batches,
            completed=event.epoch * event.batches + event.batch,
            speed="  ".join(filter(None, (_speed(event), judged))),
        )

    try:
        yield show
    finally:
        progress.stop()


def _lines(console: Console, epochs: int) -> Show:
    last = time.monotonic()

    def show(event: events.Progress | events.Epoch) -> None:
        nonlocal last
        if isinstance(event, events.Epoch):
            console.print(_epoch_line(event, epochs))
        elif time.monotonic() - last < _SECONDS_BETWEEN_LINES:
            return
        else:
            epoch = text("training.epoch", epoch=event.epoch + 1, epochs=epochs)
            console.print(f"{epoch}  {event.batch / event.batches:4.0%}  {_speed(event)}")
        last = time.monotonic()

    return show


def _speed(event: events.Progress) -> str:
    speed = text("training.speed", speed=event.images_per_second)
    return f"{speed}  {text('training.loss', loss=event.loss)}"


def _epoch_line(event: events.Epoch, epochs: int) -> str:
    said = [
        text("training.epoch", epoch=event.epoch + 1, epochs=epochs),
        text("training.loss", loss=event.loss),
    ]
    said += filter(None, [_accuracy(event)])
    return "  ".join([*said, text("training.seconds", seconds=event.seconds)])


def _accuracy(event: events.Epoch) -> str:
    """That of the validation, if there was one."""
    return text("training.test_accuracy", accuracy=event.validation["accuracy"]) if event.validation else ""
