"""Each number of a convolution is as good as its own sum: off by at most n·eps·Σ|products|, n products long.

The oracle sums in long double, or with fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.signal

import pellucid as pc
from pellucid.signal import transforms


def within_own_sum(result: Any, f: np.ndarray, g: np.ndarray) -> None:
    wide_f, wide_g = (each.astype(np.longdouble) for each in (f, g))
    exact, sizes = transforms.direct(wide_f, wide_g), transforms.direct(abs(wide_f), abs(wide_g))
    terms = transforms.direct(np.ones(f.shape), np.ones(g.shape)).round()
    bound = terms * np.finfo(result.dtype).eps * sizes
    apart = abs(np.asarray(result) - exact)
    assert (apart <= bound).all(), (
        f"{result.method}: {(apart / np.maximum(bound, 1e-300)).max()} times the bound"
    )


def wide(random: np.random.Generator, shape: Any, orders: float = 30) -> np.ndarray:
    """Numbers over so many orders of magnitude."""
    size = 10.0 ** random.uniform(-orders / 2, orders / 2, shape)
    return size * random.choice([-1.0, 1.0], shape)


@pytest.mark.slow
def test_random_pairs_over_thirty_orders_of_magnitude() -> None:
    """Each operand wide in itself, or of a size of its own, or only partly large; one axis or two."""
    random, methods = np.random.default_rng(0), []
    for number in range(500):
        shapes = random.integers(1, 40, 2), random.integers(1, 600, 1)
        shape = shapes[0] if number % 5 == 0 else shapes[1]
        other = random.integers(1, 24, 2) if number % 5 == 0 else random.integers(200, 600, 1)
        f, g = (wide(random, each, random.choice([0, 3, 30])) for each in (shape, other))
        f, g = f * 10.0 ** random.integers(-15, 16), g * 10.0 ** random.integers(-15, 16)
        if number % 3 == 0:
            f[: len(f) // 2] *= 1e-12
        if number % 4 == 0:
            f, g = abs(f), abs(g)
        result = pc.signal.convolve(f, g)
        within_own_sum(result, f, g)
        assert (f.min() < 0) or (g.min() < 0) or (result >= 0).all()
        methods.append(result.method)
    assert methods.count("fft") > 50
    assert methods.count("direct") > 50


def test_a_small_number_beside_large_ones() -> None:
    f = np.full(4000, 1e-6)
    f[2000:] = 1e9
    result = pc.signal.convolve(f, np.ones(1000))
    np.testing.assert_allclose(result[999:2000], 1e-3, rtol=1e-12)
    assert result.min() > 0
    explanation = result.explain(1500)
    assert explanation.value == pytest.approx(1e-3, rel=1e-13)
    assert explanation.number == result[1500]


KINDS: dict[str, Any] = {
    "same size": lambda random, shape: random.normal(size=shape),
    "positive": lambda random, shape: random.random(shape),
    "ones": lambda random, shape: np.ones(shape),
    "sparse": lambda random, shape: random.random(shape) * (random.random(shape) > 0.8),
    "spike": lambda random, shape: np.where(random.random(shape) > 0.999, 1e12, random.normal(size=shape)),
    "wave": lambda random, shape: np.cos(0.7 * np.arange(np.prod(shape)).reshape(shape)),
    "falling": lambda random, shape: np.exp(-0.05 * np.arange(np.prod(shape)).reshape(shape)),
    "tiny": lambda random, shape: 1e-290 * random.normal(size=shape),
    "huge": lambda random, shape: 1e150 * random.normal(size=shape),
    "zeros before and behind": lambda random, shape: np.pad(random.normal(size=shape), 9)[
        tuple(map(slice, shape))
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "shapes", [((3000,), (700,)), ((90, 80), (31, 20)), ((20, 21, 22), (9, 10, 8))], ids=str
)
@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_numbers(name: str, shapes: Any) -> None:
    random = np.random.default_rng(1)
    for other in ("same size", "positive", name):
        f, g = KINDS[name](random, shapes[0]), KINDS[other](random, shapes[1])
        if name in ("tiny", "huge") and other == name:
            g = g / 1e140 if name == "huge" else g * 1e290
        within_own_sum(pc.signal.convolve(f, g), f, g)


@pytest.mark.parametrize("shapes", [((3000,), (700,)), ((90, 80), (31, 20))], ids=str)
@pytest.mark.parametrize("orders", [0, 3, 30])
def test_float32_is_as_good_as_its_own_sums(orders: int, shapes: Any) -> None:
    random = np.random.default_rng(2)
    f, g = (wide(random, shape, orders).astype(np.float32) for shape in shapes)
    result = pc.signal.convolve(f, g)
    assert result.dtype == np.float32
    within_own_sum(result, f, g)
    np.testing.assert_array_equal(pc.signal.correlate(f, np.flip(g)), result)


def test_ordinary_numbers_go_through_transforms() -> None:
    random = np.random.default_rng(3)
    for shapes in (((20000,), (3000,)), ((200, 210), (15, 15)), ((30, 31, 32), (12, 13, 11))):
        for make in (random.normal, random.random, lambda size: random.integers(0, 256, size) / 255):
            f, g = (make(size=shape) for shape in shapes)
            assert pc.signal.convolve(f, g).method == "fft"


def test_a_black_border_stays_black_and_costs_no_sums() -> None:
    image = np.zeros((200, 210))
    image[60:120, 70:150] = np.random.default_rng(4).random((60, 80))
    kernel = np.random.default_rng(5).random((21, 19))
    result = pc.signal.convolve(image, kernel)
    assert result.method == "fft"
    within_own_sum(result, image, kernel)
    assert (result[:60] == 0).all()
    assert (result[140:] == 0).all()


def test_numbers_of_a_part_and_of_the_flip_are_the_same() -> None:
    random = np.random.default_rng(6)
    f, g = wide(random, 3000, 6), wide(random, 500, 6)
    full = pc.signal.convolve(f, g)
    np.testing.assert_array_equal(pc.signal.convolve(f, g, "valid"), full[499:3000])
    np.testing.assert_array_equal(pc.signal.correlate(f, g[::-1]), full)
    np.testing.assert_allclose(full, scipy.signal.convolve(f, g, method="direct"), rtol=1e-8, atol=1e-12)


def test_laws_hold_for_numbers_of_every_size() -> None:
    random = np.random.default_rng(7)
    f, g = wide(random, 2000), wide(random, 300)
    assert pc.signal.commutativity(f, g).holds
    assert pc.signal.locality(f, g, at=1000).holds
    assert pc.signal.derivative(f, g).holds


def test_an_explained_number_is_its_own_sum() -> None:
    random = np.random.default_rng(8)
    f, g = random.normal(size=2000), random.normal(size=300)
    result = pc.signal.convolve(f, g)
    assert result.method == "fft"
    differ = 0
    for x in (0, 2298, *range(7, 2298, 23)):
        explanation = result.explain(x)
        exact = sum((Fraction(t.f) * Fraction(t.g) for t in explanation.terms), Fraction())
        assert explanation.exact == exact
        size = sum(abs(t.value) for t in explanation.terms)
        assert abs(explanation.value - float(exact)) <= np.finfo(float).eps * size
        assert explanation.number == result[x]
        assert abs(explanation.number - float(exact)) <= len(explanation.terms) * np.finfo(float).eps * size
        said = "by fast Fourier transforms" in str(explanation)
        assert said == (explanation.number != explanation.value)
        assert ("고속 푸리에 변환" in explanation.text("ko")) == said
        differ += said
    assert differ
