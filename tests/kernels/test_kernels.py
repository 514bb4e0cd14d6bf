"""Every kernel against the specification in ops/, on sizes that hide nothing: odd, distinct, with ties and overlaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support import curves
from tests.support.one_op import run_op

from pellucid import functional as F
from pellucid.engine import graph
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.update import factors
from pellucid.engine.program import Program
from pellucid.errors import ArgumentError, ShapeError
from pellucid.kernels import tape
from pellucid.kernels.tape import get_num_threads, set_num_threads
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.binary_cross_entropy import BinaryCrossEntropy
from pellucid.ops.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.dropout import Dropout
from pellucid.ops.dropout_slices import FeatureDropout, StochasticDepth
from pellucid.ops.flatten import Flatten
from pellucid.ops.fold import Fold
from pellucid.ops.gelu import GELU
from pellucid.ops.glu import GLU
from pellucid.ops.huber_loss import HuberLoss
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.kl_div import KLDiv
from pellucid.ops.l1_loss import L1Loss
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.linear import Linear
from pellucid.ops.log_softmax import AlongAxis, LogSoftmax
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_indices import AdaptiveMaxPoolIndices, MaxPoolIndices
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.nll_loss import NLLLoss
from pellucid.ops.pad import Pad
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.relu import ReLU
from pellucid.ops.sgd import SGD
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.smooth_l1_loss import SmoothL1Loss
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy
from pellucid.ops.softmax import Softmax
from pellucid.ops.tanh import Tanh
from pellucid.ops.unfold import Unfold

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def integers(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(dtype)


def normal(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(shape) * 2 + 0.5).astype(dtype)


def assert_rounded(actual: np.ndarray, exact: np.ndarray, roundings: int = 1) -> None:
    """float32: the float64 value rounded, up to one unit in the last place; float64: to 1e-12.

    What is left of 1 by cancellation (the tails of GELU) has an absolute error of float64's size.
    """
    assert actual.shape == exact.shape
    if actual.dtype == np.float64:
        np.testing.assert_allclose(actual, exact, rtol=1e-12, atol=1e-13)
    else:
        expected = exact.astype(np.float32)
        difference = np.abs(actual.astype(np.float64) - expected)
        assert (difference <= roundings * np.spacing(np.abs(expected)) + 1e-7 * (roundings - 1) + 1e-13).all()


def assert_near(actual: np.ndarray, exact: np.ndarray, size: np.ndarray, units: int = 3) -> None:
    """Within some units in the last place of the largest number on the way, which is about `size`."""
    assert actual.shape == exact.shape
    unit = np.finfo(actual.dtype).eps / 2
    assert (np.abs(actual - exact) <= units * unit * size + 1e-13).all()


def wide(*arrays: Any) -> list[Any]:
    """The same numbers in float64: the specification computes what is exact there."""
    return [a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arrays]


# ---------------------------------------------------------------------------------- ops of one tensor

POOLS = [
    (MaxPool(2, 2), (3, 5, 8, 6)),
    (MaxPool(2, (3, 2), (2, 1), ((1, 0), (0, 1))), (3, 5, 9, 7)),
    (MaxPool(2, 3, 2, 1, ceil_mode=True), (2, 9, 10, 7)),
    (MaxPool(2, (2, 3), 1, 0, (3, 2)), (2, 3, 8, 11)),
    (MaxPool(1, 3, 2, 1), (19, 33, 8)),
    (MaxPool(3, (2, 3, 2), (1, 2, 2), (1, 1, 0)), (2, 3, 4, 7, 5)),
    (AvgPool(2, 2), (3, 5, 8, 6)),
    (AvgPool(2, (3, 2), (2, 1), ((1, 0), (0, 1))), (3, 5, 9, 7)),
    (AvgPool(2, 3, 2, 1, ceil_mode=True, count_include_pad=False), (2, 9, 10, 7)),
    (AvgPool(2, 3, 2, 1, ceil_mode=True), (2, 9, 10, 7)),
    (AvgPool(1, 4, 3), (19, 33, 11)),
    (AvgPool(2, 2, 3), (2, 70, 8, 5)),
    (AvgPool(3, (2, 3, 2), (1, 2, 2), (1, 1, 0)), (2, 3, 4, 7, 5)),
    (AdaptiveAvgPool(2, (4, 3)), (3, 5, 9, 7)),
    (AdaptiveAvgPool(2, 1), (3, 17, 6, 7)),
    (AdaptiveAvgPool(1, 5), (3, 5, 3)),
    (AdaptiveMaxPool(2, (4, 3)), (3, 5, 9, 7)),
    (AdaptiveMaxPool(2, 1), (3, 70, 17, 17)),
    (AdaptiveMaxPool(2, (None, 2)), (19, 33, 5, 8)),
    (AdaptiveMaxPool(1, 5), (3, 5, 3)),
    (AdaptiveMaxPool(3, (3, 2, 4)), (2, 3, 4, 7, 5)),
]
PADS = [
    (Pad((1, 2)), (19, 33, 5)),
    (Pad((1, 2, 3, 0), "constant", -2.5), (3, 5, 4, 7)),
    (Pad((2, 3, 0, 3), "reflect"), (3, 5, 4, 7)),
    (Pad((5, 2, 0, 6), "replicate"), (3, 5, 4, 7)),
    (Pad((7, 2, 3, 4), "circular"), (3, 5, 4, 7)),
    (Pad((-2, 3, 1, -1)), (3, 5, 4, 7)),
    (Pad((2, -3, -1, 2), "reflect"), (3, 5, 4, 7)),
    (Pad((-1, 1, 1, -3), "replicate"), (3, 5, 4, 7)),
    (Pad((-3, 2, 2, -1), "circular"), (3, 5, 4, 7)),
    (Pad((-2, 4), "constant", 3), (3, 5, 2)),
    (Pad((1, 0, 2, 1, 0, 2), "circular"), (2, 3, 4, 3, 5)),
    (Pad((1, 0, 2, 1, 0, 2), "reflect"), (2, 3, 4, 3, 5)),
    (Interpolate(1, (11,)), (3, 5, 4)),
    (Interpolate(2, (8, 14)), (3, 5, 4, 7)),
    (Interpolate(2, (3, 5)), (3, 5, 4, 7)),
    (Interpolate(3, (3, 6, 5), scale=(1.9, 2.3, 2.5)), (2, 3, 2, 3, 2)),
]
COLUMNS = [
    (Unfold(2), (3, 5, 4, 7)),
    (Unfold((3, 2), (1, 2), ((1, 0), (2, 1)), (2, 1)), (19, 3, 7, 6)),
    (Unfold((1, 2), 1, 0, (3, 4)), (3, 33, 4, 7)),
    (Fold(2, output_size=(4, 7)), (3, 20, 18)),
    (Fold((3, 2), (1, 2), ((1, 0), (2, 1)), (2, 1), (7, 6)), (19, 18, 21)),
    (Fold((1, 2), 1, 0, (3, 4), (4, 7)), (3, 66, 4)),
    (Fold((2, 3), 1, 0, 1, (3, 3)), (2, 6 * 7, 2)),
]
NORMS = [
    (LpPool(1, 2, 3, 2), (19, 33, 8)),
    (LpPool(2, 2.0, (3, 2), (2, 1), True), (3, 5, 8, 6)),
    (LpPool(2, 1, 2, 3, True), (2, 9, 8, 7)),
    (LpPool(2, 3.0, 2), (3, 5, 4, 7)),
    (LpPool(3, 2.5, (2, 3, 2), (1, 2, 2)), (2, 3, 4, 7, 5)),
    (LpPool(2, -1.0, 3, 2), (3, 5, 5, 7)),
]
CURVES = [ReLU(), LeakyReLU(0.3), Sigmoid(), Tanh(), GELU(), GELU("tanh"), SiLU()]
CURVES += [getattr(F, c.function).__wrapped__(0.0, *c.settings).op for c in curves.CURVES]
TABLES = [(op, shape) for op in CURVES for shape in ((3, 5, 4, 7), (35, 3))]
TABLES += [(op(1), shape) for op in (Softmax, LogSoftmax) for shape in ((19, 7), (3, 5, 4, 3))]
TABLES += [(op(0), shape) for op in (Softmax, LogSoftmax) for shape in ((37,), (19, 7), (18, 3, 5, 2, 4))]
TABLES += [
    (op(-1), shape) for op in (Softmax, LogSoftmax) for shape in ((3, 5, 19), (2, 1, 4, 33), (2, 3, 4, 2, 5))
]
TABLES += [(op(2), shape) for op in (Softmax, LogSoftmax) for shape in ((2, 37, 19, 3), (2, 3, 2, 5, 4))]
TABLES += [(GLU(1), (3, 6, 4, 7)), (GLU(), (3, 5, 4, 8)), (GLU(2), (19, 33, 6)), (GLU(), (7, 34))]
TABLES += [(Flatten(), (5, 6, 4, 3)), (Flatten(), (3, 5, 4, 2, 3)), (Flatten(), (21, 33, 1, 1))]


ADAPTIVE = (AdaptiveAvgPool(2, 2), AdaptiveMaxPool(2, (4, 3)))
_COUNTING = (
    MaxPool | AdaptiveMaxPool | AvgPool | AdaptiveAvgPool | Pad | Interpolate | ReLU | Flatten | Unfold | Fold
)


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(("op", "shape"), POOLS + PADS + COLUMNS + TABLES, ids=str)
def test_one_tensor(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    exact = isinstance(op, MaxPool | AdaptiveMaxPool | Pad | Interpolate | Unfold | Fold)
    make = integers if isinstance(op, _COUNTING) else normal
    x, base = make(shape, dtype), make(shape, dtype, 1)
    grad = make(op.infer(shape), dtype, 2)
    if isinstance(op, Pointwise | AlongAxis):
        expected, gradient = op.forward(x), op.backward(grad, x)[0]
    else:
        expected, gradient = op.forward(*wide(x)), op.backward(*wide(grad, x))[0]
    result = run_op(op, x, grad=grad, halo=halo)
    if isinstance(op, Pointwise | AlongAxis):  # the definition has the same functions and sums
        np.testing.assert_array_equal(result.output, expected)
        np.testing.assert_array_equal(result.gradients["input"], gradient)
    assert_rounded(result.output, expected)
    assert_rounded(result.gradients["input"], gradient)
    result = run_op(op, x, grad=grad, base=base, halo=halo)
    assert_rounded(result.gradients["input"], base + gradient, 1 if exact else 3)


@FLOATS
def test_nan_and_infinity_pass(dtype: Any) -> None:
    x = integers((2, 3, 9, 7), dtype)
    x[0, 1, 3, 3] = x[1, 0, :2] = np.nan
    x[1, 2, 4, 5], x[1, 2, 5, 6] = np.inf, -np.inf
    for op in (ReLU(), LeakyReLU(), Sigmoid(), Tanh(), SiLU(), MaxPool(2, 3, 2, 1), *ADAPTIVE):
        with np.errstate(invalid="ignore"):
            grad = integers(op.infer(x.shape), dtype, 1)
            result, expected = run_op(op, x, grad=grad), op.forward(x)
            gradient = op.backward(grad, x)[0]
        np.testing.assert_allclose(result.output, expected, rtol=1e-6)
        np.testing.assert_allclose(result.gradients["input"], gradient, rtol=1e-6, atol=1e-7)


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (MaxPoolIndices(2, (3, 2), (2, 1), ((1, 0), (0, 1)), (1, 2)), (3, 35, 7, 6)),
        (MaxPoolIndices(1, 3, 2, 1, ceil_mode=True), (19, 5, 8)),
        (MaxPoolIndices(2, 17, 2), (2, 3, 19, 20)),
        (MaxPoolIndices(3, (2, 3, 2), 1), (2, 3, 3, 4, 5)),
        (AdaptiveMaxPoolIndices(2, (4, 3)), (2, 3, 7, 5)),
        (AdaptiveMaxPoolIndices(3, 2), (2, 3, 3, 4, 5)),
    ],
    ids=str,
)
def test_numbers_of_winners(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x = integers(shape, dtype)  # with ties
    result = run_op(op, x, halo=halo)
    assert result.output.dtype == np.int64
    np.testing.assert_array_equal(result.output, op.forward(x))


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(("op", "shape"), NORMS, ids=str)
def test_norms_of_windows(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x = abs(normal(shape, dtype)) + dtype(0.1)
    if op.norm_type in (1, 2):  # whole numbers have powers of negative numbers, too
        x[:, ::2] -= dtype(2)
        x[:, 1] = 0
    base, grad = normal(shape, dtype, 1), normal(op.infer(shape), dtype, 2)
    result = run_op(op, x, grad=grad, base=base, halo=halo)
    gradient = op.backward(*wide(grad, x))[0]
    assert_rounded(result.output, op.forward(*wide(x)), 2)
    assert_rounded(result.gradients["input"], base + gradient, 8)


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (Interpolate(1, (11,), linear=True), (19, 33, 4)),
        (Interpolate(2, (7, 12), linear=True, align_corners=True), (3, 5, 4, 7)),
        (Interpolate(2, (3, 5), linear=True), (3, 5, 4, 7)),
        (Interpolate(2, (1, 9), linear=True, scale=(0.3, 1.4)), (3, 1, 4, 7)),
        (Interpolate(3, (3, 6, 5), linear=True), (2, 3, 2, 3, 2)),
    ],
    ids=str,
)
def test_linear_interpolation(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x, base, grad = normal(shape, dtype), normal(shape, dtype, 1), normal(op.infer(shape), dtype, 2)
    result = run_op(op, x, grad=grad, base=base, halo=halo)
    gradient = op.backward(*wide(grad, x))[0]
    assert_near(result.output, op.forward(*wide(x)), np.abs(x).max(), 12)
    assert_near(result.gradients["input"], base + gradient, 8 * np.abs(grad).max() + np.abs(base).max(), 20)


@FLOATS
def test_copies_keep_every_bit(dtype: Any) -> None:
    """Zeros of both signs, infinities, NaN and denormal numbers."""
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.array([[[-0.0, 0.0, np.inf, -np.inf, np.nan, tiny, -tiny, 1.0]]], dtype)
    for op in (Pad((2, 3), "reflect"), Pad((0, 2), "constant", np.inf), Interpolate(1, (19,))):
        assert run_op(op, x).output.tobytes() == op.forward(x).tobytes()


@FLOATS
@pytest.mark.parametrize("kernel_size", [256, 257])
def test_routes_of_large_pools(kernel_size: int, dtype: Any) -> None:
    """The last kernel position wins everywhere: its number fills a byte, or does no longer fit one."""
    op, x = MaxPool(1, kernel_size, 3), np.arange(2 * 5 * 280, dtype=dtype).reshape(2, 5, 280)
    grad = integers(op.infer(x.shape), dtype)
    result = run_op(op, x, grad=grad)
    np.testing.assert_array_equal(result.output, op.forward(x))
    np.testing.assert_array_equal(result.gradients["input"], op.backward(grad, x)[0])


@FLOATS
def test_extreme_arguments_of_curves(dtype: Any) -> None:
    x = np.array([[-1e4, -90.0, -20.0, -1e-3, -1e-12, 0.0, 1e-12, 1e-3, 20.0, 90.0, 1e4]], dtype)
    grad = np.ones_like(x)
    for op in (Sigmoid(), Tanh(), SiLU(), GELU(), GELU("tanh"), Softmax(1), LogSoftmax(1)):
        result = run_op(op, x, grad=grad)
        np.testing.assert_allclose(result.output, op.forward(x), rtol=0, atol=1e-37)
        np.testing.assert_allclose(result.gradients["input"], op.backward(grad, x)[0], rtol=0, atol=1e-37)
        np.testing.assert_allclose(result.output, op.forward(*wide(x)), rtol=3e-7, atol=1e-37)
        np.testing.assert_allclose(
            result.gradients["input"], op.backward(*wide(grad, x))[0], rtol=3e-7, atol=1e-8
        )


# --------------------------------------------------------------------------- ops of several tensors


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 5, 4, 8), (37, 3), (3, 300, 3, 2), (2, 7, 3, 2, 5), (1, 16, 33)])
def test_batch_norm(shape: tuple[int, ...], training: bool, halo: bool, dtype: Any) -> None:
    op = BatchNorm(training, 0.3, 1e-4)
    x, grad, base = (normal(shape, dtype, seed) for seed in range(3))
    vectors = [np.abs(normal(shape[1:2], dtype, seed)) + dtype(0.1) for seed in (3, 4, 5, 6)]
    operands = wide(x, *vectors)
    result = run_op(op, x, *vectors, grad=grad, base=base, arrays=op.arguments[1:], halo=halo)
    output, (gradient, grad_weight, grad_bias) = op.forward(*operands), op.backward(*wide(grad), *operands)
    assert_near(result.output, output, np.abs(output).max())
    assert_near(result.gradients["input"], base + gradient, np.abs(base).max() + np.abs(gradient).max())
    assert_rounded(result.gradients["weight"], grad_weight)
    assert_rounded(result.gradients["bias"], grad_bias)
    following = op.updated_statistics(*operands[:3]) if training else operands[1:3]
    for name, values in zip(op.arguments[1:3], following, strict=True):
        assert_rounded(result.state[name], values)


@FLOATS
def test_batch_norm_without_what_is_optional(dtype: Any) -> None:
    x, grad = normal((6, 5, 4, 7), dtype), normal((6, 5, 4, 7), dtype, 1)
    op = BatchNorm(training=True)
    result = run_op(op, x, None, None, None, None, grad=grad)
    output = op.forward(*wide(x), None, None, None, None)
    gradient = op.backward(*wide(grad, x), None, None, None, None)[0]
    assert_near(result.output, output, np.abs(output).max())
    assert_near(result.gradients["input"], gradient, np.abs(gradient).max())


@FLOATS
def test_batch_norm_far_from_zero(dtype: Any) -> None:
    """What is lost is what the numbers themselves have lost by being far from 0."""
    x, grad = normal((6, 5, 4, 7), dtype) + dtype(3000), normal((6, 5, 4, 7), dtype, 1)
    op = BatchNorm(training=True)
    result = run_op(op, x, None, None, None, None, grad=grad)
    size = 3000 / np.sqrt(x.astype(float).var())
    assert_near(result.output, op.forward(*wide(x), None, None, None, None), size)
    gradient = op.backward(*wide(grad, x), None, None, None, None)[0]
    assert_near(result.gradients["input"], gradient, size * np.abs(gradient).max())


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
def test_add(halo: bool, dtype: Any) -> None:
    a, b, grad, base = (integers((3, 5, 4, 7), dtype, seed) for seed in range(4))
    result = run_op(Add(), a, b, grad=grad, base=base, halo=halo)
    np.testing.assert_array_equal(result.output, a + b)
    np.testing.assert_array_equal(result.gradients["input"], base + grad)
    np.testing.assert_array_equal(result.gradients["other"], grad)


@FLOATS
@pytest.mark.parametrize("first", [Add(), BatchNorm(training=True)], ids=str)
def test_fused_relu_is_the_relu(first: Any, dtype: Any) -> None:
    operands = [
        normal((3, 5, 4, 7), dtype, seed) for seed in range(len(first.arguments) if first == Add() else 1)
    ]
    inputs = {f"x{i}": (a.shape, a.dtype) for i, a in enumerate(operands)}
    absent = (None,) * (len(first.arguments) - len(operands))

    def network(*symbols: Any) -> Any:
        return graph.apply(ReLU(), (graph.apply(first, (*symbols, *absent)),))

    results = []
    for keep in (False, True):
        traced = graph.trace(network, inputs, {}, training=True)
        plan = lower(plan_of(traced, dtype, keep=keep))
        feeds = dict(zip(inputs, operands, strict=True))
        results.append(Program(plan).run(traced.output, **feeds))
        assert len(plan.loops) == len(operands) + (1 if first == Add() else 3) + keep
    assert results[0].tobytes() == results[1].tobytes()
    assert (results[0] == 0).any()


@FLOATS
@pytest.mark.parametrize("shape", [(19, 7), (3, 5, 4, 3)])
@pytest.mark.parametrize("ignored", [False, True])
def test_cross_entropy(shape: tuple[int, ...], ignored: bool, dtype: Any) -> None:
    x, base, grad = normal(shape, dtype), normal(shape, dtype, 1), np.array(1.5, dtype)
    target = np.random.default_rng(2).integers(0, shape[1], (shape[0], *shape[2:]))
    op = CrossEntropy(ignore_index=2 if ignored else -100)
    result = run_op(op, x, target, None, grad=grad, base=base)
    assert_rounded(result.output, op.forward(*wide(x), target, None))
    assert_rounded(result.gradients["input"], base + op.backward(*wide(grad, x), target, None)[0], 3)


@FLOATS
@pytest.mark.parametrize("shape", [(19, 7), (3, 5, 4), (3, 5, 4, 3), (2, 4, 2, 3, 2)], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("kind", [NLLLoss, CrossEntropy, SoftCrossEntropy])
def test_reductions_of_class_losses(kind: Any, reduction: str, shape: tuple[int, ...], dtype: Any) -> None:
    """With halos, on top of an earlier gradient, for any number of threads; without reduction to the bit."""
    random, op = np.random.default_rng(2), kind(reduction=reduction)
    x, base = normal(shape, dtype), normal(shape, dtype, 1)
    target = random.integers(0, shape[1], (shape[0], *shape[2:]))
    if kind is SoftCrossEntropy:
        target = random.random(shape).astype(dtype)
    else:
        target.flat[::5] = -100
    grad = normal(op.infer(shape, target.shape, None), dtype, 3)
    results = [
        run_op(op, x, target, None, grad=grad, base=base, halo=halo, threads=threads)
        for halo, threads in ((False, 1), (len(shape) > 2, 2), (False, 3))
    ]
    wanted = base + op.backward(grad, x, target, None)[0]
    for result in results:
        assert result.output.tobytes() == results[0].output.tobytes()
        assert_rounded(result.output, op.forward(*wide(x), target, None))
        np.testing.assert_array_equal(result.gradients["input"], wanted)
        if reduction == "none":
            np.testing.assert_array_equal(result.output, op.forward(x, target, None))


@FLOATS
@pytest.mark.parametrize("shape", [(19, 7), (3, 5, 4, 3), (2, 37, 3), (2, 16, 2, 3, 2), (4, 1)])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy_of_spread_targets(
    shape: tuple[int, ...], smoothing: float, weighted: bool, soft: bool, dtype: Any
) -> None:
    """With halos, on top of an earlier gradient; the definition's gradients to the bit where it adds in that order."""
    x, base, grad = normal(shape, dtype), normal(shape, dtype, 1), np.array(1.5, dtype)
    random, op = (
        np.random.default_rng(2),
        (SoftCrossEntropy if soft else CrossEntropy)(label_smoothing=smoothing),
    )
    target = (
        random.random(shape).astype(dtype) if soft else random.integers(0, shape[1], (shape[0], *shape[2:]))
    )
    weight = (random.random(shape[1]) + 0.1).astype(dtype) if weighted else None
    if not soft:
        target.flat[::5] = -100
    results = [
        run_op(op, x, target, weight, grad=grad, base=base, arrays=("weight",), halo=halo, threads=threads)
        for halo, threads in ((False, 1), (len(shape) > 2, 2), (False, 3))
    ]
    for result in results:
        assert result.output.tobytes() == results[0].output.tobytes()
        assert_rounded(result.output, op.forward(*wide(x), target, weight))
        wanted = op.backward(grad, x, target, weight)
        for name, gradient in zip(op.differentiable, wanted, strict=True):
            found, want = result.gradients[name], base + gradient if name == "input" else gradient
            if weighted and not soft:  # whose weights are added as a tree
                np.testing.assert_allclose(found, want, rtol=8 * np.finfo(dtype).eps, atol=1e-16)
            else:
                np.testing.assert_array_equal(found, want)


@FLOATS
@pytest.mark.parametrize("shape", [(19, 5, 4, 3), (3, 7), (2, 3, 2, 3, 5), (6,)], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "op",
    [
        *(L1Loss(), SmoothL1Loss(beta=0.4), HuberLoss(delta=0.3)),
        *(BinaryCrossEntropy(), BinaryCrossEntropyWithLogits(), KLDiv(), KLDiv(log_target=True)),
    ],
    ids=repr,
)
def test_losses_of_elements(op: Any, reduction: str, shape: tuple[int, ...], dtype: Any) -> None:
    """With halos and weights, on top of an earlier gradient; gradients, and what is not reduced, to the bit."""
    op, random = replace(op, reduction=reduction), np.random.default_rng(5)
    x, target = (random.uniform(0.05, 0.95, shape).astype(dtype) for _ in range(2))
    weights = [(random.random(shape[-1:]) + 0.1).astype(dtype), np.array([1.5], dtype)][: len(op.optional)]
    base, grad = (
        normal(shape, dtype, 1),
        normal(op.infer(shape, shape, *(w.shape for w in weights)), dtype, 3),
    )
    results = [
        run_op(op, x, target, *weights, grad=grad, base=base, arrays=op.optional, halo=halo, threads=threads)
        for halo, threads in ((False, 1), (len(shape) > 2, 2), (False, 3))
    ]
    wanted = op.backward(grad, x, target, *weights)
    for result in results:
        assert result.output.tobytes() == results[0].output.tobytes()
        assert_rounded(result.output, op.forward(*wide(x, target), *weights), 2)
        np.testing.assert_array_equal(result.gradients["input"], base + wanted[0])
        np.testing.assert_array_equal(result.gradients["target"], wanted[1])
        if reduction == "none":
            np.testing.assert_array_equal(result.output, op.forward(x, target, *weights))


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
def test_mse_loss(halo: bool, dtype: Any) -> None:
    x, target = normal((19, 5, 4, 3), dtype), normal((19, 5, 4, 3), dtype, 1)
    grad = np.array(1.5, dtype)
    result = run_op(MSELoss(), x, target, grad=grad, halo=halo)
    assert_rounded(result.output, MSELoss().forward(*wide(x, target)))
    for name, exact in zip(("input", "target"), MSELoss().backward(*wide(grad, x, target)), strict=True):
        assert_rounded(result.gradients[name], exact)


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(
    ("op", "shape"),
    [
        *((FeatureDropout(0.4, 2), shape) for shape in ((5, 33, 4, 7), (19, 1, 3, 2), (3, 9, 5))),
        *((FeatureDropout(0.4, 1), shape) for shape in ((19, 7), (3, 5, 4))),
        *((FeatureDropout(0.4, 3), shape) for shape in ((2, 5, 3, 2, 4), (7, 3, 2, 5))),
        *((StochasticDepth(0.4, mode), (19, 5, 4, 3)) for mode in ("row", "batch")),
        (FeatureDropout(1.0, 2), (2, 3, 4, 5)),
        (StochasticDepth(0.4, "row"), (33,)),
    ],
    ids=str,
)
def test_dropout_of_slices(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x, grad, base = (normal(shape, dtype, seed) for seed in range(3))
    settings = {"seed": 2**40 + 5, "step": 3}
    result = run_op(op, x, grad=grad, base=base, halo=halo, counters=(2**40 + 5, 3))
    np.testing.assert_array_equal(result.output, op.forward(x, **settings))
    np.testing.assert_array_equal(result.gradients["input"], base + op.forward(grad, **settings))


DROPPED = [
    (3, 5, 4, 7),  # a plane that is a multiple of 4, and planes that are not
    (3, 33, 5, 5),
    (3, 28, 6, 6),
    (2, 24, 17, 17),
    (5, 300, 3, 2),
    (2, 3, 3, 5, 3),
    (3, 1, 7, 9),
    (2, 1, 41, 61),
    (4, 2, 13),
    (7, 1030),
    (3, 9, 1, 1),
]


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(("p", "shape"), [(0.0, DROPPED[0]), (1.0, DROPPED[1]), *((0.3, s) for s in DROPPED)])
def test_dropout(p: float, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x, grad, base = (integers(shape, dtype, seed) for seed in range(3))
    where = {"seed": 2**62 + 7, "step": 2**40 + 11, "layer": 0}
    result = run_op(Dropout(p), x, grad=grad, base=base, halo=halo, counters=(where["seed"], where["step"]))
    np.testing.assert_array_equal(result.output, Dropout(p).forward(x, **where))
    np.testing.assert_array_equal(result.gradients["input"], base + Dropout(p).backward(grad, x, **where)[0])


CONVS = [
    (Conv(2), (2, 3, 9, 7), (5, 3, 3, 2)),
    (Conv(2, padding=1), (3, 3, 9, 7), (5, 3, 3, 3)),
    (Conv(2, stride=(2, 3), padding=((2, 1), (0, 3))), (3, 5, 9, 11), (7, 5, 3, 4)),
    (Conv(2, stride=(2, 1), dilation=(2, 3), padding=(3, 2), groups=2), (3, 4, 9, 13), (6, 2, 3, 3)),
    (Conv(2, stride=(3, 3)), (3, 40, 9, 13), (70, 40, 2, 1)),
    (Conv(1, padding=2, dilation=2), (19, 3, 17), (35, 3, 3)),
    (Conv(3, padding=1, stride=(1, 2, 1)), (2, 3, 5, 6, 7), (4, 3, 3, 3, 2)),
    (Conv(2, padding=4), (2, 3, 5, 6), (4, 3, 3, 3)),
    (Conv(2, padding=2), (3, 2, 11, 9), (6, 2, 5, 5)),
    (Conv(2, stride=(2, 1), padding=((0, 1), (3, 2))), (2, 5, 9, 12), (3, 5, 3, 7)),
    (Conv(2, stride=(1, 2)), (2, 3, 9, 12), (2, 3, 2, 4)),
    (Conv(2, stride=(2, 1)), (2, 20, 10, 9), (3, 20, 3, 5)),
    (Conv(2, padding=1, groups=37), (2, 37, 9, 17), (37, 1, 3, 3)),
    (Conv(2, padding=(2, 1), groups=6, stride=(2, 3)), (3, 6, 9, 17), (6, 1, 5, 4)),
    (Conv(1, padding=2, groups=70, dilation=3), (2, 70, 17), (70, 1, 3)),
    (Conv(2, stride=(2, 3), padding=((2, 1), (0, 3)), flip=True), (3, 5, 9, 11), (7, 5, 3, 4)),
    (
        Conv(2, stride=(2, 1), dilation=(2, 3), padding=(3, 2), groups=2, flip=True),
        (3, 4, 9, 13),
        (6, 2, 3, 3),
    ),
    (Conv(2, stride=(3, 3), flip=True), (3, 40, 9, 13), (70, 40, 2, 1)),
    (Conv(2, padding=(2, 1), groups=6, stride=(2, 3), flip=True), (3, 6, 9, 17), (6, 1, 5, 4)),
    (Conv(2, padding=2, flip=True), (3, 2, 11, 9), (6, 2, 5, 4)),
    (Conv(1, padding=2, dilation=2, flip=True), (19, 3, 17), (35, 3, 3)),
    (Conv(3, padding=1, stride=(1, 2, 1), flip=True), (2, 3, 5, 6, 7), (4, 3, 3, 3, 2)),
    (ConvTranspose(2, groups=19, stride=2, padding=1), (2, 19, 5, 6), (19, 1, 4, 3)),
    (ConvTranspose(2), (2, 3, 9, 7), (3, 5, 3, 2)),
    (ConvTranspose(2, stride=(2, 3), padding=((2, 1), (0, 3))), (3, 7, 4, 3), (7, 5, 5, 6)),
    (ConvTranspose(2, stride=(2, 1), dilation=(2, 3), padding=(1, 2), groups=2), (3, 6, 4, 5), (6, 2, 3, 3)),
    (ConvTranspose(2, stride=(3, 2), output_padding=(2, 1)), (3, 70, 5, 7), (70, 40, 2, 1)),
    (ConvTranspose(2, output_padding=1, dilation=2), (2, 3, 5, 6), (3, 2, 3, 2)),
    (ConvTranspose(1, stride=2, padding=1), (19, 35, 8), (35, 3, 4)),
    (ConvTranspose(3, padding=1, stride=(1, 2, 1)), (2, 4, 3, 4, 5), (4, 3, 3, 3, 2)),
    (ConvTranspose(2, stride=2, padding=1), (2, 20, 5, 6), (20, 19, 4, 4)),
    (Linear(), (37, 50), (70, 50)),
    (Linear(), (5, 3000), (10, 3000)),
]


def biases(op: Any, weight: tuple[int, ...]) -> tuple[int]:
    """The shape of a bias: one number for each output channel."""
    return (weight[1] * op.groups if isinstance(op, ConvTranspose) else weight[0],)


@FLOATS
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("op", "input", "weight"), CONVS, ids=str)
def test_convolution(
    op: Any, input: tuple[int, ...], weight: tuple[int, ...], exact: bool, bias: bool, dtype: Any
) -> None:
    make = integers if exact else normal
    outputs = biases(op, weight)
    operands = [make(input, dtype), make(weight, dtype, 1), make(outputs, dtype, 2) if bias else None]
    grad = make(op.infer(input, weight, outputs if bias else None), dtype, 3)
    result = run_op(op, *operands, grad=grad, arrays=("weight", "bias"))
    expected = (op.forward(*wide(*operands)), *op.backward(*wide(grad, *operands)))
    actual = (result.output, *(result.gradients.get(name) for name in op.arguments))
    for ours, theirs in zip(actual, expected, strict=True):
        if theirs is None:
            continue
        if exact:
            np.testing.assert_array_equal(ours, theirs)
        else:
            eps = np.finfo(dtype).eps
            np.testing.assert_allclose(ours, theirs, rtol=100 * eps, atol=100 * eps * np.abs(theirs).max())


# ---------------------------------------------------------------------------------------- the updates

RULES = [
    SGD(),
    SGD(weight_decay=0.01),
    SGD(momentum=0.9),
    SGD(momentum=0.9, weight_decay=0.01, nesterov=True),
    Adam(),
    Adam(betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1),
    Adam(weight_decay=0.1, decoupled=True),
    SGD(momentum=0.9, weight_decay=0.1, decay_vectors=False),
    Adam(weight_decay=0.1, decay_vectors=False),
    Adam(weight_decay=0.1, decoupled=True, decay_vectors=False),
]


@FLOATS
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_updates_are_the_specification_bit_for_bit(rule: Any, fresh: bool, dtype: Any) -> None:
    values = {"weight": normal((3, 13_007), dtype), "bias": normal((3,), dtype, 1)}
    arrays = {name: array.copy() for name, array in values.items()}
    traced = graph.trace(
        lambda x: graph.apply(Linear(), (x, *arrays.values())),
        {"input": ((5, 13_007), dtype)},
        arrays,
        training=True,
    )
    plan = plan_of(traced, dtype, keep=fresh, gradients="given", rule=rule, trained=list(values), rules=())
    plan.factors, plan.gate = factors(rule, 0.0, 1), None  # updates alone, which wait for nothing
    states = {}
    for step in plan.steps.updates:
        parameter, size = step.reads["parameter"], values[step.path].size
        gradient = plan.put(step.reads["gradient"], plan.block("gradient", size))
        state = {name: plan.put(step.makes[name], plan.block(name, size)) for name in rule.states}
        result = plan.block("updated", size) if fresh else plan.value(parameter)
        plan.put(step.makes["parameter"], result)
        states[step.path] = gradient, state, result
        registry.lower(plan, step)
    plan.lasting.update(plan.blocks)
    program = Program(plan)
    expected_states: dict[str, dict[str, np.ndarray]] = {name: {} for name in values}
    for step in (1, 2, 3):
        lr = 0.1 / step
        plan.factors[:] = factors(rule, lr, step)
        for seed, name in enumerate(values):
            states[name][0].memory[:] = normal((values[name].size,), dtype, 10 * step + seed)
        tape.team.play(program.launches)
        for name, (gradient, state, result) in states.items():
            expected, expected_states[name] = rule.update(
                values[name], gradient.array().reshape(values[name].shape), expected_states[name], lr, step
            )
            if fresh:
                np.testing.assert_array_equal(arrays[name], values[name])
            arrays[name][:] = values[name] = expected
            np.testing.assert_array_equal(result.array().ravel(), expected.ravel())
            for part, array in expected_states[name].items():
                np.testing.assert_array_equal(state[part].array(), array.ravel())


# ------------------------------------------------------------------------------------ threads, errors


@FLOATS
@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (MaxPool(2, 3, 2, 1), (19, 5, 9, 7)),
        (AvgPool(2, 3, 2, 1), (19, 5, 9, 7)),
        (AdaptiveMaxPool(2, (4, 3)), (19, 5, 9, 7)),
        (LpPool(2, 2, 3, 2), (19, 5, 9, 7)),
        (Pad((3, 2, 2, 4), "circular"), (19, 5, 9, 7)),
        (Unfold((3, 2), 1, 1, (2, 1)), (19, 5, 9, 7)),
        (Interpolate(2, (13, 4), linear=True), (19, 5, 9, 7)),
        (BatchNorm(training=True), (37, 5, 9, 7)),
        (MSELoss(), (37, 5, 9, 7)),
        (GELU(), (19, 5, 9, 7)),
        (Dropout(0.4), (19, 5, 9, 7)),
        (LogSoftmax(1), (37, 11)),
    ],
    ids=str,
)
def test_threads_do_not_show(op: Any, shape: tuple[int, ...], dtype: Any) -> None:
    pair = isinstance(op, MSELoss)
    operands = [normal(shape, dtype, seed) for seed in range(2 if pair else 1)]
    operands += [None] * (len(op.arguments) - len(operands))
    grad = normal(op.infer(*(None if a is None else a.shape for a in operands)), dtype, 2)
    before, results = get_num_threads(), []
    for threads in (1, 2, 3):
        result = run_op(op, *operands, grad=grad, threads=threads)
        results.append((result.output.tobytes(), result.gradients["input"].tobytes()))
    assert results[0] == results[1] == results[2]
    assert get_num_threads() == before
    set_num_threads(before)


def test_what_a_network_cannot_have_is_said() -> None:
    x, target = normal((3, 4, 2), np.float32), np.zeros((3, 2), np.int64)
    with pytest.raises(ShapeError, match=r"pad.*behind the channels.*at most 2 widths.*pad=\(0, 0, 1, 1\)"):
        run_op(Pad((0, 0, 1, 1)), x)
    with pytest.raises(ArgumentError, match=r"cross_entropy.*one of a batch.*input \(4,\)"):
        run_op(CrossEntropy("sum"), x[0, :, 0], target[0, 0], None)
    with pytest.raises(ArgumentError, match=r"cross_entropy.*weight must be an array of the model"):
        run_op(CrossEntropy(), x, target, np.ones(4, np.float32))


@pytest.mark.parametrize(
    "op",
    [
        *(MaxPool(2, 2), *ADAPTIVE, Pad((1, 2), "reflect"), Interpolate(2, (3, 9), True)),
        *(Sigmoid(), Flatten(), Dropout(0.5), Softmax(1)),
    ],
    ids=str,
)
def test_empty_batch(op: Any) -> None:
    x = np.zeros((0, 3, 4, 6), np.float32)
    result = run_op(op, x, grad=np.zeros(op.infer(x.shape), np.float32))
    assert result.output.shape == op.infer(x.shape)
    assert result.gradients["input"].shape == x.shape
