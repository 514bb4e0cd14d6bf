"""The gradient doctor: right layers pass, planted mistakes are called by their names, with numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests import student_layers as student

import pellucid as pc


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def ties(*shape: int) -> Any:
    return np.random.default_rng(5).integers(-2, 3, shape).astype(float)


CONV2D = (normal(2, 3, 6, 5), normal(4, 3, 3, 2), normal(4))
CONV1D = (normal(3, 2, 9), normal(4, 2, 3), normal(4))
MASK = (np.random.default_rng(3).random((4, 6)) < 0.5).astype(float)
RIGHT: dict[str, tuple[student.Functions, Any]] = {
    "conv2d": (student.convolution(), CONV2D),
    "conv2d, stride": (student.convolution((2, 3)), CONV2D),
    "conv2d, padding": (student.convolution((2, 1), (1, 2)), CONV2D),
    "conv2d, dilation": (student.convolution((1, 2), (2, 1), (2, 3)), CONV2D),
    "conv2d, groups": (
        student.convolution((1, 1), (1, 0), None, 2),
        (normal(2, 4, 5, 4), normal(6, 2, 3, 2), normal(6)),
    ),
    "conv1d": (student.convolution((2,), (2,)), CONV1D),
    "conv3d": (
        student.convolution((1, 2, 1), (0, 1, 1)),
        (normal(1, 2, 3, 4, 3), normal(2, 2, 2, 3, 2), normal(2)),
    ),
    "transposed convolution": (student.transposed_convolution(), (normal(2, 3, 4), normal(3, 2, 3))),
    "true convolution": (student.true_convolution(), (normal(9), normal(4))),
    "linear": (student.linear(), (normal(5, 4), normal(3, 4), normal(3))),
    "relu": (student.relu(), (normal(2, 3, 4, 5),)),
    "relu at zeros": (student.relu(), (ties(4, 5),)),
    "relu of nothing but zeros": (student.relu(), (np.zeros((3, 4)),)),
    "leaky relu": (student.relu(0.01), (normal(4, 5),)),
    "linear and relu": (student.linear_relu(), (normal(5, 4), normal(4, 3), normal(3))),
    "add and relu": (student.add_relu(), (ties(3, 4), ties(3, 4))),
    "sigmoid": (student.elementwise("sigmoid"), (3 * normal(4, 5),)),
    "tanh": (student.elementwise("tanh"), (normal(4, 5),)),
    "gelu": (student.elementwise("gelu"), (2 * normal(4, 5),)),
    "max pool": (student.max_pool(), (normal(2, 3, 6, 4),)),
    "max pool, overlapping": (student.max_pool(3, 1), (normal(2, 2, 6, 5),)),
    "max pool, ties": (student.max_pool(3, 2), (ties(2, 3, 7, 5),)),
    "max pool of nothing but zeros": (student.max_pool(2, 1), (np.zeros((1, 2, 4, 3)),)),
    "avg pool": (student.avg_pool(), (normal(2, 3, 8),)),
    "avg pool, overlapping": (student.avg_pool(3, 2), (normal(2, 3, 9),)),
    "batch norm": (student.batch_norm(), {"x": normal(4, 3, 2, 5), "weight": normal(3), "bias": normal(3)}),
    "batch norm, little spread": (student.batch_norm(), (2 + 1e-3 * normal(4, 3), normal(3), normal(3))),
    "layer norm": (student.layer_norm(), (normal(3, 4, 6), normal(6), normal(6))),
    "softmax": (student.softmax(), (normal(4, 6),)),
    "cross-entropy": (student.cross_entropy(), (normal(5, 4), np.array([0, 3, 1, 1, 2]))),
    "add": (student.add(), (normal(3, 4), normal(3, 4, seed=1))),
    "dropout": (student.dropout(), (normal(4, 6), MASK)),
    "flatten": (student.flatten(), (normal(2, 3, 4),)),
    "embedding": (student.embedding(), (normal(7, 3), np.array([[1, 5, 1], [0, 1, 6]]))),
    "a class that remembers": (
        (lambda layer: (layer.forward, layer.backward))(student.RememberingLinear()),
        (normal(4, 3), normal(3, 5)),
    ),
}


@pytest.mark.parametrize("label", RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_no_false_alarm(label: str, seed: int) -> None:
    (forward, backward), inputs = RIGHT[label]
    report = pc.check_gradient(forward, backward, inputs, seed=seed)
    assert report.ok, str(report)
    assert not report.wrong
    assert not report.diagnoses


@dataclass(frozen=True)
class Planted:
    """A layer with a mistake, its inputs, and what must be found: the kind for each wrong input."""

    layer: Callable[..., student.Functions]
    settings: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    found: dict[str, str]


def conv(
    mistake: str, stride: tuple[int, ...], padding: tuple[int, ...], *shapes: Any, **found: str
) -> Planted:
    settings = {"stride": stride, "padding": padding, "mistake": mistake}
    return Planted(student.convolution, settings, shapes, found)


def layer(function: Any, mistake: str, *shapes: Any, settings: Any = None, **found: str) -> Planted:
    return Planted(function, {"mistake": mistake, **(settings or {})}, shapes, found)


TWO = ((2, 3, 6, 5), (4, 3, 3, 2), (4,))
SQUARE = ((3, 2, 7, 7), (2, 2, 3, 3), (2,))
LINEAR = ("x", "weight", "bias")
ONE = ((3, 2, 9), (4, 2, 3), (4,))
PLANTED = [
    conv("kernel flipped", (1, 1), (0, 0), *TWO, weight="kernel_flipped"),
    conv("kernel flipped", (2, 2), (1, 1), *SQUARE, weight="kernel_flipped"),
    conv("kernel flipped", (1,), (1,), *ONE, weight="kernel_flipped"),
    conv("kernel not flipped", (1, 1), (0, 0), *TWO, x="kernel_flipped"),
    conv("kernel not flipped", (2, 2), (1, 1), *SQUARE, x="kernel_flipped"),
    conv("kernel not flipped", (1,), (1,), *ONE, x="kernel_flipped"),
    layer(student.true_convolution, "kernel not flipped", (9,), (4,), kernel="kernel_flipped"),
    layer(student.true_convolution, "kernel flipped twice", (8,), (3,), x="kernel_flipped"),
    conv("stride ignored", (2, 3), (0, 0), *TWO, x="stride_ignored", weight="stride_ignored"),
    conv("stride ignored", (2, 2), (1, 1), *SQUARE, x="stride_ignored", weight="stride_ignored"),
    conv("stride ignored", (2,), (0,), *ONE, x="stride_ignored", weight="stride_ignored"),
    layer(student.max_pool, "stride ignored", (2, 3, 6, 4), x="stride_ignored"),
    layer(student.transposed_convolution, "stride ignored", (2, 3, 5), (3, 2, 3), x="stride_ignored"),
    conv("cropped at the end", (1, 1), (1, 1), *TWO, x="padding_cropped"),
    conv("cropped at the end", (2, 2), (1, 2), *SQUARE, x="padding_cropped"),
    conv("cropped at the end", (1,), (2,), *ONE, x="padding_cropped"),
    conv("cropped at the beginning", (1, 1), (0, 1), *TWO, x="padding_cropped"),
    conv("cropped at the beginning", (2, 2), (1, 1), *SQUARE, x="padding_cropped"),
    conv("cropped at the beginning", (1,), (1,), *ONE, x="padding_cropped"),
    conv("not cropped", (1, 1), (1, 2), *TWO, x="padding_not_cropped"),
    conv("= for the input", (1, 1), (0, 0), *TWO, x="assigned_not_added"),
    conv("= for the input", (2, 2), (1, 1), *SQUARE, x="assigned_not_added"),
    conv("= for the input", (1,), (1,), *ONE, x="assigned_not_added"),
    conv("= for the weight", (1, 1), (0, 0), *TWO, weight="assigned_not_added"),
    layer(student.max_pool, "=", (2, 3, 7, 5), settings={"size": 3, "stride": 1}, x="assigned_not_added"),
    layer(
        student.max_pool,
        "= with zeros",
        (2, 3, 7, 6),
        settings={"size": 3, "stride": 1},
        x="assigned_not_added",
    ),
    layer(student.avg_pool, "=", (2, 3, 9), settings={"size": 3, "stride": 2}, x="assigned_not_added"),
    conv("last image only", (1, 1), (0, 0), *TWO, weight="batch_sum_missing"),
    conv("last image only", (2, 2), (1, 1), *SQUARE, weight="batch_sum_missing"),
    conv("last image only", (1,), (1,), *ONE, weight="batch_sum_missing"),
    layer(student.linear, "last image only", (5, 4), (3, 4), (3,), weight="batch_sum_missing"),
    layer(student.linear, "first image only", (4, 4), (4, 4), (4,), weight="batch_sum_missing"),
    layer(student.linear, "bias not summed", (5, 4), (3, 4), (3,), bias="batch_sum_missing"),
    layer(student.relu, "gate on grad_output", (4, 5), x="relu_gate"),
    layer(student.relu, "gate on grad_output", (2, 3, 4, 5), x="relu_gate"),
    layer(student.relu, "gate on grad_output", (12,), settings={"slope": 0.1}, x="relu_gate"),
    layer(student.relu, "gate inverted", (3, 4), x="relu_gate"),
    layer(student.relu, "no gate", (3, 4), x="relu_gate_missing"),
    layer(
        student.linear_relu, "gate on grad_output", (5, 3), (3, 4), (4,), **dict.fromkeys(LINEAR, "relu_gate")
    ),
    layer(student.linear_relu, "no gate", (5, 3), (3, 4), (4,), **dict.fromkeys(LINEAR, "relu_gate_missing")),
    layer(student.add_relu, "gate on one summand", (3, 4, 5), (3, 4, 5), x="relu_gate", shortcut="relu_gate"),
    layer(student.linear, "mean over the batch", (5, 4), (3, 4), (3,), weight="mean_instead_of_sum"),
    conv(
        "mean over the batch", (1, 1), (0, 0), *TWO, weight="mean_instead_of_sum", bias="mean_instead_of_sum"
    ),
    conv("mean over the batch", (1,), (1,), *ONE, weight="mean_instead_of_sum", bias="mean_instead_of_sum"),
    layer(student.avg_pool, "sum instead of mean", (2, 3, 8), x="sum_instead_of_mean"),
    layer(student.linear, "weight transposed", (5, 4), (4, 4), (4,), x="transposed"),
    layer(student.linear, "gradient transposed", (5, 4), (4, 4), (4,), weight="transposed"),
    layer(student.linear, "gradient transposed", (5, 4), (3, 4), (3,), weight="transposed"),
    conv("weight transposed", (1, 1), (0, 0), *SQUARE, weight="transposed"),
    layer(student.linear, "bias summed to one number", (5, 4), (3, 4), (3,), bias="summed_too_far"),
]


def name(planted: Planted) -> str:
    return f"{planted.layer.__name__}-{planted.settings['mistake']}-{planted.shapes[0]}".replace(" ", "_")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("planted", PLANTED, ids=name)
def test_planted_mistakes_have_names(planted: Planted, seed: int) -> None:
    forward, backward = planted.layer(**planted.settings)
    inputs = tuple(normal(*shape, seed=seed + 10 * i) for i, shape in enumerate(planted.shapes))
    report = pc.check_gradient(forward, backward, inputs, seed=seed)
    assert not report.ok
    assert {diagnosis.input: diagnosis.kind for diagnosis in report.diagnoses} == planted.found, str(report)
    assert {check.input for check in report.checks if not check.ok} == set(planted.found)


X, WEIGHT = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[0.5, -2.0], [4.0, 1.5], [-3.0, 0.25]])


def products(x: Any, weight: Any) -> Any:
    return x @ weight.T


def only_last(grad_output: Any, x: Any, weight: Any) -> Any:
    return grad_output @ weight, np.outer(grad_output[-1], x[-1])


def test_wrong_elements_with_their_terms() -> None:
    """grad_weight[o,i] = grad_output[0,o]·x[0,i] + grad_output[1,o]·x[1,i], of which the last term was given."""
    report = pc.check_gradient(products, only_last, (X, WEIGHT))
    assert [element.index for element in report.wrong] == [(o, i) for o in range(3) for i in range(2)]
    for element in report.wrong:
        o, i = element.index
        terms = {term.name: term for term in element.terms}
        assert set(terms) == {f"x[0,{i}]", f"x[1,{i}]"}
        assert {term.output for term in element.terms} == {(0, o), (1, o)}
        first, last = terms[f"x[0,{i}]"], terms[f"x[1,{i}]"]
        assert (first.derivative, last.derivative) == (X[0, i], X[1, i])  # named derivatives are exact
        assert element.got == pytest.approx(last.product, rel=1e-12)
        assert element.expected == pytest.approx(first.product + last.product, rel=1e-8)
        assert abs(element.terms[0].product) >= abs(element.terms[1].product)


def test_evidence_has_numbers() -> None:
    (diagnosis,) = pc.check_gradient(products, only_last, (X, WEIGHT)).diagnoses
    assert diagnosis.kind == "batch_sum_missing"
    assert diagnosis.evidence.startswith(
        "All wrong numbers (6) are what this mistake gives. For instance grad_weight[0,0]"
    )


def test_derivatives_that_are_no_single_element_keep_their_name() -> None:
    report = pc.check_gradient(lambda x, y: x * x * y, lambda g, x, y: (g * x * y, g * x * x), (X, X + 0.1))
    assert report.wrong[0].terms[0].name == "∂output[0,0]/∂x[0,0]"
    assert report.wrong[0].terms[0].derivative == pytest.approx(2 * X[0, 0] * (X[0, 0] + 0.1))


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_report_as_text_values_and_html(lang: str) -> None:
    report = pc.check_gradient(products, only_last, {"<x>": X, "weight": WEIGHT}, lang=lang)
    told, page = str(report), report._repr_html_()
    for part in (
        report.verdict,
        "grad_weight[0,0]",
        "batch_sum_missing",
        "✓ grad_<x> (2, 2)",
        "✗ grad_weight (3, 2)",
    ):
        assert part in told
    assert "grad_&lt;x&gt;" in page
    assert "<x>" not in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<div") == page.count("</div>") == 1
    assert "http" not in page
    values = json.loads(json.dumps(report.to_dict()))
    assert values["ok"] is False
    assert values["diagnoses"][0]["kind"] == "batch_sum_missing"
    assert values["wrong"][0]["index"] == [0, 0]
    assert len(values["wrong"][0]["terms"]) == values["wrong"][0]["term_count"] == 2
    assert values["lang"] == lang
    assert len(report.to_dict(limit=1)["wrong"]) == 1
    assert repr(report) == "<GradientReport wrong: weight: batch_sum_missing>"
    assert repr(report.wrong[0]).startswith("WrongElement(input='weight', index=(0, 0), got=")
    assert all(len(line) <= 100 for line in told.splitlines())


def test_right_report_is_short() -> None:
    report = pc.check_gradient(products, lambda g, x, weight: (g @ weight, g.T @ x), (X, WEIGHT))
    assert str(report).splitlines()[0] == "Every gradient agrees with forward."
    assert len(str(report).splitlines()) == 3
    assert "Gradient check" in report._repr_html_()


def test_same_seed_same_report() -> None:
    reports = [pc.check_gradient(products, only_last, (X, WEIGHT), seed=seed).to_dict() for seed in (4, 4, 5)]
    assert reports[0] == reports[1]
    assert reports[0] != reports[2]


def test_more_mistakes() -> None:
    """Mistakes beyond the planted ones, each on the smallest layer that shows it."""
    x, y = normal(3, 4), normal(3, 4, seed=1)
    square: Any = (lambda x: x * x, (x,))
    cases: list[tuple[Any, Any, Any, dict[str, str]]] = [
        (*square[:1], lambda g, x: 2 * x, square[1], {"x": "grad_output_ignored"}),
        (*square[:1], lambda g, x: g * x, square[1], {"x": "factor"}),
        (*square[:1], lambda g, x: 0 * x, square[1], {"x": "zero"}),
        (*square[:1], lambda g, x: np.where(x > 0, np.inf, -np.inf), square[1], {"x": "not_finite"}),
        (*square[:1], lambda g, x: (2 * g * x)[:, None], square[1], {"x": "shape"}),
        (*square[:1], lambda g, x: np.zeros((7, 2)), square[1], {"x": "shape"}),
        (*square[:1], lambda g, x: g * np.exp(x), square[1], {}),
        (lambda x, y: x - y, lambda g, x, y: (g, g), (x, y), {"y": "sign"}),
        (lambda x, y: x * y, lambda g, x, y: (g * x, g * y), (x, y), {"x": "exchanged", "y": "exchanged"}),
    ]
    softmax = student.softmax()[0]
    own = lambda g, x: g * softmax(x) * (1 - softmax(x))  # noqa: E731
    cases.append((softmax, own, (x,), {"x": "own_output_only"}))
    for forward, backward, inputs, found in cases:
        report = pc.check_gradient(forward, backward, inputs)
        assert not report.ok
        assert {diagnosis.input: diagnosis.kind for diagnosis in report.diagnoses} == found, str(report)
    assert any("No usual mistake" in note for note in pc.check_gradient(*cases[6][:3]).notes)


def test_inputs_on_a_kink_are_moved_and_that_is_said() -> None:
    report = pc.check_gradient(*student.relu(), (np.zeros((3, 4)),))
    assert "these were moved by about a thousandth: x" in " ".join(report.notes)
    assert "All numbers of x are equal" not in " ".join(pc.check_gradient(*student.relu(), (X,)).notes)


def test_equal_numbers_hide_mistakes_and_that_is_said() -> None:
    report = pc.check_gradient(products, lambda g, x, weight: (g @ weight, g.T @ x), (X, np.ones((3, 2))))
    assert report.notes[0].startswith("All numbers of weight are equal")


def test_large_gradients_are_searched_for_wrong_places() -> None:
    """5000 numbers, of which 3 are wrong; the Jacobian would have 25 million entries."""
    wrong = [17, 2500, 4999]

    def backward(grad_output: Any, x: Any) -> Any:
        grad = grad_output * np.cos(x)
        grad[wrong] *= 1.5
        return grad

    report = pc.check_gradient(np.sin, backward, (normal(5000),))
    assert [element.index for element in report.wrong] == [(place,) for place in wrong]
    assert report.notes[0].startswith("grad_x is too large")


def test_float32_inside_is_judged_by_its_own_precision() -> None:
    def forward(x: Any, weight: Any) -> Any:
        return np.maximum(x.astype(np.float32) @ weight.astype(np.float32).T, 0)

    def backward(grad_output: Any, x: Any, weight: Any) -> Any:
        grad = grad_output * (x @ weight.T > 0)
        return grad @ weight, grad.T @ x

    inputs = (normal(5, 4), normal(3, 4))
    for kind in (np.float32, np.float64):
        assert pc.check_gradient(lambda x, w, kind=kind: forward(x, w).astype(kind), backward, inputs).ok
    report = pc.check_gradient(
        forward, lambda g, x, w: (backward(g, x, w)[0], backward(g, x, w)[1] / 5), inputs
    )
    assert [diagnosis.kind for diagnosis in report.diagnoses] == ["mean_instead_of_sum"]


def test_gradients_come_as_array_list_or_dictionary_and_integers_may_be_left_out() -> None:
    forward, backward = student.embedding()
    table, words = normal(4, 2), np.array([1, 1, 3])
    for returned in (
        backward,
        lambda g, table, words: [backward(g, table, words), None],
        lambda g, table, words: {"grad_table": backward(g, table, words)},
        lambda g, table, words: {"table": backward(g, table, words), "words": None},
    ):
        report = pc.check_gradient(forward, returned, (table, words))
        assert report.ok
        assert [check.input for check in report.checks] == ["table"]
        assert "words holds int64 numbers" in report.notes[0]


def right(grad_output: Any, x: Any, weight: Any) -> Any:
    return grad_output @ weight, grad_output.T @ x


def spoiling(x: Any, weight: Any) -> Any:
    x += 1
    return x @ weight.T


def dropping(x: Any, weight: Any, rng: Any = np.random.default_rng(0)) -> Any:  # noqa: B008
    return (x * (rng.random(x.shape) < 0.5)) @ weight.T


class Accumulating:
    """A layer whose gradient grows with every call."""

    total = 0.0

    def backward(self, grad_output: Any, x: Any, weight: Any) -> Any:
        self.total = self.total + grad_output.T @ x
        return grad_output @ weight, self.total


BOTH = (X, WEIGHT)
ERRORS: list[tuple[Any, str]] = [
    ((3, right, BOTH), "check_gradient: forward must be a function. Got int."),
    ((products, None, BOTH), "check_gradient: backward must be a function. Got NoneType."),
    (
        (products, right, X),
        "check_gradient: inputs must be a tuple, list or dictionary of arrays. Got ndarray."
        " Hint: for one input write (x,).",
    ),
    (
        (products, right, ()),
        "check_gradient: there must be an input with floating numbers, since only these are differentiated."
        " Got no inputs.",
    ),
    (
        (products, right, (np.arange(3), np.arange(3))),
        "check_gradient: there must be an input with floating numbers, since only these are differentiated."
        " Got x: int64 (3,), weight: int64 (3,). Hint: x.astype(float).",
    ),
    ((products, right, ("x", WEIGHT)), "check_gradient: input x must be an array of real numbers. Got str."),
    (
        (products, right, (X + 1j, WEIGHT)),
        "check_gradient: input x must be an array of real numbers. Got complex128 (2, 2).",
    ),
    (
        (products, right, (X, WEIGHT * np.nan)),
        "check_gradient: input weight must hold finite numbers. Got float64 (3, 2).",
    ),
    (
        (lambda x, weight: None, right, BOTH),
        "check_gradient: forward must return one array of real numbers. Got NoneType.",
    ),
    (
        (lambda x, weight: (x, weight), right, BOTH),
        "check_gradient: forward must return one array of real numbers. Got list.",
    ),
    (
        (lambda x, weight: x @ weight.T > 0, right, BOTH),
        "check_gradient: forward must return floating numbers. Got bool. Hint: whole numbers have no gradient.",
    ),
    (
        (lambda x, weight: np.where(x > 2, np.nan, x), right, BOTH),
        "check_gradient: forward must return finite numbers. Got nan in output[1,0] of (2, 2)."
        " Hint: choose inputs at which, and near which, the layer is defined.",
    ),
    (
        (spoiling, right, BOTH),
        "check_gradient: forward must not change the arrays that it is given. Got a changed array of shape (2, 2)."
        " Hint: write into a copy.",
    ),
    (
        (dropping, right, BOTH),
        "check_gradient: forward must return the same numbers for the same inputs. Got two different outputs."
        " Hint: draw random numbers, such as dropout's mask, outside and hand them in as an input.",
    ),
    (
        (products, Accumulating().backward, BOTH),
        "check_gradient: backward must return the same numbers for the same arguments."
        " Got two different gradients for weight."
        " Hint: start each call from zeros, not from what the last one left.",
    ),
    (
        (products, lambda g, x, weight: g @ weight, BOTH),
        "check_gradient: backward must return one gradient per input. Expected 2, for x, weight. Got 1."
        " Hint: return None for an input without gradient.",
    ),
    (
        (products, lambda g, x, weight: {"w": g.T @ x}, BOTH),
        "check_gradient: backward must name its gradients like the inputs. Expected keys among x, weight. Got w.",
    ),
    (
        (products, lambda g, x, weight: (g @ weight, "none"), BOTH),
        "check_gradient: backward must return an array for weight. Got str.",
    ),
    (
        (products, lambda g, x, weight: (None, None), BOTH),
        "check_gradient: backward must return a gradient for an input with floating numbers. Got None for x, weight.",
    ),
    (
        (
            lambda x, weight: np.ones(int(abs(x[0, 0] * 1e6) % 7) + 1) * x.sum(),
            lambda g, x, weight: (0 * x, None),
            BOTH,
        ),
        "check_gradient: forward must return arrays of one shape",
    ),
    (
        (lambda x, weight: np.sin(1e9 * x).sum(), lambda g, x, weight: (g * x, None), BOTH),
        "check_gradient: forward must have a slope. Got an output that jumps or bends wherever its inputs are moved."
        " Hint: rounding and counting have no gradient.",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS)
def test_one_clear_error(arguments: Any, message: str) -> None:
    with pytest.raises(pc.ArgumentError) as caught:
        pc.check_gradient(*arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "setting", [{"seed": -1}, {"seed": 0.5}, {"max_elements": 0}, {"max_elements": True}]
)
def test_settings_in_their_range(setting: Any) -> None:
    (name, value), *_ = setting.items()
    with pytest.raises(pc.ArgumentError, match=rf"{name} must be an integer, . or more. Got {name}={value}"):
        pc.check_gradient(products, right, BOTH, **setting)
