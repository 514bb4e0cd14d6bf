"""Explanations of poolings: winners, the windows that chose an element, means and shares, by plain Python again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import looked_up, normal, recording, run

from pellucid import functional as F
from pellucid.explain import Recording, Trace
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.max_pool import MaxPool

Array = np.ndarray[Any, np.dtype[Any]]
TYPES = [np.float32, np.float64]


@dataclass(frozen=True)
class Case:
    """A pooling of an input."""

    kind: str
    input: tuple[int, ...]
    kernel: Any
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.kind}{len(self.input) - 2}d"

    def __call__(self, x: Any) -> Any:
        return getattr(F, self.name)(x, self.kernel, **self.settings)

    def __str__(self) -> str:
        return f"{self.name} {self.kernel} {self.settings}"


MAX = [
    Case("max_pool", (2, 3, 6, 5), 2),
    Case("max_pool", (3, 2, 7, 6), (3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    Case("max_pool", (1, 2, 8, 7), 3, {"stride": 1, "padding": 1}),
    Case("max_pool", (2, 5, 7, 8), (2, 3), {"stride": 2, "dilation": (3, 2)}),
    Case("max_pool", (2, 2, 5, 6), 3, {"stride": 2, "ceil_mode": True, "padding": (1, 0)}),
    Case("max_pool", (2, 2, 7, 5), (2, 1), {"stride": (4, 3)}),
    Case("max_pool", (3, 4, 11), 4, {"stride": 3, "padding": 2}),
    Case("max_pool", (2, 3, 4, 5, 6), (3, 2, 2), {"stride": (1, 2, 1), "padding": (1, 0, 1)}),
]
MAX += [
    Case("adaptive_max_pool", (2, 3, 7, 5), 1),
    Case("adaptive_max_pool", (2, 3, 7, 5), (3, 4)),
    Case("adaptive_max_pool", (3, 2, 4), 9),
    Case("adaptive_max_pool", (2, 2, 5, 3, 4), (2, 3, 3)),
]
MEANS = [
    Case("avg_pool", (2, 3, 6, 5), 2),
    Case("avg_pool", (3, 2, 7, 6), (3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    Case("avg_pool", (1, 2, 8, 7), 3, {"stride": 1, "padding": 1, "count_include_pad": False}),
    Case("avg_pool", (2, 2, 5, 6), 3, {"stride": 2, "ceil_mode": True, "padding": (1, 0)}),
    Case("avg_pool", (2, 2, 7, 5), (2, 1), {"stride": (4, 3)}),
    Case("avg_pool", (3, 4, 11), 4, {"stride": 3, "padding": 2}),
    Case("avg_pool", (2, 3, 4, 5, 6), (3, 2, 2), {"stride": (1, 2, 1), "padding": (1, 0, 1)}),
    Case("adaptive_avg_pool", (2, 3, 7, 5), 1),
    Case("adaptive_avg_pool", (2, 3, 7, 5), (3, 4)),
    Case("adaptive_avg_pool", (3, 2, 11), 4),
    Case("adaptive_avg_pool", (2, 2, 5, 3, 4), (2, 3, 3)),
]


def held(case: Case, input: tuple[int, ...], y: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The positions of one window in row-major order."""
    dims = len(input) - 2
    if case.kind == "max_pool":
        return [i for _, i in MaxPool(dims, case.kernel, **case.settings).geometry(input).taps(y)]
    tables = AdaptiveMaxPool(dims, case.kernel).windows(input)
    return list(itertools.product(*(range(*table[p]) for table, p in zip(tables, y, strict=True))))


def twice(case: Case) -> Callable[[Any], Any]:
    """The pooling, and once more of the same numbers, so that the first one's gradient comes on top of another."""
    return lambda x: case(x) + case(x)


def traces(rec: Recording, name: str) -> Iterator[tuple[tuple[int, ...], Trace]]:
    for index in np.ndindex(*rec[name].shape):
        yield index, rec.explain(f"{name}[{','.join(map(str, index))}]")


def failures(network: Any, x: Array, name: str, change: Callable[[Array], Array]) -> list[str]:
    """Which numbers of an array are not certified when it is changed behind the recording's back."""
    rec = recording(run(network, x, {}))
    array = rec._array(name)
    array[...] = change(array.copy())
    row = {row.name: row for row in rec.certify().arrays}[name]
    assert row.failures <= row.checked == array.size
    return list(row.failed) if row.failures < 10 else ["many"] * row.failures


def tied(*shape: int, dtype: Any) -> Array:
    """Few different numbers, so that windows have several largest ones."""
    return np.random.default_rng(4).integers(-2, 3, shape).astype(dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("case", MAX, ids=str)
def test_every_winner_is_certified(case: Case, dtype: Any) -> None:
    for x in (normal(*case.input, dtype=dtype), tied(*case.input, dtype=dtype)):
        rec = recording(run(twice(case), x, {}))
        certificates = rec.certify()
        assert certificates.certified, str(certificates)
        output = rec[f"{case.name}.output"]
        for (n, c, *y), trace in traces(rec, f"{case.name}.output"):
            assert (trace.kind, trace.error_bound, trace.certified) == ("select", 0, True)
            at = held(case, x.shape, tuple(y))
            labels = [f"input[{','.join(map(str, (n, c, *i)))}]" for i in at]
            assert [term.factors[0][0] for term in trace.terms] == labels
            numbers = [float(x[n, c, *i]) for i in at]
            assert trace.value == trace.exact == max(numbers) == output[n, c, *y]
            winner = labels[numbers.index(max(numbers))]
            assert trace.note.startswith(winner)
            assert ("first of" in trace.note) == (numbers.count(max(numbers)) > 1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("case", MAX, ids=str)
def test_gradients_come_from_the_windows_that_an_element_won(case: Case, dtype: Any) -> None:
    for x in (normal(*case.input, dtype=dtype), tied(*case.input, dtype=dtype)):
        rec = recording(run(twice(case), x, {}))
        won: dict[str, list[str]] = {}
        for index, trace in traces(rec, f"{case.name}.output"):
            winner = trace.note.partition("]")[0] + "]"
            won.setdefault(winner, []).append(f"grad({case.name}.output)[{','.join(map(str, index))}]")
        for index, trace in traces(rec, "grad(input)"):
            labels = won.get(f"input[{','.join(map(str, index))}]", [])
            assert [term.factors[0][0] for term in trace.terms] == labels
            assert trace.start is not None
            assert trace.start.factors[0][0].startswith(f"grad(input) after {case.name}")
            total = looked_up(rec, trace.start.factors[0][0]) + math.fsum(looked_up(rec, x) for x in labels)
            assert float(trace.exact) == pytest.approx(total, abs=1e-14)
            assert trace.certified
            assert trace.replay == trace.value


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("case", MEANS, ids=str)
def test_means_and_shares_add_up(case: Case, dtype: Any) -> None:
    rec = recording(run(twice(case), normal(*case.input, dtype=dtype), {}))
    certificates = rec.certify()
    assert certificates.certified, str(certificates)
    for name in (f"{case.name}.output", "grad(input)", f"grad(input) after {case.name}#2"):
        for _, trace in traces(rec, name):
            total, size = Fraction(0), Fraction(0)
            for term in trace.terms:
                (label, number), *divisor = term.factors
                assert looked_up(rec, label) == number
                product = Fraction(number)
                if divisor:
                    ((word, value),) = divisor
                    assert word == ("1/size" if "adaptive" in name + case.kind else "1/divisor")
                    product /= round(1 / value)
                    assert value == 1 / round(1 / value)
                total, size = total + product, size + abs(product)
            assert abs(Fraction(trace.exact) - total) <= size / 2**52
            assert abs(Fraction(trace.value) - total) <= Fraction(trace.error_bound) + size / 2**52
            assert trace.certified
            assert trace.replay == trace.value
            if dtype == np.float32 and size:  # one rounding to float32, and next to nothing besides
                assert trace.error_bound <= np.spacing(np.float32(float(size))) * 0.51


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("case", MAX + MEANS, ids=str)
def test_one_ulp_is_noticed(case: Case, dtype: Any) -> None:
    x = normal(*case.input, dtype=dtype)
    for network, name in itertools.product((case, twice(case)), (f"{case.name}.output", "grad(input)")):
        size = recording(run(network, x, {}))[name].size
        assert len(failures(network, x, name, lambda a: np.nextafter(a, dtype(np.inf)))) == size


@pytest.mark.parametrize("dtype", TYPES)
def test_wrong_winners_and_missing_contributions_are_noticed(dtype: Any) -> None:
    x = np.array([3, 1, 4, 4, 5, 9, 2, 6], dtype).reshape(1, 1, 8)
    pool = lambda s: F.max_pool1d(s, 3, stride=1)  # noqa: E731
    rec = recording(run(pool, x, {}))
    assert rec["max_pool1d.output"].tolist() == [[[4, 4, 5, 9, 9, 9]]]
    gradient, grads = rec["grad(input)"], rec["grad(max_pool1d.output)"][0, 0]
    assert gradient[0, 0].tolist() == pytest.approx(
        [0, 0, grads[:2].sum(), 0, grads[2], grads[3:].sum(), 0, 0]
    )

    def put(*values: tuple[int, float]) -> Callable[[Array], Array]:
        def change(array: Array) -> Array:
            for place, value in values:
                array[0, 0, place] = value
            return array

        return change

    second = failures(pool, x, "max_pool1d.output", put((2, 4)))
    assert second == ["max_pool1d.output[0,0,2]"]
    tie = failures(pool, x, "grad(input)", put((2, grads[0]), (3, grads[1])))  # the second of two equal ones
    assert tie == ["grad(input)[0,0,2]", "grad(input)[0,0,3]"]
    lost = failures(pool, x, "grad(input)", put((5, grads[5])))  # = instead of +=
    assert lost == ["grad(input)[0,0,5]"]
    mean = lambda s: F.avg_pool1d(s, 3, stride=1, padding=1)  # noqa: E731
    share = recording(run(mean, x, {}))["grad(avg_pool1d.output)"][0, 0]
    assert failures(mean, x, "grad(input)", put((4, (share[3] + share[4]) / 3))) == ["grad(input)[0,0,4]"]
    assert failures(mean, x, "avg_pool1d.output", put((0, 2))) == ["avg_pool1d.output[0,0,0]"]  # by 2, not 3


@pytest.mark.parametrize("dtype", TYPES)
def test_edges_of_the_float_types(dtype: Any) -> None:
    info = np.finfo(dtype)
    numbers = [
        0,
        -0.0,
        1,
        -1,
        np.nan,
        np.inf,
        -np.inf,
        info.tiny,
        info.tiny / 4,
        -info.tiny / 3,
        info.max / 64,
    ]
    x = np.random.default_rng(2).choice(np.array(numbers, dtype), (6, 3, 9, 8))
    x[0, 0] = -np.inf
    x[1, 0] = info.tiny / 8
    pools: list[Callable[[Any], Any]] = [
        lambda s: F.max_pool2d(s, (3, 2), stride=2, padding=1),
        lambda s: F.avg_pool2d(s, (3, 2), stride=2, padding=1),
        lambda s: F.adaptive_avg_pool2d(s, (4, 3)),
    ]
    for pool in pools:
        for network in (pool, lambda s, pool=pool: pool(s) + pool(s)):
            program = run(network, x, {})
            graph = program.plan.graph
            root = program.plan.gradients[graph.output]
            root.memory[...] = np.random.default_rng(3).choice(np.array(numbers, dtype), root.memory.shape)
            program.run(graph.output, input=x)
            certificates = recording(program).certify()
            assert certificates.certified, str(certificates)


def test_the_rules_for_ties_and_nan() -> None:
    x = np.array([2, 7, 7, np.nan, 1, np.nan, -np.inf, -np.inf, -np.inf], np.float32).reshape(1, 1, 9)
    rec = recording(run(lambda s: F.max_pool1d(s, 3), x, {}))
    notes = [rec.explain(f"max_pool1d.output[0,0,{y}]").note for y in range(3)]
    assert notes == [
        "input[0,0,1] is the first of 2 that are the largest of 3",
        "input[0,0,5] is the last NaN of 3",
        "input[0,0,6] is the first of 3 that are the largest of 3",
    ]
    assert rec.certify().certified


def test_denormal_numbers_compare_as_zeros() -> None:
    tiny = np.finfo(np.float32).tiny
    x = np.array([-0.0, tiny / 2, -tiny / 2, tiny / 4, 0, tiny], np.float32).reshape(1, 1, 6)
    rec = recording(run(lambda s: F.max_pool1d(s, 2), x, {}))
    assert rec.certify().certified
    winners = [rec.explain(f"max_pool1d.output[0,0,{y}]").note[:12] for y in range(3)]
    assert winners == ["input[0,0,0]", "input[0,0,2]", "input[0,0,5]"]


def test_an_empty_batch_and_elements_that_no_window_holds() -> None:
    for case in (MAX[1], MEANS[1], MEANS[8]):
        assert recording(run(case, np.zeros((0, *case.input[1:]), np.float32), {})).certify().checked == 0
    rec = recording(run(MEANS[4], normal(*MEANS[4].input), {}))
    trace = rec.explain("grad(input)[0,0,2,1]")
    assert (trace.value, trace.exact, len(trace.terms), trace.note) == (
        0,
        0,
        0,
        "no window reaches this element",
    )
    rec = recording(run(MAX[5], normal(*MAX[5].input), {}))
    trace = rec.explain("grad(input)[0,0,2,1]")
    assert (trace.value, trace.exact, len(trace.terms), trace.note) == (
        0,
        0,
        0,
        "no window reaches this element",
    )


WINNER = """\
max_pool1d.output[0,0,1] = 4.0  (float32)
  formula    output[n,c,y] = max_k input[n,c,i], i = y·stride + k·dilation − padding, padding left
             out
  numbers    max_pool1d.output[0,0,1] = max(1.0, 4.0, 4.0)
  note       input[0,0,2] is the first of 2 that are the largest of 3
  largest 3 of 3 terms
    4 = input[0,0,2] 4.0
    4 = input[0,0,3] 4.0
    1 = input[0,0,1] 1.0
  certified: |value − exact| = 0, bound 0"""

WON = """\
grad(input)[0,0,2] = 1.5  (float32)
  formula    grad_input[n,c,i] = Σ_y grad_output[n,c,y] over the windows y that i won
  numbers    grad(input)[0,0,2] = 0.5 + 1.0
  note       it has won 2 of the 3 windows that hold it; order: from 0, the windows ascending, one
             addition each
  largest 2 of 2 terms
      1 = grad(max_pool1d.output)[0,0,1] 1.0
    0.5 = grad(max_pool1d.output)[0,0,0] 0.5
  certified: |value − exact| = 0, bound 1.79e-07; replay 1.5 = value"""

MEAN = """\
avg_pool1d.output[0,0,0] = 1.3333334  (float32)
  formula    output[n,c,y] = (Σ_k input[n,c,i]) / divisor[y], i = y·stride + k − padding
  numbers    avg_pool1d.output[0,0,0] = 0.0·0.3333333333333333 + 3.0·0.3333333333333333 +
             1.0·0.3333333333333333
  note       2 numbers, summed in float64 in row-major order, divided by 3, rounded once
  largest 3 of 3 terms
           1 = input[0,0,0] 3.0            · 1/divisor 0.3333333333333333
    0.333333 = input[0,0,1] 1.0            · 1/divisor 0.3333333333333333
           0 = input[0,0,-1] (padding) 0.0 · 1/divisor 0.3333333333333333
  certified: |value − exact| = 3.97e-08, bound 5.96e-08; replay 1.3333334 = value"""


def test_a_gradient_that_won_nothing_is_exactly_zero() -> None:
    x = np.array([3, 1, 4], np.float32).reshape(1, 1, 3)
    trace = recording(run(lambda s: F.max_pool1d(s, 3), x, {})).explain("grad(input)[0,0,1]")
    assert (trace.value, trace.error_bound, trace.certified) == (0, 0, True)
    assert "|value − exact| = 0, bound 0;" in str(trace)


def test_traces_as_text() -> None:
    x = np.array([3, 1, 4, 4, 5, 9], np.float32).reshape(1, 1, 6)

    def explained(network: Any, address: str) -> str:
        program = run(network, x, {})
        graph = program.plan.graph
        root = program.plan.gradients[graph.output].memory
        root[...] = (np.arange(root.size).reshape(root.shape) + 1) / 2
        program.run(graph.output, input=x)
        return str(recording(program).explain(address))

    assert explained(lambda s: F.max_pool1d(s, 3, stride=1), "max_pool1d.output[0,0,1]") == WINNER
    assert explained(lambda s: F.max_pool1d(s, 3, stride=1), "grad(input)[0,0,2]") == WON
    assert explained(lambda s: F.avg_pool1d(s, 3, padding=1), "avg_pool1d.output[0,0,0]") == MEAN
    shares = explained(lambda s: F.avg_pool1d(s, 2, stride=1), "grad(input)[0,0,2]")
    assert "grad(input)[0,0,2] = 1.5·0.5 + 1.0·0.5" in shares
    assert "shares of 2 windows, summed in float64, the last window first, rounded once" in shares
    shares = explained(lambda s: F.adaptive_avg_pool1d(s, 4), "grad(input)[0,0,1]")
    assert "grad(input)[0,0,1] = 0.5·0.5 + 1.0·0.5" in shares
    assert "shares of 2 windows, summed in float64, windows ascending, rounded once" in shares
