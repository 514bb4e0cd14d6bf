"""What every test of the bench leaves as it was."""

from __future__ import annotations

import pytest

import pellucid as pc


@pytest.fixture(autouse=True)
def _threads():
    before = pc.get_num_threads()
    yield
    pc.set_num_threads(before)
