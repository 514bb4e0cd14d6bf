"""Batches of a dataset, and the numbers of their images."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.data import Dataset
from pellucid.train.source import Images


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_batch_has_the_images_of_its_numbers(drop_last, first) -> None:
    data = Dataset(np.arange(11, dtype=np.float32)[:, None, None, None], np.arange(11))
    source = Images(data, 4, 7, None, drop_last=drop_last)
    for epoch in range(2):
        batches = list(source.epoch(epoch, first))
        assert len(batches) == source.batches - first == 3 - drop_last - first
        for batch, (x, y) in enumerate(batches, first):
            chosen = source.chosen(epoch, batch)
            assert chosen.tolist() == y.tolist() == x.reshape(-1).tolist()
