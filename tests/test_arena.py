"""Kernels check no bounds, so these tests do: nothing is written between blocks, and halos stay zero."""

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.buffers import Tensor

CANARY = 0xA5


class Odd(pc.Module):
    """Odd sizes everywhere: groups, dilation, asymmetric padding, overlapping pools, a branch, dropout."""

    def __init__(self):
        self.stem = pc.Conv2d(3, 10, (3, 2), stride=(2, 1), padding=((2, 1), (0, 3)))
        self.norm, self.pool = pc.BatchNorm2d(10), pc.MaxPool2d(3, stride=2, padding=1)
        self.wide = pc.Conv2d(10, 10, 3, padding=2, dilation=2, groups=5)
        self.mean, self.drop = pc.AvgPool2d((2, 3), stride=(1, 2), ceil_mode=True), pc.Dropout(0.3)
        self.head = pc.Linear(60, 7)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.stem(x))))
        x = F.gelu(F.relu(self.wide(x)) + x)
        return self.head(F.flatten(self.drop(self.mean(x)), 1))


def program_of(model, shape, dtype, keep):
    pc.seed(0)
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    y = np.arange(shape[0]) % 7
    step = pc.TrainStep(model.astype(dtype), pc.Adam(lr=1e-3))
    if keep:
        return step.record(x, y)._program, lambda: None
    step(x, y)
    return step._training(*step._batch(x, y)).program, lambda: step(x, y)


def owned(program):
    """Which bytes of the arena belong to a block, halos included."""
    arena = program.arena
    mine = np.zeros(arena.size, bool)
    for block in program.plan.blocks:
        start = block.address - arena.ctypes.data
        if isinstance(block, Tensor):
            inside = sum(lo * stride for (lo, _), stride in zip(block.halo, block.strides[1:], strict=True))
            start -= inside * block.dtype.itemsize
        mine[start : start + block.size_bytes] = True
    return mine


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keep", [False, True], ids=["fast", "recorded"])
@pytest.mark.parametrize(
    ("model", "shape"),
    [(Odd, (3, 3, 9, 11)), (pc.models.lenet5, (5, 1, 28, 28)), (pc.models.resnet20, (2, 3, 9, 7))],
    ids=["odd", "lenet5", "resnet20"],
)
def test_nothing_is_written_outside_the_blocks(model, shape, dtype, keep):
    program, again = program_of(model(), shape, dtype, keep)
    between = ~owned(program)
    assert between.sum() >= 64 * len(program.plan.blocks)
    program.arena[between] = CANARY
    again()
    if keep:
        program.update_state()
    assert (program.arena[between] == CANARY).all()
    for block in program.plan.blocks:
        if isinstance(block, Tensor) and block.outer != block.inner:
            inside = np.abs(block.memory).sum(dtype=np.float64)
            start = sum(lo * stride for (lo, _), stride in zip(block.halo, block.strides[1:], strict=True))
            first = block.address - program.arena.ctypes.data - start * block.dtype.itemsize
            whole = program.arena[first : first + block.size_bytes].view(block.dtype)
            assert np.abs(whole).sum(dtype=np.float64) == pytest.approx(inside, rel=1e-12), block.name
