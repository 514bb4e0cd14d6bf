"""What the doctor's report says, and what it says when there is nothing to report on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.doctor import student_layers as student

import pellucid as pc


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


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


@pytest.mark.parametrize(
    "shape", [(), (1,), (5,), (2, 3), (1, 1, 1, 1), (2, 1, 3, 1), (2, 1, 2, 1, 2)], ids=str
)
def test_any_number_of_axes(shape: tuple[int, ...]) -> None:
    """A gradient that no usual mistake gives, for outputs of fewer and of more axes than the input."""
    for forward in (np.sin, np.ravel, np.mean, lambda x: np.multiply.outer(x, x), lambda x: float(x.sum())):
        report = pc.check_gradient(forward, lambda g, x: np.exp(x), (normal(*shape),))
        assert not report.ok
        assert str(report)
        assert report._repr_html_()


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


@pytest.mark.parametrize("shape", [(3, 4), (1, 2), (2, 3, 2, 2), (5,)])
@pytest.mark.parametrize("activation", ["softmax", "its diagonal", "sigmoid"])
def test_a_gradient_that_went_through_an_activation_twice(shape: tuple[int, ...], activation: str) -> None:
    scores, target = normal(*shape), np.abs(normal(*shape, seed=1))
    axis = min(1, len(shape) - 1)

    def squash(z: Any) -> Any:
        p = np.exp(z) if activation != "sigmoid" else 1 / (1 + np.exp(-z))
        return p if activation == "sigmoid" else p / p.sum(axis=axis, keepdims=True)

    def forward(z: Any) -> Any:
        return (squash(z) * target).sum() + (z * z * target).sum()

    def backward(grad_output: Any, z: Any) -> Any:
        p = squash(z)
        through = lambda g: p * (g - (p * g).sum(axis=axis, keepdims=True))  # noqa: E731
        if activation == "sigmoid":
            through = lambda g: p * (1 - p) * g  # noqa: E731
        right = grad_output * (through(target) + 2 * z * target)
        return p * (1 - p) * right if activation == "its diagonal" else through(right)

    (diagnosis,) = pc.check_gradient(forward, backward, (scores,)).diagnoses
    assert diagnosis.kind == "differentiated_twice"
    assert activation.replace("its diagonal", "softmax") in diagnosis.text


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
    assert not report.diagnoses  # the wrong numbers are 1.5 times the right ones, the whole gradient is not
    everywhere = pc.check_gradient(np.sin, lambda g, x: -g * np.cos(x), (normal(5000),))
    assert [diagnosis.kind for diagnosis in everywhere.diagnoses] == ["sign"]


def test_text_of_long_sums_missing_terms_and_wrong_shapes() -> None:
    forward = lambda x, y: x.sum() + 0 * y.sum()  # noqa: E731
    ones = np.ones
    told = str(
        pc.check_gradient(
            forward, lambda g, x, y: (g * ones((1, 9)), ones(9)), (normal(9), normal(9, seed=1))
        )
    )
    assert "✗ grad_x (9,): its shape is not the input's" in told
    assert "grad_y[0]: got 1, expected 0\n    = 0 (no output changes with it)" in told
    report = pc.check_gradient(
        lambda x, w: x @ w, lambda g, x, w: (None, 2 * x.T @ g), (normal(9, 2), normal(2))
    )
    assert "    + … (5 more)" in str(report)
    assert "+ … (3 more)" in report._repr_html_()


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
        " Got x: int64 (3,), weight: int64 (3,). Hint: for x to be one, pass np.asarray(x, float).",
    ),
    (
        (products, right, ("x", WEIGHT)),
        "check_gradient: input x must be an array of real numbers. Got str."
        " Hint: pass a NumPy array or nested lists of numbers.",
    ),
    (
        (products, right, (X + 1j, WEIGHT)),
        "check_gradient: input x must be an array of real numbers. Got ndarray of dtype complex128."
        " Hint: use x.real, or abs(x).",
    ),
    (
        (products, right, (X, WEIGHT * np.nan)),
        "check_gradient: input weight must hold finite numbers. Got float64 (3, 2).",
    ),
    (
        (lambda x, weight: None, right, BOTH),
        "check_gradient: forward must return one array of real numbers. Expected an array of real numbers."
        " Got None.",
    ),
    (
        (lambda x, weight: (x, weight), right, BOTH),
        "check_gradient: forward must return one array of real numbers. Got list with rows of different lengths."
        " Hint: pass a NumPy array or nested lists of numbers.",
    ),
    (
        (lambda x, weight: x @ weight.T > 0, right, BOTH),
        "check_gradient: forward must return float64 or float32 numbers. Got bool."
        " Hint: whole numbers have no gradient.",
    ),
    (
        (lambda x, weight: x.astype(np.float16), right, BOTH),
        "check_gradient: forward must return float64 or float32 numbers. Got float16.",
    ),
    (
        (products, right, (X[:0], WEIGHT)),
        "check_gradient: forward must return at least one number. Got an output of shape (0, 3).",
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


@pytest.mark.parametrize("value", [0, True])
def test_settings_in_their_range(value: Any) -> None:
    with pytest.raises(
        pc.ArgumentError, match=f"max_elements must be an integer, 1 or more. Got max_elements={value}"
    ):
        pc.check_gradient(products, right, BOTH, max_elements=value)


def product(x: Any, weight: Any) -> Any:
    return x @ weight.T


def off_by(share: float) -> Any:
    """A linear layer's gradients, one number of which is wrong by a share of it."""

    def backward(grad_output: Any, x: Any, weight: Any) -> Any:
        grad_x = grad_output @ weight
        grad_x[len(x) // 2, 1] *= 1 + share
        return grad_x, grad_output.T @ x

    return backward


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.parametrize("seed", range(3))
def test_one_slightly_wrong_number_is_found(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(size, size)), rng.normal(size=(size, size))
    report = pc.check_gradient(product, off_by(0.01), inputs, seed=seed)
    assert [element.address for element in report.wrong] == [f"grad_x[{size // 2},1]"]
    assert [check.ok for check in report.checks] == [False, True]
    assert pc.check_gradient(product, off_by(0.0), inputs, seed=seed).ok


def test_what_was_checked_is_said() -> None:
    rng = np.random.default_rng(0)
    report = pc.check_gradient(product, off_by(0.0), (rng.normal(size=(20, 16)), rng.normal(size=(3, 16))))
    assert report.verdict == "No gradient differs from forward along the directions that were tried."
    assert [(check.directions, check.each) for check in report.checks] == [(33, False), (49, True)]
    assert report.notes == (
        "grad_x has more elements than directions: 32 directions share them out, up to 10 each, and an error far below "
        "its neighbours' terms does not show. A smaller input shows each element by itself.",
    )


def test_gradients_in_float32_are_no_mistakes() -> None:
    x = normal(4, 5)
    narrow = pc.check_gradient(lambda x: x * 0.1, lambda g, x: (g * 0.1).astype(np.float32), (x,))
    assert (narrow.ok, narrow.notes) == (True, ())
    rounded = pc.check_gradient(lambda x: x * 0.3, lambda g, x: g * np.float32(0.3), (x,), seed=6)
    assert rounded.ok  # most seeds' directions do not show so small a difference
    assert rounded.notes[0].startswith("grad_x differs along a direction by more than rounding in float64")


@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_mask_is_named_in_both_gradients(seed: int) -> None:
    def backward(grad_output: Any, x: Any, weight: Any) -> Any:
        masked = grad_output * (grad_output > 0)
        return masked @ weight, masked.T @ x

    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    report = pc.check_gradient(lambda x, weight: np.maximum(x @ weight.T, 0), backward, inputs)
    assert [(found.input, found.kind) for found in report.diagnoses] == [
        ("x", "relu_mask"),
        ("weight", "relu_mask"),
    ]


@pytest.mark.parametrize(
    "words",
    [[[1, 2], [3, 4]], ((1, 2), (3, 4)), np.array([[1, 2], [3, 4]]), [[True, False]] * 2, [np.arange(2)] * 2],
)
def test_the_word_on_whole_numbers_serves_lists_as_well(words: Any) -> None:
    def backward(grad_output: Any, a: Any, b: Any) -> Any:
        return a.T @ grad_output

    dtype = np.asarray(words).dtype
    inputs = (words, [[1.5, 2.0], [0.0, 1.0]])
    assert pc.check_gradient(lambda a, b: a @ b, backward, inputs, lang="en").notes == (
        f"a holds {dtype} numbers and is not differentiated. If it should be, pass np.asarray(a, float).",
    )
    assert pc.check_gradient(lambda a, b: a @ b, backward, inputs, lang="ko").notes == (
        f"a의 자료형은 {dtype}이므로 미분하지 않았습니다. 미분하려면 np.asarray(a, float)를 넘겨야 합니다.",
    )
