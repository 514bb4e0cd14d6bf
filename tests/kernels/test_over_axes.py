"""What is made over axes and its gradients, on the kernels and by definition: every choice of axes, parts, lanes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from tests.support.one_op import run_op

from pellucid.ops.amax import Amax
from pellucid.ops.amin import Amin
from pellucid.ops.mean import Mean
from pellucid.ops.over_axes import OverAxes
from pellucid.ops.sum import Sum
from pellucid.ops.var import Var
from pellucid.ops.vector_norm import VectorNorm

# One axis to five; rows shorter and longer than the lanes, one channel, one pixel; batches that are cut into parts.
SHAPES = [
    (),
    (1,),
    (37,),
    (3, 5),
    (19, 40),
    (2, 3, 7),
    (18, 33, 5),
    (17, 1, 4, 35),
    (2, 20, 3, 1),
    (3, 70, 6, 5),
    (2, 3, 2, 5, 6),
]
LARGE = [
    ((40, 3, 2000), (0, 2)),
    ((1, 300, 9, 70), (2,)),
    ((70, 1030), (0,)),
    ((33, 65, 3, 90), (0, 1)),
]  # many stretches


def drawn(shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def check(op: OverAxes, x: np.ndarray[Any, Any], **settings: Any) -> None:
    """Forward and backward; sums of float64 numbers may be taken in another order."""
    grad, base = drawn(op.infer(x.shape), x.dtype, 1), drawn(x.shape, x.dtype, 2)
    result = run_op(op, x, grad=grad, base=base, **settings)
    output, (gradient,) = op.forward(x), op.backward(grad, x)
    size = np.sqrt(op.count(x.shape)) if isinstance(op, Sum) and not isinstance(op, Mean) else 1
    unit = np.finfo(x.dtype).eps
    assert result.output.shape == output.shape
    np.testing.assert_allclose(result.output, output, rtol=8 * unit, atol=16 * unit * size)
    assert gradient is not None
    np.testing.assert_allclose(result.gradients["input"], base + gradient, rtol=4 * unit, atol=4 * unit)
    alone = run_op(op, x, grad=grad, **settings)
    np.testing.assert_allclose(alone.gradients["input"], gradient, rtol=4 * unit, atol=4 * unit)
    if not isinstance(op, Var | VectorNorm):
        np.testing.assert_array_equal(alone.gradients["input"], gradient)
    np.testing.assert_array_equal(alone.output, result.output)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", [Sum, Mean, Var, Amax, Amin, VectorNorm])
def test_every_choice_of_axes(kind: Any, shape: tuple[int, ...], dtype: Any) -> None:
    x = drawn(shape, dtype, 0)
    for count in range(len(shape) + 1):
        for number, axes in enumerate(combinations(range(len(shape)), count)):
            check(kind(axes, keepdim=number % 2 == 1), x, halo=count % 2 == 1)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "axes"), LARGE, ids=str)
def test_threads_do_not_show(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    x, op = drawn(shape, np.float32, 0), Sum(axes)
    grad = drawn(op.infer(shape), np.float32, 1)
    check(op, x)
    one, three = (run_op(op, x, grad=grad, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.output, three.output)
    np.testing.assert_array_equal(one.gradients["input"], three.gradients["input"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_numbers_are_summed_exactly(dtype: Any) -> None:
    x = np.random.default_rng(0).integers(-100, 100, (33, 21, 5, 7)).astype(dtype)
    for axes in ((0,), (1,), (2, 3), (0, 2, 3), (1, 3), None):
        np.testing.assert_array_equal(run_op(Sum(axes), x).output, x.sum(axes))


def test_nan_and_infinity_go_through() -> None:
    x = np.zeros((3, 20, 4), np.float32)
    x[0, 3, 1], x[1, 2, 0], x[1, 17, 2], x[2, 5, 3] = np.nan, np.inf, -np.inf, np.inf
    np.testing.assert_array_equal(run_op(Sum(1), x).output, x.sum(1))
    np.testing.assert_array_equal(run_op(Sum((1, 2)), x).output, [np.nan, np.nan, np.inf])


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0)], ids=str)
@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), None])
def test_nothing_to_sum(shape: tuple[int, ...], axes: tuple[int, ...] | None) -> None:
    x = np.zeros(shape, np.float32)
    for op in (Sum(axes), Mean(axes)):
        grad = np.ones(op.infer(shape), np.float32)
        result = run_op(op, x, grad=grad)
        np.testing.assert_array_equal(result.output, op.forward(x))
        assert result.gradients["input"].shape == shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_nan_and_zeros(dtype: Any) -> None:
    x = np.random.default_rng(0).integers(-2, 3, (19, 20, 3)).astype(dtype)
    x[3, 4, 1], x[:, :, 2] = np.nan, np.where(x[:, :, 2] > 0, -0.0, x[:, :, 2])
    for op in (Amax(0), Amax((0, 1)), Amax(1), Amin((1, 2)), Amin(None)):
        grad = drawn(op.infer(x.shape), dtype, 1)
        result = run_op(op, x, grad=grad)
        (gradient,) = op.backward(grad, x)
        np.testing.assert_array_equal(result.output, op.forward(x))
        np.testing.assert_array_equal(np.signbit(result.output), np.signbit(op.forward(x)))
        np.testing.assert_array_equal(result.gradients["input"], gradient)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_variance_far_from_zero(dtype: Any) -> None:
    x = (1e6 + drawn((17, 40, 3), np.float64, 0)).astype(dtype)
    for axes in ((0,), (1,), (0, 1, 2)):
        wanted = x.astype(np.longdouble).var(axes, ddof=1).astype(dtype)
        np.testing.assert_allclose(
            run_op(Var(axes), x).output, wanted, rtol=4e-7 if dtype == np.float32 else 1e-9
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("follows", [False, True])
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_norms_that_do_not_fall_below_a_number(p: float, follows: bool, dtype: Any) -> None:
    x = drawn((19, 7, 5), dtype, 0)
    x[3], x[:, :, 2] = 0, -0.0
    for axes in ((0,), (1,), (1, 2)):
        check(VectorNorm(axes, True, p, 2.5, follows), x)
