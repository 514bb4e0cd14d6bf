"""The pieces of `examples/cifar10_fast.py`: each does what its docstring says."""

from __future__ import annotations

import runpy
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import pellucid as pc
from pellucid.train import Progress

EXAMPLE = Path(__file__).parents[2] / "examples/cifar10_fast.py"


@pytest.fixture(scope="module")
def made():
    return SimpleNamespace(**runpy.run_path(str(EXAMPLE)))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_the_network_has_the_layers_and_freezes_what_it_says(made):
    model = made.network(channels=3, classes=7, width=16)
    shapes = {
        name: p.shape for name, p in model.named_parameters() if name.endswith("weight") and len(p.shape) > 1
    }
    assert list(shapes.values()) == [
        (24, 3, 2, 2), (16, 24, 3, 3), (16, 16, 3, 3), (64, 16, 3, 3), *3 * [(64, 64, 3, 3)], (7, 64),
    ]  # fmt: skip
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    norms = {f"{i}.weight" for i, layer in enumerate(model) if isinstance(layer, pc.BatchNorm2d)}
    assert len(norms) == 6
    assert frozen == {"1.weight"} | norms
    assert model(noise(2, 3, 32, 32)).shape == (2, 7)


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 5), (3, 8), (6, 4)])
def test_convolutions_begin_as_the_identity(made, inputs, outputs):
    x = noise(2, inputs, 5, 7)
    same = min(inputs, outputs)
    assert (made.convolution(inputs, outputs)(x)[:, :same] == x[:, :same]).all()


def test_whitened_patches_are_uncorrelated_and_of_variance_1(made):
    images = noise(6, 3, 9, 8).cumsum(axis=3) + noise(6, 1, 9, 8, seed=1)  # neighbours and channels are alike
    eps = 0.01
    weight = made.whitening(images, eps)
    assert weight.shape == (24, 3, 2, 2)
    assert (weight[12:] == -weight[:12]).all()
    places = product(range(6), range(8), range(7))
    patches = np.array([images[n, :, y : y + 2, x : x + 2].ravel() for n, y, x in places], np.float64)
    moments = sum(np.outer(patch, patch) for patch in patches) / len(patches)
    values = weight[:12].reshape(12, 12) @ moments @ weight[:12].reshape(12, 12).T
    variances = np.linalg.svd(moments, compute_uv=False)[
        ::-1
    ]  # of a symmetric, positive matrix: its eigenvalues
    np.testing.assert_allclose(values, np.diag(variances / (variances + eps)), atol=1e-9)
    layer = pc.Conv2d(3, 24, 2, bias=False)
    layer.weight[:] = weight
    found = layer(images)[:, :12].transpose(0, 2, 3, 1).reshape(-1, 12)
    np.testing.assert_allclose(found.T @ found / len(found), values, atol=1e-4)


def test_a_norms_bias_learns_64_times_as_fast(made):
    """A step of both: x̂ + b and x̂/8 + c with b = 8·c are the same network, and b's step is a 64th of 8·c's."""
    x, y, steps = noise(6, 4, 5, 5), np.arange(6) % 3, []
    for norm in (pc.BatchNorm2d(4), made.Norm(4)):
        pc.seed(0)
        norm.bias[:] = np.array([0.5, -0.25, 0.125, 0.75]) * norm.weight
        before = norm.bias.copy()
        last = [
            pc.Conv2d(4, 4, 3, bias=False),
            pc.BatchNorm2d(4, eps=1e-12),
            pc.Flatten(),
            pc.Linear(4 * 3 * 3, 3),
        ]
        pc.TrainStep(pc.Sequential(norm, pc.ReLU(), *last), pc.SGD(lr=1e-3))(x, y)
        steps.append((norm.bias - before) / norm.weight[0] if norm.weight[0] < 1 else norm.bias - before)
    assert abs(steps[0]).min() > 1e-6
    np.testing.assert_allclose(steps[1], 64 * steps[0], rtol=2e-3)


def test_lookahead_moves_back_every_few_steps_and_ends_on_the_average(made):
    model = pc.Linear(2, 1, bias=False)
    model.weight[:] = 1
    back = made.Lookahead(model, steps=12, every=5)

    def step(number, weight):
        model.weight[:] = weight
        back(
            Progress(
                epoch=(number - 1) // 6,
                batch=(number - 1) % 6 + 1,
                batches=6,
                loss=0.0,
                images_per_second=1.0,
            )
        )
        return float(model.weight[0, 0])

    assert [step(number, 2) for number in range(1, 5)] == [2] * 4
    keep = 0.95**5 * (5 / 12) ** 3
    assert step(5, 2) == pytest.approx(slow := keep * 1 + (1 - keep) * 2)
    assert step(6, 3) == 3
    assert step(10, 4) == pytest.approx(slow + (1 - 0.95**5 * (10 / 12) ** 3) * (4 - slow))
    before = float(model.weight[0, 0])
    assert step(12, 9) == pytest.approx(before)
    back(pc.Epoch(1, 0.0, 1.0))


def test_views_are_six_and_mirrored_pictures_have_the_same_scores(made):
    x = noise(3, 2, 6, 5)
    views = list(made.views(x))
    assert [share for share, _ in views] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    assert (views[0][1] == x).all()
    assert (views[2][1][:, :, 1:, 1:] == x[:, :, :-1, :-1]).all()
    assert (views[4][1][:, :, :-1, :-1] == x[:, :, 1:, 1:]).all()
    assert all(
        (mirrored == view[..., ::-1]).all()
        for (_, view), (_, mirrored) in zip(views[::2], views[1::2], strict=True)
    )
    model = made.network(channels=2, classes=4, width=16)
    images = noise(7, 2, 16, 16)
    scores = [
        made.logits(model, pc.Dataset(some, np.arange(7) % 4), batch=3)
        for some in (images, images[..., ::-1].copy())
    ]
    assert scores[0].shape == (7, 4)
    shares = [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    expected = sum(
        share * model(np.ascontiguousarray(view))
        for share, (_, view) in zip(shares, made.views(images), strict=True)
    )
    np.testing.assert_allclose(scores[0], expected, atol=1e-6)


def test_the_saved_network_comes_back(made, tmp_path):
    model = made.network(channels=1, classes=4, width=16)
    pc.save_model(
        tmp_path / "a.safetensors", "python:network", {"channels": 1, "classes": 4, "width": 16}, model
    )
    again = pc.load_model(tmp_path / "a.safetensors", make=made.network)
    x = noise(2, 1, 20, 20)
    assert (again(x) == model(x)).all()
