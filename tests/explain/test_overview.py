"""The overview of a recording: its figures against NumPy, and networks that are ill in known ways."""

from __future__ import annotations

import json

import numpy as np
import pytest

import pellucid as pc
from pellucid.errors import ArgumentError
from pellucid.explain.measured import measured
from pellucid.explain.overview import Overview

RATE = 0.05


def batch(*shape, classes=3, dtype=np.float32):
    random = np.random.default_rng(5)
    return random.standard_normal(shape).astype(dtype), random.integers(0, classes, shape[0])


def overview(model, x, y=None, lr=RATE, **settings) -> Overview:
    optimizer = None if y is None else pc.SGD(lr=lr)
    return pc.record(model, x, y, optimizer=optimizer).overview(**settings)


def small(dtype="float32"):
    pc.seed(2)
    return pc.Sequential(
        pc.Conv2d(2, 5, 3, padding=1), pc.ReLU(), pc.MaxPool2d(2), pc.Flatten(), pc.Linear(5 * 3 * 2, 3)
    ).astype(dtype)


def chain(*, layers, width, between, scale=1.0):
    """Linear layers with an activation between each two, their weights scaled."""
    pc.seed(4)
    parts = []
    for _ in range(layers):
        linear = pc.Linear(width, width)
        linear.weight[...] *= scale
        parts += [linear, between()]
    return pc.Sequential(*parts, pc.Linear(width, 3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_figures_of_a_step(dtype):
    model = small(dtype)
    x, y = batch(4, 2, 6, 5, dtype=dtype)
    rec = pc.record(model, x, y, optimizer=pc.SGD(lr=RATE))
    found = rec.overview()
    assert [(row.layer, row.op, row.shape) for row in found.rows] == [
        ("0", "conv2d", (4, 5, 6, 5)),
        ("1", "relu", (4, 5, 6, 5)),
        ("2", "max_pool2d", (4, 5, 3, 2)),
        ("3", "flatten", (4, 30)),
        ("4", "linear", (4, 3)),
        ("cross_entropy", "cross_entropy", ()),
    ]
    for row in found.rows[:-1]:
        output = rec[f"{row.layer}.output"].astype(np.float64)
        gradient = rec[f"grad({row.layer}.output)"].astype(np.float64)
        assert row.mean == pytest.approx(output.mean(), rel=1e-12)
        assert row.std == pytest.approx(np.sqrt((output**2).mean() - output.mean() ** 2), rel=1e-9)
        assert row.grad_norm == pytest.approx(np.sqrt((gradient**2).sum()), rel=1e-12)
    for row in found.rows[0], found.rows[4]:
        weight = rec[f"{row.layer}.weight"].astype(np.float64)
        step = rec[f"updated({row.layer}.weight)"] - weight
        assert row.update_ratio == pytest.approx(np.sqrt((step**2).sum() / (weight**2).sum()), rel=1e-12)
    assert [row.update_ratio for row in found.rows[1:4]] == [None] * 3
    assert (found.samples, found.loss, found.suspicious) == (4, rec.loss, None)
    assert found.rows[-1].mean == rec.loss


def test_inference_has_no_gradients_and_leaves_their_columns_out():
    found = overview(small(), batch(4, 2, 6, 5)[0])
    assert (found.loss, found.suspicious) == (None, None)
    assert all(row.grad_norm is None and row.update_ratio is None for row in found.rows)
    assert found.table("en").heads == ("layer", "op", "shape", "mean", "std", "dead")
    assert str(found).startswith("Inference, 4 samples\n")
    assert found.findings() == ["Nothing suspicious."]


@pytest.mark.parametrize(("dead", "suspicious"), [(5, True), (3, True), (2, False), (0, False)])
def test_dead_relus_are_channels_that_are_0_everywhere(dead, suspicious):
    model = small()
    model[0].bias[:dead] = -100
    found = overview(model, *batch(4, 2, 6, 5))
    assert (found.rows[1].dead, found.rows[1].units) == (dead / 5, 5)
    assert (found.suspicious is not None) == suspicious
    if suspicious:
        assert (found.suspicious.layer, found.suspicious.rule) == ("1", "dead")
        assert found.suspicious.reason.said("en").startswith(f"{dead * 20}% of its 5 units are 0")


@pytest.mark.parametrize(("samples", "suspicious"), [(15, False), (16, True)])
def test_a_unit_seen_too_few_times_is_not_called_dead(samples, suspicious):
    model = pc.Sequential(pc.Linear(4, 6), pc.ReLU(), pc.Linear(6, 3))
    model[0].bias[...] = [-100, -100, -100, -100, 100, 100]
    found = overview(model, batch(samples, 4)[0])
    assert found.rows[1].dead == pytest.approx(4 / 6)
    assert (found.suspicious is not None) == suspicious


@pytest.mark.parametrize(("layer", "edge"), [(pc.Sigmoid, 6.0), (pc.Tanh, 3.0)])
def test_saturated_is_where_the_slope_is_below_a_hundredth_of_the_steepest(layer, edge):
    """4σ(1 − σ) < 0.01 from |x| = 5.99 on, 1 − tanh² < 0.01 from |x| = 2.99 on."""
    model = pc.Sequential(layer(), pc.Identity())
    x = np.array([[-edge, edge, edge, -0.97 * edge, 0.97 * edge]], np.float32)
    found = overview(model, x)
    assert (found.rows[0].saturated, found.suspicious.layer, found.suspicious.rule) == (0.6, "0", "saturated")
    assert overview(model, x * [1, 1, 0, 1, 1]).suspicious is None


def test_a_vanishing_gradient_is_first_suspicious_next_to_the_loss():
    model = chain(layers=7, width=8, between=pc.Sigmoid)
    rec = pc.record(model, *batch(6, 8), optimizer=pc.SGD(lr=RATE))
    found = rec.overview()
    norms = [row.grad_norm / np.linalg.norm(rec["grad(14.output)"]) for row in found.rows[:-1]]
    first = max(i for i, norm in enumerate(norms) if norm < 1e-3)
    assert norms[first + 1] >= 1e-3
    assert 0 < first < 12
    assert (found.suspicious.layer, found.suspicious.rule) == (found.rows[first].layer, "vanishing")


def test_an_exploding_gradient():
    found = overview(chain(layers=4, width=8, between=pc.Identity, scale=60), *batch(6, 8))
    assert found.suspicious.rule == "exploding"
    start = found.rows[-2].grad_norm
    assert next(row for row in reversed(found.rows[:-1]) if row.grad_norm > 1000 * start).layer == (
        found.suspicious.layer
    )


@pytest.mark.parametrize(("lr", "said"), [(1e-7, "too small"), (1e4, "too large"), (0.0, "too small")])
def test_updates_far_from_a_thousandth(lr, said):
    found = overview(small(), *batch(4, 2, 6, 5), lr=lr)
    assert (found.suspicious.layer, found.suspicious.rule) == ("0", "update")
    assert said in found.suspicious.reason.said("en")


def test_a_weight_of_zeros_has_no_ratio():
    model = small()
    model[4].weight[...] = 0
    assert overview(model, *batch(4, 2, 6, 5)).rows[4].update_ratio is None


def test_nan_is_found_where_it_was_computed_first():
    model = small()
    x, y = batch(4, 2, 6, 5)
    x[3, 1, 5, 0] = np.nan
    found = overview(model, x, y)
    assert (found.suspicious.layer, found.suspicious.rule) == ("input", "not_finite")
    assert "1 of the 240 numbers of input are NaN or infinite, the first of them input[3,1,5,0]." in str(
        " ".join(str(found).split())
    )
    assert found.to_dict()["rows"][0]["mean"] == "nan"
    json.dumps(found.to_dict(), allow_nan=False)


def test_infinite_outputs_gradients_and_updates():
    x, y = batch(4, 2, 6, 5)
    model = small()
    model[0].weight[2] = 3e38
    assert overview(model, x, y).suspicious.layer == "0"
    huge = overview(small(), 1e4 * x, y, lr=3e38).suspicious
    assert (huge.layer, huge.rule) == ("updated(0.weight)", "not_finite")


def test_causes_come_before_consequences():
    model = small()
    model[0].bias[...] = -100
    found = overview(model, *batch(4, 2, 6, 5))
    assert [s.rule for s in found.suspicions] == ["dead", "vanishing", "update"]
    assert [s.layer for s in found.suspicions] == ["1", "0", "0"]
    assert found.findings("en")[1].startswith("Also: 0 — the gradient vanishes")
    assert found.to_dict()["suspicious"] == found.to_dict()["suspicions"][0]


def test_languages(monkeypatch):
    model, (x, y) = small(), batch(4, 2, 6, 5)
    korean = overview(model, x, y, lang="ko")
    assert str(korean).startswith("학습 한 단계, 샘플 4개")
    assert korean.text("en").startswith("Training step, 4 samples")
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert overview(model, x, y).text() == str(korean)
    with pytest.raises(ArgumentError, match="이 언어로 된 글은 없습니다"):
        overview(model, x, y, lang="kr")


def test_columns_are_straight_in_korean():
    """Every line of the table is as wide on the screen as its last column ends."""
    from rich.cells import cell_len

    heads, first, *_ = str(overview(small(), *batch(4, 2, 6, 5), lang="ko").table()).splitlines()
    assert cell_len(heads) == cell_len(first)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("size", [1, 7, 8192, 20_001])
def test_one_reading_measures_as_numpy_does(dtype: str, scale: float, size: int) -> None:
    array = ((np.random.default_rng(size).standard_normal(size) + 1000) * scale).astype(dtype)
    wide, found = array.astype(np.float64), measured(array)
    got = found.mean, found.std, found.norm
    expected = wide.mean(), wide.std(), np.linalg.norm(wide)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12 * scale)
    assert found.finite


def test_measured_numbers_that_are_not_finite() -> None:
    for odd in (np.nan, np.inf, -np.inf):
        array = np.ones(10_000, np.float32)
        array[9_000] = odd
        assert not measured(array).finite
    large = measured(np.array([1e300, -1e300]))  # its squares are not finite, its numbers are
    assert (large.finite, large.mean) == (True, 0.0)
    assert np.isnan(measured(np.zeros((0, 3))).mean)
