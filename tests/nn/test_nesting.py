"""Modules nest deep enough for every network, and where they nest too deep, or without end, one error says so."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import pellucid as pc

X, Y = np.ones((2, 3), np.float32), np.array([0, 1])
USES = {
    "call": lambda model: model(X),
    "repr": repr,
    "state_dict": lambda model: model.load_state_dict(model.state_dict()),
    "parameters": lambda model: list(model.named_parameters()),
    "modules": lambda model: list(model.modules()),
    "astype": lambda model: model.astype("float64"),
    "TrainStep": lambda model: pc.TrainStep(model, pc.SGD(0.1))(X, Y),
    "record": lambda model: pc.record(model, X),
    "summary": lambda model: pc.summary(model, (1, 3)),
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "html": lambda model: model._repr_html_(),
    "save": lambda model: pc.save_model("/nowhere", "lenet5", {}, model),
}


class Holder(pc.Module):
    def __init__(self, held):
        self.held, self.first = held, pc.Linear(3, 2)

    def forward(self, x):
        return self.first(x)


class Caller(pc.Module):
    def __init__(self):
        self.first = pc.Linear(3, 3)

    def forward(self, x):
        return self(self.first(x))


def sequentials(depth):
    model = pc.Linear(3, 2)
    for _ in range(depth):
        model = pc.Sequential(model)
    return model


def lists(depth):
    held = pc.ReLU()
    for _ in range(depth):
        held = [held]
    return Holder(held)


def endless_list():
    held = []
    held.append(held)
    return Holder(held)


@pytest.mark.parametrize("use", sorted(USES.keys() - {"save"}))
def test_a_hundred_modules_may_lie_in_each_other(use):
    USES[use](sequentials(100))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("model", "path"),
    [
        (lambda: sequentials(101), "0.0.0"),
        (lambda: sequentials(5000), "0.0.0"),
        (lambda: lists(101), "held.0.0"),
        (lambda: lists(5000), "held.0.0"),
        (endless_list, "held.0.0"),
    ],
    ids=["101", "5000", "lists", "more lists", "a list in itself"],
)
def test_more_are_refused(use, model, path):
    told = f"Module: modules, with the lists that hold them, nest at most 100 deep. Got '{path}"
    with pytest.raises(pc.ArgumentError, match=rf"^{re.escape(told)}[0.]+…'\.$"):
        USES[use](model())


@pytest.mark.parametrize("use", sorted(USES.keys() - {"save"}))
def test_a_module_may_hold_itself(use):
    model = Holder([])
    model.held.append(model)
    USES[use](model)


@pytest.mark.parametrize("use", ["call", "TrainStep", "record", "summary"])
def test_a_module_must_not_call_itself(use):
    hint = "a module's forward must not call the module itself"
    told = f"Caller: forward never ends. Got calls without end. Hint: {hint}."
    with pytest.raises(pc.ArgumentError, match=f"^{re.escape(told)}$"):
        USES[use](Caller())
