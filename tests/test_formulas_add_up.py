"""Formulas whose value is the sum of their terms: re-added by fractions alone, and rounded once, they are `exact`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.recorded import normal, recording, replaced, run
from tests.test_uses_and_fields import Everything

import pellucid as pc
from pellucid import functional as F
from pellucid import nn
from pellucid.explain import Trace
from pellucid.explain.ops.explainers import explained


def re_added(trace: Trace) -> Fraction:
    total = Fraction(0)
    for term in trace.terms:
        product = Fraction(1)
        for _, value in term.factors:
            product *= Fraction(value)
        total += product
    return total


@pytest.mark.parametrize(
    "optimizer", [pc.SGD(lr=0.1, momentum=0.9, nesterov=True), pc.Adam(weight_decay=0.1)]
)
def test_terms_of_every_formula_add_up_to_the_exact_number(optimizer: Any) -> None:
    step = pc.TrainStep(Everything(), optimizer)
    x, y = normal(3, 2, 13, 11), np.array([0, 2, 1])
    step(x, y)
    rec, random, seen = step.record(x, y), np.random.default_rng(3), set()
    for name, entry in rec.entries.items():
        if entry.source is None or not explained(entry.source):
            continue
        for _ in range(5):
            index = ",".join(str(int(random.integers(size))) for size in entry.shape)
            trace = rec.explain(f"{name}[{index}]" if index else name)
            if trace.kind != "formula":
                continue
            seen.add(f"{entry.source.op.name} {entry.source.of}")
            assert trace.exact == float(re_added(trace)), str(trace)
            assert trace.certified
            assert trace.error <= trace.error_bound, str(trace)
    assert len(seen) > 20


def test_a_wrong_number_does_not_become_right_by_the_sum_of_its_terms() -> None:
    def network(s: Any, w: Any, b: Any) -> Any:
        return F.batch_norm(s, None, None, w, b, training=True)

    rec = recording(run(network, normal(3, 2, 4, 5), {"w": normal(2), "b": normal(2, seed=3)}))
    numbers = rec["batch_norm.output"].copy()
    numbers[1, 1, 2, 3] = np.nextafter(numbers[1, 1, 2, 3], np.float32(9)) + 8 * np.spacing(
        numbers[1, 1, 2, 3]
    )
    trace = replaced(rec, "batch_norm.output", numbers).explain("batch_norm.output[1,1,2,3]")
    assert trace.exact == float(re_added(trace))
    assert not trace.certified


def test_statistics_beyond_float32_are_written_as_they_are() -> None:
    """Their squares do not fit float32; warnings are errors here."""
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Flatten(), nn.Linear(8, 3))
    step = pc.TrainStep(model, pc.SGD(lr=0.1))
    rec = step.record(normal(3, 2, 4) * np.float32(1e25), np.array([0, 2, 1]))
    variance = float(rec["0.var"][1])
    assert variance > float(np.finfo(np.float32).max)
    for address in (
        "updated(0.running_var)[1]",
        "0.istd[1]",
        "grad(input)[1,1,2]",
        "0.var[0]",
        "0.output[1,1,2]",
    ):
        trace = rec.explain(address)
        assert trace.certified
        for text in (str(trace), trace.html(), str(rec.why(address, depth=3))):
            assert address in text
    updated = rec.explain("updated(0.running_var)[1]")
    assert "certified: the number is not finite; value inf, exact 4.5" in updated.verdict()
    term = updated.terms[1]
    assert (term.factors[1][0], term.digits[1]) == ("0.var[1]", str(variance))


def test_the_mean_of_a_centred_number_is_followed() -> None:
    rec = recording(
        run(
            lambda s, w, v: F.batch_norm(F.conv2d(s, v), None, None, w, training=True),
            normal(2, 2, 3, 4),
            {"w": normal(3), "v": normal(3, 2, 1, 1)},
        )
    )
    path = rec.why("grad(w)[2]", depth=2, top=3)
    first = path.level.terms[0].factors[1][0]
    assert first.startswith("centred(conv2d.output[")
    assert first.endswith(", batch_norm.mean[2])")
    assert {"batch_norm.mean[2]", "batch_norm.istd[2]"} < set(path.levels)
    assert sum(address.startswith("conv2d.output[") for address in path.levels) == 3
    assert "batch_norm.var[1]" in rec.why("batch_norm.istd[1]", depth=2).levels


@pytest.mark.parametrize(("name", "mean"), [("group_norm", "[1,2]"), ("layer_norm", "[1]")])
def test_so_is_the_mean_of_a_group_or_an_image(name: str, mean: str) -> None:
    def network(s: Any) -> Any:
        return F.group_norm(s, 3) if name == "group_norm" else F.layer_norm(s, s.shape[1:])

    rec = recording(run(network, normal(2, 6, 3, 4), {}))
    trace = rec.explain(f"{name}.var{mean}")
    assert trace.terms[0].factors[0][0].endswith(f", {name}.mean{mean})")
    assert f"{name}.mean{mean}" in rec.why(f"{name}.var{mean}", depth=2).levels
    assert trace.exact == float(re_added(trace))
