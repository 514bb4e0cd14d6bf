"""A step in the open makes the same numbers as a fast one, bit for bit, and changes nothing until it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.engine import training
from pellucid.engine.buffers import External
from pellucid.engine.plan import Plan
from pellucid.engine.program import Program
from pellucid.explain.catalogue import Listed
from pellucid.explain.source import Entry

Array = np.ndarray[Any, np.dtype[Any]]


class Mixed(pc.Module):
    """Batch norm, a residual sum, overlapping windows, dropout, a layer used twice; sizes that differ on every axis."""

    def __init__(self) -> None:
        self.stem = pc.Conv2d(2, 5, 3, padding=1, bias=False)
        self.norm = pc.BatchNorm2d(5)
        self.twice = pc.Conv2d(5, 5, (3, 5), padding=(1, 2))
        self.pool = pc.MaxPool2d(3, stride=2)
        self.drop = pc.Dropout(0.3)
        self.head = pc.Linear(5 * 4 * 3, 7)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.norm(self.stem(x)))
        x = F.relu(self.norm(self.twice(F.relu(self.twice(x)))) + x)
        return self.head(F.flatten(self.drop(self.pool(x)), 1))


NETWORKS: dict[str, tuple[Callable[[], pc.Module], tuple[int, ...], int]] = {
    "mixed": (Mixed, (6, 2, 9, 7), 7),
    "vgg_small": (
        pc.models.vgg_small,
        (2, 3, 32, 32),
        10,
    ),  # Winograd's convolutions with ReLU and pooling in them
    "resnet20": (pc.models.resnet20, (3, 3, 32, 32), 10),
}
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: pc.SGD(lr=0.02, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "adam": lambda: pc.Adam(lr=1e-3),
    "adamw": lambda: pc.AdamW(lr=1e-3, weight_decay=0.1),
}
RUNS = [("mixed", optimizer, dtype) for optimizer in OPTIMIZERS for dtype in ("float32", "float64")]
RUNS += [("vgg_small", "sgd", "float32"), ("resnet20", "adam", "float32")]


def everything(step: pc.TrainStep) -> dict[str, bytes]:
    """All that a step changes: parameters, statistics, counts, the optimiser's state."""
    found = {name: array.tobytes() for name, array in step.model.state_dict().items()}
    for name, state in step._state._arrays.items():
        found |= {f"{key}({name})": array.tobytes() for key, array in state.items()}
    return {**found, "steps": str(step.steps).encode()}


def states(step: pc.TrainStep) -> dict[str, Array]:
    """The optimiser's state with public axes."""
    shapes = {name: array.shape for name, array in step.model.state_dict().items()}
    return {
        f"{key}({name})": Listed(
            Entry(key, shapes[name], given="model"), External(key, array), parameter=True
        ).read()
        for name, state in step._state._arrays.items()
        for key, array in state.items()
    }


def gradients(step: pc.TrainStep) -> dict[str, Array]:
    """The gradients that the fast step has left in memory; some parameters are updated before theirs gets there."""
    (run,) = step._programs.values()
    plan, found = run.program.plan, {}
    for symbol, block in plan.gradients.items():
        if symbol in plan.graph.arrays:
            entry = Entry(symbol.name, symbol.shape, given="model")
            found[f"grad({symbol.name})"] = Listed(entry, block, parameter=True).read()
    return found


def lasting(plan: Plan) -> Program:
    """A program that keeps the memory of all parameters' gradients to the end."""
    plan.lasting |= {block.root for symbol, block in plan.gradients.items() if symbol in plan.graph.arrays}
    return Program(plan)


@pytest.mark.slow
@pytest.mark.parametrize(("network", "optimizer", "dtype"), RUNS)
def test_a_step_in_the_open_is_the_fast_step(
    network: str, optimizer: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "Program", lasting)
    make, shape, classes = NETWORKS[network]
    steps = []
    for _ in range(2):
        pc.seed(11)
        steps.append(pc.TrainStep(make().astype(dtype), OPTIMIZERS[optimizer](), seed=5))
    fast, open_ = steps
    random = np.random.default_rng(2)
    for number in range(1, 8):
        x, y = random.normal(size=shape), random.integers(0, classes, shape[0])
        if number not in (1, 7):
            assert fast(x, y) == open_(x, y)
            continue
        open_.state_dict()  # made with the first step: zeros
        before = everything(open_)
        rec = open_.record(x, y)
        assert everything(open_) == before
        assert fast(x, y) == rec.loss
        kept = gradients(fast)
        assert len(kept) > len(fast._state._arrays) // 2
        after = {f"updated({name})": array for name, array in fast.model.state_dict().items()}
        for name, array in {**kept, **states(fast), **after}.items():
            if "num_batches_tracked" not in name:
                assert rec[name].tobytes() == array.tobytes(), name
        rec.commit()
        assert everything(open_) == everything(fast)


def test_a_commit_of_the_past_changes_nothing() -> None:
    pc.seed(0)
    step = pc.TrainStep(Mixed(), pc.Adam())
    x, y = np.random.default_rng(0).normal(size=(6, 2, 9, 7)), np.arange(6)
    first, second = step.record(x, y), step.record(x, y)
    assert all(first[name].tobytes() == second[name].tobytes() for name in first.names())
    second.commit()
    after = everything(step)
    with pytest.raises(pc.errors.ArgumentError, match="the model has moved on"):
        first.commit()
    assert everything(step) == after
    rec = step.record(x, y)
    assert rec["mean(stem.weight) before"].tobytes() == second["mean(stem.weight)"].tobytes()
    assert rec["stem.weight"].tobytes() == second["updated(stem.weight)"].tobytes()
    assert rec["norm.running_mean"].tobytes() == second["updated(norm.running_mean)"].tobytes()
