"""Random calls of every op against PyTorch: outputs, running statistics and all gradients, in both float types.

PyTorch computes in float64, on multiples of 1/64, which float32 holds, too. Because sums cancel, an output's error is
measured against its largest number (1/64 if that is less), a gradient's against its own or grad_output's largest.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.dice import Dice, Draw
from tests.support.random_calls import families

from pellucid import functional as F
from pellucid.engine import arrays
from pellucid.errors import PellucidError
from pellucid.ops.base import Op

CASES = 60  # of each family, those not counted that PyTorch refuses
CASES_ON_KERNELS = 12
BOUNDS = {np.float64: 1e-10, np.float32: 1e-5}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # PyTorch's
@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
@pytest.mark.parametrize("family", families())
def test_numbers_are_pytorchs(family: str) -> None:
    dice = Dice(zlib.crc32(family.encode()))
    compared = 0
    while compared < CASES:
        compared += agree(families()[family](dice), dice)


# Without max unpooling: in a network its indices come from a pooling (tests/nn/test_unfold_layers.py).
ON_KERNELS = [name for name in families() if not name.startswith("max_unpool")]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
@pytest.mark.parametrize("family", ON_KERNELS)
def test_numbers_of_the_kernels_are_pytorchs(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same calls, as far as a network takes them; fewer, because each shape has programs of its own."""
    monkeypatch.setattr(arrays, "pays", lambda _, operands: on_kernels(operands[0]))
    monkeypatch.setattr(Op, "needs_forward", True)
    dice = Dice(zlib.crc32(family.encode()) + 1)
    compared = 0
    while compared < CASES_ON_KERNELS:
        case = families()[family](dice)
        try:
            compared += agree(case, dice) and on_kernels(case.operands[0])
        except PellucidError as error:  # what F does and a network does not
            if not re.search("in a network|a network's loss|must be an array of the model", str(error)):
                raise


def on_kernels(input: np.ndarray) -> bool:
    """Whether there is anything to compute with floats."""
    return input.size > 0 and input.dtype.kind == "f"


def agree(case: Draw, dice: Dice) -> bool:
    """Compare one call; False where PyTorch refuses it, and so do we."""
    tensors = [as_tensor(x, i not in case.constants) for i, x in enumerate(case.operands)]
    try:
        want = reference(case)(*tensors)
    except (RuntimeError, ValueError, IndexError):
        assert refused(case), f"PyTorch refuses {case}"
        return False
    grad = dice.floats(*want.shape)
    leaves = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
    slopes = torch.autograd.grad(want, leaves, torch.tensor(grad))
    for dtype, bound in BOUNDS.items():
        operands = [as_type(x, dtype) for x in case.operands]
        compare(getattr(F, case.function)(*operands, **case.settings), want, bound, str(case))
        for i in case.constants:  # running statistics have moved
            if case.operands[i] is not None:
                compare(operands[i], tensors[i], bound, str(case))
        backward = getattr(F, f"{case.function}_backward")
        gradients = backward(as_type(grad, dtype), *operands, **case.settings)
        found = [gradient for gradient in gradients if gradient is not None]
        assert all(gradient.dtype == dtype for gradient in found), case
        for gradient, slope in zip(found, slopes, strict=True):
            compare(gradient, slope, bound, f"gradient of {case}", least=np.abs(grad).max(initial=0))
    return True


def reference(case: Draw) -> Callable[..., torch.Tensor]:
    """PyTorch's function for a case."""
    if case.reference is not None:
        return case.reference
    home = torch if case.function in ("sigmoid", "tanh") else torch.nn.functional
    return partial(getattr(home, case.function), **case.settings)


def refused(case: Draw) -> bool:
    try:
        getattr(F, case.function)(*case.operands, **case.settings)
    except PellucidError:
        return True
    return False


def compare(ours: np.ndarray, tensor: torch.Tensor, bound: float, text: str, least: float = 1 / 64) -> None:
    theirs = tensor.detach().numpy()
    assert ours.shape == theirs.shape, text
    largest = np.abs(theirs[np.isfinite(theirs)]).max(initial=least)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound * largest, err_msg=text)


def as_tensor(x: Any, differentiated: bool) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    return torch.tensor(x, requires_grad=differentiated and x.dtype.kind == "f")


def as_type(x: Any, dtype: type) -> Any:
    return x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def test_the_draws_hold_the_corners() -> None:
    """Among a family's calls are empty batches, none, single positions, and windows on both sides of their stride."""
    assert CASES * len(families()) >= 2000
    for family in ("conv2d", "conv_transpose3d", "max_pool2d", "avg_pool3d", "lp_pool2d"):
        dice = Dice(zlib.crc32(family.encode()))
        calls = [families()[family](dice) for _ in range(CASES)]
        inputs, dims = [call.operands[0].shape for call in calls], int(family[-2])
        assert {len(shape) for shape in inputs} == {dims + 1, dims + 2}
        assert any(len(shape) == dims + 2 and shape[0] == 0 for shape in inputs)
        assert any(1 in shape[-dims:] for shape in inputs)
        wider = [np.subtract(window(call, dims), call.settings["stride"] or 1) for call in calls]
        assert any((difference > 0).any() for difference in wider)
        assert any((difference < 0).any() for difference in wider)


def window(call: Draw, dims: int) -> Any:
    """The kernel's sizes."""
    return call.settings.get("kernel_size", call.operands[1].shape[-dims:] if len(call.operands) > 1 else 1)


def test_an_empty_batch_leaves_running_statistics_alone() -> None:
    """In PyTorch they become NaN, so the families leave this out."""
    mean, var = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert F.instance_norm(np.ones((0, 2, 5)), mean, var).shape == (0, 2, 5)
    assert mean.tolist() + var.tolist() == [1, 2, 3, 4]
