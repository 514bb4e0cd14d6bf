"""Group, instance, layer and local response normalisation: kernels against the specification."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.kernels.test_kernels import FLOATS, assert_rounded, integers, normal, wide
from tests.support.one_op import run_op

from pellucid.errors import ArgumentError
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.local_response_norm import LocalResponseNorm

SETS = [
    (GroupNorm(2, 1e-4), (3, 4, 5, 7)),
    (GroupNorm(3, 0.0), (19, 6, 5)),
    (GroupNorm(1), (2, 5, 3, 2, 4)),
    (GroupNorm(5), (33, 35)),
    (GroupNorm(None), (37, 3, 4, 5)),
    (GroupNorm(None, 0.1), (1, 300, 3)),
    (GroupNorm(None), (2, 3, 2, 3, 4)),
    (GroupNorm(2), (3, 70, 4)),
    (LayerNorm((11,)), (19, 11)),
    (LayerNorm((48,)), (35, 48)),
    (LayerNorm((37, 3)), (4, 37, 3)),
    (LayerNorm((3, 5), 0.1), (18, 3, 5)),
    (LayerNorm((3, 5, 7)), (18, 3, 5, 7)),
    (LayerNorm((3, 5, 2, 4)), (2, 3, 5, 2, 4)),
    (LayerNorm((37,)), (18, 3, 37)),
    (LayerNorm((5,), 0.1), (2, 19, 4, 5)),
    (LayerNorm((4, 5)), (17, 3, 4, 5)),
    (LayerNorm((2, 3, 5)), (3, 4, 2, 3, 5)),
    (LayerNorm((2, 5)), (3, 1, 2, 5)),
]
NEIGHBOURS = [
    (LocalResponseNorm(5), (3, 7, 4, 5)),
    (LocalResponseNorm(4, 0.5, 0.6, 2.0), (19, 6, 5)),
    (LocalResponseNorm(2, 2, -1.5, 0.5), (2, 5, 3, 2, 4)),
    (LocalResponseNorm(1, 0.1, 1, 1), (2, 3, 4)),
    (LocalResponseNorm(9, 0.3, 0.5, 1), (2, 3, 4, 5)),
]


def parameters(op: Any, shape: tuple[int, ...], dtype: Any) -> list[np.ndarray]:
    size = op.normalized_shape if isinstance(op, LayerNorm) else shape[1:2]
    return [normal(size, dtype, seed) for seed in (3, 4)]


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(("op", "shape"), SETS, ids=str)
def test_sets(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x, grad, base = (normal(shape, dtype, seed) for seed in range(3))
    operands = [x, *parameters(op, shape, dtype)]
    result = run_op(op, *operands, grad=grad, base=base, arrays=("weight", "bias"), halo=halo)
    gradient, grad_weight, grad_bias = op.backward(*wide(grad, *operands))
    assert_rounded(result.output, op.forward(*wide(*operands)))
    assert_rounded(result.gradients["input"], base + gradient, 3)
    assert_rounded(result.gradients["weight"], grad_weight)
    assert_rounded(result.gradients["bias"], grad_bias)


@FLOATS
@pytest.mark.parametrize("given", ["", "weight", "bias"])
@pytest.mark.parametrize(("op", "shape"), [SETS[0], SETS[4], SETS[9], SETS[12], SETS[16]], ids=str)
def test_sets_without_what_is_optional(op: Any, shape: tuple[int, ...], given: str, dtype: Any) -> None:
    x, grad = (normal(shape, dtype, seed) for seed in range(2))
    named = dict(zip(("weight", "bias"), parameters(op, shape, dtype), strict=True))
    operands = [x, *(array if name == given else None for name, array in named.items())]
    result = run_op(op, *operands, grad=grad, arrays=("weight", "bias"))
    gradients = op.backward(*wide(grad, *operands))
    assert_rounded(result.output, op.forward(*wide(*operands)))
    for name, exact in zip(op.arguments, gradients, strict=True):
        assert (name in result.gradients) == (exact is not None)
        if exact is not None:
            assert_rounded(result.gradients[name], exact)


@FLOATS
def test_a_number_by_hand(dtype: Any) -> None:
    """Two groups of two pixels: 1 3 and 5 5; the second has no spread, and eps is all of its variance."""
    x = np.array([[[1, 3], [5, 5]]], dtype)
    result = run_op(GroupNorm(2, 3.0), x, np.array([2, 1], dtype), None, arrays=("weight",))
    assert result.output.tolist() == [[[-1, 1], [0, 0]]]


@FLOATS
def test_far_from_zero(dtype: Any) -> None:
    """The mean is taken off before anything is squared."""
    x = integers((3, 4, 5, 7), dtype) + dtype(2**20)
    for op in GroupNorm(2), LayerNorm((4, 5, 7)):
        assert_rounded(run_op(op, x, None, None).output, op.forward(*wide(x), None, None))


@FLOATS
@pytest.mark.parametrize("halo", [False, True])
@pytest.mark.parametrize(("op", "shape"), NEIGHBOURS, ids=str)
def test_local_response_norm(op: Any, shape: tuple[int, ...], halo: bool, dtype: Any) -> None:
    x, grad, base = (normal(shape, dtype, seed) for seed in range(3))
    result = run_op(op, x, grad=grad, base=base, halo=halo)
    assert_rounded(result.output, op.forward(*wide(x)))
    assert_rounded(result.gradients["input"], base + op.backward(*wide(grad, x))[0], 3)


@FLOATS
def test_neighbours_by_hand(dtype: Any) -> None:
    """Of two channels the second sees both, 9 + 16, the first itself: the window begins before."""
    x = np.array([[[3], [4]]], dtype)
    assert run_op(LocalResponseNorm(2, 2, 0.5, 0), x).output.ravel().tolist() == [1, dtype(0.8)]


@FLOATS
@pytest.mark.parametrize(
    ("op", "shape"), [*SETS[:3], SETS[4], SETS[9], SETS[12], *SETS[14:17], *NEIGHBOURS[:2]], ids=str
)
def test_threads_do_not_show(op: Any, shape: tuple[int, ...], dtype: Any) -> None:
    x, grad = (normal(shape, dtype, seed) for seed in range(2))
    operands = [x] if isinstance(op, LocalResponseNorm) else [x, *parameters(op, shape, dtype)]
    results = []
    for threads in (1, 2, 3):
        result = run_op(op, *operands, grad=grad, arrays=("weight", "bias"), threads=threads)
        results.append([array.tobytes() for array in (result.output, *result.gradients.values())])
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    "op", [GroupNorm(3), GroupNorm(None), LayerNorm((3, 4, 6)), LayerNorm((6,))], ids=str
)
def test_empty_batch(op: Any) -> None:
    shape = (0, 3, 4, 6)
    x = np.zeros(shape, np.float32)
    result = run_op(op, x, *parameters(op, shape, np.float32), grad=x, arrays=("weight", "bias"))
    assert result.output.shape == result.gradients["input"].shape == shape
    assert not result.gradients["weight"].any()
    assert not result.gradients["bias"].any()


def test_empty_batch_of_neighbours() -> None:
    x = np.zeros((0, 3, 4), np.float32)
    result = run_op(LocalResponseNorm(2), x, grad=x)
    assert result.output.shape == result.gradients["input"].shape == x.shape


def test_a_set_lies_in_one_image() -> None:
    with pytest.raises(ArgumentError) as error:
        run_op(LayerNorm((2, 3, 5)), normal((2, 3, 5), np.float32), None, None)
    assert str(error.value) == (
        "layer_norm 'layer_norm': in a network a set must lie in one image. Expected fewer axes than the input has. "
        "Got normalized_shape=(2, 3, 5) for input (2, 3, 5)."
    )
