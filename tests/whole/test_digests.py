"""The bundled networks' first steps have the bits that are written down, on every target and number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.edition import ARITHMETIC
from pellucid.kernels import simd

ROOT = Path(__file__).parents[2]
SAMPLE = ["conv plain", "softmaxes", "norms", "dropped", "transposed1d", "pads3d", "linear"]


def run(script: str, *options: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "soak" / script, *options],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_digests_are_of_this_edition() -> None:
    """Whoever raises it makes them anew."""
    assert json.loads((ROOT / "tests" / "digests.json").read_text())["edition"] == ARITHMETIC


@pytest.mark.slow
@pytest.mark.parametrize("target", simd.native())
def test_the_first_steps_have_the_bits_that_are_written_down(target: str) -> None:
    threads = {"sse": "1", "avx2": "2"}.get(target, "3")
    said = run("bundled.py", PELLUCID_TARGET=target, OMP_NUM_THREADS=threads)
    assert said == f"edition {ARITHMETIC}: nothing differs\n"


@pytest.mark.slow
def test_a_sample_of_networks_has_the_same_bits_on_every_target() -> None:
    said = run("targets.py", "--networks", *SAMPLE)
    assert said.startswith(f"{len(SAMPLE)} networks, targets ")
    assert ": 0 of " in said
