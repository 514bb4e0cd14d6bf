"""How training looks while it runs: a bar on a terminal, a line every few seconds where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pellucid.train import loop

Show = Callable[[loop.Progress | loop.Epoch], None]
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

    def show(event: loop.Progress | loop.Epoch) -> None:
        progress.start()
        if isinstance(event, loop.Epoch):
            console.print(_epoch_line(event, epochs))
            return
        progress.update(
            task,
            description=f"epoch {event.epoch + 1}/{epochs}",
            total=epochs * event.batches,
            completed=event.epoch * event.batches + event.batch,
            speed=f"{event.images_per_second:,.0f} images/s  loss {event.loss:.4f}",
        )

    try:
        yield show
    finally:
        progress.stop()


def _lines(console: Console, epochs: int) -> Show:
    last = time.monotonic()

    def show(event: loop.Progress | loop.Epoch) -> None:
        nonlocal last
        if isinstance(event, loop.Epoch):
            console.print(_epoch_line(event, epochs))
        elif time.monotonic() - last < _SECONDS_BETWEEN_LINES:
            return
        else:
            share, speed = event.batch / event.batches, event.images_per_second
            head = f"epoch {event.epoch + 1}/{epochs}  {share:4.0%}"
            console.print(f"{head}  {speed:,.0f} images/s  loss {event.loss:.4f}")
        last = time.monotonic()

    return show


def _epoch_line(event: loop.Epoch, epochs: int) -> str:
    head = f"epoch {event.epoch + 1}/{epochs}  loss {event.loss:.4f}"
    test = f"  test accuracy {event.validation['accuracy']:.2%}" if event.validation else ""
    return f"{head}{test}  {event.seconds:.1f} s"
