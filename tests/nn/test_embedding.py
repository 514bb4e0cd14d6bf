"""Embedding in networks: whole numbers as inputs, gradients summed in the documented order, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid import batch
from pellucid.nn import init


class Words(pc.Module):
    """A word's vector, twisted, and a linear layer along it."""

    def __init__(self, rows: int, columns: int, padding: int | None = None) -> None:
        self.words, self.last = pc.Embedding(rows, columns, padding), pc.Linear(columns, 4)

    def forward(self, x: Any) -> Any:
        return self.last(pc.functional.tanh(self.words(x)))


SHAPES = [((17, 5), 7, 6, 2), ((3,), 7, 5, None), ((64, 2, 3), 30, 20, -1), ((2, 2, 2, 2), 5, 3, None)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "rows", "columns", "padding"), SHAPES)
def test_gradients_are_sums_in_parts_of_the_batch(
    shape: tuple[int, ...], rows: int, columns: int, padding: int | None, dtype: str
) -> None:
    random = np.random.default_rng(0)
    pc.seed(0)
    model, x = Words(rows, columns, padding).astype(dtype), random.integers(0, rows, shape)
    step = pc.TrainStep(model, pc.SGD(lr=0.1), loss="mse_loss")
    records = []
    for threads in (1, 3):
        pc.set_num_threads(threads)
        records.append(step.record(x, np.zeros((*shape, 4), dtype)))
    rec = records[0]
    assert all(np.array_equal(rec[name], records[1][name]) for name in rec.names())
    np.testing.assert_array_equal(rec["words.output"], model.words.weight[x])
    assert rec.certify().certified
    edges = batch.edges(len(x), batch.large_parts(len(x)))
    parts = np.zeros((len(edges) - 1, rows, columns), dtype)
    for part, (first, last) in zip(parts, pairwise(edges), strict=True):
        for place in np.ndindex(*x[first:last].shape):
            row = x[first:last][place]
            if row != model.words.padding_idx:
                part[row] += rec["grad(words.output)"][first:last][place]
    np.testing.assert_array_equal(rec["grad(words.weight)"], batch.added(list(parts), np.add))


def test_an_explanation_lists_the_positions_that_looked_a_row_up() -> None:
    pc.seed(0)
    model, x = Words(5, 3, 0), np.array([[2, 0, 2], [4, 2, 0]])
    rec = pc.record(model, x, np.zeros((2, 3, 4)), loss="mse_loss", optimizer=pc.SGD(lr=0.1))
    trace = rec.explain("grad(words.weight)[2,1]")
    addresses = [factor for term in trace.terms for factor, _ in term.factors]
    assert addresses == [f"grad(words.output)[{at},1]" for at in ("0,0", "0,2", "1,1")]
    assert trace.certified
    assert trace.formula == "grad_weight[v,d] = Σ_{n: input[n] = v} grad_output[n,d]"
    assert len(rec.explain("grad(words.weight)[0,1]").terms) == 0  # padding
    assert rec.explain("words.output[1,0,2]").terms[0].factors[0][0] == "words.weight[4,2]"
    mask = np.zeros((2, 3, 3), bool)
    mask[[0, 0, 1], [0, 2, 1], 1] = True
    np.testing.assert_array_equal(rec.uses("words.weight[2,1]")["words.output"].mask, mask)
    np.testing.assert_array_equal(rec.uses("input[1,1]")["words.output"].mask[1, 1], True)
    assert rec.why("grad(words.weight)[2,1]", depth=2).levels.keys() >= {
        a.removesuffix(" (padding)") for a in addresses
    }


def test_numbers_come_first_and_inference_takes_them() -> None:
    model = pc.Sequential(pc.Embedding(6, 3), pc.Flatten(), pc.Linear(12, 2))
    x = np.random.default_rng(0).integers(0, 6, (5, 4))
    expected = model[0].weight[x].reshape(5, -1) @ model[2].weight.T + model[2].bias
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)
    step = pc.TrainStep(model, pc.SGD(lr=0.1))
    assert step(x, np.array([0, 1, 0, 1, 1])) > step(x, np.array([0, 1, 0, 1, 1]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: pc.Embedding(5, 3)(np.array([[1, 5]])),
            "embedding: numbers are rows of weight, 0 to 4. Got input[0,1] = 5.",
        ),
        (
            lambda: pc.TrainStep(Words(5, 3), pc.SGD(lr=0.1), "mse_loss")(
                np.array([[-1]]), np.zeros((1, 1, 4))
            ),
            "embedding: numbers are rows of weight, 0 to 4. Got input[0,0] = -1.",
        ),
        (
            lambda: pc.Embedding(5, 3)(np.array([[1.0]])),
            "embedding 'embedding': input must be integers. Got 'input' of dtype float32.",
        ),
        (
            lambda: pc.Embedding(5, 3, padding_idx=5),
            "Embedding: padding_idx must be a row of weight. Expected a whole number from -5 to 4, or None. "
            "Got padding_idx=5.",
        ),
        (
            lambda: pc.functional.embedding([1], np.ones((2, 3)), padding_idx=-3),
            "embedding: padding_idx must be a row of weight. Expected a whole number from -2 to 1, or None. "
            "Got padding_idx=-3.",
        ),
        (
            lambda: pc.functional.embedding([[0, 7]], np.ones((2, 3))),
            "embedding: numbers are rows of weight, 0 to 1. Got input[0,1] = 7.",
        ),
        (
            lambda: pc.functional.embedding([1], np.ones(3)),
            "embedding: weight must have 2 axes (num_embeddings, embedding_dim). Got weight (3,).",
        ),
    ],
)
def test_what_is_refused(call: Any, message: str) -> None:
    with pytest.raises(pc.PellucidError) as error:
        call()
    assert str(error.value) == message


def test_initial_values_are_normal() -> None:
    shares = np.linspace(-0.49999, 0.49999, 2001)
    expected = [NormalDist().inv_cdf(0.5 + share) for share in shares]
    np.testing.assert_allclose(init._quantiles(shares), expected, rtol=0, atol=1e-6)
    pc.seed(0)
    weight = pc.Embedding(1000, 300).weight
    assert abs(weight.mean()) < 0.01
    assert abs(weight.std() - 1) < 0.01
    assert np.isfinite(init._quantiles(np.array([-0.5, 0.5]))).all()
