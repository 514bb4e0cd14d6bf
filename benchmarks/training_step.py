"""One training step, Pellucid against PyTorch with its best settings.

    python benchmarks/training_step.py [--model lenet5 …] [--batch 64] [--threads 2] [--markdown FILE]

Every contender runs in a process of its own, all take turns, and whoever does not run sleeps. Times are medians of the
rounds' medians, with the fastest and the slowest round. The ratio is the best PyTorch's median divided by Pellucid's.
A start is import to the first step's loss, with nothing compiled yet (cold) and with the cache of an earlier start.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from machine import describe
from peers import KINDS, SHAPES, Contender
from rich.console import Console
from rich.table import Table

_TURN_SECONDS = 0.5  # how long one contender runs before the next does
_REST_SECONDS = 0.3  # threads spin for a moment after their work; the next one begins when that is over
COLUMNS = ("model", "engine", "step ms", "min–max", "ratio", "peak growth MB", "start s", "cold start s")


@dataclass
class Result:
    """What one contender came to."""

    model: str
    kind: str
    start_s: float
    cold_start_s: float | None = None
    rounds_ms: list[float] = field(default_factory=list)
    growth_mb: float = 0.0

    @property
    def step_ms(self) -> float:
        return statistics.median(self.rounds_ms)


def measure(
    model: str, kinds: list[str], batch: int, threads: int, rounds: int, *, cold: bool
) -> list[Result]:
    """All contenders on one model, turn by turn."""
    with tempfile.TemporaryDirectory() as folder:
        cache = {"PELLUCID_CACHE_DIR": folder} if cold else {}
        cold_start_s = None
        if cold:
            first = Contender("pellucid", model, batch, threads, cache)
            cold_start_s = first.first_step_s
            first.close()
        else:
            Contender(
                "pellucid", model, batch, threads, cache
            ).close()  # whatever the user's cache still lacks
        contenders, results = [], []
        for kind in kinds:
            contender = Contender(kind, model, batch, threads, cache)
            contenders.append(contender)
            results.append(
                Result(model, kind, contender.first_step_s, cold_start_s if kind == "pellucid" else None)
            )
            time.sleep(_REST_SECONDS)
        estimates = [min(contender.run(4)[1:]) for contender in contenders]
        for _ in range(rounds):
            for contender, estimate, result in zip(contenders, estimates, results, strict=True):
                time.sleep(_REST_SECONDS)
                steps = round(min(50, max(4, _TURN_SECONDS * 1e3 / estimate)))
                result.rounds_ms.append(
                    statistics.median(contender.run(1 + steps)[1:])
                )  # the first one wakes up
                result.growth_mb = contender.growth_mb
        for contender in contenders:
            contender.close()
    return results


def rows(results: list[Result]) -> list[tuple[str, ...]]:
    """The table's cells, COLUMNS in each row."""
    cells = []
    for result in results:
        peers = [r.step_ms for r in results if r.model == result.model and r.kind != "pellucid"]
        ours = result.kind == "pellucid"
        cells.append(
            (
                result.model,
                result.kind,
                f"{result.step_ms:.2f}",
                f"{min(result.rounds_ms):.2f}–{max(result.rounds_ms):.2f}",
                f"{min(peers) / result.step_ms:.2f}×" if ours and peers else "",
                f"{result.growth_mb:.0f}",
                f"{result.start_s:.1f}",
                f"{result.cold_start_s:.1f}" if result.cold_start_s is not None else "",
            )
        )
    return cells


def markdown(header: tuple[str, ...], cells: list[tuple[str, ...]]) -> str:
    """A table; all columns but the first two hold numbers."""
    rule = ("---", "---", *("---:",) * (len(header) - 2))
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rule, *cells))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--no-cold", action="store_true", help="skip the start with an empty cache of kernels"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there, too")
    arguments = parser.parse_args()

    kinds = list(KINDS)
    if find_spec("torch") is None:
        kinds = ["pellucid"]
        print("PyTorch is missing (pip install 'pellucid[test]'): Pellucid runs alone.", file=sys.stderr)
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5:
        print(
            f"Other programs are running (load {os.getloadavg()[0]:.1f}): times mean little.", file=sys.stderr
        )
    settings = f"batch {arguments.batch}, {arguments.threads} threads, float32, SGD momentum 0.9"
    console, results = Console(), []
    for model in arguments.model:
        with console.status(model):
            results += measure(
                model, kinds, arguments.batch, arguments.threads, arguments.rounds, cold=not arguments.no_cold
            )
    table = Table(*COLUMNS, title=f"Training step: {settings}", caption=describe())
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows(results):
        table.add_row(*row, end_section=row[1] == kinds[-1])
    console.print(table)
    if arguments.markdown:
        text = f"{markdown(COLUMNS, rows(results))}\nTraining step: {settings}. {describe()}.\n"
        arguments.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
