"""Saliency and Grad-CAM beside PyTorch's autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.small_models import INPUTS
from tests.support.twins import ours_and_pytorchs
from torch.nn import functional as TF

import pellucid as pc

CLOSE = {"float64": {"rtol": 1e-9, "atol": 1e-12}, "float32": {"rtol": 2e-3, "atol": 2e-5}}


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pair(name, dtype="float64"):
    """The same network twice, whose running statistics and weights are no first ones."""
    ours, theirs = ours_and_pytorchs(name, dtype)
    rng = np.random.default_rng(5)
    state = ours.state_dict()
    for key, array in state.items():
        if key.endswith("running_mean"):
            state[key] = rng.normal(scale=0.3, size=array.shape)
        elif key.endswith("running_var"):
            state[key] = rng.uniform(0.5, 2, array.shape)
    ours.load_state_dict(state)
    theirs.load_state_dict({key: torch.from_numpy(array) for key, array in ours.state_dict().items()})
    return ours, theirs.eval()


def autograd(theirs, x, classes, layer=None):
    """The input's gradient, or a layer's output and its gradient; None: the class that the network names."""
    seen = {}
    if layer is not None:
        theirs.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.update(output=output))
    x = torch.from_numpy(x).requires_grad_()
    logits = theirs(x)
    chosen = logits.argmax(1) if classes is None else torch.as_tensor(classes).expand(len(x))
    at = seen.get("output", x)
    (gradient,) = torch.autograd.grad(logits[torch.arange(len(x)), chosen].sum(), at)
    return at.detach(), gradient


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["lenet5", "vgg_small", "resnet20"])
@pytest.mark.parametrize("classes", [None, 3, [9, 0, 4, 4, 7]])
def test_saliency_is_autograds(name, dtype, classes):
    ours, theirs = pair(name, dtype)
    x = np.random.default_rng(1).normal(size=(5, *INPUTS[name])).astype(dtype)
    _, expected = autograd(theirs, x, classes)
    found = pc.saliency(ours, x, classes)
    assert found.shape == x.shape
    assert found.dtype == dtype
    peak = expected.abs().max().item()
    np.testing.assert_allclose(found / peak, expected.numpy() / peak, **CLOSE[dtype])


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("lenet5", "conv2"),
        ("lenet5", "conv1"),
        ("vgg_small", None),
        ("resnet20", "layer3"),
        ("resnet20", "layer2.1"),
    ],
)
@pytest.mark.parametrize("classes", [None, [2, 8, 8]])
def test_grad_cam_is_the_papers_formula_on_autograds_numbers(name, layer, classes):
    ours, theirs = pair(name)
    x = np.random.default_rng(2).normal(size=(3, *INPUTS[name]))
    seen, gradient = autograd(theirs, x, classes, layer or last_with_pixels(theirs, x))
    maps = TF.relu((gradient.mean((2, 3), keepdim=True) * seen).sum(1, keepdim=True))
    maps = TF.interpolate(maps, size=x.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    peaks = maps.amax((1, 2), keepdim=True)
    expected = torch.where(peaks > 0, maps / peaks, maps).numpy()
    found = pc.grad_cam(ours, x, classes, layer)
    assert found.shape == (3, *x.shape[2:])
    assert expected.max() == 1
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def last_with_pixels(theirs, x):
    """The name of PyTorch's last module that leaves more than one pixel."""
    found = []
    hooks = [
        module.register_forward_hook(
            lambda _, __, output, name=name: (
                found.append(name) if output.ndim > 3 and output.shape[-1] > 1 else None
            )
        )
        for name, module in theirs.named_modules()
        if name and not list(module.children())
    ]
    theirs(torch.from_numpy(x))
    for hook in hooks:
        hook.remove()
    return found[-1]


@pytest.mark.parametrize(
    ("ours", "theirs", "shape", "mode"),
    [
        ("Conv1d(2, 5, 3)", "Conv1d(2, 5, 3)", (2, 2, 11), "linear"),
        ("Conv3d(2, 5, 3)", "Conv3d(2, 5, 3)", (2, 2, 5, 6, 7), "trilinear"),
    ],
)
def test_grad_cam_of_lines_and_volumes(ours, theirs, shape, mode):
    pixels = int(np.prod([size - 2 for size in shape[2:]]))
    mine = pc.Sequential(eval(f"pc.{ours}"), pc.Tanh(), pc.Flatten(), pc.Linear(5 * pixels, 3)).astype(
        "float64"
    )
    nn = torch.nn
    other = nn.Sequential(eval(f"nn.{theirs}"), nn.Tanh(), nn.Flatten(), nn.Linear(5 * pixels, 3)).double()
    other.load_state_dict({key: torch.from_numpy(array) for key, array in mine.state_dict().items()})
    x = np.random.default_rng(3).normal(size=shape)
    seen, gradient = autograd(other, x, 2, "1")
    spatial = tuple(range(2, len(shape)))
    maps = TF.relu((gradient.mean(spatial, keepdim=True) * seen).sum(1, keepdim=True))
    maps = TF.interpolate(maps, size=shape[2:], mode=mode, align_corners=False)[:, 0].numpy()
    peaks = maps.max(axis=tuple(range(1, maps.ndim)), keepdims=True)
    np.testing.assert_allclose(
        pc.grad_cam(mine, x, 2), maps / np.where(peaks > 0, peaks, 1), rtol=1e-9, atol=1e-12
    )
