"""Certificates: what they notice, and numbers at the edges of the float types."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

from pellucid import functional as F
from pellucid.errors import ArgumentError
from pellucid.explain import Recording
from pellucid.explain import certificates as certificates_
from pellucid.explain.source import Entry, Source
from pellucid.kernels.loops.replay import replay
from pellucid.ops.linear import Linear


def addresses(rec: Recording, name: str) -> Iterator[str]:
    for index in np.ndindex(*rec[name].shape):
        yield f"{name}[{','.join(map(str, index))}]"


def small(dtype: Any) -> Any:
    arrays = {"conv.weight": normal(4, 2, 3, 2), "conv.bias": normal(4)}
    return run(lambda s, **p: F.conv2d(s, *p.values()), normal(3, 2, 5, 4, dtype=dtype), arrays)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_ulp_is_noticed(dtype: Any) -> None:
    address = {"conv2d.output": "[1,2,1,0]", "grad(conv.weight)": "[3,1,0,1]", "grad(input)": "[0,1,2,2]"}
    for name, index in address.items():
        program = small(dtype)
        assert recording(program).explain(name + index).certified
        block = next(
            block
            for table in (program.plan.values, program.plan.gradients)
            for block in table.values()
            if block.name == name
        )
        block.memory[...] = np.nextafter(block.memory, dtype(np.inf))
        trace = recording(program).explain(name + index)
        assert not trace.certified
        assert trace.replay != trace.value


def test_a_wrong_operand_is_noticed() -> None:
    program = small(np.float32)
    block = next(b for s, b in program.plan.values.items() if s.name == "input")
    block.memory[0, 0, 1, 1, 0] += 1
    trace = recording(program).explain("conv2d.output[0,0,0,0]")
    assert not trace.certified
    assert trace.error > trace.error_bound


def test_whole_numbers_are_exact() -> None:
    random = np.random.default_rng(3)
    x, weight = (random.integers(-9, 10, shape).astype(np.float32) for shape in ((2, 5, 6, 4), (3, 5, 3, 3)))
    rec = recording(run(F.conv2d, x, {"weight": weight}))
    trace = rec.explain("conv2d.output[1,2,3,1]")
    assert trace.value == trace.exact == F.conv2d(x.astype(np.int64), weight.astype(np.int64))[1, 2, 3, 1]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_denormal_numbers_are_flushed_within_the_bound(dtype: Any) -> None:
    tiny = float(np.finfo(dtype).tiny)
    random = np.random.default_rng(5)
    x = random.standard_normal((2, 3, 5, 4)) * random.choice(
        [1.0, tiny**0.5, tiny * 2, tiny / 8], (2, 3, 5, 4)
    )
    weight = random.standard_normal((2, 3, 2, 3)) * random.choice([1.0, tiny**0.5, tiny], (2, 3, 2, 3))
    bias = np.array([tiny / 3, -tiny])
    rec = recording(
        run(lambda s, w, b: F.conv2d(s, w, b, padding=2), x.astype(dtype), {"w": weight, "b": bias})
    )
    traces = [
        rec.explain(a) for name in ("conv2d.output", "grad(w)", "grad(input)") for a in addresses(rec, name)
    ]
    assert all(trace.certified for trace in traces)
    assert any(trace.error > 0 for trace in traces)
    assert any(abs(float(trace.exact)) < tiny and trace.value == 0 != trace.exact for trace in traces)
    assert np.float32(1e-45) + np.float32(0) != 0  # the caller's arithmetic is as it was


def test_nan_infinity_and_overflow() -> None:
    x = np.ones((1, 1, 2, 4), np.float32)
    x[0, 0, 0] = [1, np.nan, np.inf, 1]
    weight = np.array([3e38, 3e38], np.float32).reshape(1, 1, 1, 2)
    rec = recording(run(lambda s, w: F.conv2d(s, w, padding=(0, 1)), x, {"w": weight}))
    nan, inf, over = (rec.explain(f"conv2d.output[0,0,{y}]") for y in ("0,1", "0,3", "1,1"))
    assert nan.certified
    assert math.isnan(nan.value)
    assert math.isnan(float(nan.exact))
    assert inf.certified
    assert inf.value == inf.exact == math.inf
    assert not over.certified  # finite operands: infinity is not near the sum
    assert over.replay == over.value == math.inf
    for trace in (nan, inf, over):
        assert json.loads(json.dumps(trace.to_dict(), allow_nan=False))["value"] == str(trace.value)
        assert "certified" in str(trace)


def test_a_float64_sum_beyond_all_floats() -> None:
    rec = recording(run(F.linear, np.array([[1e308, 1e308]]), {"weight": np.ones((1, 2))}))
    trace = rec.explain("linear.output[0,0]")
    assert trace.value == math.inf
    assert trace.exact == 2 * Fraction(1e308)
    assert not trace.certified


def test_an_infinite_weight_meets_padding() -> None:
    weight = np.array([np.inf, 1], np.float32).reshape(1, 1, 2)
    rec = recording(
        run(lambda s, w: F.conv1d(s, w, padding=1), np.ones((1, 1, 3), np.float32), {"w": weight})
    )
    trace = rec.explain("conv1d.output[0,0,0]")
    assert trace.certified
    assert math.isnan(trace.value)  # 0 · infinity


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bound_grows_with_the_depth_and_no_more(dtype: Any) -> None:
    x, weight = normal(1, 700, dtype=dtype), normal(2, 700, dtype=dtype)
    trace = recording(run(F.linear, x, {"weight": weight})).explain("linear.output[0,1]")
    u = float(np.finfo(dtype).eps) / 2
    magnitude = float(np.abs(x[0].astype(float) * weight[1]).sum())
    gamma = 700 * u / (1 - 700 * u)
    assert gamma * magnitude <= trace.error_bound <= gamma * magnitude * 1.01
    parts = recording(run(F.conv1d, normal(16, 1, 50), {"weight": normal(1, 1, 1)}))
    trace = parts.explain("grad(weight)[0,0,0]")
    magnitude = float(np.sum(trace.terms.magnitudes))
    meets = 400 + 1  # additions, in 2 parts of 8 images
    assert trace.error_bound == pytest.approx(meets * 2.0**-24 * magnitude, rel=1e-4)
    assert "in 2 parts of up to 400 products" in trace.note


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_replay_of_parts_restores_the_float_mode(dtype: Any) -> None:
    tiny = np.finfo(dtype).tiny
    sums = np.array([[tiny / 2, 0, -0.0], [1, 0, 0]], dtype)
    left = np.array([[tiny / 4, 1, tiny], [1, 2, 3]], dtype)
    replay(left, np.array([[1e3, 2, 0.25], [4, 5, 6]], dtype), np.array([0, 1, 3, 3]), sums)
    assert sums.tolist() == [[0, 2, 0], [5, 28, 0]]  # denormal numbers count as zero
    assert tiny / 2 != 0


@pytest.mark.parametrize("channels", [3, 20])
def test_padding_that_an_input_gradient_skips_is_not_replayed(channels: int) -> None:
    weight = normal(4, channels, 3, 5)
    # Times a zero below the last line it is NaN, times one beside a line it is left out.
    weight[1, 2, 0, 4] = np.inf
    rec = recording(run(F.conv2d, normal(2, channels, 9, 8), {"weight": weight}))
    traces = [rec.explain(f"grad(input)[1,{c},{y},{x}]") for c in (0, 2) for y in range(9) for x in range(8)]
    assert all(trace.certified for trace in traces)
    expected = np.zeros((9, 8), np.bool_)
    expected[7:, 4:] = True
    np.testing.assert_array_equal(np.isnan(rec["grad(input)"][1, 2]), expected)
    assert np.isfinite(rec["grad(input)"][:, :, :, :4]).all()
    corner = rec.explain("grad(input)[1,0,0,0]")
    assert [term.product != 0 for term in corner.terms].count(True) == 4
    assert len(corner.terms) == 12
    assert "8 of 12 products meet padding" in corner.note


def test_the_table_of_a_whole_recording() -> None:
    certificates = recording(small(np.float32)).certify()
    assert [(a.name, a.kind, a.elements, a.checked) for a in certificates.arrays] == [
        ("conv2d.output", "sum", 108, 108),
        ("grad(conv.weight)", "sum", 48, 48),
        ("grad(conv.bias)", "sum", 4, 4),
        ("grad(input)", "sum", 120, 120),
    ]
    assert (certificates.certified, certificates.checked) == (True, 280)
    for array in certificates.arrays:
        assert 0 < array.largest_share < 1
        assert 0 < array.largest_ulps < 1e6
        assert (array.replay_mismatches, array.failures, array.failed) == (0, 0, ())
    data = certificates.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["arrays"][2]["name"] == "grad(conv.bias)"
    lines = str(certificates).splitlines()
    assert len(lines) == 6
    assert lines[1].split()[:4] == ["conv2d.output", "sum", "108", "108"]
    assert lines[-1].startswith("280 numbers checked, all certified")


def test_largest_gaps_are_those_of_single_traces() -> None:
    rec = recording(small(np.float32))
    traces = [rec.explain(address) for address in addresses(rec, "grad(conv.weight)")]
    (array,) = [a for a in rec.certify().arrays if a.name == "grad(conv.weight)"]
    assert array.largest_share == pytest.approx(max(t.error / t.error_bound for t in traces), rel=1e-6)
    ulps = [t.error / float(np.spacing(np.float32(abs(t.value)))) for t in traces]
    assert array.largest_ulps == pytest.approx(max(ulps), rel=1e-6)


def test_failures_are_counted_and_the_first_ten_named() -> None:
    program = small(np.float32)
    block = next(b for s, b in program.plan.values.items() if s.name == "conv2d.output")
    block.memory[1:] += 1
    certificates = recording(program).certify()
    first, *others = certificates.arrays
    assert (first.failures, first.replay_mismatches) == (72, 72)
    assert first.failed[0] == "conv2d.output[1,0,0,0]"
    assert first.failed[9] == "conv2d.output[1,1,0,0]"
    assert len(first.failed) == 10
    assert not any(array.failures for array in others)
    assert not certificates.certified
    assert "  conv2d.output[1,1,0,0]" in str(certificates).splitlines()
    assert "72" in str(certificates).splitlines()[-11]


def test_a_sample_is_drawn_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[int, ...]]] = []
    ask = Recording._question

    def question(self: Recording, entry: Any, at: Any) -> Any:
        asked.extend((entry.name, tuple(row)) for row in at.tolist())
        return ask(self, entry, at)

    monkeypatch.setattr(Recording, "_question", question)

    def sampled(sample: int | None, seed: int) -> tuple[list[int], set[tuple[str, tuple[int, ...]]]]:
        asked.clear()
        checked = [array.checked for array in recording(small(np.float32)).certify(sample, seed).arrays]
        return checked, set(asked)

    counts, some = sampled(20, 1)
    assert counts == [20, 20, 4, 20]
    assert len(some) == 64
    assert sampled(20, 1) == (counts, some)
    assert sampled(20, 2)[1] != some
    everything = sampled(None, 0)
    assert everything[0] == [108, 48, 4, 120]
    assert sampled(1000, 5) == everything


@pytest.mark.parametrize("at_once", [1, 7, 1 << 30])
def test_how_many_are_compared_at_once_does_not_show(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rec = recording(small(np.float64))
    expected = rec.certify()
    monkeypatch.setattr(certificates_, "_AT_ONCE", at_once)
    assert rec.certify() == expected


def test_nothing_to_compare() -> None:
    source = Source(Linear(), "output", {"input": "x", "weight": "w"})
    entries = [
        Entry("x", (0, 3), given="input"),
        Entry("w", (2, 3), given="model"),
        Entry("y", (0, 2), source),
    ]
    arrays = {entry.name: np.zeros(entry.shape, np.float32) for entry in entries}
    certificates = Recording(entries, arrays.__getitem__, {}, None).certify()
    assert certificates.certified
    assert certificates.checked == len(certificates.arrays) == 0


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no sample": ({"sample": 0}, "sample must be a whole number above 0, or None. Got sample=0."),
    "half": ({"sample": 2.5}, "sample must be a whole number above 0, or None. Got sample=2.5."),
    "yes": ({"sample": True}, "sample must be a whole number above 0, or None. Got sample=True."),
    "seed": ({"seed": -1}, "seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=-1."),
    "no seed": ({"seed": None}, "seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=None."),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_refused(case: str) -> None:
    settings, message = WRONG[case]
    with pytest.raises(ArgumentError) as caught:
        recording(small(np.float32)).certify(**settings)
    assert str(caught.value) == f"certify: {message}"
