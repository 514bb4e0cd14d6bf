"""The bits of a function on arrays depend neither on how these lie in memory, nor on the lines beside a line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.functions.sums import in_lanes, products, total

Array = np.ndarray[Any, np.dtype[Any]]


def drawn(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


IMAGES, WEIGHT = drawn(3, 6, 5, 7), drawn(6)
CALLS: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "linear": (F.linear, (drawn(5, 19), drawn(7, 19, seed=1), drawn(7, seed=2))),
    "conv2d": (F.conv2d, (IMAGES, drawn(4, 6, 3, 2, seed=1), drawn(4, seed=2))),
    "conv_transpose2d": (F.conv_transpose2d, (IMAGES, drawn(6, 4, 3, 2, seed=1), drawn(4, seed=2))),
    "batch_norm": (lambda x, w: F.batch_norm(x, None, None, w, training=True), (IMAGES, WEIGHT)),
    "group_norm": (lambda x, w: F.group_norm(x, 2, w), (IMAGES, WEIGHT)),
    "instance_norm": (lambda x, w: F.instance_norm(x, weight=w), (IMAGES, WEIGHT)),
    "layer_norm": (lambda x: F.layer_norm(x, (7,)), (IMAGES,)),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, 2), (IMAGES,)),
    "mse_loss": (F.mse_loss, (IMAGES, drawn(3, 6, 5, 7, seed=1))),
    "softmax": (lambda x: F.softmax(x, 1), (IMAGES,)),
}
GRADIENTS: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "linear": (F.linear_backward, (drawn(5, 7, seed=3), *CALLS["linear"][1])),
    "conv2d": (F.conv2d_backward, (drawn(3, 4, 3, 6, seed=3), *CALLS["conv2d"][1])),
    "batch_norm": (
        lambda g, x, w: F.batch_norm_backward(g, x, None, None, w, training=True),
        (drawn(3, 6, 5, 7, seed=3), IMAGES, WEIGHT),
    ),
    "group_norm": (
        lambda g, x, w: F.group_norm_backward(g, x, 2, w, w),
        (drawn(3, 6, 5, 7, seed=3), IMAGES, WEIGHT),
    ),
    "multiply": (F.mul_backward, (drawn(3, 6, 5, 7, seed=3), IMAGES, drawn(6, 1, 1))),
}


def results(call: Callable[..., Any], arrays: tuple[Array, ...]) -> list[bytes]:
    found = call(*arrays)
    found = found if isinstance(found, tuple) else (found,)
    return [np.ascontiguousarray(array).tobytes() for array in found if array is not None]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("calls", [CALLS, GRADIENTS], ids=["forward", "backward"])
def test_the_layout_in_memory_does_not_show(calls: Any, dtype: Any) -> None:
    for name, (call, arrays) in calls.items():
        arrays = tuple(array.astype(dtype) for array in arrays)
        expected = results(call, arrays)
        assert results(call, tuple(map(np.asfortranarray, arrays))) == expected, name
        backwards = tuple(array[::-1].copy()[::-1] for array in arrays)
        assert results(call, backwards) == expected, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_alone_is_a_row_of_many(dtype: Any) -> None:
    x, weight = drawn(64, 32).astype(dtype), drawn(10, 32, seed=1).astype(dtype)
    whole = F.linear(x, weight)
    for i in range(len(x)):
        np.testing.assert_array_equal(F.linear(x[i : i + 1], weight)[0], whole[i])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40, 1000])
def test_sums_in_lanes_are_those_of_a_loop(count: int) -> None:
    """One number after the other into its lane, then the lanes in pairs; products the same."""
    numbers, others = drawn(count), drawn(count, seed=1)
    for terms, found in (
        (numbers, in_lanes(numbers, 0)),
        (numbers * others, products(numbers[None], others)),
    ):
        lanes = [0.0] * 16
        for i, term in enumerate(terms):
            lanes[i % 16] += term
        while len(lanes) > 1:
            half = len(lanes) // 2
            lanes = [lanes[i] + lanes[i + half] for i in range(half)]
        assert found.tolist() == lanes
    assert float(total(numbers)) == float(in_lanes(numbers, 0)[0])


def test_long_sums_are_cut_into_pieces_that_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.functions import sums

    numbers, left, right = drawn(7, 1000), drawn(9, 1, 77), drawn(5, 77, seed=1)
    expected = in_lanes(numbers, 1).tolist(), products(left, right).tolist()
    monkeypatch.setattr(sums, "_AT_ONCE", 64)
    assert (in_lanes(numbers, 1).tolist(), products(left, right).tolist()) == expected


def test_infinite_numbers_come_without_warnings() -> None:
    huge, infinite = np.float32([[3e38, -3e38]]), np.float32([[np.inf, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert F.log_softmax(huge, 1)[0, 1] == -np.inf
        assert F.cross_entropy(huge, [1], reduction="none")[0] == np.inf
        assert np.isnan(F.layer_norm(infinite, (2,))).all()
        assert np.isnan(F.group_norm(infinite, 1)).all()
        assert F.dropout(np.float32([np.inf]), 1.0)[0] == 0


@pytest.mark.parametrize("rows", [4, 3000])
def test_equal_numbers_are_their_mean(rows: int) -> None:
    x = np.full((rows, 7), 0.1)
    assert not F.layer_norm(x, (7,)).any()
    assert np.isnan(F.layer_norm(x, (7,), eps=0.0)).all()


@pytest.mark.parametrize("first", [1e3, 1e8])
def test_a_first_number_far_from_the_others_costs_no_digits(first: float) -> None:
    size = 20_000
    x = drawn(2, size)
    x[0, 0] = first
    mean = sum(map(Fraction, x[0].tolist())) / size
    var = sum((Fraction(v) - mean) ** 2 for v in x[0].tolist()) / size
    found = F.layer_norm(x, (size,))[0, 0]
    expected = float(Fraction(x[0, 0]) - mean) / float(var + Fraction(1e-5)) ** 0.5
    assert abs(found - expected) <= 1e-13 * expected


def test_evaluation_has_the_bits_of_cross_entropy() -> None:
    class Same(pc.Module):
        def forward(self, x: Any) -> Any:
            return F.flatten(x, 1)

    x = (8 * drawn(50, 10, 1, 1)).astype(np.float32)
    y = np.arange(50) % 10
    losses = F.cross_entropy(x.reshape(50, 10).astype(np.float64), y, reduction="none")
    assert pc.evaluate(Same(), pc.Dataset(x, y))["loss"] == float(total(losses)) / 50


@pytest.mark.parametrize("p", [-2.0, -0.5, 0.0, 0.5, 1 / 3, 2.5, 3.0, 7.0])
def test_gradients_of_powers_are_the_kernels_on_small_arrays_too(p):
    rng = np.random.default_rng(5)
    x = np.exp(rng.standard_normal(70_000)).astype(np.float32)
    grad = rng.standard_normal(70_000).astype(np.float32)
    (large,), (small,) = F.pow_backward(grad, x, p), F.pow_backward(grad[:100], x[:100], p)
    assert (large[:100].view(np.int32) == small.view(np.int32)).all()


@pytest.mark.parametrize(
    "p", [2.0**51 + 0.5, 2.0**51 + 1, 2.0**52 + 1, 2.0**53 + 2, -(2.0**51) - 1, 1e300, -3.0]
)
def test_powers_know_which_large_exponents_are_whole_and_odd(p):
    x = np.array([-1.0, -2.0, -0.5, -0.0, 2.0])
    with np.errstate(all="ignore"):
        expected = np.power(x, p)
    for found in (F.pow(x, p), F.pow(np.tile(x, 20_000), p)[-5:]):
        assert np.array_equal(found, expected, equal_nan=True)
        assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()


def test_an_exponent_below_the_least_normal_number_counts_as_0():
    x = np.array([2.0, -1.0, 0.0, np.inf])
    assert F.pow(x, 1e-320).tolist() == F.pow(np.tile(x, 20_000), 1e-320)[:4].tolist() == [1.0] * 4
