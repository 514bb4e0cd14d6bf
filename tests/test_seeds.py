"""Everywhere a seed is taken, it is a whole number that the engine's counters hold, and anything else is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pellucid as pc

LARGEST = 2**63 - 1
X, Y = np.ones((2, 3), np.float32), np.array([0, 1])
SGD = pc.SGD(0.1)


def model():
    return pc.Sequential(pc.Linear(3, 2), pc.Dropout(0.5))


TAKERS = {
    "seed": pc.seed,
    "TrainStep": lambda seed: pc.TrainStep(model(), SGD, seed=seed)(X, Y),
    "fit": lambda seed: pc.fit(model(), (X, Y), optimizer=SGD, epochs=1, seed=seed),
    "batches": lambda seed: list(pc.Dataset(X, Y).batches(2, seed)),
    "certify": lambda seed: pc.record(model(), X).certify(1, seed),
    "integer_runs": lambda seed: pc.record(model(), X).integer_runs(seed),
    "dropout": lambda seed: pc.functional.dropout(X, seed=seed),
    "check_gradient": lambda seed: pc.check_gradient(lambda x: 2 * x, lambda g, x: 2 * g, (X,), seed=seed),
}


@pytest.mark.parametrize("where", TAKERS)
def test_a_seed_is_a_whole_number_of_63_bits(where):
    TAKERS[where](LARGEST)
    TAKERS[where](np.uint8(7))
    for wrong in (LARGEST + 1, 2**70, -1, 0.5, "1", True, None):
        told = f"{where}: seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed={wrong!r}."
        with pytest.raises(pc.ArgumentError, match=f"^{re.escape(told)}$"):
            TAKERS[where](wrong)


@pytest.mark.parametrize("command", ["train", "certify lenet5", "explain lenet5"])
def test_the_command_line_says_the_same(run, command):
    code, _, err = run(*command.split(), "--seed", LARGEST + 1)
    assert code == 2
    assert (
        err
        == f"error: --seed: seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed={LARGEST + 1}.\n"
    )
