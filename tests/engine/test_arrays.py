"""Functions on large arrays: the kernels give what the definitions give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.engine import arrays
from pellucid.ops.base import Op


def some(*shape: int) -> Any:
    return np.random.default_rng(6).normal(size=shape).astype(np.float32)


CASES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("conv1d", ((3, 4, 19), (6, 4, 3), (6,)), {"dilation": 2}),
    ("conv2d", ((3, 4, 9, 7), (6, 2, 3, 2), (6,)), {"groups": 2, "padding": [1, 2], "stride": (2, 1)}),
    ("conv2d", ((3, 9, 7), (6, 3, 3, 3), None), {"padding": 1}),
    ("conv2d", ((17, 6, 5, 4), (3, 6, 2, 3), (3,)), {"padding": 1}),
    ("conv3d", ((2, 3, 4, 5, 6), (5, 3, 2, 3, 2), (5,)), {}),
    ("conv_transpose2d", ((3, 4, 5, 6), (4, 3, 3, 2), (3,)), {"stride": 2, "output_padding": 1}),
    ("max_pool2d", ((3, 4, 9, 8),), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("avg_pool3d", ((2, 3, 4, 5, 6),), {"kernel_size": 2, "stride": 1}),
    ("adaptive_max_pool2d", ((3, 4, 9, 8),), {"output_size": (4, 3)}),
    ("adaptive_avg_pool3d", ((2, 3, 4, 5, 6),), {"output_size": 3}),
    ("group_norm", ((3, 6, 5, 4),), {"num_groups": 2}),
    ("instance_norm", ((3, 6, 5), None, None, (6,), (6,)), {}),
    ("layer_norm", ((3, 6, 5),), {"normalized_shape": (6, 5)}),
    ("group_norm", ((5, 6, 17, 3),), {"num_groups": 3, "weight": some(6), "bias": some(6)}),
    ("group_norm", ((90, 6, 37),), {"num_groups": 6, "weight": some(6)}),
    ("group_norm", ((4, 6, 5, 16),), {"num_groups": 1, "bias": some(6)}),
    ("layer_norm", ((7, 3, 19),), {"normalized_shape": (19,), "weight": some(19), "bias": some(19)}),
    ("layer_norm", ((70, 5, 7),), {"normalized_shape": (5, 7), "weight": some(5, 7)}),
    ("layer_norm", ((2, 9, 3),), {"normalized_shape": (3,), "bias": some(3)}),
    ("batch_norm", ((3, 6, 5, 4), None, None, (6,), (6,)), {"training": True}),
    ("gelu", ((3, 6, 5, 4),), {}),
    ("sigmoid", ((3, 7),), {}),
    ("silu", ((3, 7, 2),), {}),
    ("tanh", ((3, 7, 2, 2, 5),), {}),
    ("softmax", ((3, 5, 7),), {"dim": 1}),
    ("log_softmax", ((3, 5, 7, 2),), {"dim": -1}),
    ("interpolate", ((2, 3, 4, 5),), {"size": (7, 3), "mode": "bilinear"}),
]


@contextmanager
def paying(from_: int) -> Iterator[list[str]]:
    """Within, calls of so many products go to the kernels; notes which do."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def noting(run: Callable[..., Any]) -> Callable[..., Any]:
            def noted(op: Op, *args: Any) -> Any:
                made.append(op.name)
                return run(op, *args)

            return noted

        patch.setattr(arrays, "_PAYS", from_)
        for way in ("forward", "backward"):
            patch.setattr(arrays, way, noting(getattr(arrays, way)))
        yield made


def drawn(shapes: tuple[Any, ...], dtype: Any) -> list[Any]:
    random = np.random.default_rng(4)
    return [None if shape is None else random.normal(size=shape).astype(dtype) for shape in shapes]


def results(name: str, operands: list[Any], settings: dict[str, Any]) -> list[Any]:
    output = getattr(F, name)(*operands, **settings)
    grad = np.random.default_rng(5).normal(size=output.shape).astype(output.dtype)
    return [output, *getattr(F, f"{name}_backward")(grad, *operands, **settings)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "shapes", "settings"), CASES, ids=[case[0] for case in CASES])
def test_the_kernels_give_what_the_definition_gives(
    name: str, shapes: tuple[Any, ...], settings: dict[str, Any], dtype: Any
) -> None:
    operands = drawn(shapes, dtype)
    with paying(1 << 60) as made:
        expected = results(name, operands, settings)
    assert not made
    with paying(1) as made:
        found = results(name, operands, settings)
        assert made == [name, name]
        operands[0] += 1  # the same program on other numbers
        again = getattr(F, name)(*operands, **settings)
    eps = 200 * np.finfo(dtype).eps
    for x, y in zip(found, expected, strict=True):
        assert (x is None) == (y is None)
        if y is not None:
            assert (x.shape, x.dtype) == (y.shape, y.dtype)
            np.testing.assert_allclose(x, y, rtol=eps, atol=eps * abs(y).max())
    np.testing.assert_allclose(
        again, getattr(F, name)(*operands, **settings), rtol=eps, atol=eps * abs(again).max()
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "silu", "gelu", "softmax", "log_softmax"])
def test_numbers_side_by_side_have_the_bits_of_the_definition(name: str, dtype: Any) -> None:
    """In one row, in many, with a rest; wherever they lie; a million at once, without a batch, none at all."""
    settings = {"dim": -1} if "softmax" in name else {}
    for shape in ((37,), (16384,), (16385,), (3, 5461), (2, 3, 2731), (5, 7, 1), (1, 40001)):
        (x,) = drawn((shape[::-1],), dtype)
        x = 5 * x.T  # columns first
        with paying(1) as made:
            found = results(name, [x], settings)
        assert made == [name, name]
        with paying(1 << 60):
            expected = results(name, [x], settings)
        for ours, want in zip(found, expected, strict=True):
            want[abs(want) < np.finfo(dtype).tiny] = 0  # the engine's denormal numbers
            np.testing.assert_array_equal(ours, want, strict=True)
        assert found[0].flags.c_contiguous
        assert found[0].base is None or found[0].base.size == found[0].size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize(
    ("shape", "dim"),
    [
        ((3, 5, 7), 1),
        ((17, 33, 2), 0),
        ((2, 130, 35, 3), 1),
        ((1, 2000, 3), -2),
        ((4, 3, 1), 1),
        ((3, 1, 5), 1),
    ],
    ids=str,
)
def test_numbers_that_lie_apart_have_the_bits_of_the_definition(
    name: str, shape: tuple[int, ...], dim: int, dtype: Any
) -> None:
    operands = drawn((shape,), dtype)
    with paying(1 << 60):
        expected = results(name, operands, {"dim": dim})
    with paying(1) as made:
        found = results(name, operands, {"dim": dim})
        assert made == [name, name]
    for ours, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, want, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(40, 17), (6, 19, 7, 3), (5, 1, 4)], ids=str)
def test_losses_are_a_kernels(shape: tuple[int, ...], dtype: Any) -> None:
    """With targets that are ignored, weights, smoothing and probabilities; sums, too."""
    (x,) = drawn((shape,), dtype)
    target = np.random.default_rng(1).integers(0, shape[1], (shape[0], *shape[2:]))
    target.flat[::5] = -100

    def both(target: Any = target, **settings: Any) -> list[Any]:
        one = np.ones((), dtype)
        return [
            F.cross_entropy(x, target, **settings),
            *F.cross_entropy_backward(one, x, target, **settings),
        ]

    for settings in (
        {},
        {"label_smoothing": 0.1},
        {"weight": np.linspace(1, 2, shape[1])},
        {"target": abs(x), "label_smoothing": 0.1, "weight": np.linspace(1, 2, shape[1])},
    ):
        with paying(1 << 60):
            expected = both(**settings)
        with paying(1) as made:
            found = both(**settings)
        assert made == ["cross_entropy", "cross_entropy"]
        np.testing.assert_allclose(found[0], expected[0], rtol=4 * np.finfo(dtype).eps)
        for ours, want in zip(found[1:], expected[1:], strict=True):
            if "weight" in settings and "target" not in settings:  # whose sum is another one
                np.testing.assert_allclose(ours, want, rtol=8 * np.finfo(dtype).eps, atol=1e-16)
            else:
                np.testing.assert_array_equal(ours, want)
    with paying(1) as made:
        both(reduction="sum")
    assert made == ["cross_entropy", "cross_entropy"]


def test_labels_are_looked_at_before_kernels_read_them() -> None:
    x, target = np.zeros((40, 17), np.float32), np.zeros(40, np.int64)
    target[7] = 1 << 40
    for call in (F.cross_entropy, lambda *a: F.cross_entropy_backward(1.0, *a)):
        with paying(1), pytest.raises(pc.ArgumentError, match=r"Got target\[7\] = 1099511627776\."):
            call(x, target)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_max_pooling_says_where_on_kernels_too(dtype: Any) -> None:
    (x,) = drawn(((3, 4, 9, 8),), dtype)
    settings = {"kernel_size": (3, 2), "stride": (2, 1), "padding": 1, "return_indices": True}
    with paying(1 << 60):
        expected = F.max_pool2d(x, **settings)
    with paying(1) as made:
        found = F.max_pool2d(x, **settings)
    assert made == ["max_pool2d", "max_pool2d_indices"]
    for ours, want in zip(found, expected, strict=True):
        assert ours.dtype == want.dtype
        np.testing.assert_array_equal(ours, want)


def test_whole_numbers_stay_exact_where_winograd_would_pay() -> None:
    random = np.random.default_rng(6)
    x, weight = (random.integers(-9, 10, s).astype(np.float32) for s in ((2, 32, 12, 12), (32, 32, 3, 3)))
    with paying(1) as made:
        output = F.conv2d(x, weight, padding=1)
        with pc.algorithm("winograd"):
            other = F.conv2d(x, weight, padding=1)
    assert len(made) == 2
    np.testing.assert_array_equal(output, F.conv2d(x.astype(np.int64), weight.astype(np.int64), padding=1))
    assert not np.array_equal(other, output)
    np.testing.assert_allclose(other, output, rtol=1e-3, atol=1e-2)


def test_batch_norm_on_kernels_moves_running_statistics_of_another_type() -> None:
    x, mean, var = np.float32([[[1, 3]], [[5, 7]]]), np.array([2.0]), np.array([1.0])
    with paying(1) as made:
        output = F.batch_norm(x, mean, var, training=True, momentum=0.5, eps=1e-12)
        given = F.batch_norm(x, mean, var)
    assert made == ["batch_norm", "batch_norm"]
    np.testing.assert_allclose(output.ravel(), np.array([-3, -1, 1, 3]) / 5**0.5, rtol=1e-6)
    np.testing.assert_allclose((mean[0], var[0]), (3, 0.5 + 10 / 3), rtol=1e-12)
    np.testing.assert_allclose(given.ravel(), np.array([-2, 0, 2, 4]) / (0.5 + 10 / 3) ** 0.5, rtol=1e-5)


def test_depthwise_convolutions_and_norms_pay_earlier_than_dense_convolutions() -> None:
    def made_by(call: str, *shapes: Any, **settings: Any) -> list[str]:
        with paying(1 << 17) as made:
            getattr(F, call)(*map(np.ones, shapes), **settings)
        return made

    image = (1, 16, 32, 32)  # 2¹⁴ numbers
    assert made_by("conv2d", image, (1, 16, 1, 1)) == []
    assert made_by("conv2d", image, (16, 1, 1, 1), groups=16) == ["conv2d"]
    assert made_by("layer_norm", image, normalized_shape=image[1:]) == ["layer_norm"]
    assert made_by("layer_norm", image, normalized_shape=(32, 32)) == ["layer_norm"]
    assert made_by("gelu", (31,)) == []  # a definition in float64 takes some hundred steps
    assert made_by("gelu", (32,)) == ["gelu"]


@pytest.mark.parametrize("pool", ["max_pool1d", "avg_pool1d"])
def test_long_windows_pay_later_since_planning_lists_all_that_they_read(pool: str) -> None:
    for images, expected in ((1, []), (2, [pool])):
        x = np.random.default_rng(7).random((images, 1, 1000))
        with paying(1 << 20) as made:
            found = getattr(F, pool)(x, 200, 1)
        assert made == expected
        with paying(1 << 60):
            np.testing.assert_allclose(found, getattr(F, pool)(x, 200, 1), rtol=1e-12)


def test_what_is_small_or_empty_or_no_float_goes_by_its_definition() -> None:
    with paying(1 << 26) as made:
        F.conv2d(np.ones((2, 3, 9, 9)), np.ones((4, 3, 3, 3)))
    with paying(1) as more:
        F.conv2d(np.ones((0, 3, 9, 9)), np.ones((4, 3, 3, 3)))
        F.conv2d(np.ones((1, 3, 9, 9), np.float16), np.ones((4, 3, 3, 3), np.float16))
        F.relu(np.ones(5))
    assert not made
    assert not more
