"""Arrays of float16: what float64 computes of the same numbers, rounded once, whatever the sums grow to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.ops.test_contract import CASES, Case, parametrised

from pellucid import functional as F
from pellucid.engine import arrays

Half = np.ndarray[Any, np.dtype[np.float16]]


def narrowed(x: Any) -> Any:
    return x.astype(np.float16) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def widened(x: Any) -> Any:
    return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def assert_rounded(half: Any, wide: Any) -> None:
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half, wide.astype(np.float16))


@parametrised(CASES)
def test_every_function_is_rounded_once(case: Case) -> None:
    """Outputs, gradients and running statistics of every function; of every setting, too."""
    operands = [narrowed(x) for x in case.draw()]
    wide = [widened(x) for x in operands]
    expected = case.forward(*[widened(x) for x in operands])
    grad = narrowed(np.random.default_rng(0).normal(size=expected.shape))
    found = case.backward(grad, *operands)
    for ours, other in zip(found, case.backward(widened(grad), *wide), strict=True):
        assert_rounded(ours, other)
    assert_rounded(case.forward(*operands), case.forward(*wide))
    for x, other in zip(operands, wide, strict=True):  # running statistics have moved
        np.testing.assert_array_equal(x, narrowed(other))


def test_windows_of_many_positions_take_no_tables_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the definition alone: programs are for the types that they compute in."""
    monkeypatch.setattr(arrays, "_PAYS", 1)
    monkeypatch.setattr(arrays, "_program", None)
    assert F.max_pool1d(ones(1, 1, 2099), 2048, 1).tolist() == [[[1] * 52]]


N = 4096  # ones in a sum; float16's own sums of ones stay at 2048


def ones(*shape: int) -> Half:
    return np.ones(shape, np.float16)


def grown(*shape: int) -> Half:
    """A number from which on float16 adds no ones, and then ones: 101 of them are 2148."""
    found = ones(*shape)
    found.flat[0] = 2048
    return found


def peak(*shape: int) -> Half:
    """Ones, and a larger number at position 100."""
    found = ones(*shape)
    found[..., 100] = 2
    return found


def crossing() -> Half:
    """Columns of 101 windows 101 wide; what lies at position 100 begins with 2048."""
    found = ones(1, 101, 101)
    found[0, 0, 100] = 2048
    return found


# of each function one number that is a sum of many ones, and what it must be
SUMS: dict[str, tuple[Callable[[], Any], float]] = {
    "avg_pool1d": (lambda: F.avg_pool1d(ones(1, 1, N), N), 1),
    "avg_pool2d": (lambda: F.avg_pool2d(ones(1, 1, 64, 64), 64), 1),
    "avg_pool3d": (lambda: F.avg_pool3d(ones(1, 1, 16, 16, 16), 16), 1),
    "avg_pool2d by 2": (lambda: F.avg_pool2d(ones(1, 1, 64, 64), 64, divisor_override=2), N / 2),
    "avg_pool1d gradient": (
        lambda: F.avg_pool1d_backward(grown(1, 1, 101), ones(1, 1, 201), 101, 1)[0][..., 100] * 101,
        2148,
    ),
    "adaptive_avg_pool2d": (lambda: F.adaptive_avg_pool2d(ones(1, 1, 64, 65), 1), 1),
    "adaptive_avg_pool3d": (lambda: F.adaptive_avg_pool3d(ones(1, 1, 16, 16, 17), 1), 1),
    "lp_pool1d": (lambda: F.lp_pool1d(ones(1, 1, N), 1, N), N),
    "lp_pool2d": (lambda: F.lp_pool2d(ones(1, 1, 64, 64), 2, 64), 64),
    "lp_pool3d": (lambda: F.lp_pool3d(ones(1, 1, 16, 16, 16), 3, 16), 16),
    "lp_pool1d of large numbers": (lambda: F.lp_pool1d(300 * ones(1, 1, 4), 2, 4), 600),
    "lp_pool1d gradient": (
        lambda: F.lp_pool1d_backward(ones(1, 1, 1), ones(1, 1, N), 2, N)[0][..., 0],
        1 / 64,
    ),
    "conv1d": (lambda: F.conv1d(ones(1, 1, N), ones(1, 1, N)), N),
    "conv2d of channels": (lambda: F.conv2d(ones(1, N, 1, 1), ones(1, N, 1, 1)), N),
    "conv2d bias": (lambda: F.conv2d(ones(1, N, 1, 1), ones(1, N, 1, 1), ones(1)), N),  # 4097 is no float16
    "conv3d": (lambda: F.conv3d(ones(1, 1, 16, 16, 16), ones(1, 1, 16, 16, 16)), N),
    "conv1d input gradient": (
        lambda: F.conv1d_backward(ones(1, N, 1), ones(1, 1, 1), ones(N, 1, 1))[0],
        N,
    ),
    "conv1d weight gradient": (lambda: F.conv1d_backward(ones(1, 1, N), ones(1, 1, N), ones(1, 1, 1))[1], N),
    "conv2d bias gradient": (
        lambda: F.conv2d_backward(ones(1, 1, 64, 64), ones(1, 1, 64, 64), ones(1, 1, 1, 1), ones(1))[2],
        N,
    ),
    "conv_transpose1d": (lambda: F.conv_transpose1d(ones(1, N, 1), ones(N, 1, 1)), N),
    "conv_transpose1d overlapping": (
        lambda: F.conv_transpose1d(grown(1, 1, 101), ones(1, 1, 101))[..., 100],
        2148,
    ),
    "conv_transpose1d input gradient": (
        lambda: F.conv_transpose1d_backward(ones(1, 1, N), ones(1, 1, 1), ones(1, 1, N))[0],
        N,
    ),
    "conv_transpose2d weight gradient": (
        lambda: F.conv_transpose2d_backward(ones(1, 1, 64, 64), ones(1, 1, 64, 64), ones(1, 1, 1, 1))[1],
        N,
    ),
    "conv_transpose3d bias gradient": (
        lambda: F.conv_transpose3d_backward(
            ones(1, 1, 16, 16, 16), ones(1, 1, 16, 16, 16), ones(1, 1, 1, 1, 1), ones(1)
        )[2],
        N,
    ),
    "linear": (lambda: F.linear(ones(1, N), ones(1, N)), N),
    "linear weight gradient": (lambda: F.linear_backward(ones(N, 1), ones(N, 1), ones(1, 1))[1], N),
    "linear bias gradient": (lambda: F.linear_backward(ones(N, 1), ones(N, 1), ones(1, 1), ones(1))[2], N),
    "max_pool1d gradient": (
        lambda: F.max_pool1d_backward(grown(1, 1, 101), peak(1, 1, 201), 101, 1)[0][..., 100],
        2148,
    ),
    "max_pool2d gradient": (
        lambda: F.max_pool2d_backward(grown(1, 1, 1, 101), peak(1, 1, 1, 201), (1, 101), 1)[0][..., 100],
        2148,
    ),
    "pad replicate gradient": (
        lambda: F.pad_backward(ones(1, 1, N + 1), ones(1, 1, 2), (N - 1, 0), "replicate")[0][..., 0],
        N,
    ),
    "interpolate nearest gradient": (lambda: F.interpolate_backward(ones(1, 1, N), ones(1, 1, 1), N)[0], N),
    "interpolate linear gradient": (
        lambda: F.interpolate_backward(ones(1, 1, N), ones(1, 1, 1), N, mode="linear")[0],
        N,
    ),
    "interpolate bilinear gradient": (
        lambda: F.interpolate_backward(ones(1, 1, 64, 64), ones(1, 1, 1, 1), 64, mode="bilinear")[0],
        N,
    ),
    "unfold gradient": (
        lambda: F.unfold_backward(crossing(), ones(1, 1, 1, 201), (1, 101))[0][..., 100],
        2148,
    ),
    "fold": (lambda: F.fold(crossing(), (1, 201), (1, 101))[..., 100], 2148),
    "softmax": (lambda: F.softmax(ones(N), 0)[0] * N, 1),
    "log_softmax": (lambda: F.log_softmax(ones(8192), 0)[0], float(np.float16(-np.log(8192)))),
    "log_softmax gradient": (lambda: F.log_softmax_backward(ones(N), ones(N), 0)[0][0], 0),
    "cross_entropy": (
        lambda: F.cross_entropy(ones(N, 2), np.zeros(N, int), reduction="sum"),
        float(np.float16(N * np.log(2))),
    ),
    "mse_loss": (lambda: F.mse_loss(ones(N), 0 * ones(N)), 1),
    "mse_loss sum": (lambda: F.mse_loss(ones(N), 0 * ones(N), reduction="sum"), N),
    "batch_norm bias gradient": (
        lambda: F.batch_norm_backward(ones(N, 1), ones(N, 1), None, None, ones(1), ones(1), training=True)[2],
        N,
    ),
    "group_norm bias gradient": (
        lambda: F.group_norm_backward(ones(2, 1, N), ones(2, 1, N), 1, ones(1), ones(1))[2],
        2 * N,
    ),
    "layer_norm": (lambda: F.layer_norm(ones(1, N), (N,))[0, 0], 0),
    "instance_norm": (lambda: F.instance_norm(ones(1, 1, N))[0, 0, 0], 0),
    "local_response_norm": (
        lambda: (
            F.local_response_norm(ones(1, 2 * N, 1), 2 * N - 1, alpha=2 * N - 1, beta=1, k=0)[0, N, 0]
            * (2 * N)
        ),
        1,
    ),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_many_ones(name: str) -> None:
    function, expected = SUMS[name]
    assert float(np.squeeze(function())) == pytest.approx(expected, rel=1e-3)


def test_what_is_too_large_is_infinite_without_a_warning() -> None:
    assert F.conv1d(300 * ones(1, 1, 3), 300 * ones(1, 1, 3)).tolist() == [[[np.inf]]]
    assert F.mse_loss(300 * ones(3), -300 * ones(3)).tolist() == np.inf
    assert F.pad(ones(1, 1), (1, 0), value=-1e6).tolist() == [[-np.inf, 1]]
    (grad,) = F.leaky_relu_backward(60000 * ones(1), -ones(1), 2.0)
    assert grad.tolist() == [np.inf]


def test_sums_that_cancel() -> None:
    """60000 + 2⁻¹⁰ − 60000: float32, too, would lose the small number."""
    x = np.array([[[60000, 2.0**-10, -60000]]], np.float16)
    assert F.conv1d(x, ones(1, 1, 3)).tolist() == [[[2.0**-10]]]
    assert F.linear(x[0], ones(1, 3)).tolist() == [[2.0**-10]]
    assert F.avg_pool1d(x, 3)[0, 0, 0] == np.float16(2.0**-10 / 3)


def test_types_beside_float16() -> None:
    """Mixed operands have the wider type; whole numbers beside float16 are float16; indices stay whole numbers."""
    x = ones(1, 1, 4)
    assert F.conv1d(x, np.ones((1, 1, 2), np.float32)).dtype == np.float32
    assert F.conv1d(x, np.ones((1, 1, 2), int)).dtype == np.float16
    values, indices = F.max_pool1d(x, 2, return_indices=True)
    assert (values.dtype, indices.dtype) == (np.float16, np.int64)
    assert F.max_unpool1d(values, indices, 2).dtype == np.float16
    assert F.relu_backward(np.full(4, 1e-6), x[0, 0])[0].dtype == np.float16
    assert x.tolist() == [[[1, 1, 1, 1]]]
