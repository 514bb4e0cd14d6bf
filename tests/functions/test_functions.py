"""The house's functions: by hand, at their ends, and beside numbers of many digits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.functions import arrays, power
from pellucid.functions.sums import LANES, in_lanes

INF, NAN = np.inf, np.nan
DIGITS = 60


def sample(low: float, high: float, count: int = 300) -> np.ndarray:
    return np.random.default_rng(0).uniform(low, high, count)


def near_zero(count: int = 300) -> np.ndarray:
    random = np.random.default_rng(1)
    return random.uniform(-1, 1, count) * 10.0 ** random.uniform(-12, 0, count)


def logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


# Function, its exact twin, arguments, and the most units of 2^−53 that a result errs by, relative to its size.
EXACT: dict[str, tuple[Callable[..., Any], Callable[..., Any], np.ndarray, float]] = {
    "exp": (arrays.exp, mpmath.exp, sample(-708, 709), 4),
    "exp near 0": (arrays.exp, mpmath.exp, near_zero(), 4),
    "expm1": (arrays.expm1, mpmath.expm1, sample(-40, 709), 5),
    "expm1 near 0": (arrays.expm1, mpmath.expm1, near_zero(), 5),
    "sigmoid": (lambda x: arrays.sigmoid(x, 64), logistic, sample(-708, 40), 5),
    "tanh": (arrays.tanh, mpmath.tanh, sample(-23, 23), 6),
    "tanh near 0": (arrays.tanh, mpmath.tanh, near_zero(), 6),
    "log": (lambda x: arrays.log(x, 64), mpmath.log, np.exp(sample(-700, 700)), 2),
    "log near 1": (lambda x: arrays.log(x, 64), mpmath.log, 1 + near_zero() / 3, 3),
    "log1p": (lambda x: arrays.log1p(x, 64), mpmath.log1p, np.exp(sample(-30, 30)), 2),
    "log1p near 0": (lambda x: arrays.log1p(x, 64), mpmath.log1p, near_zero() * 0.9, 3),
    "erf": (arrays.erf, mpmath.erf, sample(-6, 6), 4),
    "erf near 0": (arrays.erf, mpmath.erf, near_zero(), 4),
    "rsqrt": (arrays.rsqrt, lambda x: 1 / mpmath.sqrt(x), np.exp(sample(-700, 700)), 3),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_errors_are_a_few_units(name: str) -> None:
    function, exact, arguments, units = EXACT[name]
    with mpmath.workdps(DIGITS):
        for x, y in zip(arguments.tolist(), function(arguments).tolist(), strict=True):
            expected = exact(mpmath.mpf(x))
            assert abs(mpmath.mpf(y) - expected) <= units * abs(expected) * mpmath.mpf(2) ** -53, x


@pytest.mark.slow
@pytest.mark.parametrize("p", [1.7, -0.75, 20.3, -3.0, 1 / 3, 200.5, -0.5, 4.0])
def test_powers(p: float) -> None:
    arguments = np.exp(sample(-1, 1) * min(80, 600 / abs(p)))
    with mpmath.workdps(DIGITS):
        for x, y in zip(arguments.tolist(), arrays.raised(arguments, p).tolist(), strict=True):
            expected = mpmath.mpf(x) ** mpmath.mpf(p)
            assert abs(mpmath.mpf(y) - expected) <= 8 * expected * mpmath.mpf(2) ** -53, x


def test_explanations_enclose_powers_far_from_1() -> None:
    """There the error of the logarithm counts hundreds of times."""
    x, p = 1.378937005815766, 1214.6818893901077
    with mpmath.workdps(DIGITS):
        units = abs(mpmath.mpf(float(arrays.raised(x, p))) / mpmath.mpf(x) ** mpmath.mpf(p) - 1) * 2**53
    enclosed = Enclosed(x).power(p)
    assert 25 < units < float(enclosed.radius / enclosed.value) * 2**53 < 60


ENDS: dict[str, list[tuple[float, float]]] = {
    "exp": [
        (0.0, 1),
        (-0.0, 1),
        (INF, INF),
        (-INF, 0),
        (709.79, INF),
        (-708.4, 0),
        (1e300, INF),
        (-1e300, 0),
    ],
    "expm1": [(0.0, 0), (-0.0, -0.0), (INF, INF), (-INF, -1), (710.0, INF), (-800.0, -1), (-1e300, -1)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1), (-INF, 0), (1e300, 1), (-1e300, 0)],
    "tanh": [(0.0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (1e300, 1), (-1e300, -1)],
    "log": [(1.0, 0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-1.0, NAN), (-INF, NAN), (1e-310, -INF)],
    "log1p": [(0.0, 0), (-0.0, -0.0), (-1.0, -INF), (-1.5, NAN), (INF, INF), (-INF, NAN)],
    "erf": [(0.0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (6.0, 1), (-1e300, -1)],
    "rsqrt": [(4.0, 0.5), (0.0, INF), (-0.0, -INF), (INF, 0), (-1.0, NAN)],
}


ROUNDED = {"sigmoid", "log", "log1p"}  # are told what their result is rounded to


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", ENDS)
def test_ends(name: str, bits: int) -> None:
    function, rounded = getattr(arrays, name), np.float32 if bits == 32 else np.float64
    for x, expected in [*ENDS[name], (NAN, NAN)]:
        y = float(rounded(function(x, bits) if name in ROUNDED else function(x)))
        assert str(y) == str(float(expected)), x


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 0.5, -0.5, 2.5, -2.5, 4.0])
def test_ends_of_powers_are_cs(p: float) -> None:
    """But for ½ and −½, which are the root and its inverse: they have a sign at −0, and −∞ has none."""
    numbers = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, INF, -INF, NAN]
    for x in numbers if abs(p) != 0.5 else [0.0, 1.0, -1.0, 2.0, INF, NAN]:
        with np.errstate(all="ignore"):
            expected = float(np.float64(x) ** p)
        found = float(arrays.raised(x, p))
        assert found == pytest.approx(expected, rel=1e-15, nan_ok=True), x
        assert np.isnan(found) or np.signbit(found) == np.signbit(expected), x


def test_small_whole_powers_are_exact() -> None:
    x = np.arange(-200.0, 201.0)
    for p in (0, 1, 2, 3):
        np.testing.assert_array_equal(arrays.raised(x, p), x**p)
    assert power.whole(3.0, 20) == 3**20
    assert [power.whole(0.5, n) for n in range(4)] == [1.0, 0.5, 0.25, 0.125]


def test_fused_multiply_add_is_rounded_once() -> None:
    """Products that all but cancel, and sums that lie next to the middle between two numbers."""
    random = np.random.default_rng(2)
    x, y = random.standard_normal((2, 3000)) * np.exp(random.uniform(-20, 20, (2, 3000)))
    z = -x * y * (1 + random.integers(-3, 4, 3000) * 2.0**-52)
    z[::3] = (x * y * 2.0 ** random.integers(-60, 60, 3000))[::3]
    found = arrays.Arrays().fma(x, y, z)
    exact = [float(Fraction(a) * Fraction(b) + Fraction(c)) for a, b, c in zip(x, y, z, strict=True)]
    assert found.tolist() == exact
    middle = arrays.Arrays().fma(1.0 + 2.0**-52, 1.0 - 2.0**-53, np.array([2.0**-53, 2.0**-54, -(2.0**-53)]))
    assert middle.tolist() == [
        float(Fraction(1.0 + 2.0**-52) * Fraction(1.0 - 2.0**-53) + Fraction(z))
        for z in (2.0**-53, 2.0**-54, -(2.0**-53))
    ]
    assert np.isnan(arrays.Arrays().fma(INF, 0.0, 1.0))


def test_sums_in_lanes_by_hand() -> None:
    """Lanes whose sum begins with 1 lose what is too small for it; others keep it."""
    tiny = 2.0**-53
    numbers = np.zeros(40)
    numbers[[0, 16, 32]] = 1.0, tiny, tiny  # lane 0: 1 + tiny + tiny = 1
    numbers[[1, 17]] = tiny, tiny  # lane 1: 2·tiny
    assert in_lanes(numbers, 0).tolist() == [1.0 + 2 * tiny]
    assert in_lanes(np.ones((3, LANES + 1, 2)), 1).tolist() == [[[17.0, 17.0]]] * 3
    assert in_lanes(np.zeros((2, 0)), 1).tolist() == [[0.0], [0.0]]
