"""A few of the hostile command lines of `soak/lines.py`, and what it would say of lines that end badly."""

from __future__ import annotations

import pytest
from soak.lines import Outcome, soak


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_hostile_command_lines_end_in_order(seed):
    assert "\n".join(str(ended) for ended in soak(12, seed) if ended.fault) == ""


def test_the_soak_tells_what_is_no_order():
    good = Outcome(["train"], 2, "error: no such option\n")
    assert good.fault == ""
    assert Outcome(["train"], 2, "a warning\nerror: no such option\n").fault == "2 lines on stderr"
    assert Outcome(["train"], 2, "").fault == "0 lines on stderr"
    assert Outcome(["train"], 1, "").fault == "an exit code of its own"
    assert Outcome(["certify"], 1, "").fault == ""
    assert Outcome(["certify"], "Traceback: ValueError: x", "").fault == "a crash"
    assert Outcome(["certify"], 0, "Traceback (most recent call last):\n").fault == "a crash"
