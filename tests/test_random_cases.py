"""Random calls of every op against PyTorch: outputs, running statistics and all gradients, in both float types.

PyTorch computes in float64, on numbers that float32 holds, too. An array's error is measured against its largest
number, because sums cancel.
"""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from tests.random_calls import Dice, Draw, families

from pellucid import functional as F
from pellucid.errors import PellucidError

CASES = 60  # of each family
BOUNDS = {np.float64: 1e-10, np.float32: 1e-5}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # PyTorch's
@pytest.mark.parametrize("family", families())
def test_numbers_are_pytorchs(family: str) -> None:
    dice = Dice(zlib.crc32(family.encode()))
    compared = 0
    while compared < CASES:
        compared += agree(families()[family](dice), dice)


def agree(case: Draw, dice: Dice) -> bool:
    """Whether there were numbers to compare: PyTorch refuses some calls, and so must we."""
    tensors = [as_tensor(x, i not in case.constants) for i, x in enumerate(case.operands)]
    try:
        want = reference(case)(*tensors)
    except (RuntimeError, ValueError):
        with pytest.raises(PellucidError):
            getattr(F, case.function)(*case.operands, **case.settings)
            pytest.fail(f"{case}: PyTorch refuses")
        return False
    grad = dice.floats(*want.shape)
    leaves = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
    slopes = torch.autograd.grad(want, leaves, torch.tensor(grad))
    for dtype, bound in BOUNDS.items():
        operands = [as_type(x, dtype) for x in case.operands]
        got = getattr(F, case.function)(*operands, **case.settings)
        moved = [
            (x, t) for i, (x, t) in enumerate(zip(operands, tensors)) if i in case.constants and x is not None
        ]
        mine = getattr(F, f"{case.function}_backward")(as_type(grad, dtype), *operands, **case.settings)
        pairs = [(got, want), *moved, *zip([g for g in mine if g is not None], slopes, strict=True)]
        for ours, theirs in pairs:
            compare(ours, theirs.detach().numpy(), dtype, bound, np.abs(grad).max(initial=0), str(case))
    return True


def compare(got, want, dtype, bound, least, text):
    assert got.shape == want.shape, text
    if want.dtype.kind == "f":
        assert got.dtype == dtype
        largest = np.abs(want[np.isfinite(want)]).max(initial=least)
        np.testing.assert_allclose(got, want, rtol=0, atol=bound * largest, err_msg=text)


def reference(case):
    """PyTorch's function for a case."""
    if case.reference is not None:
        return case.reference
    home = torch if case.function in ("sigmoid", "tanh") else torch.nn.functional
    return partial(getattr(home, case.function), **case.settings)


def as_tensor(x: Any, differentiated: bool) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    return torch.tensor(x, requires_grad=differentiated and x.dtype.kind == "f")


def as_type(x: Any, dtype: type) -> Any:
    return x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
