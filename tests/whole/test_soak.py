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
        ("hostile_data.py --every 67", ": 0 met badly; "),
        ("damage.py --flips 40 --every 37", ": 0 met badly\n"),
        ("disks.py --count 2 --no-lines", ": 0 met badly\n"),
        ("interrupts.py --count 300", "300 interrupts with (1, 2, 7) threads: nothing wrong, "),
        ("threads.py --seconds 3", " models of 60 updates, all as in a serial run: "),
        pytest.param(
            *("fields.py --count 24", " outputs far from borders: 0 at fault, "), marks=pytest.mark.oracle
        ),
        pytest.param(
            *("exchange.py tiny --steps 2", "1 networks: probabilities differ by at most "),
            marks=pytest.mark.oracle,
        ),
        ("shapes.py --count 150", "150 shapes: 0 wrong results, at most "),
        ("kills.py --count 4", "4 saves killed: 0 broken files, "),
        ("runs.py --count 3", " runs: 0 with other bytes\n"),
        ("receipts.py --weights 2 --steps 120", "add up to the final bits: 2\n"),
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


@pytest.mark.slow
def test_what_an_epoch_loses_is_measured() -> None:
    line = [sys.executable, SOAK / "epochs.py", "--rounds", "1", "--steps", "3"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 1), done.stderr  # 1 where it is slow
    for turn in ("bare steps", "fit", "fit with the bar"):
        assert f"| mnist_cnn | {turn} | " in done.stdout
