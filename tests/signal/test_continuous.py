"""The integral against closed forms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pc
from pellucid.errors import ArgumentError, NumericError

Steps = list[tuple[float, float, float]]  # begin, width, height
PLACES = np.concatenate([np.linspace(-2.1, 2.1, 29), [0.99999999, 1 - 1e-15, 1e-9, -1 / 3, 1.0]])


def box(t: float) -> float:
    return 1.0 * (abs(t) <= 0.5)


def gaussian(sigma: float, mean: float = 0.0) -> Callable[[float], float]:
    return lambda t: math.exp(-(((t - mean) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))


def test_box_with_box_is_the_triangle() -> None:
    triangle = pc.signal.convolve_continuous(box, box, PLACES)
    np.testing.assert_allclose(triangle.value, np.maximum(0, 1 - np.abs(PLACES)), atol=1e-14)
    assert (triangle.error < 1e-10).all()
    assert triangle.f_support == (-0.5, 0.5)
    one = pc.signal.convolve_continuous(box, box, 0.25)
    assert float(one) == pytest.approx(0.75, abs=1e-14)
    assert one.value.shape == ()
    assert np.asarray(triangle).shape == PLACES.shape


@pytest.mark.slow
@pytest.mark.parametrize(
    ("low", "high"),
    [(3, 3.25), (-7.3, 4.9), (0, 1e-4), (0.02, 0.04), (100.3, 101), (-2e5, -1.9e5), (-1e3, 1e3)],
)
def test_boxes_of_any_place_and_width(low: float, high: float) -> None:
    x = np.concatenate([PLACES * 3, PLACES + low, PLACES + high])
    expected = [2 * max(0, min(high, t + 0.5) - max(low, t - 0.5)) for t in x]
    result = pc.signal.convolve_continuous(lambda t: 2 if low <= t < high else 0, box, x)
    np.testing.assert_allclose(result.value, expected, atol=1e-10)


places = st.integers(-300, 300).map(lambda n: n / 32 + 0.01)  # apart enough to be seen
steps = st.lists(
    st.tuples(places, st.integers(1, 99).map(lambda n: n / 32), st.integers(-3, 3)), min_size=1, max_size=3
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(steps, steps, st.floats(-20, 20))
def test_staircases(first: Steps, second: Steps, x: float) -> None:
    """Sums of boxes that overlap, against the exact sum of trapezoids."""

    def stairs(parts: Steps) -> Callable[[float], float]:
        return lambda t: sum(height for low, width, height in parts if low <= t < low + width)

    expected = sum(
        a * b * max(0.0, min(low + width, x - other) - max(low, x - other - across))
        for low, width, a in first
        for other, across, b in second
    )
    result = pc.signal.convolve_continuous(stairs(first), stairs(second), x)
    assert abs(float(result) - expected) <= 1e-10
    if all(any(height for _, _, height in parts) for parts in (first, second)):
        assert float(result.error) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), [(1, 1), (0.3, 0.7), (1, 0.01), (1e-3, 3), (1e-3, 1e-3), (50, 2)])
def test_variances_of_gaussians_add(a: float, b: float) -> None:
    sigma = math.hypot(a, b)
    x = np.linspace(-4, 4, 9) * sigma
    result = pc.signal.convolve_continuous(gaussian(a), gaussian(b), x)
    np.testing.assert_allclose(result.value, [gaussian(sigma)(t) for t in x], atol=1e-10)


@pytest.mark.slow
def test_means_of_gaussians_add() -> None:
    result = pc.signal.convolve_continuous(gaussian(1, 3), gaussian(0.5, -7), PLACES - 4)
    expected = [gaussian(math.hypot(1, 0.5), -4)(t) for t in PLACES - 4]
    np.testing.assert_allclose(result.value, expected, atol=1e-10)


@pytest.mark.slow
def test_one_sided_unbounded_and_slowly_falling_functions() -> None:
    def decay(t: float) -> float:
        return math.exp(-t) * (t >= 0)  # overflows far outside of its support

    x = np.array([-0.5, 0.0, 0.7, 4.0])
    expected = np.maximum(x, 0) * np.exp(-x)
    np.testing.assert_allclose(pc.signal.convolve_continuous(decay, decay, x).value, expected, atol=1e-12)

    def lorentz(width: float) -> Callable[[float], float]:
        return lambda t: width / math.pi / (t * t + width * width)

    result = pc.signal.convolve_continuous(lorentz(1), lorentz(0.01), x)
    np.testing.assert_allclose(result.value, [lorentz(1.01)(t) for t in x], atol=1e-12)
    assert result.f_support == (-math.inf, math.inf)
    step = pc.signal.convolve_continuous(lambda t: 1.0 * (t > 0), gaussian(1), x)
    np.testing.assert_allclose(step.value, [(1 + math.erf(t / math.sqrt(2))) / 2 for t in x], atol=1e-12)


@pytest.mark.slow
def test_what_sampling_cannot_see_can_be_given() -> None:
    def needle(t: float) -> float:
        return 1e6 * (abs(t - 3.21) < 5e-7)

    hidden = pc.signal.convolve_continuous(needle, gaussian(1), 3.0)
    assert float(hidden) == 0
    assert float(hidden.error) == math.inf
    given = pc.signal.convolve_continuous(
        needle, gaussian(1), 3.0, f_support=(3.21 - 5e-7, 3.21 + 5e-7), f_breaks=()
    )
    assert float(given) == pytest.approx(gaussian(1)(0.21), abs=1e-9)
    halves = pc.signal.convolve_continuous(
        box, box, 0.25, f_support=(-1, 1), f_breaks=(-0.5, 0.5), g_support=(-np.inf, np.inf)
    )
    assert float(halves) == pytest.approx(0.75, abs=1e-12)
    nothing = pc.signal.convolve_continuous(lambda _: 0.0, box, [0.0, 1.0])
    assert nothing.value.tolist() == [0, 0]
    assert nothing.error.tolist() == [math.inf, math.inf]
    zero = pc.signal.convolve_continuous(lambda _: 0.0, box, 0.0, f_breaks=())
    assert (float(zero), float(zero.error)) == (0, 0)


def boxes(*parts: tuple[float, float, float]) -> Callable[[float], float]:
    """The sum of boxes, each at a centre, so wide and so high."""
    return lambda t: sum(high for centre, width, high in parts if abs(t - centre) <= width / 2)


NARROW: dict[str, Steps] = {
    "a narrow box at 50": [(0, 1, 1), (50, 0.02, 1)],
    "narrower": [(0, 1, 1), (50, 0.005, 1)],
    "one sample wide": [(0, 1, 1), (-37.1, 0.0041, 1)],
    "below zero": [(0, 1, 1), (50, 0.02, -3)],
    "high": [(0, 1, 1), (50, 0.02, 1000)],
    "several": [(0, 1, 1), (50, 0.02, 1), (-37, 0.01, 2), (20, 0.3, 0.5), (20.4, 0.01, 1)],
    "far apart": [(0, 1, 1), (300, 1.5, 1), (-2000, 20, 1)],
    "a comb": [(centre, 0.02, 1) for centre in range(-60, 61, 4)],
    "narrow and far": [(0, 1, 1), (100, 0.02, 1), (-200.3, 0.01, 2)],
    "side by side": [(30, 0.01, 1), (30.02, 0.01, 1), (30.04, 0.01, 1)],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NARROW)
def test_no_box_is_stepped_over(name: str) -> None:
    """All of it below a wide box is its area."""
    assert_area(NARROW[name], boxes(*NARROW[name]), boxes((0, 450 if name != "far apart" else 5000, 1)))


def test_no_box_of_the_other_function_is_stepped_over() -> None:
    assert_area(NARROW["several"], boxes((0, 120, 1)), boxes(*NARROW["several"]))


def assert_area(parts: Steps, f: Callable[[float], float], g: Callable[[float], float]) -> None:
    area = sum(width * high for _, width, high in parts)
    result = pc.signal.convolve_continuous(f, g, 0.0)
    assert abs(float(result) - area) <= max(float(result.error), 1e-12 * (1 + abs(area)))
    assert float(result.error) < 1e-9


@pytest.mark.slow
def test_no_peak_is_stepped_over() -> None:
    """Narrow bells far from each other, and small ones beside large ones."""
    for bells in ([(1, 0, 1), (0.005, 50, 1), (0.01, -20, 2), (0.02, 33, 1)], [(1, 0, 1), (0.005, 50, 1e-3)]):
        parts = [(gaussian(sigma, mean), factor) for sigma, mean, factor in bells]

        def f(t: float, parts: Any = parts) -> float:
            return sum(factor * bell(t) for bell, factor in parts)

        result = pc.signal.convolve_continuous(f, boxes((0, 120, 1)), 0.0)
        expected = sum(factor for _, _, factor in bells)
        assert abs(float(result) - expected) <= max(float(result.error), 1e-12)
        shifted = pc.signal.convolve_continuous(f, gaussian(0.3), [50.2, -20.0])
        spread = [sum(a * gaussian(math.hypot(s, 0.3), m)(x) for s, m, a in bells) for x in (50.2, -20.0)]
        np.testing.assert_allclose(shifted.value, spread, atol=1e-11)


@pytest.mark.slow
def test_between_breaks_a_function_may_be_as_narrow_as_it_likes() -> None:
    thin = boxes((0, 1, 1), (50.0013, 0.0005, 8))
    ends = (-0.5, 0.5, 50.0013 - 0.00025, 50.0013 + 0.00025)
    wide = boxes((0, 120, 1))
    unseen = pc.signal.convolve_continuous(thin, wide, 0.0)
    assert unseen.resolution == 1 / 256  # and the error says nothing of what is narrower
    given = pc.signal.convolve_continuous(thin, wide, 0.0, f_breaks=ends, g_breaks=(-60, 60))
    assert float(given) == pytest.approx(1.004, abs=1e-12)
    assert given.resolution == 0
    assert given.f_support == pytest.approx((-0.5, 50.00155), abs=1e-12)
    other = pc.signal.convolve_continuous(wide, thin, [0.0, 109.5], g_breaks=reversed(ends))
    np.testing.assert_allclose(other.value, [1.004, 0.004], atol=1e-12)
    within = pc.signal.convolve_continuous(thin, wide, 0.0, f_support=(-1, 1), f_breaks=ends)
    assert float(within) == pytest.approx(1, abs=1e-12)
    flat = pc.signal.convolve_continuous(
        lambda u, v: 1.0 * (max(abs(u), abs(v)) <= 1), lambda u, v: 1.0, (0.0, 0.0)
    )
    assert flat.resolution == 1 / 4


@pytest.mark.slow
def test_two_dimensions() -> None:
    def bell(sigma: float) -> Callable[[float, float], float]:
        return lambda u, v: math.exp(-(u * u + v * v) / 2 / sigma**2) / (2 * math.pi * sigma**2)

    pairs = np.array([[[0.3, -1.2], [2.0, 1.0]]])
    result = pc.signal.convolve_continuous(bell(1), bell(0.2), pairs)
    expected = [[bell(math.hypot(1, 0.2))(*pair) for pair in row] for row in pairs]
    np.testing.assert_allclose(result.value, expected, atol=1e-10)
    assert result.error.shape == (1, 2)
    assert (result.error < 1e-10).all()


@pytest.mark.slow
def test_boxes_and_discs_in_two_dimensions() -> None:
    def square(u: float, v: float) -> float:
        return 1.0 * (abs(u) <= 0.5 and abs(v) <= 0.25)

    at = pc.signal.convolve_continuous(square, square, (0.25, -0.125))
    assert float(at) == pytest.approx(0.75 * 0.375, abs=1e-12)
    limits = ((-0.5, 0.5), (-0.25, 0.25))
    given = pc.signal.convolve_continuous(square, square, (0.25, -0.125), f_support=limits, g_support=limits)
    assert float(given) == pytest.approx(0.75 * 0.375, abs=1e-12)

    def disc(u: float, v: float) -> float:
        return 1.0 * (u * u + v * v <= 1)

    lens = pc.signal.convolve_continuous(disc, disc, (0.6, 0.8))
    expected = 2 * math.acos(0.5) - 0.5 * math.sqrt(3)
    assert abs(float(lens) - expected) < float(lens.error) < 1e-5


@pytest.mark.slow
def test_functions_that_do_not_fall_off() -> None:
    """With one that does there is an integral: 2·sin ½·sin x for a box, √π·e^(−¼)·sin x for a bell."""
    x = np.array([-1.0, 0.0, 0.3])
    waves = pc.signal.convolve_continuous(box, math.sin, x)
    np.testing.assert_allclose(waves.value, 2 * math.sin(0.5) * np.sin(x), atol=1e-13)
    assert waves.g_support == (-math.inf, math.inf)
    bell = pc.signal.convolve_continuous(math.sin, lambda t: math.exp(-t * t), x)
    np.testing.assert_allclose(bell.value, math.sqrt(math.pi) * math.exp(-0.25) * np.sin(x), atol=1e-12)


HARMONIC = "the integral does not converge. Got x = 0.0. Hint: f(z)·g(x−z) must be finite and fall off towards infinity"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("f", "g"),
    [
        (math.sin, math.cos),
        (math.sin, math.sin),
        (lambda _: 1.0, lambda _: 1.0),
        (lambda _: 1.0, lambda t: 1 / (1 + abs(t))),
    ],
)
def test_without_an_integral(f: Callable[[float], float], g: Callable[[float], float]) -> None:
    message = f"^convolve_continuous: {re.escape(HARMONIC)}; give f_support and g_support\\.$"
    with pytest.raises(NumericError, match=message):
        pc.signal.convolve_continuous(f, g, 0.0)


def failing(_: float) -> float:
    raise KeyError("spline")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda t: None, "must take real numbers and return one. Got TypeError: float() argument must be"),
        (lambda t: np.array([t, t]), "must take real numbers and return one. Got TypeError: "),
        (lambda t: [t], "must take real numbers and return one. Got TypeError: float() argument must be"),
        (lambda t: 2j, "must take real numbers and return one. Got TypeError: 2j is no real number."),
        (
            lambda t: np.complex128(2j),
            "must take real numbers and return one. Got TypeError: np.complex128(2j) is",
        ),
        (lambda t: "1.5", "must take real numbers and return one. Got TypeError: '1.5' is no real number."),
        (lambda t: np.ma.masked, "must take real numbers and return one. Got TypeError: a masked number."),
        (
            lambda t: np.ma.array(t, mask=True),
            "must take real numbers and return one. Got TypeError: a masked number.",
        ),
        (
            lambda t: np.ma.array([t], mask=[True]),
            "must take real numbers and return one. Got TypeError: a masked number.",
        ),
        (
            lambda t: np.ma.masked_greater(t, 1.5),
            "must take real numbers and return one. Got TypeError: a masked number.",
        ),
        (lambda t, u: t, "must take real numbers and return one. Got TypeError: <lambda>() missing 1"),
        (
            failing,
            "must have a value wherever it is asked for one. Got KeyError: 'spline' at -1000000.0. "
            "Hint: give g_support, or let g return 0 where it is not defined.",
        ),
        (math.sqrt, "must have a value wherever it is asked for one. Got ValueError: "),
        (lambda t: math.nan, "must be finite somewhere. Got no finite value. Hint: give g_support."),
    ],
)
def test_functions_that_are_none(function: Callable[..., float], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^convolve_continuous: g {re.escape(message)}"):
        pc.signal.convolve_continuous(box, function, 2.0)


def test_a_mask_that_hides_nothing_is_none() -> None:
    masks = pc.signal.convolve_continuous(lambda t: np.ma.array(box(t), mask=False), box, 0.25)
    assert float(masks) == pytest.approx(0.75, abs=1e-14)
    with pytest.raises(
        ArgumentError, match=r"f must take real numbers and return one\. Got TypeError: a masked"
    ):
        pc.signal.convolve_continuous(lambda u, v: np.ma.masked, lambda u, v: box(u) * box(v), (0, 0))


@pytest.mark.slow
def test_where_a_function_is_not_defined_nobody_asks_for_it() -> None:
    roots = pc.signal.convolve_continuous(math.sqrt, box, [0.0, 2.0], f_support=(0, math.inf), f_breaks=())
    np.testing.assert_allclose(roots.value, [2 / 3 * 0.5**1.5, 2 / 3 * (2.5**1.5 - 1.5**1.5)], atol=1e-12)
    with pytest.raises(
        NumericError, match="the integral does not converge"
    ):  # an integral inside of a function
        pc.signal.convolve_continuous(
            box, lambda t: float(pc.signal.convolve_continuous(math.sin, math.cos, t)), 0.0
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dims": True}, "f and g must be functions of one or two numbers. Got True."),
        ({"f_support": (0, 10**400)}, "f_support must be a pair (low, high) with low < high. Got (0, 1000"),
        (
            {"f_support": 5, "dims": 2},
            "f_support must hold a pair (low, high) for each of the two axes. Got 5.",
        ),
        ({"tolerance": 10**400}, "tolerance must be a number in (0, inf). Got tolerance=1000"),
        ({"f_breaks": object()}, "f_breaks must be an array of real numbers. Got object."),
    ],
)
def test_settings_of_other_kinds(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^convolve_continuous: {re.escape(message)}"):
        pc.signal.convolve_continuous(box, box, (0.0, 0.0), **settings)


def triangle(width: float, centre: float = 0.0) -> Callable[[float], float]:
    return lambda t: max(0.0, 1 - abs(t - centre) / width)


def raised_cosine(width: float, centre: float = 0.0) -> Callable[[float], float]:
    return lambda t: 0.5 + 0.5 * math.cos(math.pi * (t - centre) / width) if abs(t - centre) < width else 0.0


def peak(width: float, centre: float = 0.0) -> Callable[[float], float]:
    return lambda t: math.exp(-(((t - centre) / width) ** 2))


def cusp(width: float, centre: float = 0.0) -> Callable[[float], float]:
    return lambda t: max(0.0, 1 - math.sqrt(abs(t - centre) / width))


@pytest.mark.slow
@pytest.mark.parametrize("plateau", [0.0, 1.0, 109.5])
@pytest.mark.parametrize(
    ("hump", "area"),
    [
        (triangle(1, 3), 1.0),
        (triangle(1, 0.3), 1.0),
        (triangle(0.1, 3), 0.1),
        (triangle(0.01, 30), 0.01),
        (triangle(0.1, 30), 0.1),
        (raised_cosine(0.01, 30), 0.01),
        (raised_cosine(1, -2.3), 1.0),
        (peak(0.01, 3), 0.01 * math.sqrt(math.pi)),
        (peak(0.3, -7.77), 0.3 * math.sqrt(math.pi)),
        (cusp(1, 0.3), 2 / 3),
    ],
)
def test_no_hump_is_stepped_over(plateau: float, hump: Callable[[float], float], area: float) -> None:
    """Alone, beside a box and on a wide one: below a still wider box all of it is its area."""
    f = boxes((0, plateau, 1))
    result = pc.signal.convolve_continuous(lambda t: f(t) + hump(t), boxes((0, 120, 1)), 0.0)
    assert abs(float(result) - plateau - area) <= float(result.error) + 1e-15  # t − centre is rounded
    assert float(result.error) < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b", "x"), [(0.37, -1.21, 0.3), (0, 0, 0), (1.5, 2.25, 3.75), (-2.2, 2.9, 1)])
def test_kinks_of_both_functions(a: float, b: float, x: float) -> None:
    """exp(−|t|) twice is (1 + |x|)·exp(−|x|); two triangles are the cubic spline."""
    decays = pc.signal.convolve_continuous(
        lambda t: math.exp(-abs(t - a)), lambda t: math.exp(-abs(t - b)), x
    )
    away = abs(x - a - b)
    assert abs(float(decays) - (1 + away) * math.exp(-away)) <= float(decays.error) < 1e-12
    spline = pc.signal.convolve_continuous(triangle(1, a), triangle(1, b), x)
    parts = [(2 - away) ** 3 / 6 if away < 2 else 0, -4 * (1 - away) ** 3 / 6 if away < 1 else 0]
    assert abs(float(spline) - sum(parts)) <= float(spline.error) + 1e-16
    assert float(spline.error) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("centre", [1000, -1000, 777.7, 5e4])
def test_where_no_sample_shows_a_function_the_error_has_no_bound(centre: float) -> None:
    far, back = boxes((centre, 1, 1)), boxes((-centre, 1, 1))
    unseen = pc.signal.convolve_continuous(far, back, 0.25)
    assert (float(unseen), float(unseen.error)) == (0, math.inf)
    given = pc.signal.convolve_continuous(
        far, back, 0.25, f_support=(centre - 1, centre + 1), g_support=(-centre - 1, 1 - centre)
    )
    assert abs(float(given) - 0.75) <= float(given.error) + 1e-10


def test_where_no_sample_shows_a_function_of_the_plane_the_error_has_no_bound() -> None:
    square = pc.signal.convolve_continuous(
        lambda u, v: box(u - 500) * box(v - 500), lambda u, v: box(u) * box(v), (500, 500)
    )
    assert float(square.error) == math.inf
