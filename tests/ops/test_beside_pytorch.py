"""PyTorch's numbers for the calls of `test_contract.py`, for indices of max pooling and for updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tests.ops.test_contract import CASES, Case, parametrised

from pellucid import functional as F
from pellucid.ops.adam import Adam
from pellucid.ops.sgd import SGD


def in_pytorch(case: Case, *operands: Any) -> torch.Tensor:
    if case.reference is not None:
        return case.reference(torch, *operands)
    home = torch.nn.functional if hasattr(torch.nn.functional, case.function) else torch
    return getattr(home, case.function)(*case.arguments(operands), **case.settings)


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")  # PyTorch's
@parametrised(CASES)
def test_matches_pytorch(case: Case) -> None:
    operands = case.draw()
    tensors = [torch.tensor(x) if isinstance(x, np.ndarray) else x for x in operands]
    for i in case.differentiated:
        tensors[i].requires_grad_()
    expected = in_pytorch(case, *tensors)
    grad_output = np.random.default_rng(0).normal(size=tuple(expected.shape))
    # Statistics that training updates in place must not be counted twice, hence the gradient first.
    gradients = case.backward(grad_output, *operands)
    output = case.forward(*operands)
    assert output.shape == expected.shape
    np.testing.assert_allclose(output, expected.detach(), rtol=1e-10, atol=1e-10)
    wanted = torch.autograd.grad(
        expected, [tensors[i] for i in case.differentiated], torch.tensor(grad_output)
    )
    for gradient, want in zip(gradients, wanted, strict=True):
        assert gradient.shape == want.shape
        np.testing.assert_allclose(gradient, want, rtol=1e-10, atol=1e-10)
    for x, tensor in zip(operands, tensors, strict=True):  # running statistics, and nothing else, have moved
        if isinstance(x, np.ndarray):
            np.testing.assert_allclose(x, tensor.detach(), rtol=1e-12)


INF, HALVES, ROWS = np.inf, np.array([0.5, 0.5]), np.array([[1.0, 0.0], [0.0, 1.0]])
EDGES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "nothing counts": (ROWS, np.array([-100, -100]), {}),
    "nothing counts in smoothing": (ROWS, np.array([1, 1]), {"label_smoothing": 0.2, "ignore_index": 1}),
    "nothing counts in a sum": (ROWS, np.array([-100, -100]), {"weight": HALVES, "reduction": "sum"}),
    "what counts weighs nothing": (ROWS, np.array([0, -100]), {"weight": np.array([0.0, 1.0])}),
    "a class that weighs nothing": (ROWS, np.array([0, 1]), {"weight": np.array([0.0, 1.0])}),
    "an impossible class": (np.array([[0, -INF], [2, 0]]), np.array([0, 1]), {"weight": HALVES}),
    "an impossible target": (np.array([[0, -INF], [2, 0]]), np.array([1, 0]), {}),
    "a smoothed impossible class": (np.array([[0, -INF], [2, 0]]), np.array([0, 0]), {"label_smoothing": 0.1}),
    "an impossible class without weight": (
        np.array([[0, -INF], [2, 0]]), np.array([0, 0]), {"label_smoothing": 0.1, "weight": np.array([1.0, 0])}
    ),
    "an impossible probability": (np.array([[0, -INF], [2, 0]]), ROWS, {}),
    "NaN": (np.array([[0, np.nan], [2, 0]]), np.array([0, 0]), {"label_smoothing": 0.1}),
    "NaN among probabilities": (np.array([[0, 1.0], [2, 0]]), np.array([[0.5, np.nan], [1, 0]]), {}),
    "an infinite logit": (np.array([[0, INF], [2, 0]]), np.array([1, 0]), {"reduction": "none"}),
    "a negative weight": (ROWS, np.array([0, 1]), {"weight": np.array([-2.0, 1.0])}),
    "no batch": (np.zeros((0, 3)), np.zeros((0, 3)), {}),
    "no batch, no mean": (np.zeros((0, 3)), np.zeros((0, 3)), {"reduction": "none", "label_smoothing": 0.1}),
}  # fmt: skip


@pytest.mark.parametrize("case", EDGES)
def test_edges_of_cross_entropy_are_pytorchs(case: str) -> None:
    logits, target, settings = EDGES[case]
    tensors = {name: torch.tensor(x) if isinstance(x, np.ndarray) else x for name, x in settings.items()}
    input = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(input, torch.tensor(target), **tensors)
    np.testing.assert_allclose(F.cross_entropy(logits, target, **settings), expected.detach(), rtol=1e-12)
    (wanted,) = torch.autograd.grad(expected, [input], torch.ones_like(expected))
    gradient, *_ = F.cross_entropy_backward(np.ones(tuple(expected.shape)), logits, target, **settings)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-15)


NAN = np.nan
AXES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "NaN is the largest": ("amax", [[1.0, NAN, 3], [2, 2, 1]], {"dim": 1}),
    "NaN is the smallest": ("amin", [[1.0, NAN, 3], [2, 2, 1]], {"dim": 0}),
    "infinite numbers": ("amax", [[INF, INF, 0], [-INF, -INF, -INF]], {"dim": 1}),
    "zeros tie": ("amax", [[0.0, -0.0, -1], [-0.0, -0.0, -1]], {"dim": 1}),
    "all tie": ("amin", [[2.0, 2, 2], [2, 2, 2]], {}),
    "an infinite sum": ("sum", [[INF, 1.0], [INF, -INF], [NAN, 2]], {"dim": 1}),
    "a mean of nothing": ("mean", np.zeros((2, 0)), {"dim": 1}),
    "a sum of nothing": ("sum", np.zeros((2, 0)), {"dim": 1}),
    "a variance of nothing": ("var", np.zeros((2, 0)), {"dim": 1}),
    "a variance of one": ("var", np.ones((2, 1)), {"dim": 1}),
    "a variance without correction of one": ("var", np.ones((2, 1)), {"dim": 1, "correction": 0}),
    "more correction than numbers": ("var", np.array([[1.0, 2, 4], [1, 1, 1]]), {"dim": 1, "correction": 4}),
    "infinite variance": ("var", np.array([[1.0, INF], [NAN, 1], [1e200, -1e200]]), {"dim": 1}),
    "a number": ("var", np.array(3.0), {"correction": 0}),
}


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")  # PyTorch's
@pytest.mark.parametrize("case", AXES)
def test_edges_over_axes_are_pytorchs(case: str) -> None:
    function, numbers, settings = AXES[case]
    input = torch.tensor(np.array(numbers), requires_grad=True)
    expected = getattr(torch, function)(input, **settings)
    output = getattr(F, function)(np.array(numbers), **settings)
    np.testing.assert_array_equal(output, expected.detach())
    assert output.shape == expected.shape
    grad = np.arange(1.0, expected.numel() + 1).reshape(expected.shape)
    if "correction than" not in case:  # where PyTorch's gradient depends on whether axes are named
        (wanted,) = torch.autograd.grad(expected, [input], torch.tensor(grad))
        (gradient,) = getattr(F, f"{function}_backward")(grad, np.array(numbers), **settings)
        np.testing.assert_array_equal(gradient, wanted)


def test_gradients_of_similarity_do_not_stop_at_eps_as_in_pytorch() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 5, 3))
    first[2] = 0
    tensors = [torch.tensor(x, requires_grad=True) for x in (first, second)]
    expected = torch.nn.functional.cosine_similarity(*tensors, dim=-1, eps=1.5)
    np.testing.assert_allclose(F.cosine_similarity(first, second, -1, 1.5), expected.detach(), rtol=1e-12)
    grad = np.arange(1.0, 6)
    wanted = torch.autograd.grad(expected, tensors, torch.tensor(grad))
    for ours, theirs in zip(F.cosine_similarity_backward(grad, first, second, -1, 1.5), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_max_pool_indices_are_pytorchs(dims: int) -> None:
    values = np.random.default_rng(4).integers(0, 3, (2, 3, 7, 5, 6)[: dims + 2]).astype(float)
    values[values == 2] = np.random.default_rng(5).choice([2.0, np.nan, -np.inf], (values == 2).sum())
    settings = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}
    expected = getattr(torch.nn.functional, f"max_pool{dims}d")(
        torch.tensor(values), **settings, return_indices=True
    )
    output, indices = getattr(F, f"max_pool{dims}d")(values, **settings, return_indices=True)
    np.testing.assert_array_equal(output, expected[0])
    np.testing.assert_array_equal(indices, expected[1])
    assert indices.dtype == np.int64


OPTIMISERS = [
    (SGD(), torch.optim.SGD, {}),
    (SGD(momentum=0.9), torch.optim.SGD, {"momentum": 0.9}),
    (SGD(0.8, 0.1), torch.optim.SGD, {"momentum": 0.8, "weight_decay": 0.1}),
    (SGD(0.8, 0.1, True), torch.optim.SGD, {"momentum": 0.8, "weight_decay": 0.1, "nesterov": True}),
    (Adam(), torch.optim.Adam, {}),
    (Adam((0.7, 0.9), 1e-3, 0.1), torch.optim.Adam, {"betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    (Adam(weight_decay=0.01, decoupled=True), torch.optim.AdamW, {}),
    (
        Adam((0.4, 0.9), weight_decay=0.3, decoupled=True),
        torch.optim.AdamW,
        {"betas": (0.4, 0.9), "weight_decay": 0.3},
    ),
]


@pytest.mark.parametrize(("rule", "reference", "settings"), OPTIMISERS, ids=str)
def test_updates_match_pytorch(rule: Any, reference: Any, settings: dict[str, Any]) -> None:
    random = np.random.default_rng(6)
    parameter, state = random.normal(size=(3, 5)), {}
    twin = torch.tensor(parameter, requires_grad=True)
    optimiser = reference([twin], lr=0.03, **settings)
    for step in range(1, 6):
        gradient, before = random.normal(size=(3, 5)), parameter.copy()
        twin.grad = torch.tensor(gradient)
        optimiser.step()
        updated, state = rule.update(parameter, gradient, state, lr=0.03, step=step)
        np.testing.assert_array_equal(parameter, before)
        parameter = updated
        np.testing.assert_allclose(parameter, twin.detach(), rtol=1e-13, atol=1e-15)
    assert state.keys() == rule.initial_state(parameter).keys()
