"""Explanations of batch norm: every number of small networks, by independent arithmetic, and what faults look like."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import Array, added_up, normal, recording, replaced, run

import pellucid as pc
from pellucid import functional as F
from pellucid.explain import Recording


def norm(x: Any, training: bool = True, eps: float = 1e-5, momentum: float = 0.1, **p: Any) -> Any:
    return F.batch_norm(
        x,
        p.get("running_mean"),
        p.get("running_var"),
        p.get("weight"),
        p.get("bias"),
        training=training,
        eps=eps,
        momentum=momentum,
    )


def parameters(channels: int, *names: str) -> dict[str, Array]:
    random = np.random.default_rng(3)
    every = {
        "weight": random.standard_normal(channels),
        "bias": random.standard_normal(channels),
        "running_mean": random.standard_normal(channels),
        "running_var": random.random(channels) + 0.1,
    }
    return {name: every[name] for name in names or every}


def input_of(shape: tuple[int, ...], dtype: Any) -> Array:
    """Channel 0 is far from 0, channel 1 constant."""
    x = normal(*shape, seed=4).astype(dtype)
    x[:, 0] += 1000
    x[:, 1] = np.float32(0.7)
    return x


def norm_names(rec: Recording) -> list[str]:
    return [
        name
        for name, entry in rec.entries.items()
        if entry.source is not None and entry.source.op.name == "batch_norm"
    ]


def addresses(rec: Recording, name: str) -> Iterator[str]:
    for index in np.ndindex(*rec[name].shape):
        yield f"{name}[{','.join(map(str, index))}]"


SHAPES = [
    (7, 3),
    (2, 3),
    (5, 4, 3),
    (3, 3, 5, 4),
    (1, 2, 3, 1),
    (2, 3, 2, 3, 5),
    (17, 5, 2, 9),
    (2, 70, 3, 2),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("names", [(), ("running_mean", "running_var")], ids=["affine", "plain"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_number_is_certified(
    shape: tuple[int, ...], names: tuple[str, ...], training: bool, dtype: Any
) -> None:
    arrays = parameters(shape[1], *names)
    rec = recording(run(lambda s, **p: norm(s, training, **p), input_of(shape, dtype), arrays))
    certificates = rec.certify()
    assert certificates.certified, str(certificates)
    assert [array.name for array in certificates.arrays] == norm_names(rec)
    assert all(array.checked == rec[array.name].size for array in certificates.arrays)
    assert all(array.kind == "formula" for array in certificates.arrays)


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_terms_add_up(dtype: Any, training: bool) -> None:
    arrays = parameters(3)
    rec = recording(run(lambda s, **p: norm(s, training, **p), input_of((3, 3, 5, 4), dtype), arrays))
    for name in norm_names(rec):
        for address in list(addresses(rec, name))[::5]:
            trace = rec.explain(address)
            total, size = added_up(rec, trace)
            assert abs(total - Fraction(trace.exact)) <= 8 * Fraction(2) ** -53 * size, address


def test_statistics_against_fractions() -> None:
    x = input_of((3, 3, 5, 4), np.float32)
    rec = recording(run(norm, x, {}))
    for c in range(3):
        values = [Fraction(float(v)) for v in x[:, c].reshape(-1)]
        mean = sum(values) / len(values)
        var = sum((v - mean) ** 2 for v in values) / len(values)
        for name, exact in ("mean", mean), ("var", var):
            trace = rec.explain(f"batch_norm.{name}[{c}]")
            assert abs(Fraction(trace.value) - exact) <= trace.error_bound
            assert trace.exact == pytest.approx(float(exact), rel=1e-14, abs=1e-17)
    assert rec["batch_norm.var"][1] == 0
    assert rec.explain("batch_norm.istd[1]").value == pytest.approx(1 / math.sqrt(1e-5), rel=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_behind_a_convolution(algorithm: str, offset: float) -> None:
    arrays = {"w": normal(20, 16, 3, 3), "b": normal(20) + offset, **parameters(20)}

    def network(x: Any, w: Any, b: Any, **p: Any) -> Any:
        return norm(F.conv2d(x, w, b, padding=1), **p)

    with pc.algorithm(algorithm):  # type: ignore[arg-type]
        program = run(network, normal(2, 16, 9, 7), arrays)
    assert any("moments" in step.makes for step in program.plan.steps.order) == (algorithm == "winograd")
    rec = recording(program)
    certificates = rec.certify(50)
    assert certificates.certified, str(certificates)
    in_tiles = "tile by tile" in rec.explain("batch_norm.mean[3]").note
    assert in_tiles == (algorithm == "winograd")
    assert "order: 2 parts of up to 63 numbers" in rec.explain("grad(bias)[3]").note
    for name in "batch_norm.mean", "batch_norm.var":  # bounds that mean something
        traces = [rec.explain(f"{name}[{c}]") for c in range(20)]
        assert all(trace.error_bound <= 1e-10 * max(1, offset) for trace in traces)


def test_gradients_by_the_chain_rule() -> None:
    x, arrays = input_of((3, 3, 5, 4), np.float64), parameters(3)
    x[:, 1] = normal(3, 5, 4, seed=8)
    rec = recording(run(norm, x, arrays))
    g, m = rec["grad(batch_norm.output)"], 60
    along = (slice(None), None, None)
    centred = x - rec["batch_norm.mean"][along]
    istd, weight = rec["batch_norm.istd"], rec["weight"]
    grad_istd = (g * centred).sum(axis=(0, 2, 3)) * weight
    np.testing.assert_allclose(rec["grad(batch_norm.istd)"], grad_istd, rtol=1e-9)
    np.testing.assert_allclose(rec["grad(batch_norm.var)"], -(istd**3) * grad_istd / 2, rtol=1e-9)
    np.testing.assert_allclose(
        rec["grad(batch_norm.mean)"], -g.sum(axis=(0, 2, 3)) * istd * weight, rtol=1e-9
    )
    through_var = rec["grad(batch_norm.var)"][along] * 2 * centred / m
    expected = g * (istd * weight)[along] + rec["grad(batch_norm.mean)"][along] / m + through_var
    np.testing.assert_allclose(rec["grad(input)"], expected, rtol=1e-9, atol=1e-12)
    reference = F.batch_norm_backward(
        g, x, arrays["running_mean"], arrays["running_var"], arrays["weight"], arrays["bias"], training=True
    )
    for name, gradient in zip(("grad(input)", "grad(weight)", "grad(bias)"), reference, strict=True):
        np.testing.assert_allclose(rec[name], gradient, rtol=1e-9, atol=1e-12)


class Twice(pc.Module):
    """A batch norm used twice; its running statistics go on from the first use."""

    def __init__(self) -> None:
        self.bn = pc.BatchNorm2d(3)
        self.fc = pc.Linear(3 * 4 * 5, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(F.flatten(self.bn(F.relu(self.bn(x))), 1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_used_twice(dtype: str) -> None:
    pc.seed(2)
    model = Twice().astype(dtype)
    step = pc.TrainStep(model, pc.SGD(lr=0.1))
    x, y = normal(6, 3, 4, 5), np.arange(6) % 4
    step(x, y)
    rec = step.record(x, y)
    names = [name for name in rec.names() if "running_mean" in name]
    assert names == ["bn.running_mean", "updated(bn.running_mean) after bn", "updated(bn.running_mean)"]
    assert {"bn.mean", "bn#2.mean", "grad(bn.mean)", "grad(bn#2.var)"} <= set(rec.names())
    certificates = rec.certify()
    assert certificates.certified, str(certificates)
    trace = rec.explain("updated(bn.running_mean)[1]")
    assert [term.factors[1][0] for term in trace.terms] == [
        "updated(bn.running_mean) after bn[1]",
        "bn#2.mean[1]",
    ]
    first = rec.explain("updated(bn.running_mean) after bn[1]")
    assert [term.factors[1][0] for term in first.terms] == ["bn.running_mean[1]", "bn.mean[1]"]
    rec.commit()
    np.testing.assert_array_equal(model.bn.running_mean, rec["updated(bn.running_mean)"])
    np.testing.assert_array_equal(model.bn.running_var, rec["updated(bn.running_var)"])


def test_in_inference_statistics_are_constants() -> None:
    rec = recording(run(lambda s, **p: norm(s, False, **p), normal(3, 3, 2, 2), parameters(3)))
    names = norm_names(rec)
    assert names == [
        "batch_norm.mean", "batch_norm.istd", "batch_norm.output",
        "grad(weight)", "grad(bias)", "grad(input)",
    ]  # fmt: skip
    assert rec.explain("batch_norm.mean[1]").terms[0].factors[0][0] == "running_mean[1]"
    trace = rec.explain("grad(input)[1,2,0,1]")
    assert [[name for name, _ in term.factors] for term in trace.terms] == [
        ["grad(batch_norm.output)[1,2,0,1]", "batch_norm.istd[2]", "weight[2]"]
    ]
    assert trace.formula == "grad_input[n,c,y] = grad_output[n,c,y]·istd[c]·weight[c] in inference"
    assert "the running ones" in trace.note


def test_an_empty_batch() -> None:
    arrays = parameters(2)
    rec = recording(run(norm, np.zeros((0, 2, 3, 3), np.float32), arrays))
    certificates = rec.certify()
    assert certificates.certified, str(certificates)
    assert (
        rec["batch_norm.mean"].tolist()
        == rec["batch_norm.var"].tolist()
        == rec["grad(weight)"].tolist()
        == [0, 0]
    )
    np.testing.assert_array_equal(rec["updated(running_var)"], rec["running_var"])


def test_numbers_that_are_not_finite_or_denormal() -> None:
    x = normal(2, 4, 3, 3)
    x[0, 0, 1, 1], x[1, 1, 0, 0], x[:, 2] = np.inf, np.nan, 1e-40
    for training in True, False:
        rec = recording(run(lambda s, **p: norm(s, training, **p), x, parameters(4)))  # noqa: B023
        certificates = rec.certify()
        assert certificates.certified, str(certificates)


def test_a_gradient_with_several_contributions() -> None:
    def network(x: Any, w: Any, **statistics: Any) -> Any:
        hidden = F.conv2d(x, w)
        return norm(hidden) + norm(hidden, False, **statistics)

    arrays = {"w": normal(3, 2, 2, 2), **parameters(3, "running_mean", "running_var")}
    rec = recording(run(network, normal(3, 2, 5, 4), arrays))
    assert rec.certify().certified
    trace = rec.explain("grad(conv2d.output)[1,2,0,1]")
    assert trace.terms[0].factors[0][0] == "grad(conv2d.output) after batch_norm#2[1,2,0,1]"
    assert len(trace.terms) == 4
    assert "added to grad(conv2d.output) after batch_norm#2[1,2,0,1]" in trace.note


Fault = Callable[[Recording], Array]
M = 60
ALONG = (slice(None), None, None)
FAULTS: dict[str, tuple[str, Fault]] = {
    "a mean over m − 1": ("batch_norm.mean", lambda r: r["batch_norm.mean"] * M / (M - 1)),
    "one number left out": (
        "batch_norm.mean",
        lambda r: r["batch_norm.mean"] - r["input"][-1, :, -1, -1] / M,
    ),
    "a variance over m − 1": ("batch_norm.var", lambda r: r["batch_norm.var"] * M / (M - 1)),
    "eps left out": ("batch_norm.istd", lambda r: 1 / np.sqrt(r["batch_norm.var"])),
    "no root": ("batch_norm.istd", lambda r: 1 / (r["batch_norm.var"] + 1e-5)),
    "a bias left out": ("batch_norm.output", lambda r: r["batch_norm.output"] - r["bias"][ALONG]),
    "a weight left out": ("batch_norm.output", lambda r: r["batch_norm.output"] / r["weight"][ALONG]),
    "the old variance kept": ("updated(running_var)", lambda r: r["running_var"]),
    "the biased variance": (
        "updated(running_var)",
        lambda r: 0.9 * r["running_var"] + 0.1 * r["batch_norm.var"],
    ),
    "momentum the wrong way round": (
        "updated(running_mean)",
        lambda r: 0.1 * r["running_mean"] + 0.9 * r["batch_norm.mean"],
    ),
    "an image left out of grad_bias": (
        "grad(bias)",
        lambda r: r["grad(batch_norm.output)"][:-1].sum(axis=(0, 2, 3)),
    ),
    "istd left out": ("grad(weight)", lambda r: r["grad(weight)"] / r["batch_norm.istd"]),
    "the input not centred": (
        "grad(weight)",
        lambda r: (r["grad(batch_norm.output)"] * r["input"]).sum(axis=(0, 2, 3)) * r["batch_norm.istd"],
    ),
    "the part of the mean missing": (
        "grad(input)",
        lambda r: r["grad(input)"] - r["grad(batch_norm.mean)"][ALONG] / M,
    ),
    "the part of the variance missing": (
        "grad(input)",
        lambda r: (
            r["grad(input)"]
            - r["grad(batch_norm.var)"][ALONG] * 2 * (r["input"] - r["batch_norm.mean"][ALONG]) / M
        ),
    ),
    "1/m missing": (
        "grad(input)",
        lambda r: r["grad(input)"] + r["grad(batch_norm.mean)"][ALONG] * (1 - 1 / M),
    ),
    "a sign in grad(mean)": ("grad(batch_norm.mean)", lambda r: -r["grad(batch_norm.mean)"]),
    "½ missing": ("grad(batch_norm.var)", lambda r: 2 * r["grad(batch_norm.var)"]),
    "a weight missing in grad(istd)": (
        "grad(batch_norm.istd)",
        lambda r: r["grad(batch_norm.istd)"] / r["weight"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_noticed(fault: str, dtype: Any) -> None:
    rec = recording(run(norm, normal(3, 3, 5, 4, dtype=dtype), parameters(3)))
    name, make = FAULTS[fault]
    wrong = replaced(rec, name, make(rec).astype(rec[name].dtype))
    assert not any(wrong.explain(address).certified for address in addresses(wrong, name))


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_unit_of_the_last_place_is_noticed(dtype: Any, training: bool) -> None:
    rec = recording(
        run(lambda s, **p: norm(s, training, **p), normal(3, 3, 5, 4, dtype=dtype), parameters(3))
    )
    for name in norm_names(rec):
        wrong = replaced(rec, name, np.nextafter(rec[name], np.inf, dtype=rec[name].dtype))
        certificates = wrong.certify()
        (row,) = [array for array in certificates.arrays if array.name == name]
        assert row.failures == row.replay_mismatches == row.checked == rec[name].size, name


TEXT = """\
batch_norm.output[1,0] = 3.0  (float32)
  formula    output[n,c,y] = (input[n,c,y] − mean[c])·istd[c]·weight[c] + bias[c]
  numbers    batch_norm.output[1,0] = 4.0·0.5·2.0 + (-1.0)·2.0·0.5·2.0 + 1.0
  note       the mean, the factor and what is added are rounded to float32 once for each channel;
             what the mean loses by that is made good in what is added
  largest 3 of 3 terms
     4 = input[1,0] 4.0 · batch_norm.istd[0] 0.5 · weight[0] 2.0
    -2 = −1 -1.0        · batch_norm.mean[0] 2.0 · batch_norm.istd[0] 0.5 · weight[0] 2.0
     1 = bias[0] 1.0"""


def test_traces_by_hand() -> None:
    arrays = {name: np.array([value]) for name, value in (("weight", 2.0), ("bias", 1.0))}
    arrays |= {"running_mean": np.array([1.0]), "running_var": np.array([2.0])}
    x = np.array([[0.0], [4.0]], np.float32)
    program = run(lambda s, **p: norm(s, eps=0.0 + 2e-300, momentum=0.5, **p), x, arrays)
    rec = recording(program)
    trace = rec.explain("batch_norm.output[1,0]")
    assert str(trace).startswith(TEXT)
    assert trace.certified
    variance = rec.explain("batch_norm.var[0]")
    assert variance.formula == "var[c] = Σ_{n,y} (input[n,c,y] − mean[c])²/m in training"
    assert variance.substituted == "batch_norm.var[0] = (-2.0)·(-2.0)·0.5 + 2.0·2.0·0.5"
    assert [term.factors[0][0] for term in variance.terms] == [
        "centred(input[0,0], batch_norm.mean[0])",
        "centred(input[1,0], batch_norm.mean[0])",
    ]
    running = rec.explain("updated(running_var)[0]")
    assert running.substituted == "updated(running_var)[0] = 0.5·2.0 + 0.5·4.0·2.0"
    assert running.value == 5.0
    assert rec.explain("batch_norm.istd[0]").substituted == "batch_norm.istd[0] = 0.5"


def test_formulas_without_what_is_not_there() -> None:
    rec = recording(run(norm, normal(3, 2, 2), {}))
    assert (
        rec.explain("batch_norm.output[0,1,0]").formula == "output[n,c,y] = (input[n,c,y] − mean[c])·istd[c]"
    )
    formula = rec.explain("grad(input)[0,1,0]").formula
    assert formula == (
        "grad_input[n,c,y] = grad_output[n,c,y]·istd[c] + grad_mean[c]/m + grad_var[c]·2·(input[n,c,y] − mean[c])/m"
    )
