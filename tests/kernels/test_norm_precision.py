"""Normalisation of numbers far from 0: all that it computes lies within a few roundings of its exact value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.recorded import Array, normal

import pellucid as pc
from pellucid.explain import Recording

Exact = np.longdouble
RATIOS = (1, 10, 1e2, 1e3, 1e4, 1e5, 1e6)
ROUNDINGS = 4


class Normed(pc.Module):
    """What is normalised is an input, or what a convolution makes of it."""

    def __init__(self, norm: pc.Module, before: pc.Module) -> None:
        self.before, self.norm, self.after = before, norm, pc.Identity()

    def forward(self, x: Any) -> Any:
        return self.after(self.norm(self.before(x)))


def spread_of(x: Array) -> Array:
    """The deviation of each channel."""
    return np.asarray(x.std(axis=(0, *range(2, x.ndim))))


def recorded(model: Normed, x: Array) -> Recording:
    """A step whose gradients are of all sizes."""
    shape = model(x).shape
    return pc.record(
        model, x, normal(*shape, seed=8).astype(x.dtype), optimizer=pc.SGD(lr=0.1), loss="mse_loss"
    )


def given_parameters(norm: pc.BatchNorm2d, seed: int = 5) -> None:
    """So that the sizes of the parts differ from channel to channel."""
    norm.weight[...], norm.bias[...] = normal(2, *norm.weight.shape, seed=seed)


def roundings(value: Array, exact: Array, size: Array) -> float:
    """The largest distance, in roundings of numbers of a size."""
    unit = np.finfo(value.dtype).eps / 2
    return float(np.max(abs(value.astype(Exact) - exact) / (size * unit + np.finfo(value.dtype).tiny)))


def expected(rec: Recording, x: Array, eps: float = 1e-5) -> dict[str, tuple[Array, Array]]:
    """The exact numbers of a batch norm, and the size of what is added to make them."""
    axes = (0, *range(2, x.ndim))
    numbers, grad, weight, bias = (
        rec[name].astype(Exact) if name else x.astype(Exact)
        for name in ("", "grad(norm.output)", "norm.weight", "norm.bias")
    )
    count = Exact(x.size // x.shape[1])

    def along(values: Array) -> Array:
        return np.asarray(values.reshape(-1, *(1,) * (x.ndim - 2)))

    mean = numbers.mean(axis=axes)
    centred = numbers - along(mean)
    var = (centred**2).mean(axis=axes)
    normalised = centred / np.sqrt(along(var) + Exact(eps))
    scaled = normalised * along(weight)
    grad_bias, grad_weight = grad.sum(axis=axes), (grad * normalised).sum(axis=axes)
    parts = (grad, -along(grad_bias) / count, -normalised * along(grad_weight) / count)
    scale = along(weight) / np.sqrt(along(var) + Exact(eps))
    momentum, unbiased = Exact(0.1), var * count / (count - 1)
    return {
        "mean": (mean, abs(mean)),
        "var": (var, var),
        "output": (scaled + along(bias), abs(scaled) + abs(along(bias))),
        "running_mean": (momentum * mean, abs(momentum * mean)),
        "running_var": ((1 - momentum) + momentum * unbiased, 1 + momentum * unbiased),
        "grad(weight)": (grad_weight, abs(grad * normalised).sum(axis=axes)),
        "grad(bias)": (grad_bias, abs(grad).sum(axis=axes)),
        "grad(input)": (sum(parts) * scale, sum(map(abs, parts)) * abs(scale)),
    }


def all_within(rec: Recording, x: Array, grad_input: str) -> None:
    names = {
        **{name: f"norm.{name}" for name in ("mean", "var", "output")},
        **{name: f"updated(norm.{name})" for name in ("running_mean", "running_var")},
        **{f"grad({name})": f"grad(norm.{name})" for name in ("weight", "bias")},
        "grad(input)": grad_input,
    }
    for name, (exact, size) in expected(rec, x).items():
        value = rec[names[name]]
        if name in ("mean", "var"):  # float64 there, for float32 networks
            value = value.astype(x.dtype)
        assert roundings(value, exact, size) <= ROUNDINGS, name


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (pc.BatchNorm1d(5), (93, 5)),
        (pc.BatchNorm1d(3), (4, 3, 17)),
        (pc.BatchNorm2d(16), (6, 16, 13, 11)),
        (pc.BatchNorm2d(7), (70, 7, 2, 3)),
        (pc.BatchNorm3d(4), (2, 4, 3, 5, 7)),
    ],
)
def test_an_input_far_from_zero(norm: pc.BatchNorm2d, shape: tuple[int, ...], ratio: float) -> None:
    given_parameters(norm)
    x = (normal(*shape, seed=1) + ratio).astype(np.float32)
    x[:, 1] -= np.float32(2 * ratio)
    all_within(recorded(Normed(norm, pc.Identity()), x), x, "grad(input)")


@pytest.mark.slow
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("algorithm", ["auto", "direct"])
@pytest.mark.parametrize(
    ("conv", "shape"),
    [
        (pc.Conv2d(16, 17, 3, padding=1), (6, 16, 13, 11)),
        (pc.Conv2d(16, 16, 3), (1, 16, 9, 10)),
        (pc.Conv2d(32, 32, 3, stride=2, padding=1), (5, 32, 14, 9)),
        (pc.Conv2d(16, 48, 3, padding=1), (300, 16, 4, 4)),
        (pc.Conv2d(3, 5, 5, bias=True), (7, 3, 11, 9)),
    ],
)
def test_behind_a_convolution(conv: pc.Conv2d, shape: tuple[int, ...], algorithm: Any, ratio: float) -> None:
    norm = pc.BatchNorm2d(conv.weight.shape[0])
    given_parameters(norm)
    x = normal(*shape, seed=2).astype(np.float32)
    conv.bias[...] = 0
    signs = np.where(np.arange(len(conv.bias)) % 3, 1, -1)
    conv.bias[...] = signs * ratio * spread_of(conv(x))
    with pc.algorithm(algorithm):
        rec = recorded(Normed(norm, conv), x)
    all_within(rec, rec["before.output"], "grad(before.output)")


@pytest.mark.parametrize("first", [0.0, 1e6, -1e3])
@pytest.mark.parametrize("conv", [False, True])
def test_the_first_number_of_a_channel_may_lie_apart(first: float, conv: bool) -> None:
    norm = pc.BatchNorm2d(16)
    x = (normal(4, 16, 12, 9, seed=3) + 1e4).astype(np.float32)
    x[0, :, 0, 0] = first
    before: pc.Module = pc.Identity()
    if conv:
        before = pc.Conv2d(16, 16, 3, padding=1, bias=False)
        before.weight[...] = 0
        before.weight[range(16), range(16), 1, 1] = 1
    rec = recorded(Normed(norm, before), x)
    all_within(rec, rec["before.output"] if conv else x, "grad(before.output)" if conv else "grad(input)")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_constant_channel_behind_winograd_has_no_variance(dtype: str) -> None:
    model = Normed(pc.BatchNorm2d(16), pc.Conv2d(16, 16, 3)).astype(dtype)
    model.before.weight[...] = 0
    model.before.bias[...] = 12345.678
    x = normal(3, 16, 9, 8, seed=4).astype(dtype)
    rec = recorded(model, x)
    assert np.all(rec["norm.var"] == 0)
    assert np.all(rec["norm.output"] == 0)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(
    ("norm", "sets"),
    [
        (pc.GroupNorm(4, 8), 4),
        (pc.GroupNorm(1, 8), 1),
        (pc.InstanceNorm2d(8), 8),
        (pc.LayerNorm((8, 65, 97)), 1),
    ],
)
def test_norms_of_sets(norm: pc.Module, sets: int, ratio: float) -> None:
    x = (normal(3, 8, 65, 97, seed=6) + ratio).astype(np.float32)
    numbers = x.astype(Exact).reshape(3, sets, -1)
    centred = numbers - numbers.mean(axis=2, keepdims=True)
    exact = (centred / np.sqrt((centred**2).mean(axis=2, keepdims=True) + Exact(1e-5))).reshape(x.shape)
    size = abs(exact) + ratio * 2.0**-29  # the mean itself is rounded to float64
    assert roundings(norm(x), exact, size) <= ROUNDINGS
