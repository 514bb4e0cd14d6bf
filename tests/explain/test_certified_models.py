"""Whole training steps, certified: every array that a step computes, at least 20,000 numbers of each network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pc

Shape = tuple[int, ...]
SGD = pc.SGD(lr=0.05, momentum=0.9, weight_decay=1e-3, nesterov=True)


def along_time() -> pc.Module:
    """One spatial axis: strides, groups, dilation, a transposed convolution, overlapping windows."""
    return pc.Sequential(
        pc.Conv1d(2, 12, 5, padding=2, stride=2), pc.BatchNorm1d(12), pc.GELU(), pc.MaxPool1d(3, 2),
        pc.Conv1d(12, 18, 3, groups=3, dilation=2), pc.LeakyReLU(), pc.ConvTranspose1d(18, 6, 4, stride=2),
        pc.AvgPool1d(3, 2), pc.Dropout(0.3), pc.Flatten(), pc.Linear(6 * 26, 40), pc.Tanh(), pc.Linear(40, 10),
    )  # fmt: skip


def in_space() -> pc.Module:
    """Three spatial axes, a depthwise convolution among them."""
    return pc.Sequential(
        pc.Conv3d(1, 8, 3, padding=1), pc.BatchNorm3d(8), pc.SiLU(), pc.Conv3d(8, 8, (1, 3, 3), groups=8),
        pc.ReLU(), pc.MaxPool3d((1, 2, 2)), pc.ConvTranspose3d(8, 4, 2, stride=(1, 2, 1)), pc.Sigmoid(),
        pc.AdaptiveAvgPool3d((2, 3, 2)), pc.Flatten(), pc.Linear(48, 10),
    )  # fmt: skip


STEPS: dict[str, tuple[Callable[[], pc.Module], Shape, Any]] = {
    "lenet5 SGD": (pc.models.lenet5, (4, 1, 28, 28), SGD),
    "lenet5 Adam": (pc.models.lenet5, (4, 1, 28, 28), pc.Adam(lr=1e-3, weight_decay=1e-2)),
    "vgg_small SGD": (pc.models.vgg_small, (2, 3, 32, 32), SGD),
    "vgg_small AdamW": (pc.models.vgg_small, (2, 3, 32, 32), pc.AdamW(lr=1e-3)),
    "resnet20 Adam": (pc.models.resnet20, (2, 3, 32, 32), pc.Adam(lr=1e-3)),
    "resnet20 AdamW": (pc.models.resnet20, (2, 3, 32, 32), pc.AdamW(lr=1e-3)),
    "1-D AdamW": (along_time, (9, 2, 123), pc.AdamW(lr=1e-3)),
    "3-D SGD": (in_space, (5, 1, 4, 13, 12), SGD),
}
GIVEN = ("input", "target", "running_mean", "running_var", "weight", "bias", "before")


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_every_array_of_a_step_is_certified(name: str) -> None:
    make, shape, optimizer = STEPS[name]
    pc.seed(1)
    random = np.random.default_rng(2)
    x, y = random.random(shape, np.float32), random.integers(0, 10, shape[0])
    step = pc.TrainStep(make(), optimizer)
    step(x, y)  # so that moments, momentum and running statistics are not those of the beginning
    rec = step.record(x, y)
    table = rec.certify(sample=1500)
    failed = [address for array in table.arrays for address in array.failed]
    assert table.certified, failed
    assert sum(array.replay_mismatches for array in table.arrays) == 0
    assert table.checked >= 20_000
    found = {array.name for array in table.arrays}
    for array in rec.names():  # what is left was given: data, the model's own arrays, the optimiser's state
        assert array in found or (array.endswith(GIVEN) and not array.startswith(("grad(", "updated("))), (
            array
        )
