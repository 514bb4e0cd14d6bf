"""Convolution as mathematics: hand-checkable numbers, SciPy as oracle, every law on many inputs."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import AddressError, ArgumentError, NumericError, PellucidError, ShapeError
from pellucid.signal import discrete

few = settings(max_examples=60, deadline=None)
IMAGE = np.arange(9).reshape(3, 3)
KERNEL = np.array([[0, 1], [2, 3]])
DTYPES = [np.int32, np.int64, np.uint16, np.float32, np.float64]


@st.composite
def operands(draw: st.DrawFn, count: int = 2, dtype: Any = np.int64) -> list[np.ndarray]:
    """Arrays of equally many axes and unequal sizes."""
    dims = draw(st.integers(1, 3))
    elements = (
        st.integers(-9, 9)
        if np.dtype(dtype).kind == "i"
        else st.floats(-4, 4, width=32, allow_subnormal=False)
    )
    shape = st.tuples(*[st.integers(1, 7)] * dims)
    return [draw(arrays.arrays(dtype, shape, elements=elements)) for _ in range(count)]


def test_the_example_of_the_lecture() -> None:
    result = pc.signal.correlate(IMAGE, KERNEL, "valid")
    assert result.tolist() == [[19, 25], [37, 43]]
    assert [(term.f, term.g) for term in result.explain((0, 0)).terms] == [(0, 0), (1, 1), (3, 2), (4, 3)]
    assert np.array_equal(result, F.conv2d(IMAGE[None], KERNEL[None, None])[0])
    flipped = pc.signal.convolve(IMAGE, KERNEL[::-1, ::-1], "valid")
    assert flipped.tolist() == result.tolist()


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("dtypes", [(d, e) for d in DTYPES for e in (d, np.float32, np.int64)])
def test_equals_scipy(name: str, mode: str, dtypes: tuple[Any, Any]) -> None:
    rng = np.random.default_rng(5)
    shapes = [((7,), (3,)), ((3,), (7,)), ((6,), (4,)), ((1,), (5,)), ((5, 8), (2, 3)), ((2, 3), (5, 8))]
    shapes += [((4, 4), (4, 4)), ((3, 5, 4), (2, 5, 1)), ((), ())]
    for first, second in shapes:
        f, g = ((rng.standard_normal(s) * 9).astype(d) for s, d in zip((first, second), dtypes, strict=True))
        f, g = np.abs(f) % 50, np.abs(g) % 50  # so that SciPy's small integers do not wrap around
        expected = getattr(scipy.signal, name)(f, g, mode, method="direct")
        result = getattr(pc.signal, name)(f, g, mode)
        assert result.shape == np.shape(expected)
        if result.dtype.kind == "i":
            assert result.dtype == np.int64
            assert np.array_equal(result, expected)
        else:
            assert result.dtype == expected.dtype
            np.testing.assert_allclose(result, expected, rtol=1e-5 if result.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("mode", ["same", "full"])
@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_modes_where_one_is_larger_along_one_axis_only(name: str, mode: str) -> None:
    f, g = np.arange(14).reshape(7, 2), np.arange(15).reshape(3, 5)
    expected = getattr(scipy.signal, name)(f, g, mode, method="direct")
    assert np.array_equal(getattr(pc.signal, name)(f, g, mode), expected)


@pytest.mark.parametrize("shapes", [((4000,), (4000,)), ((201, 150), (33, 18)), ((40, 31, 22), (9, 12, 7))])
def test_large_floats_go_through_fft_and_say_so(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rng = np.random.default_rng(0)
    f, g = (rng.standard_normal(shape) for shape in shapes)
    for name in ("convolve", "correlate"):
        for mode in ("full", "same", "valid"):
            result = getattr(pc.signal, name)(f, g, mode)
            assert result.method == "fft"
            np.testing.assert_allclose(result, getattr(scipy.signal, name)(f, g, mode), atol=1e-11)
    whole = [(f * 9).astype(np.int64), (g * 9).astype(np.int64)]
    exact = pc.signal.convolve(*whole)
    assert exact.method == "direct"
    assert np.array_equal(exact, pc.signal.convolve(*(a.astype(float) for a in whole)).round())
    f.flat[3] = np.nan  # transforms would spread it everywhere
    spread = pc.signal.convolve(f, g)
    assert spread.method == "direct"
    assert np.isnan(spread).sum() == g.size


def test_what_is_not_finite_goes_where_it_goes() -> None:
    """Warnings are errors here: infinity times zero is NaN, and no reason to warn."""
    assert np.isnan(pc.signal.convolve([np.inf, 1.0], [1, 0])).tolist() == [False, True, False]
    assert pc.signal.convolve([1e300], [1e300, 1]).tolist() == [np.inf, 1e300]
    assert pc.signal.convolve(np.float16([6e4]), np.float16([2])).tolist() == [np.inf]


def test_integers_are_exact_or_refused() -> None:
    pixels = np.full(300, 255, np.uint8)
    assert pc.signal.convolve(pixels, pixels).max() == 300 * 255 * 255
    huge = np.array([2**62, -(2**62)])
    assert pc.signal.convolve(huge, [1, 1]).tolist() == [2**62, 0, -(2**62)]
    with pytest.raises(NumericError, match="convolve: the sums do not fit into int64"):
        pc.signal.convolve(huge, [2, 1])
    assert pc.signal.convolve([True, True], [True, True]).tolist() == [1, 2, 1]
    with pytest.raises(NumericError, match=r"do not fit into uint64\. Got sums from -8 to 3"):
        pc.signal.convolve(np.array([1, 2], np.uint64), [3, -4])
    large = np.array([2**63], np.uint64)
    assert pc.signal.convolve(large, [1]).dtype == np.uint64
    assert pc.signal.convolve(np.float16([1000, 1000]), np.float16([1, 1])).dtype == np.float16


@pytest.mark.slow
@few
@given(operands(), st.sampled_from(discrete.MODES), st.booleans())
def test_every_number_is_the_sum_of_its_products(pair: list[Any], mode: str, flip: bool) -> None:
    f, g = pair
    assume(mode != "valid" or all(n >= m for n, m in zip(f.shape, g.shape, strict=True)))
    result = (pc.signal.convolve if flip else pc.signal.correlate)(f, g, mode)
    for index in np.ndindex(*result.shape):
        explanation = result.explain(index)
        assert explanation.value == sum(term.value for term in explanation.terms) == explanation.exact
        for term in explanation.terms:
            assert (f[term.f_index], g[term.g_index]) == (term.f, term.g)
            total = [z + k if flip else z - k for z, k in zip(term.f_index, term.g_index, strict=True)]
            at = [x if flip else x - m + 1 for x, m in zip(explanation.position, g.shape, strict=True)]
            assert total == at


def test_an_explanation_as_text() -> None:
    text = str(pc.signal.correlate(IMAGE, KERNEL, "valid").explain([0, 1]))
    assert text.splitlines() == [
        "[f⋆g][0,1] = Σ_z f[z]·g[z+(0,-1)] = 25",
        "  f[0,1]·g[0,0] = 1·0 = 0",
        "  f[0,2]·g[0,1] = 2·1 = 2",
        "  f[1,1]·g[1,0] = 4·2 = 8",
        "  f[1,2]·g[1,1] = 5·3 = 15",
        "no flip: as z grows, so does the index of g",
        "counted from 1: [f⋆g]_(1,2) = Σ_z f_z·g_(z+(0,-1)) = f_(1,2)·g_(1,1) + f_(1,3)·g_(1,2) + "
        "f_(2,2)·g_(2,1) + f_(2,3)·g_(2,2)",
    ]
    assert "뒤집지 않음" in pc.signal.correlate(IMAGE, KERNEL, "valid").explain([0, 1]).text("ko")
    long = str(pc.signal.convolve(np.ones(40), -np.ones(40)).explain(-40))
    assert "  … (28 more)" in long
    assert "1.0·(-1.0) = -1.0" in long
    assert pc.signal.convolve([0.1, 0.2], [1.0]).explain(0).exact == Fraction(0.1)


def test_a_result_is_an_array_and_what_is_made_of_it_is_plain() -> None:
    f = np.array([1, 2, 3])
    result = pc.signal.convolve(f, [1, 1])
    f[:] = 0
    assert result.explain(1).terms[0].f == 1  # it keeps its own operands
    assert type(result + 1) is np.ndarray
    assert type(result[1:]) is np.ndarray
    assert type(result.sum()) is np.int64
    for copy in (result.copy(), pickle.loads(pickle.dumps(result))):
        with pytest.raises(ArgumentError, match="this array is a copy and has no record"):
            copy.explain(0)


def test_an_index_is_given_in_one_piece_or_in_several() -> None:
    result = pc.signal.correlate(IMAGE, KERNEL, "valid")
    pieces = [
        result.explain(1, 0),
        result.explain((1, 0)),
        result.explain(np.array([1, 0])),
        result.explain(-1, 0),
    ]
    assert [piece.value for piece in pieces] == [37] * 4
    assert pc.signal.convolve(3, 4).explain().value == 12
    with pytest.raises(AddressError, match=r"no such element. Got \(1, \[0\]\) for shape \(2, 2\)"):
        result.explain(1, [0])


@pytest.mark.parametrize("index", [4, -5, (0, 0), 1.5, ()])
def test_there_is_no_such_element(index: Any) -> None:
    with pytest.raises(AddressError, match=r"convolve: there is no such element. Got .* for shape \(4,\)"):
        pc.signal.convolve([1, 2, 3], [1, 1]).explain(index)


REFUSED: list[tuple[Callable[[], Any], type[PellucidError], str]] = [
    (lambda: pc.signal.convolve([1], [[1]]), ShapeError, "equally many axes. Got f (1,), g (1, 1)"),
    (lambda: pc.signal.correlate([], [1]), ShapeError, "correlate: f and g must not be empty. Got f (0,)"),
    (lambda: pc.signal.convolve([1], [1], "some"), ArgumentError, "Expected one of 'full', 'same', 'valid'"),
    (lambda: pc.signal.convolve([1j], [1]), ArgumentError, "f must be an array of real numbers"),
    (
        lambda: pc.signal.convolve(np.ones((3, 1)), np.ones((1, 3)), "valid"),
        ShapeError,
        "as large as the other",
    ),
    (lambda: pc.signal.convolve_continuous(1, abs, 0), ArgumentError, "f must be callable. Got int"),
    (lambda: pc.signal.convolve_continuous(abs, lambda a, b: a, 0), ArgumentError, "must take real numbers"),
    (lambda: pc.signal.convolve_continuous(abs, abs, np.inf), ArgumentError, "x must be finite"),
    (lambda: pc.signal.convolve_continuous(abs, abs, 0, dims=3), ArgumentError, "one or two numbers. Got 3"),
    (
        lambda: pc.signal.convolve_continuous(math.hypot, max, [1, 2, 3], dims=2),
        ShapeError,
        "x must hold pairs",
    ),
    (lambda: pc.signal.convolve_continuous(abs, abs, 0, f_support=(1, 0)), ArgumentError, "low < high"),
    (lambda: pc.signal.convolve_continuous(abs, abs, 0, tolerance=0), ArgumentError, "tolerance must be"),
    (lambda: pc.signal.convolve_continuous(abs, abs, 0), NumericError, "does not converge"),
    (lambda: pc.signal.convolve_continuous(math.exp, math.exp, 0), NumericError, "does not converge"),
    (lambda: pc.signal.linearity([1], [1, 2], [1]), ShapeError, "f and g must have one shape"),
    (lambda: pc.signal.locality([1], [1], 1), ArgumentError, "at must be an index of f"),
    (lambda: pc.signal.shift_equivariance([1], [1, 2]), ShapeError, "must not be larger than the padded"),
    (lambda: pc.signal.shift_equivariance([1, 2], [1], 2), ShapeError, "no output has a partner"),
    (lambda: pc.signal.derivative([1], [1], 1), ArgumentError, "axis must name an axis"),
    (lambda: pc.signal.conv_matrix([1], (1, 2)), ShapeError, "weight must have three to five axes"),
    (lambda: pc.signal.conv_matrix([[[1]]], (2, 3)), ShapeError, "conv1d: input channels must equal"),
    (lambda: pc.signal.channels_as_depth([1], [1]), ShapeError, "Expected (C,H,W) and (O,C,Kh,Kw)"),
    (
        lambda: pc.signal.gradient_is_convolution([[[1]]], [[[1, 2]]], [[[1]]]),
        ShapeError,
        "Expected (1, 1, 2). Got (1, 1, 1)",
    ),
    (lambda: pc.signal.linearity([1], [2], [3], a="x"), ArgumentError, "a must be a number in (-inf, inf)"),
    (lambda: pc.signal.locality([1, 2], [3], 0, None), ArgumentError, "change must be a number"),
    (
        lambda: pc.signal.commutativity([1, math.inf], [1.0]),
        ArgumentError,
        "the numbers must be finite. Got inf",
    ),
    (
        lambda: pc.signal.derivative_continuous(abs, abs, 0, 3),  # type: ignore[arg-type]
        ArgumentError,
        "derivative_continuous: g_derivative must be callable. Got int",
    ),
    (
        lambda: pc.signal.derivative_continuous(abs, abs, 0, abs, step=0),
        ArgumentError,
        "derivative_continuous: step must be a number in (0, inf). Got step=0",
    ),
    (
        lambda: pc.signal.matrix_form(np.ones((1, 1, 2)), 5),
        ArgumentError,
        "an input shape has sizes ≥ 1. Expected (C,…). Got 5",
    ),
    (
        lambda: pc.signal.matrix_form(np.ones((64, 3, 3, 3)), (3, 502, 502)),
        ShapeError,
        "matrix_form: the matrix must not become too large. Expected at most 100,000,000 places to fill. "
        "Got 432,000,000.",
    ),
    (
        lambda: pc.signal.conv_matrix([[[1]]], (1, -5)),
        ArgumentError,
        "has sizes ≥ 1. Expected (C,…). Got (1, -5)",
    ),
    (
        lambda: pc.signal.channels_as_depth(np.ones((2, 3, 3)), np.ones((1, 2, 2, 2))).explain(0, 2, 0),
        AddressError,
        "there is no such element. Got (0, 2, 0) for shape (1, 2, 2)",
    ),
    (
        lambda: pc.signal.convolve_continuous(math.sqrt, abs, 0),
        ArgumentError,
        "Hint: give f_support, or let f return 0 where it is not defined",
    ),
    (
        lambda: pc.signal.convolve_continuous(lambda x: "1.5 m", abs, 0),
        ArgumentError,
        "must take real numbers",
    ),
    (
        lambda: pc.signal.convolve_continuous(lambda x: math.nan, abs, 0),
        ArgumentError,
        "f must be finite somewhere. Got no finite value. Hint: give f_support",
    ),
    (
        lambda: pc.signal.convolve_continuous(lambda u, v: math.inf, math.hypot, [0, 0]),
        ArgumentError,
        "f and g must be finite somewhere. Got inf throughout",
    ),
    (
        lambda: pc.signal.convolve_continuous(math.hypot, math.hypot, [0, 0], dims=2, f_support=5),
        ArgumentError,
        "f_support must hold a pair (low, high) for each of the two axes. Got 5",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_refuses(call: Callable[[], Any], kind: type[PellucidError], message: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)


def test_scipy_is_asked_for_only_when_needed() -> None:
    """A fresh interpreter in which SciPy cannot be imported."""
    program = """
import sys
sys.modules["scipy"] = None
import pellucid as pc
print(pc.signal.convolve([1, 2], [3, 4]).tolist())
try:
    pc.signal.conv_matrix([[[1]]], (1, 2))
except pc.PellucidError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "[3, 10, 8]",
        "conv_matrix: this needs SciPy, which is not installed. Hint: pip install scipy.",
    ]
