"""A few of what the programs in soak/ try by the thousand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "soak"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, named pipes, limits")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("forgeries.py --every 97 winograd regression", ", 0 believed\n"),
        ("hostile.py --count 40 --seed 1", ": 0 met badly; "),
        ("interrupts.py --count 300", "300 interrupts with (1, 2, 7) threads: nothing wrong, "),
        ("threads.py --seconds 3", " models of 60 updates, all as in a serial run: "),
        pytest.param(
            *("fields.py --count 24", " outputs far from borders: 0 at fault, "), marks=pytest.mark.oracle
        ),
        ("shapes.py --count 150", "150 shapes: 0 wrong results, at most "),
        ("kills.py --count 4", "4 saves killed: 0 broken files, "),
        ("runs.py --count 3", " runs: 0 with other bytes\n"),
        ("certified.py conv1d norms conv3d expressions", " numbers: 0 arrays at fault"),
        ("targets.py --networks norms dropped", ": 0 of 22 digests differ"),
    ],
)
def test_a_sample(line: str, said: str) -> None:
    script, *options = line.split()
    done = subprocess.run(
        [sys.executable, SOAK / script, *options], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout
