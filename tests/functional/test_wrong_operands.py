"""Every operand of every function and gradient, on arrays and in networks, given what is no array of numbers."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from tests.functional.test_odd_arguments import ARRAYS, PLAIN, ends_well

import pellucid as pc
from pellucid import functional as F

endless: list[Any] = []
endless.append(endless)
deep: Any = 1.0
for _ in range(2000):
    deep = [deep]
WRONG = (
    *(None, "text", b"text", object(), {}, {1: 2}, 1j, [None], [[1], [1, 2]], iter([1]), np.array("a"), len),
    *(np.zeros(3, "M8[s]"), np.zeros(0), 3.0, True, [np.nan], 10**400, [10**400], pc.ReLU(), endless, deep),
)
x = np.ones((2, 4))
CALLS = PLAIN | {
    **{name: {"input": x} for name in ("relu", "sigmoid", "silu", "tanh")},
    "add": {"input": x, "other": x},
    "linear": {"input": x, "weight": np.ones((3, 4))},
}
OPTIONAL = ("bias", "running_mean", "running_var")
LISTS = ("tensors",)


def required(name: str) -> list[str]:
    """The operands that must be there: those without a default."""
    settings = inspect.signature(getattr(F, name)).parameters.values()
    empty = inspect.Parameter.empty
    return [
        s.name for s in settings if s.name in ARRAYS and s.default is empty and s.name not in OPTIONAL + LISTS
    ]


def told(call: Any) -> str:
    with pytest.raises(pc.ArgumentError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("name", CALLS)
def test_arrays(name: str) -> None:
    forward, backward, plain = getattr(F, name), getattr(F, f"{name}_backward"), CALLS[name]
    output = forward(**plain)
    found = []
    for function, arguments in ((forward, plain), (backward, {"grad_output": output} | plain)):
        for operand in {"grad_output", *ARRAYS} & inspect.signature(function).parameters.keys():
            for value in WRONG:
                text = f"{function.__name__}({operand}={type(value).__name__})"
                found.append(ends_well(lambda a=arguments | {operand: value}, f=function: f(**a), text))
    assert "\n".join(filter(None, found)) == ""


@pytest.mark.parametrize("name", CALLS)
def test_none_for_an_operand_that_must_be_there(name: str) -> None:
    forward, backward, plain = getattr(F, name), getattr(F, f"{name}_backward"), CALLS[name]
    said = "{}: {} must be given. Expected an array of real numbers. Got None."
    own = f"{name}_backward"
    for operand in required(name):
        assert told(lambda o=operand: forward(**plain | {o: None})) == said.format(name, operand)
        assert told(lambda o=operand: backward(1.0, **plain | {o: None})) == said.format(own, operand)
    assert told(lambda: backward(None, **plain)) == said.format(own, "grad_output")


def test_an_operand_of_a_list() -> None:
    found = [ends_well(lambda v=value: F.cat([x, v]), f"cat([x, {type(value).__name__}])") for value in WRONG]
    assert "\n".join(filter(None, found)) == ""
    given = "cat: inputs[1] must be given. Expected an array of real numbers. Got None."
    assert told(lambda: F.cat([x, None])) == given
    for value in (None, [], {}, (v for v in (x, x))):
        kind = type(value).__name__ if value != [] else "an empty list"
        assert told(lambda v=value: F.cat(v)) == (
            f"cat: tensors must be a list of one tensor or more. Got {kind}."
        )


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "value", [None, "text", 3.0, [1.0], np.ones(3), object(), pc.Parameter(np.ones((4, 4)))]
)
def test_networks(name: str, value: Any) -> None:
    """One operand is the wrong value, all others the network's input or a parameter: never an error from below."""

    class Net(pc.Module):
        def __init__(self, operand: str) -> None:
            self.operand = operand
            self.owned = {k: pc.Parameter(v) for k, v in CALLS[name].items() if k in ("weight", *OPTIONAL)}
            for key, parameter in self.owned.items():
                setattr(self, key, parameter)

        def forward(self, symbol: Any) -> Any:
            traced = {key: symbol for key in ("input", "other", "target") if key in CALLS[name]}
            traced |= {key: [symbol, symbol] for key in LISTS if key in CALLS[name]}
            return getattr(F, name)(**CALLS[name] | self.owned | traced | {self.operand: value})

    image = np.asarray(CALLS[name].get("input", x), np.float32)
    for operand in ARRAYS:
        if operand in inspect.signature(getattr(F, name)).parameters:
            assert ends_well(lambda o=operand: Net(o)(image), f"{name}({operand})") == ""
