"""What the tests of pages and examples share."""

from __future__ import annotations

import pytest

import pellucid as pc
from pellucid.data import Dataset
from pellucid.data.sets import opening


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST with its first 130 images."""
    parts = tuple(Dataset(part.images[:130], part.labels[:130]) for part in pc.datasets.mnist())
    monkeypatch.setattr(pc.datasets, "mnist", lambda: parts)
    monkeypatch.setattr(opening, "mnist", lambda: parts)  # what the command line opens
