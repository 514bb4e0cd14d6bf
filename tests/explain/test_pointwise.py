"""Explanations of activations, dropout, sums and flatten: every number of small networks, by plain Python again."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from tests.support.curves import ABOVE_0, CURVES, sigma
from tests.support.recorded import normal, recording, run

from pellucid import functional as F
from pellucid.engine.graph import apply
from pellucid.explain import Recording, Trace
from pellucid.explain.question import Question
from pellucid.ops.dropout import Dropout
from pellucid.ops.maker import kinds
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.pow import Pow

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[[float], float]
TYPES = [np.float32, np.float64]
SHAPES = [(3, 2, 5), (2, 3, 4, 5), (2, 2, 3, 2, 3), (4, 7)]


def dropout(x: Any, p: float = 0.3) -> Any:
    return apply(Dropout(p), (x,))


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.25),
    "sigmoid": F.sigmoid,
    "tanh": F.tanh,
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "dropout": dropout,
    **{case.function: case for case in (*CURVES, *ABOVE_0)},
}
SMOOTH = ["sigmoid", "tanh", "gelu", "gelu tanh", "silu", *(case.function for case in (*CURVES, *ABOVE_0))]

POSITIVE = [case.function for case in ABOVE_0]


def name_of(activation: str) -> str:
    return activation.partition(" ")[0]


def traces(rec: Recording, name: str) -> Iterator[Trace]:
    for index in np.ndindex(*rec[name].shape):
        yield rec.explain(f"{name}[{','.join(map(str, index))}]")


def certified(rec: Recording) -> bool:
    certificates = rec.certify()
    assert certificates.checked >= sum(rec[name].size for name in rec.names() if rec.entries[name].source)
    return certificates.certified


def added_again(rec: Recording, trace: Trace, functions: dict[str, Function]) -> tuple[Fraction, Fraction]:
    """The terms' sum and size. Numbers of arrays are looked up, and functions of them computed once more."""
    total, size = Fraction(0), Fraction(0)
    for term in trace.terms:
        product = Fraction(1)
        for label, value in term.factors:
            address = re.fullmatch(r"(?:(√|½·1/|1/|(?!grad\()[^\W\d]\w*′?)\()?(.+)\[([\d,]+)\]\)?", label)
            if address:
                function, name, index = address.groups()
                number = float(rec[name][tuple(map(int, index.split(",")))])
                expected = number if function is None else float(functions[function](number))
                assert value == pytest.approx(expected, rel=1e-12 if function else 0, abs=1e-15)
            else:
                assert label in ("slope", "mask", "scale", "−1", "−0.5")
            product *= Fraction(value)
        total, size = total + product, size + abs(product)
    return total, size


def normal_probability(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def near_probability(x: float) -> float:
    return sigma(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def near_slope(x: float) -> float:
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return near_probability(x) + 2 * x * near_probability(x) * near_probability(-x) * inner


FUNCTIONS: dict[str, dict[str, Function]] = {
    "relu": {"relu′": lambda x: float(x > 0)},
    "leaky_relu": {"leaky_relu′": lambda x: 1.0 if x > 0 else 0.25},
    "sigmoid": {"σ": sigma},
    "tanh": {"tanh": math.tanh},
    "silu": {"σ": sigma, "silu′": lambda x: sigma(x) * (1 + x * (1 - sigma(x)))},
    "gelu": {
        "Φ": normal_probability,
        "gelu′": lambda x: normal_probability(x) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    },
    "gelu tanh": {"Φ": near_probability, "gelu′": near_slope},
    "dropout": {},
}
SYMBOLS = {
    "sqrt": ("√", "½·1/"),
    "log": ("log", "1/"),
    "mish": ("t", "mish′"),
    "hardswish": ("hardsigmoid", "hardswish′"),
}
for case in (*CURVES, *ABOVE_0):
    names = SYMBOLS.get(case.function, (case.function, f"{case.function}′"))
    FUNCTIONS[case.function] = dict(zip(names, (case.value, case.slope), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_number_is_certified(activation: str, shape: tuple[int, ...], dtype: Any) -> None:
    f = ACTIVATIONS[activation]
    x = normal(*shape, dtype=dtype) * 3
    x.flat[:3] = [0, -0.0, 1]
    x = abs(x) + dtype(0.125) if activation in POSITIVE else x
    rec = recording(run(lambda s: f(s) + s, x, {}))  # so the gradient of the input grows by two
    assert certified(rec)
    for name in (f"{name_of(activation)}.output", "grad(input)"):
        for trace in list(traces(rec, name))[::5]:
            assert trace.certified
            total, size = added_again(rec, trace, FUNCTIONS[activation])
            assert abs(total - Fraction(trace.exact)) <= size / 2**50
            assert abs(trace.value - float(trace.exact)) <= trace.error_bound
    assert (
        rec.explain(f"grad(input)[{','.join('0' * len(shape))}]")
        .terms[0]
        .factors[0][0]
        .startswith("grad(input) after add[")
    )


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
        -info.tiny / 3,
        info.tiny / 8,
        info.max / 4,
        -info.max / 4,
    ]
    numbers += [-708.2, -708.5, -745, 40, -40, 1e-8, float(info.max) ** 0.5 * 9]
    grads = np.array([1, -2.5, -0.0, np.nan, np.inf, info.tiny / 4, info.tiny, info.max / 4], dtype)
    x, g = np.meshgrid(np.array(numbers, dtype), grads)
    for f in ACTIVATIONS.values():
        for network in (f, lambda s, f=f: f(s) + s):
            program = run(network, x, {})
            graph = program.plan.graph
            root = program.plan.gradients[graph.output]
            root.memory[...] = g.reshape(root.memory.shape)
            program.run(graph.output, input=x)
            certificates = recording(program).certify()
            assert certificates.certified, str(certificates)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_ulp_is_noticed(activation: str, base: bool, dtype: Any) -> None:
    if activation in SMOOTH and dtype == np.float64:
        pytest.skip("functions in float64 err by some ulps themselves")
    f = ACTIVATIONS[activation]
    x = normal(3, 2, 5, 4, dtype=dtype)
    x = abs(x) if activation in POSITIVE else x
    network = (lambda s: f(s) + s) if base else f
    for name in (f"{name_of(activation)}.output", "grad(input)"):
        noticed = planted(network, x, name, lambda array: np.nextafter(array, dtype(np.inf)))
        twice_rounded = base and activation in SMOOTH and name == "grad(input)"
        assert noticed >= (0.75 if twice_rounded else 0.95) * x.size


def planted(network: Any, x: Array, name: str, change: Callable[[Array], Array]) -> int:
    """How many numbers of an array are not certified when it is changed behind the recording's back."""
    rec = recording(run(network, x, {}))
    array = rec._array(name)
    array[...] = change(array.copy())
    return {row.name: row for row in rec.certify().arrays}[name].failures


@pytest.mark.parametrize("dtype", TYPES)
def test_wrong_masks_and_signs_are_noticed(dtype: Any) -> None:
    x = normal(3, 4, 5, dtype=dtype)
    negative = int((x < 0).sum())
    assert planted(F.relu, x, "relu.output", lambda y: x) == negative
    gradient = recording(run(F.relu, x, {}))["grad(relu.output)"]
    assert planted(F.relu, x, "grad(input)", lambda g: gradient * (x < 0)) == x.size
    assert planted(F.relu, x, "grad(input)", lambda g: gradient) == negative
    assert planted(ACTIVATIONS["leaky_relu"], x, "leaky_relu.output", F.relu) == negative
    assert planted(F.tanh, x, "grad(input)", lambda g: gradient) > 50
    dropped = Dropout.stream().draws(x.size).reshape(x.shape) < 0.3 * 2**32
    assert planted(dropout, x, "dropout.output", lambda y: x / dtype(0.7)) >= dropped.sum() > 5
    assert planted(dropout, x, "dropout.output", lambda y: y * 0) == x.size - dropped.sum()
    assert planted(lambda s: F.relu(s) + s, x, "add.output", lambda y: x) == x.size - negative
    assert planted(lambda s: F.relu(s) + s, x, "grad(input)", lambda g: gradient) == x.size - negative
    assert planted(lambda s: F.flatten(s, 1), x, "flatten.output", lambda y: y[:, ::-1]) > 50


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
def test_flatten_and_add_pass_numbers_on(shape: tuple[int, ...], dtype: Any) -> None:
    rec = recording(
        run(lambda s: F.flatten(s, 1) + F.flatten(F.relu(s) + s, 1), normal(*shape, dtype=dtype), {})
    )
    assert certified(rec)
    for at, number in np.ndenumerate(rec["flatten.output"]):
        trace = rec.explain(f"flatten.output[{at[0]},{at[1]}]")
        index = (at[0], *np.unravel_index(at[1], shape[1:]))
        label = f"input[{','.join(map(str, map(int, index)))}]"
        assert (trace.kind, trace.error_bound, trace.terms[0].factors) == ("select", 0, ((label, number),))
    copies = {
        name: rec.explain(f"{name}[{','.join('1' * len(rec[name].shape))}]")
        for name in rec.names()
        if rec.entries[name].source
    }
    assert copies["grad(flatten.output)"].kind == copies["grad(flatten#2.output)"].kind == "select"
    grown = copies["grad(input)"]
    assert grown.kind == "sum"
    assert grown.formula == "grad_input = gradient so far + grad_output.reshape(input.shape)"
    assert grown.start is not None
    assert grown.start.factors[0][0].startswith("grad(input) after relu[1,1")
    assert "added to grad(input) after relu[1,1" in grown.note
    assert copies["add.output"].start is not None
    assert copies["add.output"].note == "one addition"


def test_a_sum_of_a_number_with_itself() -> None:
    def network(s: Any) -> Any:
        rectified = F.relu(s)
        return rectified + (s + s)

    rec = recording(run(network, normal(2, 3), {}))
    steps = [name for name in rec.names() if name.startswith("grad(input)")]
    assert steps == ["grad(input) after add by input", "grad(input) after add by other", "grad(input)"]
    assert rec.certify().certified
    gradient = rec["grad(add.output)"]
    np.testing.assert_array_equal(rec[steps[1]], 2 * gradient)
    trace = rec.explain("grad(input) after add by other[1,2]")
    assert trace.start is not None
    assert trace.start.factors[0] == ("grad(input) after add by input[1,2]", gradient[1, 2])
    assert trace.formula == "grad_other = gradient so far + grad_output"


def test_an_empty_batch() -> None:
    for f in ACTIVATIONS.values():
        assert recording(run(f, np.zeros((0, 3, 2), np.float32), {})).certify().checked == 0


def test_formulas_stand_alone() -> None:
    formulas = {
        "relu": ("output = 0 where input < 0, else input", "grad_output·(0 where output ≤ 0, else 1)"),
        "leaky_relu": (
            "output = input·(1 where input > 0, else negative_slope)",
            "grad_output·(1 where input > 0, else negative_slope)",
        ),
        "sigmoid": ("output = σ(input) = 1 / (1 + exp(−input))", "grad_output·output·(1 − output)"),
        "tanh": ("output = tanh(input)", "grad_output·(1 − output·output)"),
        "gelu": ("output = input·Φ(input)", "grad_output·(Φ(input) + input·Φ′(input))"),
        "silu": (
            "output = input·σ(input), σ(x) = 1 / (1 + exp(−x))",
            "grad_output·σ(input)·(1 + input·(1 − σ(input)))",
        ),
    }
    for name, (output, gradient) in formulas.items():
        rec = recording(run(lambda s, f=ACTIVATIONS[name]: f(s) + s, normal(1, 2), {}))
        assert rec.explain(f"{name}.output[0,1]").formula == output
        assert rec.explain("grad(input)[0,1]").formula == f"grad_input = gradient so far + {gradient}"
    rec = recording(run(dropout, normal(1, 2), {}))
    assert (
        rec.explain("dropout.output[0,1]").formula
        == "output[j] = input[j]·(scale where kept(j), else 0), scale = 1/(1 − p), 0 where p = 1"
    )


TEXT = """\
grad(input)[0,2] = 0.5  (float32)
  formula    grad_input = gradient so far + grad_output·(0 where output ≤ 0, else 1)
  numbers    grad(input)[0,2] = 0.5 + 0.5·0.0
  note       the mask is 0: input[0,2] = -3.0; added to grad(input) after add[0,2], what the
             gradient had grown to before
  largest 2 of 2 terms
    0.5 = grad(input) after add[0,2] 0.5
      0 = grad(relu.output)[0,2] 0.5     · relu′(input[0,2]) 0.0
  certified: |value − exact| = 0, bound 2.98e-08; replay 0.5 = value"""


def test_a_trace_as_text() -> None:
    program = run(lambda s: F.relu(s) + s, np.array([[1, 2, -3]], np.float32), {})
    graph = program.plan.graph
    program.plan.gradients[graph.output].memory[...] = 0.5
    program.run(graph.output, input=np.array([[1, 2, -3]], np.float32))
    assert str(recording(program).explain("grad(input)[0,2]")) == TEXT
    rec = recording(run(lambda x: dropout(x, 0.35), np.array([[1, 2, 3]], np.float32), {}))
    kept, dropped = rec.explain("dropout.output[0,2]"), rec.explain("dropout.output[0,1]")
    assert kept.substituted == "dropout.output[0,2] = 3.0·1.0·1.5384616"
    assert kept.note == (
        "element 2 is kept: its draw 1,580,916,068 of seed 0, step 0, layer 0 reaches 1,503,238,554"
    )
    assert dropped.substituted == "dropout.output[0,1] = 2.0·0.0·1.5384616"
    assert dropped.note == (
        "element 1 is dropped: its draw 1,471,289,401 of seed 0, step 0, layer 0 is below 1,503,238,554"
    )


def test_infinity_is_no_term_of_what_a_mask_of_0_passes() -> None:
    rec = recording(run(F.relu, np.array([[-np.inf, -2]], np.float32), {}))
    masked, finite = rec.explain("relu.output[0,0]"), rec.explain("relu.output[0,1]")
    assert (masked.value, masked.exact, len(masked.terms), masked.error_bound) == (0, 0, 0, 0)
    assert masked.substituted == "relu.output[0,0] = 0"
    assert finite.terms[0].factors == (("input[0,1]", -2.0), ("mask", 0.0))


def test_a_note_says_the_mask_or_the_slope() -> None:
    x = np.array([[3, -2]], np.float32)
    mask, slope = (
        recording(run(F.relu, x, {})),
        recording(run(partial(F.leaky_relu, negative_slope=0.1), x, {})),
    )
    asked = product(((mask, "relu"), (slope, "leaky_relu")), (0, 1))
    traces = [rec.explain(f"{op}.output[0,{i}]") for (rec, op), i in asked]
    assert [trace.note for trace in traces] == [
        "the mask is 1: input[0,0] = 3.0",
        "the mask is 0: input[0,1] = -2.0",
        "the slope is 1.0: input[0,0] = 3.0",
        "the slope is 0.1: input[0,1] = -2.0",
    ]
    korean = [trace.to_dict(lang="ko")["note"] for trace in traces]
    assert korean[1::2] == ["마스크가 0입니다: input[0,1] = -2.0", "곱하는 값이 0.1입니다: input[0,1] = -2.0"]


def test_accounts_are_of_many_elements_at_once() -> None:
    x = normal(2, 3, 4)
    rec = recording(run(F.silu, x, {}))
    at = np.argwhere(np.ones(x.shape, np.bool_))[::-1]
    question: Question = rec._question(rec.entries["silu.output"], at)
    assert question.value.tolist() == rec["silu.output"].ravel()[::-1].tolist()


def test_every_activation_is_here() -> None:
    """Powers are among the expressions of test_formulas_add_up.py."""
    programs = [run(f, normal(1, 2), {}) for f in ACTIVATIONS.values()]
    here = {type(program.plan.graph.nodes[0].op) for program in programs}
    assert here | {Pow} == {Dropout} | {kind for kind in kinds().values() if issubclass(kind, Pointwise)}
