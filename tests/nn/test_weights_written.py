"""Numbers written into a model's arrays: real ones within their range, or nothing is written and the reason is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pc
from pellucid.nn.parameter import Buffer, Parameter

MASKED = np.ma.MaskedArray([1.0, 9.0, 3.0], [False, True, False])
GENERIC = "must be an array of real numbers"
HIDDEN = "must have no masked numbers. Got 1 masked of 3, the first at [1]"
FILLED = "Hint: use value.filled(0), or another number in their place."
READ = "Got Tensor that NumPy cannot read"


def whole(array: Any, value: Any) -> None:
    array[...] = value


def row(array: Any, value: Any) -> None:
    array[0] = value


def part_of_a_view(array: Any, value: Any) -> None:
    array[1][:3] = value


def added(array: Any, value: Any) -> None:
    array += value


def subtracted(array: Any, value: Any) -> None:
    array -= value


def multiplied(array: Any, value: Any) -> None:
    array *= value


def divided(array: Any, value: Any) -> None:
    array /= value


def divided_down(array: Any, value: Any) -> None:
    array //= value


def remainder(array: Any, value: Any) -> None:
    array %= value


def power(array: Any, value: Any) -> None:
    array **= value


WRITES = [whole, row, part_of_a_view]
OPERATIONS = [added, subtracted, multiplied, divided, divided_down, remainder, power]
VALUES = {
    "masked": (lambda: MASKED, f"{HIDDEN}. {FILLED}"),
    "one masked": (
        lambda: np.ma.masked,
        "must have no masked numbers. Got a masked number. Hint: put another number in its place.",
    ),
    "list of masked": (
        lambda: [MASKED],
        f"{HIDDEN}. Hint: use t.filled(0) for each t in value, or another number in their place.",
    ),
    "complex": (lambda: 1j, f"{GENERIC}. Got complex. Hint: use value.real, or abs(value)."),
    "complex array": (
        lambda: np.ones(3) + 0j,
        f"{GENERIC}. Got ndarray of dtype complex128. Hint: use value.real, or abs(value).",
    ),
    "gradient": (
        lambda: torch.ones(3, requires_grad=True),
        f"{GENERIC}. {READ} (RuntimeError: Can't call numpy() on Tensor that requires grad. "
        "Use tensor.detach().numpy() instead). Hint: use value.detach().numpy().",
    ),
    "bfloat16": (
        lambda: torch.ones(3, dtype=torch.bfloat16),
        f"{GENERIC}. Expected float16, float32, float64, whole numbers or truth values. {READ} "
        "(TypeError: Got unsupported ScalarType BFloat16). Hint: use value.float().numpy().",
    ),
    "None": (lambda: None, "must be given. Expected an array of real numbers. Got None."),
    "text": (lambda: "3", f"{GENERIC}. Got str. Hint: pass a NumPy array or nested lists of numbers."),
}


@pytest.mark.parametrize("kind", [Parameter, Buffer])
@pytest.mark.parametrize("write", WRITES + OPERATIONS)
@pytest.mark.parametrize("name", VALUES)
def test_what_is_no_real_number_is_not_written(name: str, write: Callable[..., None], kind: type) -> None:
    make, message = VALUES[name]
    array = kind([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with pytest.raises(pc.ArgumentError, match=f"^{kind.__name__}: the value {re.escape(message)}$"):
        write(array, make())
    assert np.array_equal(array, [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("write", WRITES + OPERATIONS)
@pytest.mark.parametrize(
    "value",
    [
        2, 0.3, True, np.float32(0.3), np.float64(0.3), np.int16(2), [1, 2, 3], (0.5, 2.0, 4.0),
        np.array([1.5, 2.5, 3.5]), np.array([1, 2, 3], np.uint8), np.array([1, 2, 3], ">f8"),
        np.ma.MaskedArray([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 3.0]), Parameter([1.0, 2.0, 3.0]),
    ],
    ids=lambda value: f"{type(value).__name__} {np.asarray(value).dtype}",
)  # fmt: skip
def test_what_is_one_is_written_as_numpy_does(value: Any, write: Callable[..., None]) -> None:
    start = np.array([[1.5, 2.5, 3.5], [4.5, 5.5, 6.5]], np.float32)
    array, plain = Parameter(start), start.copy()
    write(array, value)
    write(plain, value if type(value) in (int, float, bool) else np.asarray(value))
    assert type(array) is Parameter
    assert array.owned
    assert np.array_equal(array, plain)


def test_an_array_of_the_model_stays_its_own() -> None:
    model = pc.Sequential(pc.Linear(3, 2))
    weight, before = model[0].weight, np.array(model[0].weight)
    model[0].weight += torch.ones(3)
    weight *= torch.tensor(2.0)
    assert model[0].weight is weight
    assert np.array_equal(weight, (before + 1) * 2)
    weight @= np.eye(3)
    assert np.array_equal(weight, (before + 1) * 2)
    with pytest.raises(pc.ArgumentError, match=r"^Parameter: the value must have no masked numbers\. Got 9 "):
        weight @= np.ma.masked_all((3, 3))


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (1e300, "1e+300"),
        (-1e39, "-1e+39"),
        ([1.0, 3.5e38, np.inf], "3.5e+38 at [1]"),
        (np.array([np.nan, np.inf, -1e39]), "-1e+39 at [2]"),
        (np.float64(3.41e38), "3.41e+38"),
    ],
)
def test_no_number_becomes_infinite(value: Any, got: str) -> None:
    message = f"the value must lie within the range of float32. Got {got}."
    model = pc.Sequential(pc.Linear(2, 3))
    before = model.state_dict()
    bias = np.broadcast_to(np.asarray(value, np.float64), 3)
    calls = {
        "Parameter": lambda: model[0].bias.__setitem__(..., value),
        "Linear.bias": lambda: setattr(model[0], "bias", bias),
        "Sequential.load_state_dict: names and shapes must be those of the model; nothing was loaded. "
        "Got unfit: 0.bias": lambda: model.load_state_dict({"0.weight": np.ones((3, 2)), "0.bias": bias}),
    }
    for where, call in calls.items():
        with pytest.raises(pc.ArgumentError) as caught:
            call()
        at = message if where == "Parameter" or " at " in got else message.replace(got, f"{got} at [0]")
        assert str(caught.value) == f"{where}: {at}"
        assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())


def test_infinity_and_what_rounds_into_range_are_written() -> None:
    array = Parameter([0.0, 0.0, 0.0])
    largest = float(np.finfo(np.float32).max)
    array[...] = [np.inf, largest * (1 + 1e-9), -np.inf]
    assert array.tolist() == [np.inf, largest, -np.inf]
    array[...] = 1e-300
    assert array.tolist() == [0, 0, 0]
    double = Parameter([1e300], np.float64)
    assert double.tolist() == [1e300]


def test_a_model_changes_its_type_wholly_or_not_at_all() -> None:
    model = pc.Sequential(pc.Linear(2, 3), pc.Linear(3, 1)).astype("float64")
    model[1].bias[...] = 1e40
    with pytest.raises(pc.ArgumentError) as caught:
        model.astype("float32")
    assert str(caught.value) == ("Parameter: array must lie within the range of float32. Got 1e+40 at [0].")
    assert {array.dtype for _, array in model.named_arrays()} == {np.dtype(np.float64)}
