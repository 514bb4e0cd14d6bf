"""Which sums of whole numbers are exact: plain ones always, those by Winograd's algorithm where its divisions are.

The statements are those of `docs/arithmetic.md`, README.md and `winograd.py`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.algorithm import algorithm
from pellucid.winograd import MATRICES, Along, Side, divisors, grad_input, grad_weight, output

Array = np.ndarray[Any, np.dtype[Any]]
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def convolved(x: Array, weight: Array, stride: int, dtype: Any, name: str) -> Array:
    """The output of a layer without bias, by an algorithm."""
    layer = pc.Conv2d(weight.shape[1], weight.shape[0], 3, stride=stride, padding=1, bias=False).astype(dtype)
    layer.weight[...] = weight
    with pc.algorithm(name):
        return layer(x.astype(dtype))


def whole(x: Array, weight: Array, stride: int) -> Array:
    """The same in whole numbers, by windows."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncyxij,ocij->noyx", windows, weight)


def integers(low: int, high: int, *shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(low, high + 1, shape)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_plain_sums_are_exact(dtype: Any, stride: int) -> None:
    x, weight = integers(0, 3, 2, 32, 9, 7), integers(-2, 2, 33, 32, 3, 3)
    np.testing.assert_array_equal(convolved(x, weight, stride, dtype, "direct"), whole(x, weight, stride))
    most = 2 ** (24 if dtype == np.float32 else 53) // (32 * 9 * 3)  # Σ|products| just below the limit
    np.testing.assert_array_equal(
        convolved(x, np.full_like(weight, most), stride, dtype, "direct"),
        whole(x, np.full_like(weight, most), stride),
    )
    np.testing.assert_array_equal(
        F.conv2d(x.astype(dtype), weight.astype(dtype), stride=stride, padding=1), whole(x, weight, stride)
    )


@pytest.mark.parametrize("channels", [3, 15])
def test_few_channels_are_summed_plainly_by_default(channels: int) -> None:
    x, weight = integers(0, 3, 2, channels, 9, 7), integers(-2, 2, 17, channels, 3, 3)
    np.testing.assert_array_equal(convolved(x, weight, 1, np.float32, "auto"), whole(x, weight, 1))


def test_by_default_whole_numbers_are_rounded_within_the_bound() -> None:
    """Inputs 0 to 3 and weights −2 to 2 in 16 channels."""
    x, weight = integers(0, 3, 2, 16, 6, 7), integers(-2, 2, 16, 16, 3, 3)
    expected = whole(x, weight, 1)
    found = convolved(x, weight, 1, np.float32, "auto")
    assert np.mean(found != expected) > 0.5
    rec = recording(
        run(lambda s, w: F.conv2d(s, w, padding=1), x.astype(np.float32), {"w": weight.astype(np.float32)})
    )
    np.testing.assert_array_equal(rec["conv2d.output"], found)
    for index in np.argwhere(found != expected)[::40]:
        trace = rec.explain(f"conv2d.output[{','.join(map(str, index))}]")
        assert trace.certified
        assert trace.exact == expected[tuple(index)]
        assert 0 < trace.error <= trace.error_bound


@pytest.mark.parametrize("value", [100, 200])
def test_a_laplacian_of_a_constant(value: int) -> None:
    x, weight = np.full((1, 16, 8, 8), value), np.broadcast_to(LAPLACIAN, (16, 16, 3, 3))

    def found(weight: Array, name: str) -> Array:
        layer = pc.Conv2d(16, 16, 3, bias=False)
        layer.weight[...] = weight
        with pc.algorithm(name):
            return layer(x.astype(np.float32))

    assert not found(weight, "direct").any()
    assert found(weight, "auto").any()
    assert abs(found(weight, "auto")).max() < 1e-3
    for multiple in (9, 18, 27, -9, 576):
        assert not found(multiple * weight, "auto").any()
    for other in (2, 3, 6, 64):  # multiples of 3 along one axis are not enough
        assert found(other * weight, "auto").any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(4))
def test_multiples_of_9_are_exact_at_stride_1(dtype: Any, seed: int) -> None:
    x, weight = integers(0, 3, 2, 16, 9, 7, seed=seed), 9 * integers(-1, 1, 18, 16, 3, 3, seed=seed + 9)
    if dtype == np.float32:  # S = 9·3·4 ≤ 113: 4 channels that are not 0
        weight[:, np.random.default_rng(seed).permutation(16)[4:]] = 0
    for name in ("auto", "winograd"):
        np.testing.assert_array_equal(convolved(x, weight, 1, dtype, name), whole(x, weight, 1))
    other = convolved(x, weight // 9, 1, dtype, "winograd")
    assert np.any(other != whole(x, weight // 9, 1))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(4))
def test_all_whole_numbers_are_exact_at_stride_2(dtype: Any, seed: int) -> None:
    x = integers(-3, 3, 2, 32, 9, 11, seed=seed)
    weight = integers(-5, 5, 34, 32, 3, 3, seed=seed + 9)  # S ≤ 480
    for name in ("auto", "winograd"):
        np.testing.assert_array_equal(convolved(x, weight, 2, dtype, name), whole(x, weight, 2))


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2])
def test_gradients_in_float64(stride: int) -> None:
    """The input gradient divides weights at stride 1, the weight gradient the input."""

    def gradients(name: str, x: Array, weight: Array) -> tuple[Array, Array]:
        with algorithm(name):  # type: ignore[arg-type]
            program = run(
                lambda s, w: F.conv2d(s, w, stride=stride, padding=1),
                x.astype(float),
                {"w": weight.astype(float)},
            )
            graph = program.plan.graph
            root = program.plan.gradients[graph.output].memory
            root[...] = integers(-4, 4, *root.shape, seed=5)
            program.run(graph.output, input=x.astype(float))
            rec = recording(program)
            return rec["grad(input)"], rec["grad(w)"]

    x, weight = integers(-3, 3, 2, 32, 9, 7), integers(-5, 5, 33, 32, 3, 3)
    plain, by_nines = gradients("direct", x, weight), gradients("direct", 9 * x, 9 * weight)
    fast, fast_by_nines = gradients("winograd", x, weight), gradients("winograd", 9 * x, 9 * weight)
    for one, other in zip(by_nines, fast_by_nines, strict=True):
        np.testing.assert_array_equal(one, other)
    same = [np.array_equal(one, other) for one, other in zip(plain, fast, strict=True)]
    assert same == ([False, False] if stride == 1 else [True, True])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_division_by_3_or_9_is_exact_for_multiples(dtype: Any) -> None:
    """It is a product with the rounded reciprocal."""
    digits = np.finfo(dtype).nmant + 1
    quotients = np.concatenate([np.arange(1, 1 << 16), (1 << (digits - 4)) - np.arange(1, 1 << 16)]).astype(
        dtype
    )
    for divisor in (3, 9):
        reciprocal = dtype(1) / dtype(divisor)
        assert abs(Fraction(float(reciprocal)) * divisor - 1) <= Fraction(1, 2 ** (digits + 1))
        np.testing.assert_array_equal(quotients * divisor * reciprocal, quotients)
    assert {abs(d) for kind in MATRICES for d in divisors(kind)} <= {
        1,
        4,
        6,
        24,
    }  # and products: 2ᵏ, 3·2ᵏ, 9·2ᵏ


def size(side: Side) -> list[list[Fraction]]:
    """Absolute values of a side's matrices, points × positions."""
    rows = []
    for phase in side.phases:
        matrix = [
            [Fraction(abs(x), abs(d)) for x in row]
            for row, d in zip(MATRICES[phase.kind], divisors(phase.kind), strict=True)
        ]
        for row in zip(*matrix, strict=True) if phase.back else matrix:
            spread = [Fraction(0)] * side.reach
            for position, x in zip(phase.positions, row, strict=True):
                spread[position] = x
            rows.append(spread)
    return rows


def growth(along: Along) -> Fraction:
    """By how much a number on the way along one axis can be larger than the largest product of two factors."""
    left, right, back = size(along.left), size(along.right), size(along.result)
    points = [sum(sum(left[i]) * sum(right[j]) for i, j in pairs) for pairs in along.products]
    return max(
        sum(row[y] * p for row, p in zip(back, points, strict=True)) for y in range(along.result.reach)
    )


@pytest.mark.parametrize("before", [0, 1])
def test_the_limits_that_are_stated_are_the_matrices(before: int) -> None:
    assert growth(output(1, before)) == growth(grad_input(1, before)) == 48
    assert growth(grad_weight(1, before)) == Fraction(160, 3)
    assert max(growth(scheme(2, before)) for scheme in (output, grad_input, grad_weight)) == 28
    assert [2**24 // n for n in (64 * 48**2, 36 * 28**2)] == [113, 594]
    assert int(2**24 / (64 * Fraction(160, 3) ** 2)) == 92
