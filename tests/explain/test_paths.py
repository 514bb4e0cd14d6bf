"""Paths: what a number is made of, level by level, each of which adds up."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import AddressError, ArgumentError
from pellucid.explain import Path, Recording
from pellucid.explain.accounts.account import Element, Group, Quantity
from pellucid.explain.ops.explainers import explained
from pellucid.explain.paths.path import Level, level_of, written_level
from pellucid.explain.question import Operand
from pellucid.explain.terms import Joined, Products, Term
from pellucid.explain.trace import Trace

W1 = np.array([[1, 0, 2], [3, -1, 1], [0.5, 2, 0]], np.float32)
W2 = np.array([[2, -1, 4], [1, 1, 1]], np.float32)
B2 = np.array([10, -1], np.float32)


def two_layers(dtype: Any = np.float32) -> Recording:
    x = np.array([[1, 2, -3]], dtype)
    arrays = {"w1": W1, "w2": W2, "b": B2}
    return recording(run(lambda s, w1, w2, b: F.linear(F.linear(s, w1), w2, b), x, arrays))


def levels(path: Path) -> list[Level]:
    return list(path.levels.values())


def adds_up(level: Level) -> bool:
    """In plain fractions, made of the factors."""
    total = Fraction(level.rest)
    for term in level.shown:
        product = Fraction(1)
        for _, value in term.factors:
            product *= Fraction(value)
        assert Fraction(term.product) == product
        total += product
    exact, products, rest = written_level(level)
    written = sum(map(Decimal, products)) + (Decimal(rest) if level.rest_count else 0)
    return total == Fraction(level.exact) and written == Decimal(exact)


def test_two_layers_by_hand() -> None:
    path = two_layers().why("linear#2.output[0,-2]", top=2)
    assert str(path) == (
        "linear#2.output[0,0] = 20.0, exact 20\n"
        "│  output[n,o] = bias[o] + Σ_i input[n,i]·weight[o,i]\n"
        "├─ 10 = b[0] 10.0, the start\n"
        "├─ 18 = linear.output[0,2] 4.5 · w2[0,2] 4.0\n"
        "│  └─ linear.output[0,2] = 4.5, exact 4.5\n"
        "│     │  output[n,o] = Σ_i input[n,i]·weight[o,i]\n"
        "│     ├─ 4 = input[0,1] 2.0 · w1[2,1] 2.0\n"
        "│     ├─ 0.5 = input[0,0] 1.0 · w1[2,0] 0.5\n"
        "│     └─ … 1 more term, 0\n"
        "├─ -10 = linear.output[0,0] -5.0 · w2[0,0] 2.0\n"
        "│  └─ linear.output[0,0] = -5.0, exact -5\n"
        "│     │  output[n,o] = Σ_i input[n,i]·weight[o,i]\n"
        "│     ├─ -6 = input[0,2] -3.0 · w1[0,2] 2.0\n"
        "│     ├─ 1 = input[0,0] 1.0 · w1[0,0] 1.0\n"
        "│     └─ … 1 more term, 0\n"
        "└─ … 1 more term, 2"
    )
    assert all(map(adds_up, levels(path)))
    assert [child.address for child in path.children] == ["linear.output[0,2]", "linear.output[0,0]"]
    assert path.children[0].children == ()  # input and weight were given
    level = path.level
    assert (level.value, level.exact, level.rest, level.rest_count) == (20, 20, 2, 1)
    assert level.start is not None
    assert level.start.factors == (("b[0]", 10),)


def test_depth_and_top() -> None:
    rec = two_layers()
    assert list(rec.why("linear#2.output[0,1]", depth=1).levels) == ["linear#2.output[0,1]"]
    for top in (1, 2, 3, 9):
        path = rec.why("linear#2.output[0,1]", top=top)
        assert len(path.levels) == 1 + min(top, 3)
        for level in levels(path):  # terms that are 0 lead nowhere
            assert len(level.terms) + sum(t.product == 0 for t in rec.explain(level.address).terms) >= min(
                top, 3
            )
            assert all(term.product != 0 for term in level.terms)
        assert all(map(adds_up, levels(path)))
    for settings, text in {
        ("depth", 0): "why: depth must be a whole number above 0. Got depth=0.",
        ("top", 1.5): "why: top must be a whole number above 0. Got top=1.5.",
        ("top", True): "why: top must be a whole number above 0. Got top=True.",
    }.items():
        with pytest.raises(ArgumentError) as caught:
            rec.why("linear#2.output[0,1]", **dict([settings]))  # type: ignore[arg-type]
        assert str(caught.value) == text
    with pytest.raises(ArgumentError, match=r"^explain: a number that was given has no arithmetic to show"):
        rec.why("w1[0,0]")
    with pytest.raises(AddressError, match=r"^why: index 4 lies outside axis 1"):
        rec.why("linear.output[0,4]")


def test_both_factors_are_followed_and_a_number_is_explained_once() -> None:
    path = two_layers().why("grad(w2)[0,1]", depth=2)
    assert [child.address for child in path.children] == ["linear.output[0,1]"]
    rec = recording(
        run(
            lambda s, a, b, c: F.linear(F.linear(F.linear(s, a), b), c),
            normal(2, 2),
            {"a": normal(2, 2, seed=2), "b": normal(2, 2, seed=3), "c": normal(2, 2, seed=4)},
        )
    )
    path = rec.why("grad(b)[0,1]", depth=3)
    assert [child.address for child in path.children] == [
        address for term in path.level.terms for address in (term.factors[0][0], term.factors[1][0])
    ]
    assert {a.split("[")[0] for a in path.levels} == {
        "grad(b)", "grad(linear#2.output)", "linear.output",
    }  # fmt: skip
    forked = rec.why("linear#3.output[1,0]", depth=4)
    assert str(forked).count(", as above") == 2  # both of layer 2 read both of layer 1
    assert len(forked.levels) == 1 + 2 + 2
    data = json.loads(json.dumps(forked.to_dict(), allow_nan=False))
    assert list(data["levels"]) == list(forked.levels)
    assert data["levels"]["linear#3.output[1,0]"]["terms"][0]["factors"][0]["address"] in data["levels"]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_level_adds_up(dtype: Any) -> None:
    def net(s: Any, w: Any, b: Any, v: Any, u: Any) -> Any:
        s = F.conv2d(F.conv2d(s, w, b, padding=1, stride=2), v, padding=1)
        return F.conv2d(F.conv2d(s, v, padding=(0, 1)), u)

    arrays = {"w": normal(4, 3, 3, 2), "b": normal(4), "v": normal(4, 4, 2, 2), "u": normal(1, 4, 1, 1)}
    rec = recording(run(net, normal(3, 3, 9, 8, dtype=dtype), arrays))
    for address in ("conv2d#4.output[1,0,2,3]", "grad(v)[1,2,0,1]", "grad(w)[3,2,2,1]", "grad(input)[1,2,4,3]",
                    "grad(b)[3]"):  # fmt: skip
        for depth, top in ((4, 3), (2, 40)):
            path = rec.why(address, depth=depth, top=top)
            assert len(path.levels) > depth
            assert all(map(adds_up, levels(path)))
            assert all(level.certified for level in levels(path))
            largest = [abs(Fraction(term.product)) for term in path.level.terms]
            assert largest == sorted(largest, reverse=True)
            trace = rec.explain(address)
            assert float(path.level.exact) == float(trace.exact)
            assert path.level.rest_count == len(trace.terms) - len(path.level.terms)
    # a parameter with two uses: the contribution of each, then what made it
    shared = rec.why("grad(v)[1,2,0,1]", depth=2)
    assert [child.address for child in shared.children] == [
        "grad(v) by conv2d#3[1,2,0,1]", "grad(v) by conv2d#2[1,2,0,1]",
    ]  # fmt: skip


LEVEL = Level("x[0]", 1.0, "float32", "formula", "f", True, None, (), 0, Fraction(0), Fraction(0))


def made(kind: Any, terms: Joined, exact: float, bound: float = 0.0) -> Trace:
    return Trace(
        kind=kind, address="x[0]", dtype="float32", value=exact, formula="f", terms=terms, start=None, exact=exact,
        error_bound=bound, replay=None, certified=True, question=None, account=None,
    )  # fmt: skip


def columns(*values: float) -> Products:
    operand = Operand("y", np.array(values, np.float32))
    return Products.of(Group((Element(operand, (np.arange(len(values)),)),)), 0, 1)


def test_a_selection_shows_the_winner() -> None:
    level = level_of(made("select", Joined([columns(3, 7, 7, -9)]), 7.0), top=5)
    assert [term.factors for term in level.terms] == [(("y[1]", 7.0),)]
    assert (level.exact, level.rest, level.rest_count) == (7, 0, 3)
    assert str(Path("x[0]", {"x[0]": level})) == (
        "x[0] = 7.0, exact 7\n│  f\n├─ 7 = y[1] 7.0\n└─ … 3 more, not chosen"
    )
    nan = level_of(made("select", Joined([columns(math.nan, 3, math.nan)]), math.nan), top=5)
    assert nan.terms[0].factors[0][0] == "y[2]"
    assert "x[0] = nan, exact nan" in str(Path("x[0]", {"x[0]": nan}))


def test_a_formula_may_have_more_than_its_terms() -> None:
    level = level_of(made("formula", Joined([columns(1, 2)]), 3.5, bound=0.1), top=5)
    assert (level.exact, level.rest, level.rest_count) == (Fraction(7, 2), Fraction(1, 2), 0)
    assert str(Path("x[0]", {"x[0]": level})).endswith("└─ what the formula has beyond them, 0.5")
    near = level_of(made("formula", Joined([columns(1, 2)]), 3.05, bound=0.1), top=1)
    assert (near.exact, near.rest, near.rest_count) == (3, 1, 1)  # the terms' own sum
    none = level_of(made("formula", Joined([]), 2.0), top=1)
    assert (none.exact, none.rest, none.rest_count) == (2, 2, 0)
    scale = Products.of(Group((Quantity("scale", np.array([[0.1]])), Quantity("n", np.array([[3.0]])))), 0, 1)
    less = Products.of(Group((Quantity("−1", np.array([[-1.0]])), Quantity("n", np.array([[3.0]])))), 0, 1)
    assert "└─ -3 = −1 · n 3.0" in str(Path("x[0]", {"x[0]": level_of(made("sum", Joined([less]), -3.0), 1)}))
    third = level_of(made("formula", Joined([scale]), 0.1 * 3), top=1)
    assert third.exact == Fraction(0.1) * 3
    assert "= scale 0.1 · n 3.0" in str(Path("x[0]", {"x[0]": third}))


def test_numbers_that_are_not_finite() -> None:
    x = np.array([[1, np.inf, 2]], np.float32)
    rec = recording(run(lambda s, w: F.linear(F.linear(s, w), w), x, {"w": W1}))
    path = rec.why("linear#2.output[0,0]", top=1)
    assert str(path).startswith("linear#2.output[0,0] = nan, exact nan\n")
    assert json.dumps(path.to_dict(), allow_nan=False)
    assert path.level.rest_count == 2
    assert math.isnan(float(path.level.rest))


def test_what_is_written_adds_up_to_the_last_digit() -> None:
    random = np.random.default_rng(0)
    terms = Joined([columns(*(random.standard_normal(30) * 10.0 ** random.integers(-9, 9, 30)))])
    assert terms.total is not None
    for top in (1, 4, 30):
        level = level_of(made("sum", terms, float(terms.total)), top)
        assert adds_up(level)
    tiny = level_of(made("sum", Joined([columns(1e-30, 2e-30)]), 3e-30), 1)
    assert adds_up(tiny)
    assert "e-30" in str(Path("x[0]", {"x[0]": tiny}))
    wrong = replace(level, rest=Fraction(level.rest) + 1)
    assert not adds_up(wrong)


def test_a_function_of_a_number_is_followed_to_the_number() -> None:
    factor = Term((("grad(f.output)[1]", 2.0), ("slope(f.output[1])", 0.5)), Fraction(1), ("2.0", "0.5"))
    ends = replace(LEVEL, address="f.output[1]", terms=(), exact=Fraction(0))
    path = Path("x[0]", {"x[0]": replace(LEVEL, terms=(factor,), exact=Fraction(1)), "f.output[1]": ends})
    assert [child.address for child in path.children] == ["f.output[1]"]
    assert str(path) == (
        "x[0] = 1.0, exact 1\n│  f\n└─ 1 = grad(f.output)[1] 2.0 · slope(f.output[1]) 0.5\n"
        "   └─ f.output[1] = 1.0, exact 0\n         f"
    )


def test_every_level_of_a_whole_step_adds_up() -> None:
    random = np.random.default_rng(0)
    step = pc.TrainStep(pc.models.lenet5(), pc.AdamW())
    x, y = random.random((2, 1, 28, 28), np.float32), np.array([3, 1])
    step(x, y)
    rec, count = step.record(x, y), 0
    for name, entry in rec.entries.items():
        if entry.source is None or not explained(entry.source):
            continue
        index = [int(random.integers(size)) for size in entry.shape]
        path = rec.why(f"{name}[{','.join(map(str, index))}]" if index else name, depth=3, top=3)
        assert all(level.rest_count or not level.rest for level in levels(path)), name  # nothing beyond terms
        assert all(map(adds_up, levels(path))), name
        assert str(path).startswith(f"{path.address} = ")
        count += len(path.levels)
    assert count > 20
