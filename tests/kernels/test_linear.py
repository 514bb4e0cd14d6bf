"""The linear layer's own kernels: the documented order of every sum, any size, and updates fused with gradients."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from tests.kernels.test_kernels import FLOATS, RULES, integers, normal
from tests.support.one_op import run_op

import pellucid as pc
from pellucid import batch
from pellucid import functional as F
from pellucid.engine.graph import trace
from pellucid.engine.training import Training
from pellucid.kernels.loops.replay import replay
from pellucid.kernels.tape import get_num_threads, set_num_threads
from pellucid.ops.linear import Linear

# (samples, in_features, out_features): below, at and beyond every block, stretch and range.
SIZES = [
    (1, 1, 1),
    (1, 45, 10),
    (5, 16, 33),
    (17, 100, 70),
    (33, 7, 5),
    (64, 47, 131),
    (131, 520, 37),
    (2, 1100, 300),
]


def sums(left: np.ndarray, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    """out[i,j] = start[i,j] + Σ_k left[i,k]·right[k,j]: k ascending, one scalar fused multiply–add each."""
    out = start.copy()
    columns = np.ascontiguousarray(right.T)
    for i, j in np.ndindex(out.shape):
        replay(left[i : i + 1], columns[j : j + 1], np.array([0, left.shape[1]]), out[i : i + 1, j : j + 1])
    return out


def definition(x: Any, weight: Any, bias: Any, grad: Any, base: Any) -> dict[str, np.ndarray]:
    """All results of the layer, in the order that `ops/linear.py` says."""
    ones, zero = np.ones((1, len(x)), x.dtype), np.zeros_like
    return {
        "output": sums(x, np.ascontiguousarray(weight.T), np.broadcast_to(bias, grad.shape).copy()),
        "input": sums(grad, weight, base),
        "weight": in_parts(np.ascontiguousarray(grad.T), x, zero(weight)),
        "bias": in_parts(ones, grad, zero(bias)[None])[0],
    }


def in_parts(left: np.ndarray, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The same over the batch: part by part, the parts as a tree."""
    edges = batch.edges(len(right), batch.large_parts(len(right)))
    parts = [sums(np.ascontiguousarray(left[:, i:j]), right[i:j], start) for i, j in pairwise(edges)]
    return batch.added(parts, np.add)


@pytest.mark.slow
@FLOATS
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_number_is_its_sum_in_the_documented_order(size: tuple[int, int, int], dtype: Any) -> None:
    n, c, o = size
    x, weight, bias = normal((n, c), dtype), normal((o, c), dtype, 1), normal((o,), dtype, 2)
    grad, base = normal((n, o), dtype, 3), normal((n, c), dtype, 4)
    for given in (np.zeros_like(base), base):
        expected = definition(x, weight, bias, grad, given)
        for threads in (1, 2, 3):
            result = run_op(
                Linear(),
                x,
                weight,
                bias,
                grad=grad,
                base=given if given is base else None,
                arrays=("weight", "bias"),
                threads=threads,
            )
            np.testing.assert_array_equal(result.output, expected["output"])
            for name, gradient in result.gradients.items():
                np.testing.assert_array_equal(gradient, expected[name], name)


# Inputs with more axes, and out_features: one and several lines, axis 1 below, at and beyond a tile, parts of a batch.
DEEP = [
    ((1, 1, 1), 1),
    ((2, 37, 5), 33),
    ((17, 3, 2, 45), 10),
    ((3, 16, 2, 3, 7), 40),
    ((64, 33, 70), 31),
    ((0, 3, 5), 4),
    ((2, 0, 5), 4),
]


@pytest.mark.slow
@FLOATS
@pytest.mark.parametrize(("shape", "outputs"), DEEP, ids=str)
def test_along_the_last_axis_every_number_is_its_sum(
    shape: tuple[int, ...], outputs: int, dtype: Any
) -> None:
    x, weight, bias = (
        normal(size, dtype, i) for i, size in enumerate((shape, (outputs, shape[-1]), (outputs,)))
    )
    grad, base = normal((*shape[:-1], outputs), dtype, 3), normal(shape, dtype, 4)
    per_image = shape[1:-1]

    def rows(array: np.ndarray) -> np.ndarray:
        """A row for each position, in the order of sums: axis 1 after those behind it."""
        return np.moveaxis(array, 1, -2).reshape(-1, array.shape[-1])

    def parted(left: np.ndarray, right: np.ndarray, start: np.ndarray) -> np.ndarray:
        edges = [at * int(np.prod(per_image)) for at in batch.edges(len(x), batch.large_parts(len(x)))]
        parts = [sums(np.ascontiguousarray(left[:, i:j]), right[i:j], start) for i, j in pairwise(edges)]
        return batch.added(parts, np.add)

    for given in (np.zeros_like(base), base):
        starts = np.broadcast_to(bias, grad.shape)
        expected = {
            "output": sums(rows(x), np.ascontiguousarray(weight.T), rows(starts).copy()),
            "input": sums(rows(grad), weight, rows(given).copy()),
            "weight": parted(np.ascontiguousarray(rows(grad).T), rows(x), np.zeros_like(weight)),
            "bias": parted(np.ones((1, len(rows(x))), dtype), rows(grad), np.zeros_like(bias)[None])[0],
        }
        for threads in (1, 3):
            result = run_op(
                Linear(),
                x,
                weight,
                bias,
                grad=grad,
                base=given if given is base else None,
                arrays=("weight", "bias"),
                threads=threads,
            )
            np.testing.assert_array_equal(rows(result.output), expected["output"])
            np.testing.assert_array_equal(rows(result.gradients["input"]), expected["input"])
            for name in ("weight", "bias"):
                np.testing.assert_array_equal(result.gradients[name], expected[name], name)


@pytest.mark.slow
@FLOATS
@pytest.mark.parametrize("size", [(17, 9216, 40), (64, 700, 1030), (5, 4096, 64)], ids=str)
def test_large_layers_of_integers_are_exact(size: tuple[int, int, int], dtype: Any) -> None:
    n, c, o = size
    x, weight, bias = integers((n, c), dtype), integers((o, c), dtype, 1), integers((o,), dtype, 2)
    grad = integers((n, o), dtype, 3)
    result = run_op(Linear(), x, weight, bias, grad=grad, arrays=("weight", "bias"))
    np.testing.assert_array_equal(result.output, x @ weight.T + bias)
    np.testing.assert_array_equal(result.gradients["input"], grad @ weight)
    np.testing.assert_array_equal(result.gradients["weight"], grad.T @ x)
    np.testing.assert_array_equal(result.gradients["bias"], grad.sum(0))


class Perceptron(pc.Module):
    """Layers before and behind a ReLU, one without bias, and a weight that two layers share."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        self.first = pc.Linear(features, hidden)
        self.second = pc.Linear(hidden, hidden, bias=False)
        self.last = pc.Linear(hidden, classes)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.first(x))
        return self.last(F.relu(self.second(F.relu(self.second(x)))) + x)


def trained(rule: Any, size: tuple[int, int, int, int], dtype: Any, *, keep: bool) -> dict[str, bytes]:
    """Parameters and the optimiser's state after two updates, and the losses."""
    n, *features = size
    pc.seed(3)
    model = Perceptron(*features).astype(dtype)
    arrays = dict(model.named_arrays())
    graph = trace(
        lambda s, y: F.cross_entropy(model.forward(s), y),
        {"input": ((n, features[0]), np.dtype(dtype)), "target": ((n,), np.dtype(np.int64))},
        arrays,
        training=True,
    )
    states = {
        name: {key: np.ascontiguousarray(a) for key, a in rule.initial_state(array.memory).items()}
        for name, array in arrays.items()
    }
    counters = np.zeros(1, np.int64), {}
    training = Training(graph, np.dtype(dtype), rule, states, counters, seed=0, keep=keep)
    results = {}
    for step in (1, 2):
        x, y = normal((n, features[0]), dtype, step), np.arange(n) % features[2]
        results[f"loss {step}"] = np.float64(training.run(0.1, step, input=x, target=y)).tobytes()
        for symbol, block in training.updated.items():
            results[symbol.name] = block.array().tobytes()
        if keep:
            training.program.update_state()
    results |= {f"{k}({n})": a.tobytes() for n, state in states.items() for k, a in state.items()}
    return results


@pytest.mark.slow
@FLOATS
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_fused_update_is_the_gradient_and_then_the_update_bit_for_bit(rule: Any, dtype: Any) -> None:
    before = get_num_threads()
    try:
        for size, threads in product(((1, 5, 3, 2), (17, 100, 49, 10)), (1, 3)):
            set_num_threads(threads)
            fast = trained(rule, size, dtype, keep=False)
            assert fast == trained(rule, size, dtype, keep=True)
    finally:
        set_num_threads(before)
