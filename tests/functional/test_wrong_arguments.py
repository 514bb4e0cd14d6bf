"""Calls that PyTorch refuses: each gets one error that says what is wrong, in the shape of `errors`.

`wrong_arguments.txt` has them, a call and under it the exact message; x and i make arrays of floats and integers.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pellucid import functional as F
from pellucid.errors import ArgumentError, NumericError, ShapeError

LINES = (Path(__file__).parents[1] / "support" / "wrong_arguments.txt").read_text("utf-8").splitlines()
CASES = [(call, message.strip()) for call, message in zip(LINES[::2], LINES[1::2], strict=True)]
OURS = {"x": lambda *shape: np.ones(shape), "i": lambda *shape: np.zeros(shape, np.int64)}
THEIRS = {
    "x": lambda *shape: torch.ones(shape, dtype=torch.float64),
    "i": lambda *shape: torch.zeros(shape, dtype=torch.int64),
}


def run(call: str, library: Any, arrays: dict[str, Any]) -> None:
    eval(call, {name: getattr(library, name) for name in dir(library)} | arrays)


@pytest.mark.parametrize(("call", "message"), CASES, ids=[call for call, _ in CASES])
def test_one_error_says_what_is_wrong(call: str, message: str) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=f"^{re.escape(message)}$"):
        run(call, F, OURS)
    assert re.match(r"\w+: .+?\.( Expected .+\.)? Got .+\.( Hint: .+\.)?$", message)
    assert message.split(":")[0] == call.split("(")[0]


@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch warns before it refuses
@pytest.mark.parametrize("call", [call for call, _ in CASES])
def test_pytorch_refuses_the_same_call(call: str) -> None:
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError, ArithmeticError)):
        run(call, torch.nn.functional, THEIRS)


def test_there_are_many() -> None:
    assert len(dict(CASES)) == len(CASES) >= 200


def test_arrays_that_no_memory_holds_are_refused() -> None:
    with pytest.raises(
        NumericError,
        match=r"^conv2d: the arrays must fit in memory\. Got unable to allocate .+\. Hint: .+\.$",
    ):
        F.conv2d(np.ones((2, 3, 6, 5)), np.ones((4, 3, 3, 3)), stride=10**7, padding=10**7)


def test_a_gradient_of_instance_norm_by_running_statistics_has_its_name() -> None:
    rule = r"grad_output must have the output's shape\. Expected \(2, 3, 5\)\. Got \(2, 3, 4\)"
    with pytest.raises(ShapeError, match=rf"^instance_norm_backward: {rule}\.$"):
        F.instance_norm_backward(
            np.ones((2, 3, 4)), np.ones((2, 3, 5)), np.ones(3), np.ones(3), use_input_stats=False
        )
