"""Arithmetic on tensors that broadcast: kernels against definitions, for every way in which shapes can meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.one_op import run_op

from pellucid.ops.add import Add
from pellucid.ops.arithmetic import Arithmetic
from pellucid.ops.broadcast import repeated, summed
from pellucid.ops.div import Div
from pellucid.ops.maximum import Maximum
from pellucid.ops.meeting import Meeting
from pellucid.ops.minimum import Minimum
from pellucid.ops.mul import Mul
from pellucid.ops.pow import Pow
from pellucid.ops.sub import Sub

OPS: list[Arithmetic | Meeting] = [Add(), Div(), Mul(), Sub(), Minimum(), Maximum()]
SHAPES = [
    ((3, 5, 4, 7), (3, 5, 4, 7)),
    ((3, 5, 4, 7), (3, 5, 1, 1)),
    ((3, 5, 4, 7), (3, 1, 4, 7)),
    ((3, 1, 4, 7), (3, 5, 4, 1)),
    ((3, 5, 1, 7), (3, 5, 4, 7)),
    ((3, 1, 4), (3, 1, 1)),
    ((3, 5, 2, 4, 3), (3, 1, 2, 1, 3)),
    ((19, 6), (19, 1)),
    ((19, 1, 3, 2), (19, 4, 1, 2)),
    ((1, 5, 4, 7), (1, 5, 1, 1)),
]
ARRAYS = [
    (5, 1, 1),
    (1, 5, 1, 1),
    (5, 4, 7),
    (1, 5, 4, 7),
    (7,),
    (4, 1),
    (4, 7),
    (3, 5, 4, 7),
    (3, 1, 1, 1),
    (),
    (1,),
]


def whole(shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice([-3, -2, -1, 1, 2, 4], shape).astype(dtype)


def near(op: Arithmetic | Meeting, found: Any, expected: Any) -> None:
    exact = isinstance(op, Add | Mul | Sub)
    eps = np.finfo(found.dtype).eps
    np.testing.assert_allclose(found, expected, rtol=0 if exact else 8 * eps, atol=0 if exact else 9999 * eps)


def check(op: Arithmetic | Meeting, a: Any, b: Any, **settings: Any) -> None:
    grad = whole(op.infer(a.shape, b.shape), a.dtype, 2)
    result = run_op(op, a, b, grad=grad, **settings)
    near(op, result.output, op.forward(a, b))
    wanted = op.backward(grad.astype(np.float64), a.astype(np.float64), b.astype(np.float64))
    base = settings.get("base")
    near(op, result.gradients["input"], wanted[0] if base is None else base + wanted[0])
    near(op, result.gradients["other"], wanted[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("op", OPS, ids=str)
def test_activations(op: Arithmetic | Meeting, shapes: Any, halo: bool, dtype: Any) -> None:
    a, b = (whole(shape, dtype, seed) for seed, shape in enumerate(shapes))
    for first, second in ((a, b), (b, a)):
        check(op, first, second, halo=halo)
        check(op, first, second, halo=halo, base=whole(first.shape, dtype, 3), threads=1)


@pytest.mark.parametrize("shape", ARRAYS, ids=str)
@pytest.mark.parametrize("images", [3, 50])
@pytest.mark.parametrize("op", OPS, ids=str)
def test_arrays_of_the_model(op: Arithmetic | Meeting, images: int, shape: tuple[int, ...]) -> None:
    if len(shape) == 4 and shape[0] > 1:
        shape = (images, *shape[1:])
    a, b = whole((images, 5, 4, 7), np.float32, 0), whole(shape, np.float32, 1)
    check(op, a, b, arrays=("other",), halo=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3.5, -1, 0.5])
def test_powers(exponent: float, dtype: Any) -> None:
    x, grad, base = (np.abs(whole((3, 5, 4, 7), dtype, seed)) for seed in range(3))
    result = run_op(Pow(exponent), x, grad=grad, base=base, halo=True)
    rtol = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(result.output, x.astype(np.float64) ** exponent, rtol=rtol)
    wanted = base + grad * exponent * x.astype(np.float64) ** (exponent - 1)
    np.testing.assert_allclose(result.gradients["input"], wanted, rtol=rtol)


def test_which_axes_are_summed_over() -> None:
    assert repeated((3, 5, 4), (3, 5, 4)) == ()
    assert repeated((5, 1), (3, 5, 4)) == (0, 2)
    assert repeated((), (3, 5, 4, 2)) == (0, 2, 3, 1)
    gradient = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(summed(gradient, (3, 1)), [[60.0], [92.0], [124.0]])
    np.testing.assert_array_equal(summed(gradient, (2, 3, 4)), gradient)
    assert summed(gradient[:1, :1], (4,)).shape == (4,)
