"""Every setting of every function and layer, given numbers of every kind that it may not be made for.

Each call has a result or ends in one error of the library's own: no overflow, no TypeError from below, no warning.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.support.curves import CURVES

from pellucid import functional as F
from pellucid import nn
from pellucid.errors import ArgumentError, NumericError, PellucidError

ODD = (
    *(2**31, -(2**31), 2**63, 2**64, 2**70, -(2**70), 10**400, -1, 0, 1.5, -0.5, 1e300, 5e-324),
    *(
        math.nan,
        math.inf,
        -math.inf,
        True,
        False,
        "3",
        "",
        b"3",
        None,
        (),
        [],
        {},
        1j,
        object(),
        np.array([2, 2]),
    ),
    *(np.int8(-1), np.uint64(2**64 - 1), np.float32(np.inf), np.bool_(True), np.str_("same")),
    *(
        (2**70,),
        (1, 2**70),
        (1, math.nan),
        ("1", "1"),
        ((1, 1),),
        ((2**70, 0),),
        [[1]],
        (1, 1, 1, 1, 1, 1, 1),
    ),
)
x1, x2, x3 = np.ones((2, 4, 6)), np.ones((2, 4, 6, 5)), np.ones((2, 4, 4, 6, 5))
INPUTS = {1: x1, 2: x2, 3: x3}
PLAIN: dict[str, dict[str, Any]] = {
    "amax": {"input": x2},
    "amin": {"input": x2},
    "batch_norm": {"input": x1, "running_mean": np.ones(4), "running_var": np.ones(4)},
    "cat": {"tensors": [x1, x1]},
    "cross_entropy": {"input": np.ones((3, 4)), "target": np.array([0, 1, 2])},
    "dropout": {"input": x1},
    "dropout1d": {"input": x1},
    "dropout2d": {"input": x2},
    "dropout3d": {"input": x3},
    "embedding": {"input": np.array([[1, 0]]), "weight": np.ones((2, 3))},
    "flatten": {"input": x2},
    "reshape": {"input": x2, "shape": (-1, 3)},
    "squeeze": {"input": x1},
    "unflatten": {"input": x2, "dim": 1, "sizes": (2, -1)},
    "unsqueeze": {"input": x1, "dim": 1},
    "permute": {"input": x1, "dims": (0, 2, 1)},
    "transpose": {"input": x1, "dim0": 0, "dim1": 1},
    "movedim": {"input": x1, "source": 0, "destination": 1},
    "getitem": {"input": x1, "index": 0},
    "narrow": {"input": x1, "dim": 1, "start": 0, "length": 2},
    "flip": {"input": x1, "dims": (0,)},
    "split": {"tensor": x1, "split_size_or_sections": 2, "dim": 1},
    "chunk": {"input": x1, "chunks": 2},
    "roll": {"input": x1, "shifts": 1, "dims": 1},
    "stack": {"tensors": [x1, x1]},
    "pixel_shuffle": {"input": x2, "upscale_factor": 2},
    "channel_shuffle": {"input": x2, "groups": 2},
    "pixel_unshuffle": {"input": x2, "downscale_factor": 1},
    "fold": {"input": np.ones((2, 8, 6)), "output_size": (3, 4), "kernel_size": 2},
    "gelu": {"input": x1},
    "group_norm": {"input": x1, "num_groups": 2},
    "instance_norm": {"input": x1},
    "interpolate": {"input": x2, "size": (3, 4), "mode": "bilinear"},
    "layer_norm": {"input": x1, "normalized_shape": (6,)},
    "leaky_relu": {"input": x1},
    "local_response_norm": {"input": x1, "size": 3},
    "log_softmax": {"input": x1, "dim": 1},
    "mean": {"input": x2},
    **{
        name: {"input": x1, "target": x1}
        for name in (
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
            "huber_loss",
            "kl_div",
            "l1_loss",
            "mse_loss",
            "smooth_l1_loss",
        )
    },
    "nll_loss": {"input": np.ones((3, 4)), "target": np.array([0, 1, 2])},
    "cosine_similarity": {"x1": x1, "x2": x1},
    "norm": {"input": x2},
    "normalize": {"input": x2},
    "softmin": {"input": x1, "dim": 1},
    "pad": {"input": x2, "pad": (1, 1)},
    "clamp_min": {"input": x1, "min": x1},
    "clamp_max": {"input": x1, "max": x1},
    "where": {"condition": x1, "input": x1, "other": x1},
    "glu": {"input": x1},
    "pow": {"input": x1, "exponent": 2},
    "softmax": {"input": x1, "dim": 1},
    "stochastic_depth": {"input": x1, "p": 0.5, "mode": "row"},
    "sum": {"input": x2},
    "unfold": {"input": x2, "kernel_size": 2},
    "var": {"input": x2},
    **{case.function: {"input": x1, **case.named} for case in CURVES if case.settings},
}
for d, x in INPUTS.items():
    weight = np.ones((4, 2, *(2,) * d))
    PLAIN |= {
        f"adaptive_avg_pool{d}d": {"input": x, "output_size": 2},
        f"adaptive_max_pool{d}d": {"input": x, "output_size": 2},
        f"avg_pool{d}d": {"input": x, "kernel_size": 2},
        f"conv{d}d": {"input": x, "weight": weight, "groups": 2},
        f"conv_transpose{d}d": {"input": x, "weight": weight, "groups": 2},
        f"lp_pool{d}d": {"input": x, "norm_type": 2.0, "kernel_size": 2},
        f"max_pool{d}d": {"input": x, "kernel_size": 2},
        f"max_unpool{d}d": {"input": x[(..., *(slice(2),) * d)], "indices": np.arange(2**d).reshape((2,) * d)
                            + np.zeros((2, 4, *(2,) * d), np.int64), "kernel_size": 2},
    }  # fmt: skip
ARRAYS = (
    "input",
    "x1",
    "x2",
    "mat2",
    "tensor",
    "other",
    "tensors",
    "weight",
    "bias",
    "target",
    "indices",
    "running_mean",
    "running_var",
)
LAYERS: dict[str, dict[str, Any]] = {
    "GELU": {}, "Dropout": {}, "StochasticDepth": {"p": 0.5, "mode": "row"},
    "LayerNorm": {"normalized_shape": (4, 6)}, "LeakyReLU": {}, "Softmax": {},
    "Softmin": {}, "PReLU": {}, "GLU": {},
    "LogSoftmax": {},
    "Linear": {"in_features": 6, "out_features": 2}, "GroupNorm": {"num_groups": 2, "num_channels": 4},
    "LocalResponseNorm": {"size": 3}, "Upsample": {"size": 3},
    "ELU": {}, "CELU": {}, "Hardtanh": {}, "Softplus": {}, "Softshrink": {}, "Hardshrink": {},
    "Threshold": {"threshold": 0.1, "value": 2.0},
    "Unfold": {"kernel_size": 2}, "Fold": {"output_size": (3, 4), "kernel_size": 2},
}  # fmt: skip
for d in INPUTS:
    LAYERS |= {
        f"Conv{d}d": {"in_channels": 4, "out_channels": 4, "kernel_size": 2, "groups": 2},
        f"ConvTranspose{d}d": {"in_channels": 4, "out_channels": 4, "kernel_size": 2, "groups": 2},
        **{f"{kind}Pool{d}d": {"kernel_size": 2} for kind in ("Avg", "Max")},
        f"LPPool{d}d": {"norm_type": 2.0, "kernel_size": 2},
        f"Dropout{d}d": {},
        **{f"Adaptive{kind}Pool{d}d": {"output_size": 2} for kind in ("Avg", "Max")},
        **{f"{kind}Norm{d}d": {"num_features": 4} for kind in ("Batch", "Instance")},
        **{f"{kind}Pad{d}d": {"padding": 1} for kind in ("Zero", "Reflection", "Replication", "Circular")},
        f"ConstantPad{d}d": {"padding": 1, "value": 0.5},
    }
SHAPE = re.compile(r"[\w.']+( '.+')?: .+?\.( Expected .+\.)?( Got .+\.)?( Hint: .+\.)?", re.DOTALL)


def calls(kind: Any, plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plain call with one setting after the other replaced by every odd value."""
    for setting in inspect.signature(kind).parameters:
        if setting not in ARRAYS:
            for value in ODD:
                yield plain | {setting: value}


def ends_well(call: Any, text: str) -> str:
    """Nothing, or what is wrong with the error that the call ends in."""
    try:
        call()
    except PellucidError as error:
        return "" if SHAPE.fullmatch(str(error)) else f"{text}: {error}"
    except Exception as error:
        return f"{text}: {type(error).__name__}: {error}"
    return ""


def told(arguments: dict[str, Any], name: str) -> str:
    shown = {k: v.shape if isinstance(v, np.ndarray) and k in ARRAYS else v for k, v in arguments.items()}
    return f"{name}({shown})"


@pytest.mark.parametrize("name", PLAIN)
def test_functions(name: str) -> None:
    function = getattr(F, name)
    function(**PLAIN[name])
    found = [ends_well(lambda a=a: function(**a), told(a, name)) for a in calls(function, PLAIN[name])]
    assert "\n".join(filter(None, found)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    kind = getattr(nn, name)
    plain = LAYERS[name]
    dims = int(name[-2]) if name[-2].isdigit() else 1
    other = {"Linear": np.ones((2, 6)), "Unfold": x2, "Fold": PLAIN["fold"]["input"]}
    x = other.get(name, INPUTS[dims]).astype(np.float32)

    def made_and_called(arguments: dict[str, Any]) -> None:
        kind(**arguments)(x)

    made_and_called(plain)
    found = [ends_well(lambda a=a: made_and_called(a), told(a, name)) for a in calls(kind, plain)]
    assert "\n".join(filter(None, found)) == ""


def test_every_function_with_settings_is_here() -> None:
    public = {name: f for name, f in vars(F).items() if inspect.isfunction(f) and name[0] != "_"}
    settings = {name for name, f in public.items() if set(inspect.signature(f).parameters) - set(ARRAYS)}
    settings = {name for name in settings if not name.endswith("_backward")}
    assert settings == set(PLAIN)


@pytest.mark.parametrize("size", [2**31 - 1, 9, 8])
def test_windows_wider_than_all_channels(size: int) -> None:
    """Everybody has all channels for neighbours, and a window's size stands in the formula alone."""
    x = np.arange(8.0).reshape(1, 4, 2) - 3
    expected = x / np.sqrt(1 + 0.5 / size * (x * x).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(F.local_response_norm(x, size, 0.5, 0.5), expected, rtol=1e-14)


def test_layers_that_no_memory_holds() -> None:
    with pytest.raises(
        ArgumentError, match=r"^Linear: in_features is too large\. Expected less than 2³¹\. Got "
    ):
        nn.Linear(2**31, 1)
    rule = r"the array must fit in memory\. Expected at most .+ bytes, which are available"
    got = r"\(2147483647, 2147483647\), 18,446,744,056,529,682,436 bytes"
    with pytest.raises(NumericError, match=rf"^Parameter: {rule}\. Got {got}\. Hint: "):
        nn.Linear(2**31 - 1, 2**31 - 1)
