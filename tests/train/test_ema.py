"""Exponential moving averages of parameters: by hand, beside PyTorch, and whatever runs the step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.twins import ours_and_pytorchs
from torch.nn import functional as TF
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import pellucid as pc
from pellucid import functional as F

DECAY = 0.875
SHARE = {"float32": np.float32(0.125), "float64": 0.125}


class Net(pc.Module):
    """A layer that is used twice, under two names, a batch norm, and a weight of more than one stretch."""

    def __init__(self):
        self.first, self.wide = pc.Conv2d(2, 3, (3, 1), padding=(1, 0)), pc.Linear(3 * 6 * 7, 137)
        self.norm, self.last = pc.BatchNorm2d(3), pc.Linear(137, 5)
        self.again = self.wide

    def forward(self, x):
        return self.last(F.relu(self.again(F.flatten(self.norm(self.first(x)), 1))))


def batches(count):
    rng = np.random.default_rng(4)
    return [(rng.normal(size=(5, 2, 6, 7)), rng.integers(0, 5, 5)) for _ in range(count)]


def made(dtype="float32", **settings):
    pc.seed(0)
    return pc.TrainStep(Net().astype(dtype), pc.SGD(lr=0.1, momentum=0.9), **settings)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_step_moves_the_averages(dtype):
    step, plain = made(dtype, ema=DECAY), made(dtype)
    expected = step.averaged()
    assert all(np.array_equal(expected[name], array) for name, array in step.model.state_dict().items())
    trained = {name for name, _ in step.model.named_parameters()}
    trained |= {name.replace("wide", "again") for name in trained}
    for number, (x, y) in enumerate(batches(4)):
        if number == 2:
            step.record(x, y).commit()
            plain(x, y)
        else:
            assert step(x, y) == plain(x, y)
        state = step.model.state_dict()
        for name, array in plain.model.state_dict().items():
            assert array.tobytes() == state[name].tobytes(), name
            if name in trained:
                expected[name] = expected[name] + SHARE[dtype] * (array - expected[name])
            else:
                expected[name] = array
        averaged = step.averaged()
        assert list(averaged) == list(state)
        for name, array in averaged.items():
            assert (array.shape, array.dtype) == (state[name].shape, state[name].dtype)
            assert array.tobytes() == expected[name].tobytes(), name
    assert averaged["wide.weight"] is not averaged["again.weight"]
    averaged["wide.weight"][...] = 0
    assert step.averaged()["wide.weight"].any()
    twin = Net().astype(dtype)
    twin.load_state_dict(step.averaged())
    assert np.isfinite(twin(batches(1)[0][0])).all()


def test_beside_pytorch():
    ours, theirs = ours_and_pytorchs("lenet5", "float64")
    step = pc.TrainStep(ours, pc.SGD(lr=0.05, momentum=0.9), ema=0.9)
    average = AveragedModel(theirs, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    average.n_averaged += 1  # so that the first step moves the initial values and does not replace them
    rule, rng = torch.optim.SGD(theirs.parameters(), lr=0.05, momentum=0.9), np.random.default_rng(3)
    for _ in range(4):
        x, y = rng.normal(size=(6, 1, 28, 28)), rng.integers(0, 10, 6)
        step(x, y)
        theirs.zero_grad(set_to_none=True)
        TF.cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        rule.step()
        average.update_parameters(theirs)
    for name, array in average.module.state_dict().items():
        np.testing.assert_allclose(step.averaged()[name], array, rtol=1e-9, atol=1e-12)


def test_threads_have_the_same_bits_and_a_step_that_stops_moves_nothing(request):
    before = pc.get_num_threads()
    request.addfinalizer(lambda: pc.set_num_threads(before))
    found = set()
    for threads in (1, 3):
        pc.set_num_threads(threads)
        step = made(ema=0.5, clip_norm=0.2)
        for x, y in batches(3):
            step(x, y)
        averaged = {name: array.tobytes() for name, array in step.averaged().items()}
        with pytest.raises(pc.NumericError):
            step(np.full_like(x, np.nan), y)
        assert {name: array.tobytes() for name, array in step.averaged().items()} == averaged
        found.add(b"".join(averaged.values()))
    assert len(found) == 1


def test_what_is_frozen_is_the_models_own():
    step = made(ema=DECAY)
    step.model.first.requires_grad_(False)
    for x, y in batches(2):
        step(x, y)
    averaged, state = step.averaged(), step.model.state_dict()
    assert averaged["first.weight"].tobytes() == state["first.weight"].tobytes()
    assert averaged["last.weight"].tobytes() != state["last.weight"].tobytes()
    assert "average(first.weight)" not in step.state_dict()


def test_it_is_in_the_plan_and_in_the_state():
    step = made(ema=DECAY)
    step(*batches(1)[0])
    assert [row.name for row in step.plan.rows][-2:] == ["moving averages", "counters"]
    state = step.state_dict()
    assert state["average(wide.weight)"].tobytes() == step.averaged()["wide.weight"].tobytes()
    with pytest.raises(pc.ArgumentError, match=r"unexpected: average\(first.weight\)"):
        made().load_state_dict(state)


@pytest.mark.parametrize("value", [1, 1.5, -0.1, np.nan, "0.9", True])
def test_a_decay_is_a_number_below_1(value):
    with pytest.raises(pc.ArgumentError) as caught:
        made(ema=value)
    assert str(caught.value) == f"TrainStep: ema must be a number in [0, 1). Got ema={value!r}."


def test_a_step_without_averages_says_so():
    with pytest.raises(pc.ArgumentError) as caught:
        made().averaged()
    assert str(caught.value) == "averaged: this step keeps no averages. Hint: TrainStep(…, ema=0.999)."
