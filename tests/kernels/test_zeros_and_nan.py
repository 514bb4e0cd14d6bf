"""Signs of zero, infinities and NaN through every activation and its gradient are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.curves import ABOVE_0, CURVES
from tests.support.one_op import run_op
from tests.support.recorded import normal, recording, run

from pellucid import functional as F
from pellucid.engine.program import Program
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.maker import kinds
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.pow import Pow
from pellucid.ops.relu import ReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.tanh import Tanh

T = torch.nn.functional
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.5, -1.5]
BENDS = [0.5, -0.5, 0.25, -0.25, 0.75, -0.75, 1.0, 3.0, -3.0, 6.0]
GRADS = [1.0, -2.0, 0.0, -0.0, np.inf, -np.inf, np.nan]
OPS: dict[str, tuple[Pointwise, Callable[..., Any]]] = {
    "relu": (ReLU(), T.relu),
    "leaky_relu": (LeakyReLU(), T.leaky_relu),
    "leaky_relu rising": (LeakyReLU(-0.5), lambda x: T.leaky_relu(x, -0.5)),
    "sigmoid": (Sigmoid(), torch.sigmoid),
    "tanh": (Tanh(), torch.tanh),
    "silu": (SiLU(), T.silu),
    "gelu": (GELU(), T.gelu),
    "gelu_tanh": (GELU("tanh"), lambda x: T.gelu(x, approximate="tanh")),
}


def in_pytorch(function: Any, settings: tuple[Any, ...], x: Any) -> Any:
    return function(x, *settings)


for case in (*CURVES, *ABOVE_0):
    home = T if hasattr(T, case.function) else torch
    call = getattr(F, case.function).__wrapped__(0.0, *case.settings)
    OPS[case.function] = (
        call.op,
        partial(lambda f, settings, x: f(x, *settings), getattr(home, case.function), case.settings),
    )
# PyTorch makes these slopes as a difference of two numbers: of an infinite gradient NaN, of −0 one sign or the other.
BENT = [case.function for case in (*CURVES, *ABOVE_0)]
DIFFERENCES = ("softsign", "tanhshrink")


def agree(ours: np.ndarray, theirs: Any, what: str) -> None:
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, err_msg=what)
    known = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.signbit(ours)[known], np.signbit(theirs)[known], err_msg=what)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPS)
def test_signs_and_nan_are_pytorchs(name: str, dtype: Any) -> None:
    """Every number with every gradient; lengths that fill vectors and leave tails."""
    op, function = OPS[name]
    special = SPECIAL + BENDS * (name in BENT)
    grads = [g for g in GRADS if name not in DIFFERENCES or g in (1, -2)]
    for repeats in (1, 5):
        x, grad = (np.tile(part.ravel(), repeats).astype(dtype) for part in np.meshgrid(special, grads))
        # PyTorch's vectors and the numbers behind the last one differ in what NaN lets through: all go in vectors.
        many, theirs = (torch.tensor(np.tile(part, 64).astype(np.float64)) for part in (x, grad))
        leaf = many.requires_grad_()  # its float32 GELU is NaN at infinity
        output = function(leaf)
        (slope,) = torch.autograd.grad(output, leaf, theirs)
        output, slope = output[: x.size], slope[: x.size]
        result = run_op(op, x[None], grad=grad[None])
        agree(op.forward(x), output.detach(), "definition")
        agree(op.backward(grad, x)[0], slope, "definition's gradient")
        agree(result.output[0], output.detach(), "kernel")
        agree(result.gradients["input"][0], slope, "kernel's gradient")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_by_hand(dtype: Any) -> None:
    zeros = np.array([0.0, -0.0], dtype)
    for function in (F.tanh, F.silu, F.gelu, F.leaky_relu):
        assert np.signbit(function(zeros)).tolist() == [False, True], function
    x = np.array([np.nan, 0.0, -0.0, -1.0, -np.inf, 2.0, np.inf], dtype)
    assert F.relu_backward([5, 6, 7, 8, 9, 10, 11], x)[0].tolist() == [5, 0, 0, 0, 0, 10, 11]
    assert F.leaky_relu_backward([1, 1], np.array([np.nan, -1], dtype), 0.5)[0].tolist() == [0.5, 0.5]
    assert np.isnan(F.tanh_backward([1], np.array([np.nan], dtype))[0][0])


def behind(of: Any, name: str, x: Any, arrays: dict[str, Any]) -> Any:
    """A ReLU, whose mask is fused into what comes behind it going backwards; `of` is our functions or PyTorch's."""
    weight = arrays["weight"]
    ends: dict[str, Callable[[Any], Any]] = {
        "alone": lambda y: y,
        "direct": lambda y: of.conv2d(y, weight),
        "strided": lambda y: of.conv2d(y, weight, stride=3),
        "winograd": lambda y: of.conv2d(y, weight, padding=1),
        "winograd of a sum": lambda y: of.conv2d(y, weight, padding=1) + y,
        "pooling": lambda y: of.max_pool2d(y, 2),
        "overlapping pooling": lambda y: of.max_pool2d(y, 3, 1, 1),
        "average": lambda y: of.avg_pool2d(y, 2),
        "linear": lambda y: of.linear((torch if of is T else F).flatten(y, 1), arrays["matrix"]),
    }
    return ends[name](of.relu(of.conv2d(x, arrays["first"], arrays["bias"], padding=1)))


BEHIND = [
    *("alone", "direct", "strided", "winograd", "winograd of a sum"),
    *("pooling", "overlapping pooling", "average", "linear"),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BEHIND)
def test_a_fused_mask_lets_gradients_through_at_nan(name: str, dtype: Any) -> None:
    """The bias before the ReLU has PyTorch's gradient, of which some has come through NaN."""
    x = normal(3, 2, 9, 8, dtype=dtype)
    x[1, 0, 2, 3] = x[2, 1, 8, 0] = np.nan
    arrays = {
        "first": normal(19, 2, 3, 3, dtype=dtype),
        "bias": normal(19, dtype=dtype),
        "weight": normal(19, 19, *((1, 1) if name == "direct" else (3, 3)), dtype=dtype),
        "matrix": normal(5, 19 * 72, dtype=dtype),
    }
    fast = run(lambda x, **arrays: behind(F, name, x, arrays), x, arrays, keep=False)
    tensors = {key: torch.tensor(array.astype(np.float64)) for key, array in arrays.items()}
    bias = tensors["bias"].requires_grad_()
    output = behind(T, name, torch.tensor(x.astype(np.float64)), tensors)
    root = torch.tensor(fast.plan.gradients[fast.plan.graph.output].array().astype(np.float64))
    (expected,) = torch.autograd.grad(output, bias, root)
    found = gradients(fast)["bias"]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=1e-3 if dtype == np.float32 else 1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mask_of_pooling_inside_a_transform_is_that_of_pooling_alone(dtype: Any) -> None:
    def network(x: Any, weight: Any, bias: Any) -> Any:
        return F.max_pool2d(F.relu(F.conv2d(x, weight, bias, padding=1)), 2)

    x, arrays = (
        normal(3, 17, 8, 6, dtype=dtype),
        {
            "weight": normal(16, 17, 3, 3, dtype=dtype),
            "bias": normal(16, dtype=dtype),
        },
    )
    x[1, 0, 2, 3] = np.nan
    fast, open_ = (run(network, x, arrays, keep=keep) for keep in (False, True))
    pooled = [any("max pooling in convolution" in s.rules for s in p.plan.steps.order) for p in (fast, open_)]
    assert pooled == [True, False]
    rec = recording(open_)
    pooled, grad = rec["max_pool2d.output"], rec["grad(max_pool2d.output)"]
    assert np.isnan(pooled).any()
    np.testing.assert_array_equal(gradients(fast)["bias"], gradients(open_)["bias"])
    passed = np.where(pooled <= 0, 0, grad).sum(axis=(0, 2, 3))
    np.testing.assert_allclose(gradients(fast)["bias"], passed, rtol=1e-3 if dtype == np.float32 else 1e-9)


def gradients(program: Program) -> dict[str, np.ndarray]:
    """Of all parameters."""
    return {
        symbol.name: block.array()
        for symbol, block in program.plan.gradients.items()
        if symbol in program.plan.graph.arrays
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mask_of_1_at_nan_is_explained(dtype: Any) -> None:
    x = np.array([[np.nan, 0.0, -0.0, -3.0, 2.0]], dtype)
    rec = recording(run(F.relu, x, {}))
    grad = rec["grad(relu.output)"][0]
    assert rec["grad(input)"][0].tolist() == [grad[0], 0, 0, 0, grad[4]]
    assert rec.certify().certified
    trace = rec.explain("grad(input)[0,0]")
    assert trace.note == "the mask is 1: input[0,0] = nan"
    assert (trace.value, trace.certified) == (grad[0], True)
    assert rec.explain("grad(input)[0,1]").note == "the mask is 0: input[0,1] = 0.0"


def test_every_activation_is_here() -> None:
    here = {type(op) for op, _ in OPS.values()}
    assert here | {Pow} == {kind for kind in kinds().values() if issubclass(kind, Pointwise)}
