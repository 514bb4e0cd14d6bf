"""`make test-quick` runs where no oracle is installed, and enters every room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pellucid as pc

TESTS = Path(__file__).parents[1]
WITHOUT_ORACLES = """
import sys, conftest, pytest

class Nothing:
    def find_spec(name, *_):
        if name in conftest.ORACLES:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nothing)
sys.exit(pytest.main(["--collect-only", "-m", "not slow and not oracle", "tests"]))
"""


@pytest.mark.slow
def test_every_room_has_tests_that_are_quick_and_need_no_oracle():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ORACLES], cwd=TESTS.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    entered = {line.split("/")[1] for line in done.stdout.splitlines() if line.startswith("tests/")}
    rooms = {file.parent.name for file in Path(pc.__file__).parent.glob("*/__init__.py")}
    assert rooms - entered == set()
