"""What a step carries on besides the model, out to a checkpoint and back."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.philox import TIMES

STEPS = {
    "sgd": lambda model: pc.TrainStep(model, pc.SGD(lr=0.02), seed=3),
    "momentum": lambda model: pc.TrainStep(
        model, pc.SGD(0.02, 0.9, weight_decay=0.01, nesterov=True), seed=3
    ),
    "adam": lambda model: pc.TrainStep(model, pc.Adam(), seed=3),
    "adamw": lambda model: pc.TrainStep(model, pc.AdamW(), seed=3),
    "averaged": lambda model: pc.TrainStep(model, pc.AdamW(), seed=3, clip_norm=0.5, ema=0.75),
    "clipped": lambda model: pc.TrainStep(model, pc.SGD(0.02, 0.9), seed=3, clip_norm=0.1),
}


class Net(pc.Module):
    """A batch norm, dropout, a weight of each kind, and sizes that differ on every axis."""

    def __init__(self):
        self.conv, self.norm = pc.Conv2d(2, 5, (3, 1), bias=False), pc.BatchNorm2d(5)
        self.drop, self.fc = pc.Dropout(0.25), pc.Linear(5 * 4 * 7, 3)

    def forward(self, x):
        return self.fc(self.drop(F.flatten(F.relu(self.norm(self.conv(x))), 1)))


def made(kind):
    pc.seed(0)
    return STEPS[kind](Net())


def batches(count, first=0):
    rng = np.random.default_rng(first)
    return [(rng.normal(size=(6, 2, 6, 7)), rng.integers(0, 3, 6)) for _ in range(count)]


def bits(step):
    """All that a step and its model are."""
    arrays = {**step.model.state_dict(), **step.state_dict()}
    return {name: (array.dtype.name, array.shape, array.tobytes()) for name, array in arrays.items()}


@pytest.mark.parametrize("kind", STEPS)
def test_a_resumed_run_is_the_uninterrupted_one(kind):
    whole = made(kind)
    for x, y in batches(3):
        whole(x, y)
    model, state = whole.model.state_dict(), whole.state_dict()
    losses = [whole(x, y) for x, y in batches(4, first=1)]
    pc.seed(99)
    resumed = STEPS[kind](Net())
    resumed(*batches(1, first=5)[0])  # its programs hold arrays of its own already
    resumed.model.load_state_dict(model)
    resumed.load_state_dict(state)
    assert resumed.steps == 3
    assert [resumed(x, y) for x, y in batches(4, first=1)] == losses
    assert bits(resumed) == bits(whole)


def test_names_shapes_and_types_are_public_and_the_memory_is_the_callers():
    step = made("adam")
    first = step.state_dict()
    assert all(not array.any() for array in first.values())
    step(*batches(1)[0])
    state = step.state_dict()
    parameters = dict(step.model.named_parameters())
    names = [f"{moment}({name})" for name in parameters for moment in ("mean", "variance")]
    assert list(state) == list(first) == ["steps", *names]
    assert state["steps"] == 1
    assert state["steps"].dtype == np.int64
    for name, array in state.items():
        assert array.flags.c_contiguous
        assert array.flags.owndata
        if name != "steps":
            assert array.shape == parameters[name.partition("(")[2][:-1]].shape
    rec = step.record(*batches(1)[0])
    assert state["mean(conv.weight)"].tobytes() == rec["mean(conv.weight) before"].tobytes()
    for array in state.values():
        array[...] = 5
    assert step.state_dict()["mean(fc.bias)"].max() < 1


def test_a_loaded_array_is_read_once():
    step, other = made("momentum"), made("momentum")
    step(*batches(1)[0])
    state = step.state_dict()
    other.load_state_dict(state)
    state["velocity(fc.bias)"][...] = 7
    assert bits(other)["velocity(fc.bias)"] == bits(step)["velocity(fc.bias)"]


def without(name):
    return lambda state: state.pop(name)


def changed(name, change):
    def do(state):
        state[name] = change(state.get(name))

    return do


RULE = "names, shapes and types must be those of the step's state; nothing was loaded"
FAULTS = {
    "missing": (without("velocity(fc.bias)"), f"{RULE}. Got missing: velocity(fc.bias)."),
    "no count": (without("steps"), f"{RULE}. Got missing: steps."),
    "another rule's": (
        changed("mean(fc.bias)", lambda _: np.zeros(3)),
        f"{RULE}. Got unexpected: mean(fc.bias).",
    ),
    "of nothing": (changed("velocity(fc)", lambda _: np.zeros(3)), f"{RULE}. Got unexpected: velocity(fc)."),
    "shape": (
        changed("velocity(fc.weight)", np.transpose),
        f"{RULE}. Got unfit: velocity(fc.weight) of float32 (140, 3), not float32 (3, 140).",
    ),
    "type": (
        changed("velocity(norm.bias)", np.float64),
        f"{RULE}. Got unfit: velocity(norm.bias) of float64 (5,), not float32 (5,).",
    ),
    "no numbers": (
        changed("velocity(norm.bias)", lambda _: "0"),
        "velocity(norm.bias) must be an array of real numbers. "
        "Got str. Hint: pass a NumPy array or nested lists of numbers.",
    ),
    "negative": (
        changed("steps", lambda _: np.array(-1)),
        "steps must be a whole number. Expected 0 ≤ steps < 2⁴⁸. Got steps=-1.",
    ),
    "too many": (
        changed("steps", lambda _: np.uint64(TIMES)),
        f"steps must be a whole number. Expected 0 ≤ steps < 2⁴⁸. Got steps={TIMES}.",
    ),
    "a fraction": (
        changed("steps", lambda _: 1.5),
        "steps must be a whole number. Expected 0 ≤ steps < 2⁴⁸. Got steps=1.5.",
    ),
    "several": (
        changed("steps", lambda _: np.arange(2)),
        "steps must be a whole number. Expected 0 ≤ steps < 2⁴⁸. Got steps int64 (2,).",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_named_and_nothing_changes(fault):
    change, said = FAULTS[fault]
    step = made("momentum")
    step(*batches(1)[0])
    state, before = step.state_dict(), bits(step)
    for array in state.values():
        array += 1
    change(state)
    with pytest.raises(pc.ArgumentError) as caught:
        step.load_state_dict(state)
    assert str(caught.value) == f"TrainStep.load_state_dict: {said}"
    assert bits(step) == before


def test_a_list_is_no_state():
    with pytest.raises(pc.ArgumentError, match=re.escape("a state dict maps names to arrays. Got list.")):
        made("sgd").load_state_dict([])


def test_what_is_frozen_keeps_its_state():
    whole, resumed = made("momentum"), made("momentum")
    whole(*batches(1)[0])
    for step in (whole, resumed):
        step.model.norm.requires_grad_(False)
    whole(*batches(1, first=1)[0])
    assert "velocity(norm.weight)" in whole.state_dict()
    resumed.model.load_state_dict(whole.model.state_dict())
    resumed.load_state_dict(whole.state_dict())
    for step in (whole, resumed):
        step.model.norm.requires_grad_()
        step(*batches(1, first=2)[0])
    assert bits(resumed) == bits(whole)
    for step in (whole, resumed):
        step.model.norm.requires_grad_(False)
    state = {name: array for name, array in whole.state_dict().items() if "norm" not in name}
    resumed.load_state_dict(state)
    assert not resumed.state_dict()["velocity(norm.bias)"].any()


def test_a_recorded_step_is_out_of_date_after_loading():
    step = made("momentum")
    step(*batches(1)[0])
    rec = step.record(*batches(1)[0])
    step.load_state_dict(step.state_dict())
    with pytest.raises(pc.ArgumentError, match="the model has moved on since this step was recorded"):
        rec.commit()
