"""Contenders in processes of their own that take turns at one call after another; who does not run sleeps.

A contender is this program with `--serve NAME`. Each line on its stdin is the number of a call, each line on its stdout
how many milliseconds it took, or null where the contender has no such call.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from pellucid.bench.machine import describe
from pellucid.bench.peers import KEEP_MEMORY
from pellucid.bench.report import Table

Call = Callable[[], object]


class Turns:
    """The contenders of a program (a module's name), started at `with` and stopped behind it; `given` is for all."""

    def __init__(self, program: str, names: Sequence[str], threads: int, given: Sequence[str] = ()) -> None:
        self._command = [sys.executable, "-m", program, *given, "--threads", str(threads), "--serve"]
        self._names, self._threads = names, threads

    def __enter__(self) -> Turns:
        environment = {**os.environ, "OMP_NUM_THREADS": str(self._threads), **KEEP_MEMORY}
        self._processes = {
            name: subprocess.Popen(
                [*self._command, name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for name in self._names
        }
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()  # closes the pipes and waits for the end

    def times_ms(self, number: int, rounds: int) -> dict[str, list[float]]:
        """How long a call took in every round, by contender; nothing where it has no such call."""
        found: dict[str, list[float]] = {name: [] for name in self._names}
        for _ in range(rounds):
            for name, process in self._processes.items():
                if (taken := _ask(process, number)) is not None:
                    found[name].append(taken)
        return found


def _ask(process: subprocess.Popen[str], number: int) -> float | None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit("a contender's process has ended; its last words are above")
    taken: float | None = json.loads(line)
    return taken


def compared(times: dict[str, list[float]]) -> list[str]:
    """Cells of a table: all medians, and the best of the others' over the first one's, round by round.

    Example:
        >>> compared({"ours": [1.0, 2.0, 4.0], "theirs": [3.0, 4.0, 4.0], "slow": [9.0, 9.0, 9.0]})
        ['2.00', '4.00', '9.00', '2.00 (1.00–3.00)']
    """
    ours, *others = times.values()
    best = min(others, key=statistics.median)
    ratios = sorted(theirs / mine for theirs, mine in zip(best, ours, strict=True))
    medians = [f"{statistics.median(some):.2f}" for some in (ours, *others)]
    return [*medians, f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"]


def serve(prepare: Callable[[int], Call | None]) -> None:
    """Be a contender. `prepare` makes a call ready; only the newest one is kept, for the sake of memory."""
    call: Call | None = None
    ready = -1
    for line in sys.stdin:
        number = int(line)
        if number != ready:
            call = None
            call, ready = prepare(number), number
        print(json.dumps(None if call is None else milliseconds(call)), flush=True)


def milliseconds(call: Call) -> float:
    """The median of its calls in a turn of 50 ms; the first one, which wakes threads, is left out if others follow."""
    start = time.perf_counter()
    call()
    moments = [time.perf_counter()]
    while moments[-1] - start < 0.05 or len(moments) == 2:
        call()
        moments.append(time.perf_counter())
    if len(moments) == 1:
        return (moments[0] - start) * 1e3
    return statistics.median(later - earlier for earlier, later in itertools.pairwise(moments)) * 1e3


def run(
    about: str | None,
    arguments: Sequence[str] | None,
    names: Sequence[str],
    contend: Callable[[str, int], None],
    measure: Callable[[int, int], Table],
) -> None:
    """The program: measure(rounds, threads) and print Markdown; or contend(name, threads) in another one's turns."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=formatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--serve", choices=names, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        contend(options.serve, options.threads)
        return
    machine = describe()
    print(f"{machine['processor']}, {options.threads} threads, load at the beginning {machine['load']}.\n")
    print(measure(options.rounds, options.threads).markdown())
