"""The bench of filters: every library computes the same, so that times can be compared."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from pellucid.bench import filters
from pellucid.bench.filters import FILTERS, LIBRARIES
from pellucid.bench.turns import Turns

IMAGE = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
INSIDE = (slice(4, -4), slice(4, -4))  # Pillow has borders of its own


@pytest.mark.parametrize("library", ["scipy", "pillow", pytest.param("opencv", marks=pytest.mark.oracle)])
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_libraries_agree(library, wanted):
    (ours,) = LIBRARIES["pellucid"](IMAGE, wanted, 1)
    expected = np.asarray(ours(), int)[INSIDE]
    calls = LIBRARIES[library](IMAGE, wanted, 1)
    assert len(calls) >= 1 or (library == "pillow" and wanted.size == 7)
    for call in calls:
        found = np.asarray(call(), int)[INSIDE]
        if (
            library == "scipy"
        ):  # it lets sums that are too large begin again at 0, and cuts off fractions of both passes
            error = (found - expected) % 256
            assert set(np.unique(error[(expected > 0) & (expected < 255)])) <= {0, 255, 254}
        elif (library, wanted.kernel) == ("pillow", "gaussian"):
            assert np.abs(found - expected).mean() < 4  # three boxes
        else:
            assert np.abs(found - expected).max() <= 1


def test_a_row_of_each_library(monkeypatch):
    taken = {"pellucid": [2.0, 2.0], "scipy": [3.0, 3.0], "pillow": [], "opencv": [1.0, 1.0]}
    monkeypatch.setattr(Turns, "__enter__", lambda self: self)
    monkeypatch.setattr(Turns, "__exit__", lambda *_: None)
    monkeypatch.setattr(Turns, "times_ms", lambda *_: taken)
    table = filters.measure(2, 1)
    assert table.rows[4] == ("7×7 whole", "2.0", "3.0 (1.50)", "–", "1.0 (0.50)")


PROGRAM = """
import sys
from pellucid.bench import turns

def contend(name, threads):
    turns.serve(lambda number: (lambda: None) if (name, number) != ("b", 1) else None)

if __name__ == "__main__":
    turns.run("", None, ("a", "b"), contend, None)
"""


@pytest.mark.slow
def test_contenders_take_turns(tmp_path, monkeypatch):
    (tmp_path / "contest.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    with Turns("contest", ("a", "b"), 1) as contenders:
        assert [len(times) for times in contenders.times_ms(0, 3).values()] == [3, 3]
        found = contenders.times_ms(1, 2)
    assert len(found["a"]) == 2
    assert all(0 <= ms < 1000 for ms in found["a"])
    assert found["b"] == []
