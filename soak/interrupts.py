"""Interrupts at random moments: no crash, no half-made weight, counters right, the next step's bits as ever.

    python soak/interrupts.py [--count 51000] [--seed 0]

Processes with 1, 2 and 7 threads train, infer, record, commit and plan, while a timer interrupts each of that at a
random moment. After every interrupt, weights, statistics, counters and the optimiser's state must be those of an
uninterrupted run after as many steps, and so must outputs and recordings.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np

import pellucid as pc
import pellucid.functional as F

THREADS = (1, 2, 7)
STEPS = 40  # of a model, then comes a new one


class Interrupted(BaseException):
    """What the handler raises, as Ctrl-C raises KeyboardInterrupt."""


class Network(pc.Module):
    """Batch norm, dropout, a shared layer, Winograd's algorithm and the direct sums in a millisecond."""

    def __init__(self) -> None:
        self.first, self.norm = pc.Conv2d(2, 16, 3, padding=1), pc.BatchNorm2d(16)
        self.shared, self.drop, self.head = pc.Conv2d(16, 16, 3, padding=1), pc.Dropout(0.3), pc.Linear(64, 5)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.norm(self.first(x)))
        x = self.shared(F.relu(self.shared(x)))
        return self.head(self.drop(F.flatten(F.max_pool2d(x, 4), 1)))


class Run:
    """A model that is being trained."""

    def __init__(self) -> None:
        pc.seed(0)
        self.model = Network()
        self.step = pc.TrainStep(self.model, pc.Adam(lr=1e-3), seed=3)

    def batch(self) -> tuple[Any, Any]:
        """The batch of the next step; its size changes from step to step, and so does the program."""
        rng = np.random.default_rng(self.step.steps)
        count = 2 + self.step.steps % 3
        return rng.random((count, 2, 8, 8), np.float32), rng.integers(0, 5, count)

    def state(self) -> str:
        """A digest of all that training changes."""
        digest = hashlib.sha256()
        for name, array in self.model.named_arrays():
            digest.update(name.encode() + array.tobytes())
        for name, arrays in sorted(self.step._state._arrays.items()):
            for key, array in arrays.items():
                digest.update(f"{name} {key}".encode() + array.tobytes())
        return digest.hexdigest()

    def output(self) -> bytes:
        """What the model says in inference."""
        return self.model(self.batch()[0]).tobytes()

    def recorded(self) -> bytes:
        """A gradient of the next step."""
        return self.step.record(*self.batch())["grad(first.weight)"].tobytes()


def reference() -> list[tuple[str, bytes, bytes, float]]:
    """State, output, gradient and loss before each step of an uninterrupted run."""
    run, rows = Run(), []
    run.step.state_dict()
    for _ in range(STEPS + 1):
        rows.append((run.state(), run.output(), run.recorded(), run.step(*run.batch())))
    return rows


def commit(run: Run) -> None:
    """A step in the open."""
    run.step.record(*run.batch()).commit()


def plan(run: Run) -> None:
    """A step whose program is made anew."""
    run.step._programs.clear()
    run.step(*run.batch())


def resize(run: Run) -> None:
    """Another number of threads, and back."""
    threads = pc.get_num_threads()
    try:
        pc.set_num_threads(threads % 7 + 1)
        run.step(*run.batch())
    finally:
        pc.set_num_threads(threads)


ACTIONS = {
    "step": lambda run: run.step(*run.batch()),
    "inference": lambda run: run.output(),
    "record": lambda run: run.recorded(),
    "commit": commit,
    "plan": plan,
    "threads": resize,
}
WEIGHTS = (8, 4, 2, 2, 1, 1)


def interrupts(count: int, threads: int, seed: int) -> None:
    """Be interrupted so often; ends with an error at the first thing that is wrong."""
    rng, rows = random.Random(seed), reference()
    for action in ACTIONS.values():  # all is compiled, so that interrupts fall into what runs every time
        action(Run())
    seconds, armed = dict.fromkeys(ACTIONS, 0.001), False

    def handler(*_: object) -> None:
        if armed:  # the signal may come a moment after the timer has been stopped
            raise Interrupted

    signal.signal(signal.SIGALRM, handler)
    run, done = Run(), 0
    run.step.state_dict()
    while done < count:
        name = rng.choices(list(ACTIONS), WEIGHTS)[0]
        start = time.perf_counter()
        try:
            armed = True
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, rng.random() * 1.2 * seconds[name]))
            ACTIONS[name](run)
            armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            seconds[name] += 0.1 * (time.perf_counter() - start - seconds[name])
        except Interrupted:
            done, armed = done + 1, False
        pc.set_num_threads(threads)
        steps = run.step.steps
        if rng.random() < 0.02 or steps >= STEPS:  # gone at once, whatever has been under way
            run = Run()
            run.step.state_dict()
            steps = 0
        state, output, gradient, loss = rows[steps]
        assert run.state() == state, f"after {done} interrupts, {name}: another state at step {steps}"
        if rng.random() < 0.1:
            assert run.output() == output, f"after {done} interrupts, {name}: another output at step {steps}"
            assert run.recorded() == gradient, f"after {done} interrupts, {name}: another gradient"
            assert run.step(*run.batch()) == loss, f"after {done} interrupts, {name}: another loss"


def main() -> None:
    """Share the interrupts out among processes, so that a crash is seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=51_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="do all in this process, with so many threads")
    options = parser.parse_args()
    if options.threads:
        pc.set_num_threads(options.threads)
        interrupts(options.count, options.threads, options.seed)
        return
    start = time.perf_counter()
    each = -(-options.count // len(THREADS))
    for threads in THREADS:
        command = [sys.executable, __file__, "--count", str(each), "--threads", str(threads)]
        subprocess.run([*command, "--seed", str(options.seed)], check=True, env=os.environ)
    took = time.perf_counter() - start
    print(f"{each * len(THREADS):,} interrupts with {THREADS} threads: nothing wrong, {took:.0f} s")


if __name__ == "__main__":
    main()
