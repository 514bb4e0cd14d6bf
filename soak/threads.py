"""Threads, forks, spawned processes and signals' handlers that use one model at the same time.

    python soak/threads.py [--seconds 600] [--seed 0]

Two threads step, record, commit and predict at random, the main thread forks and spawns meanwhile, and the handler of a
timer predicts. All updates are by one batch, so a model after k updates, in whatever order, has one state only: what
any of them reads, an output, a recording or a child's copy, must be that of a serial run after some k updates.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import threading
import time
import warnings
from typing import Any

import numpy as np

import pellucid as pc

UPDATES = 60  # of a model, then comes a new one
PATIENCE = 60  # seconds that anything may take
X = np.random.default_rng(0).random((4, 1, 12, 12), np.float32)
Y = np.array([0, 2, 1, 2])


def fresh() -> pc.TrainStep:
    """A model at its beginning."""
    pc.seed(1)
    layers = [pc.Conv2d(1, 16, 3, padding=1), pc.BatchNorm2d(16), pc.ReLU(), pc.Conv2d(16, 16, 3, padding=1)]
    model = pc.Sequential(*layers, pc.MaxPool2d(4), pc.Flatten(), pc.Dropout(0.2), pc.Linear(144, 3))
    return pc.TrainStep(model, pc.SGD(lr=0.05, momentum=0.9))


def weights(model: Any) -> bytes:
    """All that a model consists of."""
    return b"".join(array.tobytes() for array in model.state_dict().values())


class Reference:
    """What a serial run has after each number of updates."""

    def __init__(self) -> None:
        step = fresh()
        self.outputs, self.firsts, self.states = [], [], []
        for _ in range(UPDATES + 3):
            self.outputs.append(step.model(X).tobytes())
            self.firsts.append(step.model[0].weight.tobytes())
            self.states.append(weights(step.model))
            step(X, Y)


class Round:
    """One model and all who use it, until it has been updated often enough."""

    def __init__(self, reference: Reference, seed: int) -> None:
        self.reference, self.seed, self.step = reference, seed, fresh()
        self.errors: list[str] = []
        self.counts: dict[str, int] = {}
        self.over = False

    def check(self, holds: bool, what: str) -> None:
        """Note down what is wrong."""
        self.counts[what] = self.counts.get(what, 0) + 1
        if not holds:
            self.errors.append(what)

    def work(self, number: int) -> None:
        """What a thread does."""
        try:
            self.act(number)
        except Exception as error:
            self.errors.append(repr(error))

    def act(self, number: int) -> None:
        """One thing after the other."""
        rng = random.Random(self.seed * 10 + number)
        while self.step.steps < UPDATES and not self.errors:
            action = rng.choice(["step", "predict", "record", "commit", "forward"])
            if action == "step":
                self.step(X, Y)
            elif action == "predict":
                self.check(self.step.model(X).tobytes() in self.reference.outputs, "prediction")
            elif action == "forward":
                self.recorded(pc.record(self.step.model, X), rng)
            else:
                rec = self.step.record(X, Y)
                self.recorded(rec, rng)
                if action == "commit":
                    self.commit(rec)

    def recorded(self, rec: Any, rng: random.Random) -> None:
        """A recording is of one model, and certifies."""
        self.check(rec["0.weight"].tobytes() in self.reference.firsts, "recorded weight")
        if rng.random() < 0.2:
            self.check(rec.certify(sample=5, seed=rng.randrange(99)).certified, "certificate")

    def commit(self, rec: Any) -> None:
        """An update that is accepted counts as one; which, the states of all others tell."""
        try:
            rec.commit()
            self.check(True, "accepted commit")
        except pc.ArgumentError as error:
            self.check("moved on" in str(error), "refused commit")

    def fork(self) -> None:
        """A child finds a whole model, and goes on with it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os._exit(0 if self.as_child() else 1)
        end = time.monotonic() + PATIENCE
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
                self.errors.append("a forked child hangs")
                return
            time.sleep(0.002)
        self.check(done[1] == 0, "forked child")

    def as_child(self) -> bool:
        """Whether all is whole here, before and after a step."""
        steps = self.step.steps
        whole = weights(self.step.model) == self.reference.states[steps]
        self.step(X, Y)
        return whole and weights(self.step.model) == self.reference.states[steps + 1]

    def run(self) -> None:
        """Until the model has had its updates."""

        def handler(*_: object) -> None:
            self.check(self.step.model(X).tobytes() in self.reference.outputs, "prediction of a handler")
            if not self.over:
                signal.setitimer(signal.ITIMER_REAL, 0.003)

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.003)
        threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(2)]
        for thread in threads:
            thread.start()
        rng, end = random.Random(self.seed), time.monotonic() + PATIENCE
        while any(thread.is_alive() for thread in threads) and not self.errors:
            if rng.random() < 0.1:
                self.fork()
            self.step.model(X)  # where the handler meets a run
            if time.monotonic() > end:
                self.errors.append("a thread hangs")
        self.over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.check(weights(self.step.model) == self.reference.states[self.step.steps], "final state")


def spawned(state: bytes, output: bytes) -> None:
    """A process of its own computes the same."""
    step = fresh()
    assert weights(step.model) == state
    assert step.model(X).tobytes() == output


def main() -> None:
    """Round after round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pc.set_num_threads(3)
    reference, rounds = Reference(), 0
    counts: dict[str, int] = {}
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        now = Round(reference, options.seed + rounds)
        now.run()
        assert not now.errors, now.errors[:3]
        rounds += 1
        for what, count in now.counts.items():
            counts[what] = counts.get(what, 0) + count
        if rounds % 20 == 1:
            process = multiprocessing.get_context("spawn").Process(
                target=spawned, args=(reference.states[0], reference.outputs[0])
            )
            process.start()
            process.join(PATIENCE)
            assert process.exitcode == 0, f"a spawned process ended with {process.exitcode}"
    told = ", ".join(f"{count:,} × {what}" for what, count in sorted(counts.items()))
    print(f"{rounds:,} models of {UPDATES} updates, all as in a serial run: {told}")


if __name__ == "__main__":
    main()
