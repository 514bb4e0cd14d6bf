"""Python's operators in a network's forward: what they become, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid import nn

Array = np.ndarray[Any, np.dtype[Any]]


class Net(nn.Module):
    """A forward that a test gives."""

    def __init__(self, function: Callable[..., Any], **arrays: Array) -> None:
        super().__init__()
        self.function = function
        for name, array in arrays.items():
            setattr(self, name, nn.Parameter(array))

    def forward(self, x: Any) -> Any:
        return self.function(x, *(getattr(self, name) for name, _ in self.named_parameters()))


def _added(x: Any, w: Any) -> Any:
    x += w
    return x


EXPRESSIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "x + w": (lambda x, w: x + w, lambda x, w: x + w),
    "w + x": (lambda x, w: w + x, lambda x, w: w + x),
    "x - w": (lambda x, w: x - w, lambda x, w: x - w),
    "w - x": (lambda x, w: w - x, lambda x, w: w - x),
    "1 - x": (lambda x, w: 1 - x + w, lambda x, w: 1 - x + w),
    "np.float32(2) - x": (lambda x, w: np.float32(2) - x + w, lambda x, w: 2 - x + w),
    "sum": (lambda x, w: sum([x, w, x]), lambda x, w: x + w + x),
    "x += w": (_added, lambda x, w: x + w),
    "x * w": (lambda x, w: x * w, lambda x, w: x * w),
    "w * x": (lambda x, w: w * x, lambda x, w: w * x),
    "2 * x": (lambda x, w: 2 * x * w, lambda x, w: 2 * x * w),
    "(1 + w) * x": (lambda x, w: (1 + w) * x, lambda x, w: (1 + w) * x),
    "x * x": (lambda x, w: x * x + w, lambda x, w: x * x + w),
    "x / w": (lambda x, w: x / w, lambda x, w: x / w),
    "1 / x": (lambda x, w: 1 / x + w, lambda x, w: 1 / x + w),
    "w / 3": (lambda x, w: w / 3 - x, lambda x, w: w / 3 - x),
    "-x": (lambda x, w: -x + w, lambda x, w: -x + w),
    "-w": (lambda x, w: x * -w, lambda x, w: x * -w),
    "x**2": (lambda x, w: x**2 - w, lambda x, w: x**2 - w),
    "w**3": (lambda x, w: w**3 * x, lambda x, w: w**3 * x),
    "w + w": (lambda x, w: x + (w + w), lambda x, w: x + (w + w)),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_operators_compute_what_numpy_does(name: str) -> None:
    expression, expected = EXPRESSIONS[name]
    x, w = normal(3, 5, 4, 2), normal(5, 1, 1, seed=2)
    model = Net(expression, w=w)
    np.testing.assert_allclose(model(x), expected(x, w), rtol=1e-6, atol=1e-6)


def test_a_number_is_an_array_of_the_recording_and_no_parameter() -> None:
    x = normal(3, 4)
    model = Net(lambda x, w: x + 0.1 - (w + 0.1) + 1, w=normal(4))
    assert [name for name, _ in model.named_parameters()] == ["w"]
    assert pc.summary(model, (3, 4)).parameters == 4
    step = pc.TrainStep(model, pc.SGD(0.1), loss="mse_loss")
    rec = step.record(x, normal(3, 4, seed=3))
    assert rec["0.1"] == np.float32(0.1)
    assert rec["1.0"] == 1
    assert "grad(0.1)" not in rec
    assert rec.certify().certified


def test_a_batch_that_is_smaller_runs_in_the_larger_ones_plan() -> None:
    model = Net(lambda x, w: F.relu(x + 0.5) + w, w=normal(4))
    large, small = normal(64, 4), normal(60, 4)
    model(large)
    np.testing.assert_array_equal(model(small), np.maximum(small + np.float32(0.5), 0) + model.w)


def test_what_is_repeated_sees_all_or_its_field_is_not_known() -> None:
    class Gated(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.size, self.conv = size, nn.Conv2d(2, 3, 3, padding=1)

        def forward(self, x: Any) -> Any:
            x = self.conv(x)
            return x - F.avg_pool2d(x, self.size)

    rows = pc.summary(Gated(6), (2, 2, 6, 6)).rows
    assert [row.receptive_field for row in rows] == [(3, 3), (8, 8), (8, 8)]
    assert pc.summary(Gated(4), (2, 2, 6, 6)).rows[-1].receptive_field is None


def test_in_a_recording_file_numbers_stay(tmp_path: Any) -> None:
    program = run(lambda x, w: 1.5 - (x - w), normal(3, 4, 2), {"w": normal(4, 1, seed=4)})
    recording(program).save(tmp_path / "r.safetensors")
    again = pc.load_recording(tmp_path / "r.safetensors")
    assert again["1.5"] == 1.5
    assert again.certify().certified


def test_tensors_with_fewer_axes_are_aligned_at_the_last() -> None:
    x = normal(3, 5, 2, 4)

    def expression(s: Any) -> Any:
        return (s - s.mean(0)) * s.amax((0, 1, 2)) + (s * s).sum()

    wanted = (x - x.mean(0)) * x.max((0, 1, 2)) + (x * x).sum()
    found = recording(run(expression, x, {}))
    np.testing.assert_allclose(found["add.output"], wanted, rtol=1e-5)
    assert found.certify().certified
    np.testing.assert_allclose(Net(expression)(x), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("expression", "error", "message"),
    [
        (
            lambda x, w: x + "one",
            pc.ArgumentError,
            "add: operands must be traced tensors, arrays of NumPy or parameters of the model. Got str 'one'.",
        ),
        (
            lambda x, w: x - None,
            pc.ArgumentError,
            "sub: other must be given. Expected an array of real numbers. Got None.",
        ),
        (
            lambda x, w: x + float("nan"),
            pc.ArgumentError,
            "add: number must be a number in [-3.4028234663852886e+38, 3.4028234663852886e+38]. Got number=nan.",
        ),
        (
            lambda x, w: x + w,
            pc.ShapeError,
            "add 'add': the shapes must broadcast: from the last axis on, sizes must be equal or 1. "
            "Got (3, 5, 4, 2) and (5,). "
            "Hint: give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution.",
        ),
        (
            lambda x, w: x**w,
            pc.ShapeError,
            "pow 'pow': the shapes must broadcast: from the last axis on, sizes must be equal or 1. "
            "Got (3, 5, 4, 2) and (5,). "
            "Hint: give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution.",
        ),
        (
            lambda x, w: np.exp(x),
            pc.ArgumentError,
            "forward: a network's tensors have no numbers while it is traced, so NumPy functions cannot take them. "
            "Got 'input' of shape (3, 5, 4, 2). Hint: use the functions of pellucid.functional.",
        ),
    ],
)
def test_what_cannot_be_is_said(expression: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as found:
        Net(expression, w=normal(5))(normal(3, 5, 4, 2))
    assert str(found.value) == message


def _in_place(x: Any, w: Any) -> Any:
    w *= 2
    return x * w


def _set(x: Any, w: Any) -> Any:
    w[0] = 3
    return x * w


@pytest.mark.parametrize(
    "expression",
    [
        lambda x, w: x * w.mean(),
        lambda x, w: x * w.sum(),
        lambda x, w: x * np.mean(w),
        lambda x, w: x * np.sqrt(w),
        lambda x, w: x * w[0],
        lambda x, w: x * float(w[0, 0, 0]),
        lambda x, w: x * w.reshape(5, 1, 1).max(),
        lambda x, w: x * w.ravel().item(0),
        lambda x, w: x * w.tolist()[0][0][0],
        lambda x, w: x * max(w),
        lambda x, w: x * (w.T @ w),
        lambda x, w: x * np.add(w, w, out=w),
        _in_place,
        _set,
    ],
)
def test_numbers_of_a_parameter_are_no_constants(expression: Any) -> None:
    """They would be those of the first batch for ever, without a gradient."""
    w = normal(5, 1, 1)
    model = Net(expression, w=w)
    with pytest.raises(pc.ArgumentError, match=r"^forward: .* no numbers while .* Hint: use "):
        model(normal(3, 5, 4, 2))
    np.testing.assert_array_equal(model.w, w)


@pytest.mark.parametrize(
    "expression",
    [
        lambda x, w: x * (np.float32(2) * w),
        lambda x, w: x * F.mul(w, 2),
        lambda x, w: x * F.mul(2, w),
        lambda x, w: x * np.multiply(w, 2),
    ],
)
def test_functions_and_numpys_numbers_take_parameters(expression: Any) -> None:
    x, w = normal(3, 5, 4, 2), normal(5, 1, 1)
    model = Net(expression, w=w)
    np.testing.assert_allclose(model(x), 2 * x * w, rtol=1e-6)
    model.w[:] = 3
    np.testing.assert_allclose(model(x), 6 * x, rtol=1e-6)


def test_outside_of_a_forward_a_parameter_is_an_array() -> None:
    w = nn.Parameter(np.arange(6.0).reshape(2, 3))
    assert type(w + 1) is type(np.multiply(2, w)) is type(np.exp(w)) is np.ndarray
    assert (w.sum(), w.mean(), np.add.reduce(w, axis=0).tolist()) == (15, 2.5, [3, 5, 7])
    assert np.add(w, 1, out=w) is w
    assert w[0].tolist() == [1, 2, 3]
    assert np.divmod(w, 2)[1].tolist() == [[1, 0, 1], [0, 1, 0]]


def test_minus_zero_is_another_number() -> None:
    model = Net(lambda x: F.cat([1 / (x * 0.0), 1 / (x * -0.0)], 1))
    assert model(np.ones((1, 1), np.float32)).tolist() == [[np.inf, -np.inf]]


def test_denormal_operands_count_as_zero() -> None:
    for expression in (lambda x: x * 1e-40, lambda x: x / 1e-40, lambda x: 1 / x):
        rec = pc.record(Net(expression), np.array([[1, np.inf, 0, 1e-40, -2e-39]], np.float32))
        assert rec.certify().certified


def test_whole_exponents_are_saved(tmp_path: Any) -> None:
    rec = pc.record(Net(lambda x: x ** (2**70)), np.array([[0.5, 1]], np.float32))
    rec.save(tmp_path / "r.safetensors")
    assert pc.load_recording(tmp_path / "r.safetensors")["pow.output"].tolist() == [[0, 1]]


def test_a_tensor_of_an_earlier_forward() -> None:
    kept: list[Any] = []

    def forward(x: Any) -> Any:
        kept.append(x * 2)
        return kept[0] + kept[-1]

    model = Net(forward)
    model(np.ones((2, 3)))
    with pytest.raises(pc.ArgumentError) as found:
        model(np.ones((3, 3)))
    assert str(found.value) == (
        "add: a tensor belongs to the forward that made it. Got 'mul.output' of an earlier forward. "
        "Hint: compute it anew, or return it and give it to the next forward as the input."
    )


def test_too_many_axes_and_too_few() -> None:
    model = Net(F.relu)
    for shape, message in {
        (1,)
        * 6: "relu 'relu': in a network ops that compute take at most 5 axes. Got input (1, 1, 1, 1, 1, 1).",
        (): "forward: input must have an axis for its batch. Got input ().",
    }.items():
        with pytest.raises(pc.ShapeError) as found:
            model(np.ones(shape, np.float32))
        assert str(found.value) == message


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_gradients_of_functions_have_their_operands_shapes(name: str) -> None:
    for a, b in (((3, 5), (1, 3, 5)), ((), (1,)), ((1,), ()), ((1, 1), (1, 1, 1))):
        x, y = np.ones(a), np.full(b, 2.0)
        output = getattr(F, name)(x, y)
        found = getattr(F, f"{name}_backward")(np.ones(output.shape), x, y)
        assert [gradient.shape for gradient in found] == [a, b]


def test_functions_that_are_methods_of_pytorchs_tensors() -> None:
    """x.relu() is relu(x); what is no such function is refused (tests/nn/test_wrong_models.py)."""

    class Net(pc.Module):
        def forward(self, x):  # type: ignore[no-untyped-def]
            return x.mul(2).relu().flatten(1)

    x = np.array([[[-1.0, 3.0]], [[2.0, -5.0]]], np.float32)
    assert Net()(x).tolist() == [[0, 6], [4, 0]]
