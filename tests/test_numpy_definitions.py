"""Definitions that were made fast in NumPy still say what the formulas say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pellucid import functional as F
from pellucid.errors import PellucidError
from pellucid.ops.lp_pool import _power
from pellucid.ops.pad import Pad


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_of_lp_pooling_are_numpys(dtype: Any) -> None:
    x = np.array([0, -0.0, 1, -1, 2.5, -2.5, 1e9, -1e9, np.inf, np.nan], dtype)
    with np.errstate(all="ignore"):
        for exponent in (0, 1, 2, 3, 4, -1, -2, -3, 1.5, 1 / 3, -2 / 3):
            found, expected = _power(x, exponent), x ** dtype(exponent)
            np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)
            assert found.dtype == dtype


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
