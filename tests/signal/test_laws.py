"""Every law on many inputs, and where one breaks, that it is said to break."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.signal.test_signal import operands

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import NumericError
from pellucid.language import Message
from pellucid.signal.laws import Law, apart

few = settings(max_examples=50, deadline=None)
either = st.sampled_from([np.int64, np.float32, np.float64])
pairs = either.flatmap(lambda dtype: operands(2, dtype))
triples = either.flatmap(lambda dtype: operands(3, dtype))


@few
@given(pairs)
def test_commutativity(pair: list[Any]) -> None:
    assert pc.signal.commutativity(*pair).holds


@few
@given(triples)
def test_associativity(triple: list[Any]) -> None:
    law = pc.signal.associativity(*triple)
    assert law.holds
    assert law.tolerance == 0 or triple[0].dtype.kind == "f"


@few
@given(pairs, st.integers(-5, 5), st.integers(-5, 5))
def test_linearity(pair: list[Any], a: int, b: int) -> None:
    f, h = pair
    assert pc.signal.linearity(f, np.flip(f) + 1, h, a, b).holds
    assert pc.signal.linearity(f, np.flip(f) + 1, h, a + 0.3, b - 0.7).holds


@few
@given(pairs, st.data())
def test_locality(pair: list[Any], data: st.DataObject) -> None:
    f, g = pair
    at = tuple(data.draw(st.integers(0, n - 1)) for n in f.shape)
    assert pc.signal.locality(f, g, at, change=3).holds
    changed = f.astype(np.float64)
    changed[at] += 3
    touched = np.asarray(pc.signal.convolve(changed, np.ones(g.shape))) != pc.signal.convolve(
        f.astype(np.float64), np.ones(g.shape)
    )
    assert touched.sum() >= 1


@few
@given(pairs, st.integers(-3, 3))
def test_shift_equivariance_without_padding_and_stride(pair: list[Any], shift: int) -> None:
    f, g = pair
    assume(all(n - m + 1 > abs(shift) for n, m in zip(f.shape, g.shape, strict=True)))
    assert pc.signal.shift_equivariance(f, g, shift).holds


@few
@given(st.integers(1, 3), st.integers(1, 4), st.integers(8, 14), st.integers(1, 3))
def test_a_stride_keeps_shifts_that_it_divides(stride: int, kernel: int, size: int, steps: int) -> None:
    assume((size - kernel) // stride > steps)
    f, g = np.arange(size) ** 2 + 1, np.arange(kernel) + 1
    assert pc.signal.shift_equivariance(f, g, stride * steps, stride=stride).holds
    if stride > 1:
        broken = pc.signal.shift_equivariance(f, g, stride * steps - 1, stride=stride)
        assert not broken.holds
        assert f"is no multiple of the stride {stride}" in broken.text("en")


def test_padding_breaks_shift_equivariance_at_the_border() -> None:
    law = pc.signal.shift_equivariance([[1, 2, 3, 4]], [[1, 1, 1]], (0, 1), padding=(0, 1))
    assert law.left.tolist() == [[3, 6, 5]]  # layer([0, 1, 2, 3])[1…3]
    assert law.right.tolist() == [[3, 6, 9]]  # layer([1, 2, 3, 4])[0…2]
    assert not law.holds
    assert law.example is not None
    assert law.example.said("en") == (
        "at y = 0,2: 5 (shifted) and 9; the window reached over the border, and what it saw there has changed"
    )


@few
@given(pairs, st.integers(-1, 0))
def test_derivative(pair: list[Any], axis: int) -> None:
    assert pc.signal.derivative(*pair, axis).holds


@pytest.mark.slow
def test_derivative_of_functions() -> None:
    def bell(t: float) -> float:
        return math.exp(-t * t)

    def slope(t: float) -> float:
        return -2 * t * math.exp(-t * t)

    x = [-1.0, 0.3, 2.0]
    assert pc.signal.derivative_continuous(lambda t: 1.0 * (0 <= t < 2), bell, x, slope).holds
    assert not pc.signal.derivative_continuous(bell, bell, x, bell).holds


@few
@given(st.integers(1, 3), st.data())
def test_gradients_are_convolutions(dims: int, data: st.DataObject) -> None:
    kernel = [data.draw(st.integers(1, 3)) for _ in range(dims)]
    size = [data.draw(st.integers(k, 6)) for k in kernel]
    stride, padding = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2))
    rng = np.random.default_rng(len(kernel))
    x, w = rng.standard_normal((2, 3, *size)), rng.standard_normal((4, 3, *kernel))
    delta = rng.standard_normal(getattr(F, f"conv{dims}d")(x, w, None, stride, padding).shape)
    for law in pc.signal.gradient_is_convolution(delta, x, w, stride, padding):
        assert law.holds, str(law)
        assert law.left.shape == law.right.shape


def test_the_gradient_by_hand() -> None:
    """Five inputs, weights w₁ w₂ w₃: x₃'s gradient is δ₁w₃ + δ₂w₂ + δ₃w₁, w_i's is Σ_j δ_j·x_(i+j−1)."""
    of_input, of_weight = pc.signal.gradient_is_convolution(
        [[[1, 2, 3]]], [[[5, 6, 7, 8, 9]]], [[[10, 20, 40]]]
    )
    assert of_input.right[0, 0, 2] == 1 * 40 + 2 * 20 + 3 * 10
    assert of_weight.right.tolist() == [
        [[1 * 5 + 2 * 6 + 3 * 7, 1 * 6 + 2 * 7 + 3 * 8, 1 * 7 + 2 * 8 + 3 * 9]]
    ]


def test_rounding_includes_underflow() -> None:
    small = np.float32([1e-30, -3e-38])
    assert pc.signal.associativity(small, np.float32([1e-15, 2]), np.float32([4, 1e-9])).holds


def test_a_law_that_does_not_hold_says_so() -> None:
    law = Law(Message("signal.linearity"), "1 = 2", np.ones(2), np.array([1, 2]))
    assert not law.holds
    assert law.text("en") == "linearity: 1 = 2\n  does NOT hold: largest difference 1"
    assert law.text("ko") == "선형성: 1 = 2\n  성립하지 않음: 가장 큰 차이 1"


def test_a_difference_has_no_sign() -> None:
    """Unsigned integers wrap around below 0, and infinities from one another are NaN."""
    left, right = np.array([2, 2**63], np.uint64), np.array([5, 2**63], np.uint64)
    assert apart(left, right).tolist() == apart(right, left).tolist() == [3, 0]
    assert apart(np.array([math.inf, -math.inf]), np.array([math.inf, 1])).tolist() == [0, math.inf]
    broken = pc.signal.shift_equivariance(
        np.array([1, 2, 3, 4], np.uint64), np.array([1, 2], np.uint64), stride=2
    )
    assert broken.largest_difference == 3


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.bool_, np.uint64])
def test_laws_of_images_do_not_wrap_around(dtype: type) -> None:
    f, g, h = (np.array(x, dtype) for x in ([100, 127, 3, 90], [0, 127, 1, 77], [120, 1]))
    linear = pc.signal.linearity(f, g, h)
    assert linear.holds
    assert linear.left[0] == (2 * int(f[0]) - 3 * int(g[0])) * int(h[0])
    assert pc.signal.linearity(f, g, h, 0.5, -0.25).holds
    assert pc.signal.associativity(f, g, h).holds
    assert pc.signal.locality(f, g, 1, change=-0.5).holds
    assert pc.signal.derivative(f, g).holds


def test_a_change_by_a_fraction_is_one() -> None:
    """[1, 2]·δ with f[1] half larger: were the change cut to a whole number, nothing would lie in the window."""
    f, g = [1, 2, 3], [1]
    assert pc.signal.convolve([1, 2.5, 3], g).tolist() == [1, 2.5, 3]
    law = pc.signal.locality(f, g, 1, change=0.5)
    assert law.right.tolist() == [1, 0, 3]
    assert law.right.dtype == np.float64


SMALLER = "law: both sides and their rounding must be finite. Got {}. Hint: use smaller numbers{}."
WIDE = np.float32([1e-30, 3e38, 1, 2e25])


@pytest.mark.parametrize(
    ("law", "got", "hint"),
    [
        (lambda: pc.signal.associativity([1e200], [1e200], [1e-300]), "inf", ""),
        (lambda: pc.signal.associativity([1e-300], [1e200], [-1e200]), "-inf", ""),
        (lambda: pc.signal.associativity(WIDE, WIDE, WIDE), "inf", ", or float64"),
        (lambda: pc.signal.commutativity([1e300, 2.0], [1e300, 1.0]), "inf", ""),
        (lambda: pc.signal.commutativity(WIDE, WIDE), "inf", ", or float64"),
        (lambda: pc.signal.linearity([1e308], [1.0], [1.0]), "inf", ""),
        (lambda: pc.signal.linearity([1e300], [1.0], [1.0], 1e10), "inf", ""),
        (lambda: pc.signal.locality([1e308, 1.0, 1e308], [1e10, 1.0], 1), "inf", ""),
        (lambda: pc.signal.derivative([1e308, -1e308], [1.0, -1.0]), "-inf", ""),
        (lambda: pc.signal.shift_equivariance([1e308, 1e308, 1.0, 1.0], [1.0, 1.0], 1), "inf", ""),
        (lambda: pc.signal.gradient_is_convolution([[[1e200]]], [[[1.0]]], [[[1e200]]]), "inf", ""),
    ],
)
def test_what_passes_all_floats_says_nothing_of_a_law(law: Any, got: str, hint: str) -> None:
    with pytest.raises(NumericError, match=f"^{re.escape(SMALLER.format(got, hint))}$"):
        law()


def test_a_law_without_numbers_to_compare_is_none() -> None:
    for sides in ((np.array([np.nan]), np.ones(1), 1.0), (np.ones(1), np.ones(1), math.inf)):
        with pytest.raises(NumericError, match=r"^law: both sides and their rounding must be finite"):
            Law(Message("signal.linearity"), "", *sides)


def test_numbers_just_within_all_floats_are_compared() -> None:
    law = pc.signal.associativity([1e200], [1e100], [1e-300])
    assert law.holds
    assert law.tolerance < 1e-7  # 2.2e-308, the least normal number, times 1e200 and 1e100
    assert pc.signal.commutativity([1e150, 2.0], [1e150, 1.0]).holds
    assert pc.signal.associativity([1e200], [1e-200], [1e200]).left == pytest.approx(1e200)


@few
@given(st.integers(0, 2**32), st.integers(-140, 140), st.integers(-140, 140))
def test_the_bound_is_as_large_as_the_numbers(seed: int, first: int, second: int) -> None:
    """Squares of 1e-200 are 0 and those of 1e200 infinite; roundings are neither."""
    dice = np.random.default_rng(seed)
    f, g = (dice.standard_normal(n) * 10.0**size for n, size in ((7, first), (5, second)))
    law = pc.signal.commutativity(f, g)
    assert law.holds
    assert (
        0
        < law.tolerance
        <= 1e-13
        * np.linalg.norm(f / 10.0**first)
        * np.linalg.norm(g / 10.0**second)
        * 10.0 ** (first + second)
    )
    tiny = pc.signal.associativity(f * 1e-60, g, [1.5, 3.25])
    assert tiny.holds


SETTINGS = [
    (1, (6, 1, 4), (1, 9), {"stride": 2}),
    (1, (4, 2, 3), (4, 8), {"groups": 2, "padding": 1, "dilation": 2}),
    (2, (5, 3, 3, 2), (3, 7, 6), {"stride": (2, 1), "padding": ((1, 0), (0, 2))}),
    (2, (6, 1, 2, 3), (3, 5, 6), {"groups": 3, "padding": "same"}),
    (3, (2, 2, 2, 1, 3), (2, 4, 3, 5), {"stride": (1, 2, 2), "dilation": (2, 1, 1), "padding": (0, 1, 1)}),
    (1, (4, 2, 3), (4, 8), {"groups": 2, "padding": 1, "dilation": 2, "flip": True}),
    (2, (5, 3, 3, 2), (3, 7, 6), {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "flip": True}),
]


@pytest.mark.parametrize(("dims", "weight", "input", "settings"), SETTINGS)
def test_a_layer_is_a_matrix(
    dims: int, weight: tuple[int, ...], input: tuple[int, ...], settings: Any
) -> None:
    rng = np.random.default_rng(1)
    w, x = rng.integers(-9, 10, weight).astype(float), rng.integers(-9, 10, input).astype(float)
    form = pc.signal.matrix_form(w, input, **settings)
    y = getattr(F, f"conv{dims}d")(x, w, **settings)
    delta = rng.integers(-9, 10, y.shape).astype(float)
    grad = getattr(F, f"conv{dims}d_backward")(delta, x, w, **settings)[0]
    assert np.array_equal(form.forward(x), y)
    assert np.array_equal(form.grad_input(delta), grad)
    assert form.matrix.shape == (y.size, x.size)
    assert (form.parameters, form.dense_parameters) == (w.size, x.size * y.size)
    assert np.array_equal(form.dense(x.ravel()[None].astype(np.float32))[0], y.ravel())


def test_a_matrix_keeps_integers_and_checks_shapes() -> None:
    form = pc.signal.matrix_form([[[[0, 1], [2, 3]]]], (1, 3, 3))
    assert (form.matrix @ np.arange(9)).tolist() == [19, 25, 37, 43]
    assert form.matrix.dtype == np.int64
    with pytest.raises(pc.ShapeError, match=r"input must have the layer's shape. Expected \(1, 3, 3\)"):
        form.forward(np.zeros((3, 3)))
    bright = np.full((1, 3, 3), 255, np.uint8)
    box = pc.signal.matrix_form(np.ones((1, 1, 3, 3), np.uint8), (1, 3, 3))
    assert box.forward(bright).tolist() == [[[9 * 255]]]  # an 8-bit sum would be 247


def test_a_matrix_says_its_sizes_in_both_languages() -> None:
    form = pc.signal.matrix_form(np.ones((2, 1, 2)), (1, 4))
    assert form.text("en").splitlines() == [
        "input (1, 4) → output (2, 3): W is 6×4, 12 places filled (50.00%)",
        "  convolution: 4 weights, each in many places",
        "  fully connected: 4 · 6 = 24 weights",
    ]
    assert "완전 연결층: 4 · 6 = 가중치 24개" in form.text("ko")


def test_what_colour_images_do_not_use() -> None:
    form = pc.signal.channels_as_depth(np.ones((3, 4, 5)), np.ones((2, 3, 2, 2)))
    assert "the output's depth is C − C + 1 = 3 − 3 + 1 = 1" in form.text("en")
    assert "3차원 합성곱은 아닙니다" in form.text("ko")


@few
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2))
def test_channels_are_a_third_dimension(c: int, o: int, stride: int, padding: int) -> None:
    rng = np.random.default_rng(c)
    x, w = rng.integers(-9, 10, (c, 5, 7)), rng.integers(-9, 10, (o, c, 3, 2))
    form = pc.signal.channels_as_depth(x, w, stride, padding)
    assert form.largest_difference == 0
    assert form.deep.shape == (o, 1, *form.flat.shape[1:])
    assert form.partial_sums.shape == (o, c, *form.flat.shape[1:])
    alone = F.conv2d(x[:1], w[:, :1], None, stride, padding)
    assert np.array_equal(form.partial_sums[:, 0], alone)
