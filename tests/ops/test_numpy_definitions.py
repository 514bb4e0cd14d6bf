"""Definitions that were made fast in NumPy still say what the formulas say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import PellucidError
from pellucid.ops.pad import Pad


@pytest.mark.parametrize(
    ("window", "p", "output"),
    [
        ([1e30, 1e30], 2, 1.4142135623730951e30),
        ([3e38, 1], 2, 3e38),
        ([1e-30, 1e-30], 2, 1.4142135623730951e-30),
        ([1e-30, 1e-30], 1.5, 1.5874010519681995e-30),
        ([1e-30, 2e-30], -1, 2e-30 / 3),
        ([1e20, 1e20], 4, 2**0.25 * 1e20),
        ([3e-13, 4e-13, 5e-13], 3, 6e-13),
        ([3e25, 4e25, 5e25], 3, 6e25),
        ([1e-3, 2e-3, 3e-3], 20, (1 + 2**20 + 3**20) ** 0.05 * 1e-3),
    ],
)
def test_powers_beyond_float32_are_taken_in_float64(window: list[float], p: float, output: float) -> None:
    """On arrays as in a network; the gradient is (x/output)^(p − 1)."""
    x = np.float32(window)[None, None]
    y = F.lp_pool1d(x, p, len(window))
    (grad,) = F.lp_pool1d_backward(np.ones_like(y), x, p, len(window))
    assert y.dtype == grad.dtype == np.float32
    np.testing.assert_allclose(y[0, 0, 0], output, rtol=1e-7)
    np.testing.assert_allclose(grad, (x.astype(float) / output) ** (p - 1), rtol=1e-6)
    network = pc.Sequential(pc.LPPool1d(p, len(window)))
    np.testing.assert_array_equal(network(x), y)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([-2, -1, 0.5, 1, 1.5, 2, 2.5, 3, 4, 7]), st.booleans())
def test_lp_pooling_rounds_once(seed: int, p: float, ceil_mode: bool) -> None:
    """Float32 numbers of 24 orders of magnitude have the results of float64, rounded; gradients as well."""
    dice = np.random.default_rng(seed)
    shape = tuple(dice.integers(1, 4, 2)) + tuple(dice.integers(3, 8, 2))
    x = (dice.uniform(1, 9, shape) * 10.0 ** dice.uniform(-12, 12, shape)).astype(np.float32)
    call = p, (3, 2), (2, 1), ceil_mode
    wide = x.astype(np.float64)
    y = F.lp_pool2d(x, *call)
    np.testing.assert_array_equal(y, F.lp_pool2d(wide, *call).astype(np.float32))
    delta = dice.standard_normal(y.shape).astype(np.float32)
    (grad,), (expected,) = F.lp_pool2d_backward(delta, x, *call), F.lp_pool2d_backward(delta, wide, *call)
    np.testing.assert_array_equal(grad, expected.astype(np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_padding_and_its_gradient_read_the_sources(mode: str) -> None:
    """Against one look-up for each number, in whole numbers; widths of either sign, axes of size 1 and 0."""
    dice, compared = np.random.default_rng(7), 0
    while compared < 200:
        shape = tuple(dice.integers(0, 5, dice.integers(1, 4)).tolist())
        op = Pad(tuple(dice.integers(-2, 4, 2 * len(shape)).tolist()), mode)
        try:
            output = op.infer(shape)
        except PellucidError:
            continue
        x, grad = dice.integers(-9, 9, shape).astype(float), dice.integers(-9, 9, output).astype(float)
        expected, grad_input = np.zeros(output), np.zeros(shape)
        for y in np.ndindex(output):
            i = tuple(int(source[k]) for source, k in zip(op.sources(shape), y, strict=True))
            if min(i) >= 0:
                expected[y] = x[i]
                grad_input[i] += grad[y]
        np.testing.assert_array_equal(op.forward(x), expected)
        np.testing.assert_array_equal(op.backward(grad, x)[0], grad_input)
        assert not np.shares_memory(op.forward(x), x)
        compared += 1


def test_interpolation_of_a_long_axis_takes_no_memory_of_its_square() -> None:
    x = np.arange(200_000.0).reshape(1, 1, -1)  # the weights of all pairs would take 640 GB
    for mode, ends in (("nearest", (0, 199_999)), ("linear", (0, 199_999))):
        y = F.interpolate(x, scale_factor=2, mode=mode)
        assert y.shape == (1, 1, 400_000)
        assert (y[0, 0, 0], y[0, 0, -1]) == ends
        (grad,) = F.interpolate_backward(np.ones_like(y), x, scale_factor=2, mode=mode)
        np.testing.assert_allclose(grad[0, 0, 5:9], 2)
        assert grad.sum() == 400_000
