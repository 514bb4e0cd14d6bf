"""Saliency and Grad-CAM: cases by hand, the same bits whatever comes along, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F


class Branches(pc.Module):
    """Two paths that are put side by side, an unused layer, dropout, and a shared one."""

    def __init__(self) -> None:
        self.left, self.right = pc.Conv2d(2, 3, 3, padding=1), pc.Conv2d(2, 4, 1)
        self.norm, self.drop = pc.BatchNorm2d(7), pc.Dropout(0.9)
        self.shared, self.end = pc.Conv2d(7, 7, 3, padding=1, groups=7), pc.Linear(7, 5)

    def forward(self, x):
        self.left(x)  # nobody reads it
        both = F.relu(self.norm(F.cat([self.left(x), F.tanh(self.right(x))], dim=1)))
        both = self.shared(F.relu(self.shared(both)))
        return self.end(self.drop(F.flatten(F.adaptive_avg_pool2d(both, 1), 1)))


def model(kind=Branches):
    pc.seed(4)
    return kind()


def batch(count, dtype=np.float32):
    return np.random.default_rng(6).normal(size=(count, 2, 6, 7)).astype(dtype)


def test_a_map_by_hand() -> None:
    """Two channels, x and −x, whose means the classifier weighs by 3 and 1: α = 3/6, 1/6, the map max(0, x/3)."""
    network = pc.Sequential(
        pc.Conv2d(1, 2, 1, bias=False), pc.AdaptiveAvgPool2d(1), pc.Flatten(), pc.Linear(2, 2)
    )
    network[0].weight, network[3].weight = np.array([1, -1]).reshape(2, 1, 1, 1), np.array([[0, 0], [3, 1]])
    x = np.array([[[[0.5, -1.0, 2.0], [0.0, 4.0, -3.0]]]], np.float32)
    np.testing.assert_allclose(pc.grad_cam(network, x, 1)[0], [[0.125, 0, 0.5], [0, 1, 0]], rtol=1e-6)
    np.testing.assert_allclose(pc.saliency(network, x, 1), np.full((1, 1, 2, 3), (3 - 1) / 6), rtol=1e-6)
    assert not pc.grad_cam(network, x, 0).any()  # a class that nothing leads to
    assert pc.grad_cam(network, x).shape == (1, 2, 3)


@pytest.mark.parametrize("function", [pc.saliency, pc.grad_cam])
def test_an_image_has_its_bits_in_any_batch_and_on_any_number_of_threads(function) -> None:
    network, x, before = model(), batch(70), pc.get_num_threads()
    whole = function(network, x)
    try:
        pc.set_num_threads(1 if before > 1 else 3)
        assert (function(network, x) == whole).all()
    finally:
        pc.set_num_threads(before)
    for some in (slice(0, 1), slice(31, 34), slice(69, 70)):
        assert (function(network, x[some]) == whole[some]).all()


def test_finite_differences() -> None:
    network, x, step = model().astype(np.float64), batch(3, np.float64), 1e-6
    found = pc.saliency(network, x, [4, 0, 2])
    for at in [(0, 0, 0, 0), (1, 1, 5, 6), (2, 0, 3, 2)]:
        more, less = x.copy(), x.copy()
        more[at] += step
        less[at] -= step
        logit = at[0], (4, 0, 2)[at[0]]
        assert found[at] == pytest.approx(
            (network(more)[logit] - network(less)[logit]) / (2 * step), rel=1e-6
        )


def test_any_path_that_leads_to_the_output_may_be_named() -> None:
    network, x = model(), batch(2)
    last = pc.grad_cam(network, x, 3)
    assert (pc.grad_cam(network, x, 3, "shared#2") == last).all()
    first = pc.grad_cam(network, x, 3, "shared")
    assert not (first == last).all()
    assert (pc.grad_cam(network, x, 3, "left") == pc.grad_cam(network, x, 3, "left#2")).all()
    for path in ("cat", "norm", "left#2", "right", "relu#2"):
        assert pc.grad_cam(network, x, 3, path).shape == (2, 6, 7)
    nested = pc.Sequential(
        network.right, pc.Sequential(pc.Tanh(), pc.ReLU()), pc.Flatten(), pc.Linear(168, 3)
    )
    assert (pc.grad_cam(nested, x, 1, "1") == pc.grad_cam(nested, x, 1, "1.1")).all()


def test_predicted_classes_and_scaled_images() -> None:
    network = pc.models.lenet5()
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28)).astype(np.uint8)
    named = network(images / 255).argmax(axis=1)
    assert (pc.saliency(network, images) == pc.saliency(network, images / np.float32(255), named)).all()
    assert pc.saliency(network, images).dtype == np.float32


def test_nothing_of_the_model_changes() -> None:
    network, x = model(), batch(2)
    before = network.state_dict()
    pc.saliency(network, x)
    pc.grad_cam(network, x)
    assert all((array == before[name]).all() for name, array in network.state_dict().items())


FLAT = pc.Sequential(pc.Flatten(), pc.Linear(84, 3))
X = batch(2)
WRONG = {
    "pc.saliency(3, X)": "saliency: model must be a pellucid Module. Got int.",
    "pc.saliency(FLAT, X[:0])": (
        "saliency: x must be a batch of at least one image. Expected x of (N,C,…). Got x (0, 2, 6, 7)."
    ),
    "pc.saliency(FLAT, X * np.nan)": (
        "saliency: images must be finite numbers of float32. Got nan at [0, 0, 0, 0]. Hint: mend these images, or "
        "leave them out."
    ),
    "pc.saliency(pc.Conv2d(2, 3, 1), X)": "saliency: a classifier's output is (N, classes). Got (2, 3, 6, 7).",
    "pc.saliency(FLAT, X, 3)": "saliency: class_ must be a class of the network. Expected 0 to 2. Got 3.",
    "pc.saliency(FLAT, X, [0, -1])": "saliency: class_ must be a class of the network. Expected 0 to 2. Got -1.",
    "pc.saliency(FLAT, X, 1.0)": (
        "saliency: class_ is a class, or one for each image. Expected a whole number, or 2 of them, or None. Got 1.0."
    ),
    "pc.saliency(FLAT, X, [0])": (
        "saliency: class_ is a class, or one for each image. Expected a whole number, or 2 of them, or None. Got int64 "
        "(1,)."
    ),
    "pc.grad_cam(FLAT, X)": "grad_cam: no layer's output has more than one pixel. Hint: saliency needs no layer.",
    "pc.grad_cam(model(), X, 0, 'drop')": (
        "grad_cam: no such layer leads to the output. Expected a path such as 'norm', 'relu', 'shared', 'relu#2', "
        "'shared#2'. Got layer='drop'."
    ),
    "pc.grad_cam(model(), X, 0, 'end')": (
        "grad_cam: the layer's output must have spatial axes. Got 'end.output' (2, 5)."
    ),
}


@pytest.mark.parametrize(("call", "said"), WRONG.items())
def test_what_is_refused(call, said) -> None:
    with pytest.raises(pc.PellucidError) as error:
        eval(call)
    assert str(error.value) == said
