"""Initial values have PyTorch's distributions: bounds by fan-in, uniform between them, for weights and biases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

import pellucid as pc

LAYERS = [
    ("Conv1d", (3, 400, 7), {}),
    ("Conv2d", (6, 400, (3, 5)), {"groups": 2}),
    ("Conv3d", (2, 400, (2, 3, 4)), {}),
    ("ConvTranspose1d", (5, 400, 7), {}),
    ("ConvTranspose2d", (6, 400, (3, 5)), {"groups": 2}),
    ("ConvTranspose3d", (2, 400, (2, 3, 4)), {}),
    ("Linear", (30, 500), {}),
]


@pytest.mark.parametrize(("name", "arguments", "settings"), LAYERS, ids=[name for name, *_ in LAYERS])
def test_distributions_are_those_of_pytorch(name, arguments, settings):
    pc.seed(11)
    torch.manual_seed(11)
    ours, theirs = getattr(pc, name)(*arguments, **settings), getattr(torch.nn, name)(*arguments, **settings)
    weight = theirs.weight.detach()
    bound = 1 / np.sqrt(torch.nn.init._calculate_fan_in_and_fan_out(weight)[0])
    for array, other in ((ours.weight, weight), (ours.bias, theirs.bias.detach())):
        values, expected = np.asarray(array, np.float64).ravel(), other.double().numpy().ravel()
        assert values.size == expected.size
        assert abs(values).max() <= np.float32(bound)
        assert abs(expected).max() <= np.float32(bound)
        assert abs(values).max() > bound * (1 - 20 / values.size)
        assert values.mean() == pytest.approx(0, abs=5 * bound / np.sqrt(3 * values.size))
        assert values.var() == pytest.approx(bound**2 / 3, rel=5 * np.sqrt(0.8 / values.size))
        assert stats.kstest(values, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3
        assert stats.ks_2samp(values, expected).pvalue > 1e-3
