"""The bench of filters: every library computes the same, so that times can be compared."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.bench import filters
from pellucid.bench.filters import FILTERS, LIBRARIES

IMAGE = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
INSIDE = (slice(4, -4), slice(4, -4))  # Pillow has borders of its own


@pytest.mark.parametrize("library", ["scipy", "pillow", "opencv"])
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_libraries_agree(library, wanted):
    if library == "opencv":
        pytest.importorskip("cv2")
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


def test_a_turn_of_each_library(monkeypatch):
    answers = iter([2.0, 3.0, None, 1.0] * 2 * len(FILTERS))
    monkeypatch.setattr(filters, "_process", lambda *_: Process())
    monkeypatch.setattr(filters, "_ask", lambda *_: next(answers))
    rows = filters.measure(2, 1)
    assert rows[4] == ("7×7 whole", "2.0", "3.0 (1.50)", "–", "1.0 (0.50)")


class Process:
    def kill(self):
        """Nothing runs."""
