"""State dicts that are not quite the model's: some names differ, a wrapper's prefix, other float types."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import torch

import pellucid as pc


def net():
    pc.seed(5)
    return pc.Sequential(pc.Conv2d(2, 3, (2, 1)), pc.BatchNorm2d(3), pc.Flatten(), pc.Linear(12, 4))


def other(seed=1):
    """Numbers of the right shapes, all other ones than a new network's."""
    random = np.random.default_rng(seed)
    state = {
        name: random.random(array.shape).astype(array.dtype) for name, array in net().state_dict().items()
    }
    return state | {"1.num_batches_tracked": np.array(17)}


def same(model, state):
    return all(np.array_equal(array, state[name]) for name, array in model.state_dict().items())


def test_what_does_not_match_is_told_and_left_as_it_is():
    model, state = net(), other()
    assert model.load_state_dict(state) == ([], [])
    assert same(model, state)
    model, before = net(), net().state_dict()
    part = {name: array for name, array in state.items() if not name.startswith("3.")} | {
        "fc.bias": 1,
        "x": None,
    }
    found = model.load_state_dict(part, strict=False)
    assert type(found).__name__ == "IncompatibleKeys"
    assert found.missing_keys == ["3.weight", "3.bias"]
    assert found.unexpected_keys == ["fc.bias", "x"]
    assert same(model, state | {name: before[name] for name in found.missing_keys})


def test_the_answer_is_pytorchs():
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, (2, 1)), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.Linear(12, 4)
    )
    state = {name: torch.from_numpy(array.copy()) for name, array in other().items()}
    for given in (
        state,
        {},
        {"1.weight": state["1.weight"]},
        {name: state[name] for name in ("1.running_var", "3.weight")}
        | {"z": state["1.bias"], "a": state["1.bias"]},
        {name: array for name, array in state.items() if "num_batches" not in name},
    ):
        ours, expected = (
            net().load_state_dict(given, strict=False),
            theirs.load_state_dict(given, strict=False),
        )
        # a dict without version is one from before there was the count
        assert ours.missing_keys == [name for name in expected.missing_keys if "num_batches" not in name]
        assert ours.unexpected_keys == expected.unexpected_keys


def test_shapes_stay_errors_and_then_nothing_is_loaded():
    model, before = net(), net().state_dict()
    wrong = other() | {"3.weight": np.ones((4, 11)), "0.bias": "text"}
    del wrong["1.bias"]
    with pytest.raises(pc.ArgumentError) as caught:
        model.load_state_dict(wrong | {"x": 1}, strict=False)
    assert str(caught.value) == (
        "Sequential.load_state_dict: shapes must be those of the model; nothing was loaded. Got unfit: 0.bias: the "
        "value must be an array of real numbers. Got str. Hint: pass a NumPy array or nested lists of numbers, "
        "3.weight: the shape must stay. Expected (4, 12). Got (4, 11)."
    )
    with pytest.raises(
        pc.ShapeError, match=r"^Sequential\.load_state_dict: shapes must be those of the model; nothing"
    ):
        model.load_state_dict({"3.weight": np.ones(3)}, strict=False)
    with pytest.raises(
        pc.ArgumentError, match=r"load_state_dict: strict must be True or False\. Got strict=0\.$"
    ):
        model.load_state_dict(other(), strict=0)
    assert same(model, before)


@pytest.mark.parametrize("before", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
@pytest.mark.parametrize("strict", [True, False])
def test_what_a_wrapper_puts_before_all_names_is_left_out(before, strict):
    model, state = net(), other()
    assert model.load_state_dict({before + name: array for name, array in state.items()}, strict) == ([], [])
    assert same(model, state)
    rest = {before + name: state[name] for name in ("0.weight", "0.bias")} | {before + "x": 1}
    found = net().load_state_dict(rest, strict=False)
    assert found.unexpected_keys == ["x"]
    assert found.missing_keys[0] == "1.weight"


def test_a_models_own_name_is_no_prefix():
    class Outer(pc.Module):
        def __init__(self):
            self.module = pc.Linear(2, 1)

        def forward(self, x):
            return self.module(x)

    state = {"module.weight": np.array([[3.0, 4.0]]), "module.bias": np.array([5.0])}
    model = Outer()
    model.load_state_dict(state)
    assert same(model, state)
    assert Outer().load_state_dict({f"module.{name}": array for name, array in state.items()}) == ([], [])
    found = Outer().load_state_dict({"module.scale": 1}, strict=False)
    assert found == (["module.weight", "module.bias"], ["module.scale"])


@pytest.mark.parametrize(
    "dtype",
    [
        np.float16,
        ml_dtypes.bfloat16,
        ml_dtypes.float8_e4m3fn,
        ml_dtypes.float8_e5m2,
        torch.float16,
        torch.bfloat16,
    ],
    ids=str,
)
def test_narrow_floats_are_taken_exactly(dtype):
    model, state = net(), other()
    if isinstance(dtype, torch.dtype):
        narrow = {name: torch.from_numpy(array.copy()).to(dtype) for name, array in state.items()}
        exact = {name: array.double().numpy() for name, array in narrow.items()}
    else:
        narrow = {name: array.astype(dtype) for name, array in state.items()}
        exact = {name: array.astype(np.float64) for name, array in narrow.items()}
    narrow["1.num_batches_tracked"] = state["1.num_batches_tracked"]
    assert model.load_state_dict(narrow) == ([], [])
    assert same(model, exact | {"1.num_batches_tracked": 17})


def test_bits_that_are_no_numbers_stay_refused():
    pair = np.zeros(3, np.dtype([("a", "<f4"), ("b", "<f4")]))
    with pytest.raises(
        pc.ArgumentError, match=r"unfit: 0\.bias: the value must be an array of real numbers\."
    ):
        net().load_state_dict({"0.bias": pair}, strict=False)
    with pytest.raises(
        pc.ArgumentError, match=r"unfit: 0\.bias: the value must be an array of real numbers\."
    ):
        net().load_state_dict({"0.bias": np.zeros(3, "V2")}, strict=False)
