"""Weights from PyTorch and to it, through files: networks of both sides that are trained there predict alike here."""

from __future__ import annotations

import re

import numpy as np
import pytest
import safetensors.torch
import torch
from tests.support.markdown import read
from tests.support.small_models import INPUTS

import pellucid as pc
from pellucid.bench.twins import twin
from pellucid.nn.models import MODELS

NAMES = ["lenet5", "mnist_cnn", "resnet20", "tiny"]
STEPS = 3


def batches(name):
    """A few batches of images of ten classes."""
    random = np.random.default_rng(4)
    for _ in range(STEPS):
        yield random.random((6, *INPUTS[name]), np.float32), random.integers(0, 10, 6)


def trained_here(name):
    pc.seed(6)
    model = MODELS[name](in_channels=INPUTS[name][0])
    step = pc.TrainStep(model, pc.SGD(lr=0.02, momentum=0.9))
    for x, y in batches(name):
        step(x, y)
    return model


def trained_there(name):
    torch.manual_seed(6)
    net = twin(name, in_channels=INPUTS[name][0])
    rule = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    for x, y in batches(name):
        rule.zero_grad()
        torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        rule.step()
    return net


def alike(model, net, name):
    """What both say of images that neither has seen."""
    x = np.random.default_rng(9).random((5, *INPUTS[name]), np.float32)
    with torch.no_grad():
        theirs = torch.softmax(net.eval()(torch.from_numpy(x)), 1).numpy()
    ours = pc.predict(model, x)
    assert np.ptp(ours, axis=1).min() > 1e-3  # they tell classes apart
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_weights_trained_here_go_to_pytorch(name, tmp_path, run):
    model, settings = trained_here(name), {"in_channels": INPUTS[name][0]}
    pc.save_model(tmp_path / "m.safetensors", name, settings, model)
    code, _, err = run("export", tmp_path / "m.safetensors", "-o", tmp_path / "w.safetensors")
    assert (code, err) == (0, "")
    state = safetensors.torch.load_file(tmp_path / "w.safetensors")
    net = twin(name, **settings)
    assert not any(net.load_state_dict(state))
    alike(model, net, name)
    counts = [int(n) for key, n in state.items() if key.endswith("num_batches_tracked")]
    assert set(counts) == ({STEPS} if name in ("resnet20", "tiny") else set())
    code, _, err = run("export", tmp_path / "m.safetensors", "--format", "npz", "-o", tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as archive:
        for key, array in archive.items():
            assert np.array_equal(array, state[key])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_weights_trained_in_pytorch_come_here(name, tmp_path):
    net, model = trained_there(name), MODELS[name](in_channels=INPUTS[name][0])
    state = net.state_dict()
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", **{key: tensor.numpy() for key, tensor in state.items()})
    safetensors.torch.save_file(
        {f"module.{k}": v for k, v in state.items()}, tmp_path / "parallel.safetensors"
    )
    for file in ("w.safetensors", "w.npz", "parallel.safetensors"):
        pc.seed(1)
        fresh = MODELS[name](in_channels=INPUTS[name][0])
        model.load_state_dict(fresh.state_dict())
        assert model.load_state_dict(pc.load_weights(tmp_path / file)) == ([], [])
        for key, array in model.state_dict().items():
            assert array.tobytes() == state[key].numpy().tobytes()
        alike(model, net, name)


@pytest.mark.parametrize("page", ["networks.md", "networks.ko.md"])
def test_the_pages_lines_for_pytorch(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = re.findall("^    (.*safetensors.torch.*)$", read(page), flags=re.MULTILINE)
    assert len(lines) == 3
    pc.save_weights("weights.safetensors", trained_here("lenet5").state_dict())
    net = twin("lenet5")
    theirs = {key: tensor.numpy().copy() for key, tensor in net.state_dict().items()}
    exec("\n".join(lines), {"net": net})
    for file, state in ("theirs", theirs), ("weights", net.state_dict()):
        found = pc.load_weights(f"{file}.safetensors")
        assert all(np.array_equal(array, state[key]) for key, array in found.items())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_weights_of_other_float_types_come_exactly(dtype, tmp_path):
    net = twin("tiny", in_channels=3).to(dtype)
    safetensors.torch.save_file(net.state_dict(), tmp_path / "w.safetensors")
    model = pc.models.tiny().astype("float64" if dtype is torch.float64 else "float32")
    model.load_state_dict(pc.load_weights(tmp_path / "w.safetensors"))
    for key, array in model.state_dict().items():
        assert np.array_equal(array, net.state_dict()[key].double().numpy())


def test_some_of_a_networks_weights(tmp_path):
    """Those of its features, for another number of classes."""
    net = twin("tiny", in_channels=3, num_classes=7)
    part = {key: tensor for key, tensor in net.state_dict().items() if not key.startswith("fc.")}
    safetensors.torch.save_file(part, tmp_path / "w.safetensors")
    model = pc.models.tiny(3, 4)
    found = model.load_state_dict(pc.load_weights(tmp_path / "w.safetensors"), strict=False)
    assert found == (["fc.weight", "fc.bias"], [])
    theirs = twin("tiny", in_channels=3, num_classes=4).load_state_dict(part, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (theirs.missing_keys, theirs.unexpected_keys)
    assert np.array_equal(model.features[0].weight, net.features[0].weight.detach())
