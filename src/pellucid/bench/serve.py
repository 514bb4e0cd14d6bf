"""One contender's process: it sets up an engine, then works only when it is told to. Its other end is `contender`.

    python -m pellucid.bench.serve PEER TASK MODEL BATCH --folder DIR --threads N --born SECONDS [--write]

The first line on stdout says how starting went and what came out, {"import_s", "start_s", "found"}. Then each line on
stdin is a number of calls, and each line on stdout tells {"ms": [one per call], "growth_mb"}. With --write the process
only writes the file that this engine reads.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from pellucid.bench.cases import TASKS, TRAIN, Case
from pellucid.bench.machine import forget_peak, peak_mb
from pellucid.bench.peers import OURS, PEERS
from pellucid.errors import PellucidError

CHECKED_STEPS = 3  # losses of the first steps, which the contenders must agree on

Run = Callable[[int], Any]


def serve(peer_name: str, case: Case, folder: Path, threads: int, born: float, channel: TextIO) -> None:
    """Be a contender. `born` is when this process was asked for, by the clock of `time.monotonic`."""
    peer = next(peer for peer in PEERS if peer.name == peer_name)
    module = import_module(f"{OURS.__module__}.{peer.module}")
    start = born if peer is OURS else time.monotonic()  # the others do not pay for the import of Pellucid
    module.load()
    imported = time.monotonic()
    forget_peak()
    before_mb = peak_mb()
    try:
        run: Run = getattr(module, case.task)(case, folder, threads, **peer.options)
        forget_peak()  # of setting up, only what stays
        found = [run(0)]
    except PellucidError as error:
        sys.exit(str(error))  # its last word on stderr, which the bench passes on
    report: dict[str, Any] = {"import_s": imported - start, "start_s": time.monotonic() - start}
    if case.task == TRAIN:
        found += [run(number) for number in range(1, CHECKED_STEPS)]
    report["found"] = np.concatenate([np.ravel(part) for part in found]).tolist()
    print(json.dumps(report), file=channel, flush=True)
    number = len(found)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run(number)
            times.append((time.perf_counter() - start) * 1e3)
            number += 1
        print(json.dumps({"ms": times, "growth_mb": peak_mb() - before_mb}), file=channel, flush=True)


def main() -> None:
    """Parse and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=[peer.name for peer in PEERS])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("model")
    parser.add_argument("batch", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--born", type=float, default=time.monotonic())
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    case = Case(arguments.task, arguments.model, arguments.batch)
    if arguments.write:
        (peer,) = (peer for peer in PEERS if peer.name == arguments.peer)
        import_module(f"{OURS.__module__}.{peer.file}").write(case, arguments.folder)
        return
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an engine prints must not get between the answers
    serve(arguments.peer, case, arguments.folder, arguments.threads, arguments.born, channel)


if __name__ == "__main__":
    main()
