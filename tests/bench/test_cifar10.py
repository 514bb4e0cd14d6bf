"""The bench of `examples/cifar10_fast.py`: PyTorch's twin does the same steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import pellucid as pc
from pellucid.bench import cifar10
from pellucid.train import TrainStep

EXAMPLE = Path(__file__).parents[2] / "examples/cifar10_fast.py"


@pytest.fixture
def made():
    """The example with a small network and a small batch."""
    found = cifar10.recipe(EXAMPLE)
    whole = found["network"]
    slow = pc.SGD(
        lr=0.01, momentum=0.85, weight_decay=0.01, nesterov=True
    )  # steps that do not make much of rounding
    return {**found, "network": lambda: whole(width=16), "BATCH": 6, "optimizer": lambda: slow}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["torch-eager", "torch-channels_last"])
def test_both_engines_have_the_same_losses(made, kind, tmp_path):
    cifar10.write_batches(made, None, tmp_path)
    ours, theirs = (cifar10.engine(name, made, tmp_path, 2) for name in ("pellucid", kind))
    losses = [(ours(), theirs()) for _ in range(6)]
    assert abs(losses[0][0] - losses[0][1]) <= 1e-5
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-4)
    assert cifar10.check(made, tmp_path, 2) <= cifar10.AGREE


def test_the_check_finds_another_loss(made, tmp_path):
    cifar10.write_batches(made, None, tmp_path)
    made["LOSS"] = pc.CrossEntropyLoss(label_smoothing=0.0)
    plain = cifar10.engine("pellucid", made, tmp_path, 1)()
    made["LOSS"] = pc.CrossEntropyLoss(label_smoothing=0.2)
    assert abs(plain - cifar10.engine("pellucid", made, tmp_path, 1)()) > cifar10.AGREE


def test_the_twin_has_the_networks_numbers_and_frozen_parts(made):
    model = cifar10.model_of(made)
    network = cifar10.twin(model)
    x = np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(network.eval()(torch.from_numpy(x)).numpy(), model(x), atol=1e-4)
    ours = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    assert ours == {name: parameter.requires_grad for name, parameter in network.named_parameters()}
    assert isinstance(TrainStep(model, made["optimizer"]()), TrainStep)


def test_a_layer_without_a_twin_is_named():
    with pytest.raises(SystemExit, match="no twin of GELU"):
        cifar10.twin(pc.Sequential(pc.GELU()))


def test_the_table_has_ratios_of_medians():
    table = cifar10.measure({"pellucid": [10.0, 30.0, 20.0], "torch-eager": [60.0, 50.0, 90.0]}, steps=2)
    assert table.markdown().splitlines()[-2:] == [
        "| pellucid | 10.0 | 5.0–15.0 | 1.00 |",
        "| torch-eager | 30.0 | 25.0–45.0 | 3.00 |",
    ]
