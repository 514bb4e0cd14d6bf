"""Recordings and the explanations of sums: every number of small networks, by independent arithmetic."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from tests.support.recorded import looked_up, normal, recording, replaced, run

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import AddressError, ArgumentError
from pellucid.explain import Recording
from pellucid.ops.conv import Conv


@dataclass(frozen=True)
class Net:
    """A convolution, ReLU and a linear layer."""

    label: str
    input: tuple[int, ...]
    weight: tuple[int, ...]
    bias: bool = True
    settings: dict[str, Any] = field(default_factory=dict)

    def run(self, dtype: Any) -> Any:
        dims = len(self.input) - 2
        op = Conv(dims, **{"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **self.settings})
        features = math.prod(op.infer(self.input, self.weight, None)[1:])
        arrays = {
            "conv.weight": normal(*self.weight, seed=2),
            "fc.weight": normal(3, features, seed=4),
            "fc.bias": normal(3, seed=5),
        }
        if self.bias:
            arrays["conv.bias"] = normal(self.weight[0], seed=3)
        conv = getattr(F, f"conv{dims}d")

        def network(x: Any, **p: Any) -> Any:
            hidden = conv(x, p["conv.weight"], p.get("conv.bias"), **self.settings)
            return F.linear(F.flatten(F.relu(hidden), 1), p["fc.weight"], p["fc.bias"])

        return run(network, normal(*self.input, dtype=dtype), arrays)


NETS = [
    Net("2d", (3, 2, 5, 4), (4, 2, 3, 2)),
    Net("one image", (1, 3, 4, 5), (2, 3, 2, 3), settings={"padding": (1, 2)}),
    Net(
        "strides, gaps",
        (2, 2, 7, 6),
        (3, 2, 2, 2),
        bias=False,
        settings={"stride": (3, 2), "dilation": (2, 3)},
    ),
    Net(
        "uneven padding", (9, 1, 4, 3), (2, 1, 3, 2), settings={"padding": ((2, 0), (1, 3)), "stride": (2, 1)}
    ),
    Net("groups", (2, 4, 4, 3), (6, 2, 2, 3), settings={"groups": 2, "padding": (0, 1)}),
    Net("depthwise", (2, 3, 4, 5), (6, 1, 3, 2), settings={"groups": 3, "padding": 1}),
    Net("unread input", (2, 2, 6, 5), (3, 2, 2, 1), settings={"stride": (4, 3)}),
    Net("1d", (5, 3, 9), (4, 3, 3), settings={"padding": 2, "dilation": 2, "stride": 2}),
    Net("3d", (2, 2, 3, 4, 3), (3, 2, 2, 3, 2), settings={"padding": (1, 0, 1), "stride": (1, 2, 1)}),
]
SUMS = [
    "conv{d}d.output",
    "linear.output",
    "grad(conv.weight)",
    "grad(fc.weight)",
    "grad(fc.bias)",
    "grad(input)",
]


def addresses(rec: Recording, name: str) -> Iterator[str]:
    for index in np.ndindex(*rec[name].shape):
        yield f"{name}[{','.join(map(str, index))}]"


def product(rec: Recording, factors: tuple[tuple[str, float], ...]) -> Fraction:
    """A term from the recording's arrays alone."""
    result = Fraction(1)
    for address, value in factors:
        number = looked_up(rec, address)
        assert number == value
        result *= Fraction(number)
    return result


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.label)
def test_every_sum_is_certified(net: Net, dtype: Any) -> None:
    rec = recording(net.run(dtype))
    names = [name.format(d=len(net.input) - 2) for name in SUMS] + ["grad(conv.bias)"] * net.bias
    for name in [*names, "grad(flatten.output)"]:
        for address in addresses(rec, name):
            trace = rec.explain(address)
            assert trace.certified, str(trace)
            assert trace.replay == trace.value
            gap = abs(Fraction(trace.value) - Fraction(trace.exact))
            assert gap <= trace.error_bound
            assert trace.error == float(gap)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.label)
def test_terms_add_up_by_plain_fractions(net: Net, dtype: Any) -> None:
    rec = recording(net.run(dtype))
    for name in [name.format(d=len(net.input) - 2) for name in SUMS]:
        for address in list(addresses(rec, name))[::7]:
            trace = rec.explain(address)
            total = product(rec, trace.start.factors) if trace.start else Fraction(0)
            for term in trace.terms:
                exact = product(rec, term.factors)
                assert term.product == exact
                total += exact
            assert trace.exact == (total if dtype == np.float64 else float(total))


def test_contributions_from_several_layers() -> None:
    def network(s: Any, w: Any, b: Any, fc: Any) -> Any:
        first = F.conv2d(s, w, b, padding=1)
        second = F.conv2d(first, w, b, padding=1)
        return F.linear(F.flatten(F.conv2d(second + first, w, b, padding=1), 1), fc)

    arrays = {"w": normal(2, 2, 3, 3), "b": normal(2), "fc": normal(3, 24, seed=7)}
    rec = recording(run(network, normal(3, 2, 4, 3, seed=9), arrays))
    names = rec.names()
    assert [n for n in names if n.startswith("grad(w)")] == [
        "grad(w) by conv2d#3",
        "grad(w) by conv2d#2",
        "grad(w) by conv2d",
        "grad(w)",
    ]
    for name in [
        n for n in names if n.startswith(("grad(w)", "grad(b)", "grad(conv2d.output)", "grad(input)"))
    ]:
        if name.endswith("after add"):
            continue
        for address in addresses(rec, name):
            assert rec.explain(address).certified, address
    total = rec.explain("grad(w)[1,0,2,1]")
    assert total.start is not None
    assert total.start.factors[0][0] == "grad(w) by conv2d#3[1,0,2,1]"
    assert [term.factors[0][0] for term in total.terms] == [
        "grad(w) by conv2d#2[1,0,2,1]",
        "grad(w) by conv2d[1,0,2,1]",
    ]
    step = rec.explain("grad(conv2d.output)[2,1,3,0]")
    assert step.start is not None
    assert step.start.factors[0][0] == "grad(conv2d.output) after add[2,1,3,0]"
    assert "order: from grad(conv2d.output) after add[2,1,3,0]" in step.note
    assert step.formula.startswith("grad_input[n,c,i] = gradient so far + Σ")


TEXT = """\
conv1d.output[0,1,0] = -3.5  (float32)
  formula    output[n,o,y] = bias[o] + Σ_{c,k} input[n,c,i]·weight[o,c,k], i = y·stride + k·dilation
             − padding
  numbers    conv1d.output[0,1,0] = 0.5 + 0.0·1.0 + 1.0·2.0 + 2.0·(-3.0)
  note       reads input at W -1…1; 1 of 3 products meet padding and add exact zeros; order: from
             b[1], kernel positions ascending, at each the input channels ascending, one fused
             multiply–add each
  largest 3 of 3 terms
    0.5 = b[1] 0.5, the start
     -6 = input[0,0,1] 2.0            · w[1,0,2] -3.0
      2 = input[0,0,0] 1.0            · w[1,0,1] 2.0
      0 = input[0,0,-1] (padding) 0.0 · w[1,0,0] 1.0
  certified: |value − exact| = 0, bound 1.01e-06; replay -3.5 = value"""


def test_a_trace_as_text_and_as_data() -> None:
    x = np.array([1.0, 2.0, 3.0], np.float32).reshape(1, 1, 3)
    arrays = {"w": np.array([[[9, 9, 9]], [[1, 2, -3]]], np.float32), "b": np.array([0, 0.5], np.float32)}
    rec = recording(run(lambda s, w, b: F.conv1d(s, w, b, padding=1), x, arrays))
    trace = rec.explain("conv1d.output[0,1,0]")
    assert str(trace) == TEXT
    data = trace.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["start"] == {"factors": [{"address": "b[1]", "value": 0.5}], "product": 0.5}
    assert data["terms"][0] == {
        "factors": [
            {"address": "input[0,0,-1] (padding)", "value": 0.0},
            {"address": "w[1,0,0]", "value": 1.0},
        ],
        "product": 0.0,
    }
    assert data["terms"][2] == {
        "factors": [{"address": "input[0,0,1]", "value": 2.0}, {"address": "w[1,0,2]", "value": -3.0}],
        "product": -6.0,
    }
    assert {key: data[key] for key in ("kind", "value", "exact", "replay", "certified", "term_count")} == {
        "kind": "sum", "value": -3.5, "exact": -3.5, "replay": -3.5, "certified": True, "term_count": 3,
    }  # fmt: skip
    assert trace.to_dict(limit=1)["terms"] == data["terms"][:1]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_by_padding_are_terms_with_a_name(dtype: Any) -> None:
    def network(s: Any, w: Any, v: Any) -> Any:
        return F.conv3d(F.conv3d(s, w, padding=1, stride=(2, 1, 1)), v, padding=(2, 0, 1))

    arrays = {"w": -abs(normal(2, 3, 3, 3, 3)), "v": normal(2, 2, 1, 2, 3)}
    rec = recording(run(network, normal(2, 3, 5, 4, 3, dtype=dtype), arrays))
    for name in ("conv3d.output", "conv3d#2.output", "grad(w)", "grad(v)", "grad(conv3d.output)"):
        for address in list(addresses(rec, name))[::9]:
            trace = rec.explain(address)
            padding = [t for t in trace.terms if any(a.endswith(" (padding)") for a, _ in t.factors)]
            assert all(term.product == 0 for term in padding)
            assert "-0 =" not in str(trace)
            noted = f"{len(padding)} of {len(trace.terms)} products meet padding"
            assert (noted in trace.note) == bool(padding)
            assert trace.html()
            json.dumps(trace.to_dict())
    corner = rec.explain("conv3d.output[1,1,0,0,0]")
    assert len(corner.terms) == 3**4
    assert corner.terms[1].factors == (
        ("input[1,1,-1,-1,-1] (padding)", 0.0),
        ("w[1,1,0,0,0]", float(rec["w"][1, 1, 0, 0, 0])),
    )
    path = rec.why("conv3d#2.output[1,1,2,0,0]", top=99)  # 4 of 12 products at the left border
    assert (len(path.level.terms), path.level.rest_count, path.level.rest) == (8, 4, 0)
    assert len(path.levels) == 9
    with pytest.raises(AddressError, match="an address is a name and an index"):
        rec.uses("input[1,1,-1,-1,-1] (padding)")


def test_what_is_not_a_number_comes_before_the_zeros() -> None:
    weight = normal(1, 1, 3, 3)
    weight[0, 0, 2, 2] = np.nan
    trace = recording(run(lambda s, w: F.conv2d(s, w, padding=1), normal(1, 1, 3, 3), {"w": weight})).explain(
        "conv2d.output[0,0,0,0]"
    )
    assert [i for i in range(9) if trace.terms[i].product == 0] == [0, 1, 2, 3, 6]
    assert "largest 8 of 9 terms\n          nan = input[0,0,1,1]" in str(trace)


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_a_number_that_is_not_finite_is_called_so(number: float) -> None:
    x = np.array([[1.0, number]], np.float32)
    rec = recording(run(F.linear, x, {"weight": np.array([[2, 3]], np.float32)}))
    trace = rec.explain("linear.output[0,0]")
    said = f"the number is not finite; value {number}, exact {number}; replay {number} = value"
    assert trace.verdict() == f"certified: {said}"
    assert "유한하지 않은 수입니다" in trace.verdict("ko")
    wrong = replaced(rec, "linear.output", np.array([[7.0]], np.float32)).explain("linear.output[0,0]")
    assert wrong.verdict() == f"NOT certified: not finite; value 7.0, exact {number}; replay {number} ≠ value"


def test_fractions_in_data() -> None:
    x, weight = np.array([[0.1]]), np.array([[0.5]])
    data = recording(run(F.linear, x, {"weight": weight})).explain("linear.output").to_dict()
    assert data["exact"] == 0.05
    assert Fraction(data["exact_fraction"]) == Fraction(0.1) / 2
    assert data["terms"][0]["product_fraction"] == data["exact_fraction"]


def test_a_long_sum_is_explained_at_once() -> None:
    x = normal(64, 1, 32, 34)
    rec = recording(run(lambda s, w: F.conv2d(s, w, padding=(1, 0)), x, {"w": normal(2, 1, 3, 3)}))
    rec.explain("grad(w)[0,0,0,0]")
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        trace = rec.explain("grad(w)[1,0,1,2]")
        best = min(best, time.perf_counter() - start)
    assert len(trace.terms) == 65_536
    assert trace.certified
    assert best < 0.1
    assert trace.terms[65_535].factors[1][0] == "input[63,0,31,33]"
    assert [term.product for term in trace.terms[3:5]] == [trace.terms[3].product, trace.terms[4].product]
    with pytest.raises(IndexError):
        trace.terms[65_536]


def test_terms_come_in_the_order_of_the_taps() -> None:
    op = Conv(2, stride=(2, 1), padding=((2, 1), (0, 3)), dilation=(1, 2), groups=2)
    shapes = [(3, 4, 7, 6), (6, 2, 3, 2)]
    geometry = op.geometry(*shapes)
    reads = {
        "output": [((1, 2 + c, *i), (5, c, *k)) for k, i in geometry.taps((0, 4)) for c in range(2)],
        "grad_input": [
            ((1, 3 + o, *y), (3 + o, 1, *k)) for y, k in geometry.sources((6, 5)) for o in range(3)
        ],
        "grad_weight": [
            ((n, 5, *y), (n, 2, *i))
            for n in range(3)
            for y in np.ndindex(*geometry.output)
            for k, i in geometry.taps(y)
            if k == (2, 1)
        ],
    }
    for of, index in {
        "output": (1, 5, 0, 4),
        "grad_input": (1, 3, 6, 5),
        "grad_weight": (5, 0, 2, 1),
    }.items():
        terms = op.terms(of, np.array([index]), *shapes, None)
        arrays = {"input": shapes[0], "weight": shapes[1], "grad_output": op.infer(*shapes, None)}
        found = []
        for name, rows in terms.factors:
            whole = np.stack(np.broadcast_arrays(*rows), axis=-1).reshape(-1, len(rows))
            found.append((whole, (whole >= 0) & (whole < arrays[name])))
        (left, here), (right, there) = found
        left, right = (
            np.broadcast_to(left, (max(len(left), len(right)), 4)),
            np.broadcast_to(right, (len(left), 4)),
        )
        kept = here.all(axis=1) & there.all(axis=1)
        if terms.present is not None:
            kept &= terms.present.ravel()
        pairs = zip(map(tuple, left[kept].tolist()), map(tuple, right[kept].tolist()), strict=True)
        assert list(pairs) == reads[of]


TRANSPOSED = [
    ((3, 2, 5, 4), (2, 3, 3, 2), {"stride": (2, 1), "padding": (1, 0), "output_padding": (1, 0)}),
    ((2, 4, 3, 5), (4, 2, 2, 3), {"groups": 2, "stride": (3, 2), "dilation": (1, 2)}),
    ((2, 2, 6), (2, 4, 3), {"padding": 1}),
    ((1, 2, 2, 3, 4), (2, 3, 2, 1, 3), {"stride": (1, 2, 2)}),
]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("input", "weight", "settings"), TRANSPOSED)
def test_transposed_convolution(
    input: tuple[int, ...], weight: tuple[int, ...], settings: dict[str, Any], dtype: Any
) -> None:
    function = getattr(F, f"conv_transpose{len(input) - 2}d")
    arrays = {"w": normal(*weight), "b": normal(weight[1] * settings.get("groups", 1), seed=2)}
    program = run(lambda s, w, b: function(s, w, b, **settings), normal(*input, dtype=dtype), arrays)
    rec = recording(program)
    names = [f"{function.__name__}.output", "grad(w)", "grad(b)", "grad(input)"]
    table = {array.name: array for array in rec.certify().arrays}
    for name in names:
        assert table[name].checked == rec[name].size
        assert not table[name].failures
        for address in list(addresses(rec, name))[::11]:
            trace = rec.explain(address)
            total = product(rec, trace.start.factors) if trace.start else Fraction(0)
            total += sum(product(rec, term.factors) for term in trace.terms)
            assert trace.exact == (total if dtype == np.float64 else float(total))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_weights_and_long_runs(dtype: Any) -> None:
    def network(s: Any, w: Any, v: Any) -> Any:
        return F.linear(F.flatten(F.conv2d(s, w, padding=1), 1), v)

    arrays = {"w": normal(37, 3, 3, 2), "v": normal(19, 37 * 8 * 8, seed=3)}
    rec = recording(run(network, normal(5, 3, 8, 7, dtype=dtype), arrays))
    for name in (
        "conv2d.output",
        "linear.output",
        "grad(w)",
        "grad(v)",
        "grad(flatten.output)",
        "grad(input)",
    ):
        for row in np.random.default_rng(6).integers(0, rec[name].shape, (20, rec[name].ndim)):
            assert rec.explain(f"{name}[{','.join(map(str, row))}]").certified


@pytest.mark.parametrize(
    ("taps", "numbers"),
    [(4, "1.0·1.0 + 2.0·1.0 + 3.0·1.0 + 4.0·1.0"), (5, "1.0·1.0 + 2.0·1.0 + 3.0·1.0 + … (2 more terms)")],
)
def test_what_a_long_sum_leaves_out_is_more_than_one_term(taps: int, numbers: str) -> None:
    layer = pc.Conv1d(1, 1, taps, bias=False)
    layer.load_state_dict({"weight": np.ones((1, 1, taps))})
    rec = pc.record(layer, np.arange(1.0, taps + 1)[None, None])
    assert rec.explain("conv1d.output[0,0,0]").substituted == f"conv1d.output[0,0,0] = {numbers}"


def test_a_trace_speaks_the_language_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = recording(NETS[0].run(np.float32))
    english = rec.explain("conv2d.output[0,0,1,1]")
    korean = rec.explain("conv2d.output[0,0,1,1]", lang="ko")
    assert english.note.startswith("reads input at H 1…3, W 1…2; order: from conv.bias[0], kernel positions")
    assert korean.note.startswith(
        "input의 H 1…3, W 1…2 위치를 읽습니다; 덧셈 순서: conv.bias[0]에서 시작하여 커널"
    )
    assert korean.substituted.endswith("… (항 9개가 더 있습니다)")
    assert "인증됨: |값 − 정확한 값| = " in str(korean)
    assert english.text("ko") == str(korean)
    assert korean.text("en") == str(english)
    assert english.to_dict(lang="ko") == korean.to_dict()
    assert korean.formula == english.formula
    assert all(cell_len(line) <= 100 for line in str(korean).splitlines())
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert str(rec.explain("conv2d.output[0,0,1,1]")) == str(korean)
    with pytest.raises(ArgumentError, match="이 언어로 된 글은 없습니다"):
        rec.explain("conv2d.output[0,0,1,1]", lang="kr")
    with pytest.raises(ArgumentError, match="이 언어로 된 글은 없습니다"):
        english.text("kr")


def test_certificates_speak_the_language_that_is_asked_for() -> None:
    found = recording(NETS[0].run(np.float32)).certify(3, lang="ko")
    assert str(found).splitlines()[0].split()[:2] == ["배열", "종류"]
    assert str(found).endswith("개를 검사하여 모두 인증했습니다")
    assert found.text("en").endswith(" numbers checked, all certified")
    heads, first, *_ = str(found).splitlines()
    assert cell_len(heads) == cell_len(first)
