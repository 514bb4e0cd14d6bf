"""What an epoch loses beside its steps: to loading, augmentation, callbacks and the progress bar.

    python soak/epochs.py [--rounds N] [--steps N] [--threads N] [DATA …]

`fit` with the bar of `pellucid train` on a pseudo terminal, and bare steps on batches that are ready take turns. The
ratio of their times is taken round by round, and that of the processor time of all their threads, which hardly depends
on what else the machine does; the target is that the smaller of both medians is at most 1.03. DATA are as for
`pellucid train --data`; by default MNIST, which is trained on by mnist_cnn. Coloured images are trained on by resnet20,
cropped and flipped.
"""

from __future__ import annotations

import argparse
import os
import pty
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from rich.console import Console

import pellucid as pc
from pellucid.bench.machine import describe
from pellucid.bench.report import Table
from pellucid.cli.progress import shown
from pellucid.runs.networks import data_for, fresh, shape_of
from pellucid.train import Epoch

BATCH, FIRST = 64, 10  # images; steps before time is taken: the first ones make plans and fill the queue
TARGET = 1.03
Times = tuple[float, float]  # milliseconds of a step, and of processor time that all threads take for it


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print Markdown; 1 where a target is missed."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("data", nargs="*", default=["mnist"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    pc.set_num_threads(options.threads)
    machine = describe()
    print(f"{machine['processor']}, {options.threads} threads, load at the beginning {machine['load']}.\n")
    rows, missed = [], 0
    for data in options.data:
        name, variants = turns_of(data, options.steps)
        times: dict[str, list[Times]] = {variant: [] for variant in variants}
        for _ in range(options.rounds):
            for variant, turn in variants.items():
                times[variant].append(turn())
        bare = times["bare steps"]
        for variant, taken in times.items():
            cells, medians = [], []
            for of in (0, 1):
                ratios = sorted(t[of] / b[of] for t, b in zip(taken, bare, strict=True))
                medians.append(statistics.median(ratios))
                cells.append(f"{statistics.median(t[of] for t in taken):.2f}")
                cells.append(f"{medians[-1]:.3f} ({ratios[0]:.3f}–{ratios[-1]:.3f})")
            missed += min(medians) > TARGET
            rows.append((name, variant, *cells))
    over = "over bare steps: median (lowest–highest)"
    header = ("network", "", "ms a step", over, "ms of processor time", over)
    print(Table("What an epoch loses", header, rows).markdown())
    return int(missed > 0)


def turns_of(data: str, steps: int) -> tuple[str, dict[str, Callable[[], Times]]]:
    """The network's name, and what takes turns: each says what a step takes."""
    train, _ = data_for(None, data, {})
    train = train[: (steps + FIRST) * BATCH]
    grey = train.images.shape[1] == 1
    name, augment = ("mnist_cnn", None) if grey else ("resnet20", pc.Augment(crop=4, flip=True))
    pc.seed(0)
    model = fresh(name, shape_of(train), 10).model

    def optimizer() -> pc.SGD:
        return pc.SGD(lr=0.001, momentum=0.9)

    step = pc.TrainStep(model, optimizer())
    ready = list(islice(train.batches(BATCH), 8))
    for x, y in ready:
        step(x, y)

    def bare() -> Times:
        watch = Watch()
        for i in range(steps + FIRST):
            watch(step(*ready[i % len(ready)]))
        return watch.times

    def fitted(console: Console | None) -> Times:
        watch = Watch()
        with quiet() if console is None else shown(console, 1) as show:
            pc.fit(model, train, optimizer=optimizer(), epochs=1, augment=augment, callbacks=[show, watch])
        return watch.times

    def with_bar() -> Times:
        with terminal() as console:
            return fitted(console)

    return name, {"bare steps": bare, "fit": lambda: fitted(None), "fit with the bar": with_bar}


class Watch:
    """A callback that takes the time from a step on to the last one."""

    def __init__(self) -> None:
        self._moments: list[Times] = []

    def __call__(self, event: object) -> None:
        if not isinstance(event, Epoch):
            self._moments.append((time.perf_counter(), time.process_time()))

    @property
    def times(self) -> Times:
        """What a step takes."""
        first, last, count = self._moments[FIRST - 1], self._moments[-1], len(self._moments) - FIRST
        return (last[0] - first[0]) / count * 1e3, (last[1] - first[1]) / count * 1e3


@contextmanager
def quiet() -> Iterator[Callable[[object], None]]:
    """A callback that does nothing."""
    yield lambda _: None


@contextmanager
def terminal() -> Iterator[Console]:
    """A pseudo terminal whose other end is read, as a window does."""
    ours, theirs = pty.openpty()

    def read() -> None:
        try:
            while os.read(ours, 1 << 16):
                pass
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with os.fdopen(theirs, "w") as file:
        yield Console(file=file, width=100, force_terminal=True)
    reader.join()
    os.close(ours)


if __name__ == "__main__":
    sys.exit(main())
