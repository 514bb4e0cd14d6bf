"""Threads on cores that are not theirs alone: more threads than cores, busy neighbours, and what an idle team costs.

    python -m pellucid.bench.oversubscription [--rounds N]

Training steps with 1 to 8 threads, alone and beside processes that do nothing but keep a core busy, all in turns: how
long they take, and how much of the processors all threads together. The latter hardly depends on what else the machine
does. And the processor time that a team takes while it has nothing to do.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

from pellucid.bench.cases import LR, MOMENTUM, TRAIN, Case, batch_of
from pellucid.bench.machine import describe
from pellucid.bench.report import Table
from pellucid.kernels.tape import set_num_threads
from pellucid.nn.models import MODELS
from pellucid.train import SGD, TrainStep

THREADS = (1, 2, 4, 8)
STEPS = {"lenet5": 100, "resnet20": 8}  # in a turn
Times = tuple[float, float]  # milliseconds of a step, and of processor time that all threads take for it
_IDLE_SECONDS = 1.0


@dataclass(frozen=True)
class Setting:
    """What a time belongs to; `rivals` are busy processes beside this one."""

    model: str
    threads: int
    rivals: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    machine = describe()
    rivals = sorted({0, 1, int(str(machine["cores"]))})
    found, idle = measure(rounds, rivals)
    print(f"{machine['processor']}, {machine['cores']} cores, load at the beginning {machine['load']}.\n")
    header = ("step", "busy processes beside it", *(f"{threads} threads" for threads in THREADS))
    settings = [
        (m, str(n), [Setting(m, threads, n) for threads in THREADS]) for m, n in product(STEPS, rivals)
    ]
    for title, of in (("Milliseconds of a step", 0), ("Milliseconds of processor time of a step", 1)):
        rows = [(m, n, *(_cell([each[of] for each in found[s]]) for s in some)) for m, n, some in settings]
        print(Table(f"{title}: median of the rounds (lowest)", header, rows).markdown())
    title = f"Milliseconds of processor time in the {_IDLE_SECONDS:.0f} s after a step: median of the rounds (lowest)"
    cells = (_cell(idle[threads]) for threads in THREADS)
    print(Table(title, ("step", *header[2:]), [("lenet5", *cells)], texts=1).markdown())


def measure(rounds: int, rivals: Sequence[int]) -> tuple[dict[Setting, list[Times]], dict[int, list[float]]]:
    """What a step takes in each setting, round by round; and an idle second with each number of threads."""
    turns = {model: _Turn(model) for model in STEPS}
    found, idle = defaultdict[Setting, list[Times]](list), defaultdict[int, list[float]](list)
    for _ in range(rounds):
        for count in rivals:
            with _busy(count):
                for threads in THREADS:
                    set_num_threads(threads)
                    for model, turn in turns.items():
                        found[Setting(model, threads, count)].append(turn())
        for threads in THREADS:
            set_num_threads(threads)
            idle[threads].append(_idle_ms(turns["lenet5"]))
    return found, idle


class _Turn:
    """A training step, called a number of times."""

    def __init__(self, model: str) -> None:
        self._step = TrainStep(MODELS[model](), SGD(lr=LR, momentum=MOMENTUM))
        self._batch = Case(TRAIN, model, batch_of(model)).batches()[0]
        self._steps = STEPS[model]

    def __call__(self) -> Times:
        """The mean over the steps, since threads that wait for one another may do so once in many."""
        self._step(*self._batch)  # starts the team
        start, before = time.perf_counter(), time.process_time()
        for _ in range(self._steps):
            self._step(*self._batch)
        spans = time.perf_counter() - start, time.process_time() - before
        return spans[0] / self._steps * 1e3, spans[1] / self._steps * 1e3


def _idle_ms(turn: _Turn) -> float:
    """What the team takes of the processors while it waits for the next step."""
    turn()
    start = time.process_time()
    time.sleep(_IDLE_SECONDS)
    return (time.process_time() - start) * 1e3


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """So many processes that never rest."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _cell(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.2f} ({min(times):.2f})"


if __name__ == "__main__":
    main()
