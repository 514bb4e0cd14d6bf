"""Functions and layers beside PyTorch's: signatures, settings and what they do."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest
import torch
from tests.functional.test_settings_given import X, network

import pellucid as pc
from pellucid import functional as F
from pellucid import nn

ASKED = (
    "relu",
    "leaky_relu",
    "silu",
    "relu6",
    "hardtanh",
    "hardsigmoid",
    "hardswish",
    "threshold",
    "elu",
    "selu",
    "celu",
    "mish",
    "softsign",
    "tanhshrink",
    "softmax",
    "log_softmax",
    "batch_norm",
    "dropout",
    "cross_entropy",
    "mse_loss",
    "nll_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
)


@pytest.mark.parametrize("name", ASKED)
def test_signatures_are_pytorchs(name: str) -> None:
    ours = inspect.signature(getattr(F, name)).parameters
    theirs = inspect.signature(getattr(torch.nn.functional, name)).parameters
    for parameter in ours.values():
        if parameter.name not in ("seed", "dim"):  # dim without a default: PyTorch's guess is deprecated
            assert parameter.default == theirs[parameter.name].default
    positional = [parameter.name for parameter in ours.values() if parameter.kind != parameter.KEYWORD_ONLY]
    assert positional == list(theirs)[: len(positional)]


@pytest.mark.parametrize(
    ("ours", "theirs", "shown"),
    [
        (nn.ReLU(inplace=True), torch.nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (nn.ReLU(True), torch.nn.ReLU(True), "ReLU(inplace=True)"),
        (nn.ReLU(), torch.nn.ReLU(), "ReLU()"),
        (nn.LeakyReLU(0.1, True), torch.nn.LeakyReLU(0.1, True), "LeakyReLU(negative_slope=0.1, inplace=True)"),
        (nn.SiLU(inplace=True), torch.nn.SiLU(inplace=True), "SiLU(inplace=True)"),
        (nn.Dropout(0.3, inplace=True), torch.nn.Dropout(0.3, inplace=True).eval(), "Dropout(p=0.3, inplace=True)"),
        (nn.Dropout2d(0.3), torch.nn.Dropout2d(0.3).eval(), "Dropout2d(p=0.3)"),
        (nn.Dropout(0.3), torch.nn.Dropout(0.3).eval(), "Dropout(p=0.3)"),
    ],
)  # fmt: skip
def test_in_place_changes_no_number_and_not_the_callers_array(ours, theirs, shown):
    x = X.copy()
    np.testing.assert_allclose(ours(x), theirs(torch.tensor(X)).numpy(), rtol=1e-6, atol=1e-7)
    assert (x == X).all()
    assert repr(ours) == shown
    assert repr(pickle.loads(pickle.dumps(ours))) == shown


@pytest.mark.parametrize(
    ("dims", "shape"), [(1, (4, 3)), (1, (4, 3, 5)), (2, (4, 3, 5, 6)), (3, (2, 3, 4, 5, 6))]
)
def test_a_batch_norm_without_numbers_of_its_own(dims, shape):
    ours = getattr(nn, f"BatchNorm{dims}d")(3, affine=False, momentum=0.3)
    theirs = getattr(torch.nn, f"BatchNorm{dims}d")(3, affine=False, momentum=0.3)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert "affine=False" in repr(ours)
    x = np.random.default_rng(1).normal(1, 3, shape).astype(np.float32)
    model = nn.Sequential(ours, nn.Flatten(), nn.Linear(x[0].size, 2))
    recording = pc.TrainStep(model, pc.SGD(0.1)).record(x, np.arange(len(x)) % 2)
    np.testing.assert_allclose(recording["0.output"], theirs(torch.tensor(x)).numpy(), rtol=1e-4, atol=1e-5)
    assert recording.certify(sample=30).certified
    recording.commit()
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name).numpy(), rtol=1e-5)
    np.testing.assert_allclose(ours(x), theirs.eval()(torch.tensor(x)).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("left_out", [("1",), ("2.0",), ("1", "2.0")])
def test_older_state_dicts_have_no_count_of_batches(left_out):
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(4, 3, 3),
        torch.nn.BatchNorm2d(3),
        torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.ReLU()),
    )
    theirs(torch.tensor(X))
    state = {
        n: a
        for n, a in theirs.state_dict().items()
        if n not in {f"{m}.num_batches_tracked" for m in left_out}
    }
    ours = network()
    ours.load_state_dict(state)
    np.testing.assert_allclose(ours(X), theirs.eval()(torch.tensor(X)).detach().numpy(), rtol=1e-4, atol=1e-5)
    counts = {m: int(ours.state_dict()[f"{m}.num_batches_tracked"]) for m in ("1", "2.0")}
    assert counts == {m: 0 if m in left_out else 1 for m in ("1", "2.0")}


@pytest.mark.parametrize("size", [9, 8])
def test_a_window_wider_than_all_channels(size):
    x = np.arange(8.0).reshape(1, 4, 2) - 3
    theirs = torch.nn.functional.local_response_norm(torch.tensor(x), size, 0.5, 0.5)
    np.testing.assert_allclose(F.local_response_norm(x, size, 0.5, 0.5), theirs, rtol=1e-14)
