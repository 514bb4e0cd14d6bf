"""Padding, upsampling and the poolings beyond maxima and means, inside of networks: PyTorch is the oracle."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.beside_torch import trained_alike
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import ArgumentError, ShapeError

T = torch.nn
WINDOWS = (  # their reprs have one number for each axis, as those of other poolings
    pc.AdaptiveMaxPool1d
    | pc.AdaptiveMaxPool2d
    | pc.AdaptiveMaxPool3d
    | pc.LPPool1d
    | pc.LPPool2d
    | pc.LPPool3d
)
LAYERS: list[tuple[Any, Any, tuple[int, ...]]] = [
    (pc.ZeroPad1d(2), T.ZeroPad1d(2), (2, 3, 7)),
    (pc.ZeroPad2d((1, 2, 0, 3)), T.ZeroPad2d((1, 2, 0, 3)), (2, 3, 4, 7)),
    (pc.ZeroPad3d((1, 0, 2, 1, 0, 1)), T.ZeroPad3d((1, 0, 2, 1, 0, 1)), (2, 3, 3, 4, 5)),
    (pc.ConstantPad1d((1, -2), 0.5), T.ConstantPad1d((1, -2), 0.5), (2, 3, 7)),
    (pc.ConstantPad2d((-1, 2, 3, -2), -1.5), T.ConstantPad2d((-1, 2, 3, -2), -1.5), (2, 3, 4, 7)),
    (pc.ConstantPad3d(1, 2), T.ConstantPad3d(1, 2), (2, 3, 3, 4, 5)),
    (pc.ReflectionPad1d((3, 1)), T.ReflectionPad1d((3, 1)), (2, 3, 7)),
    (pc.ReflectionPad2d((3, 1, 0, 2)), T.ReflectionPad2d((3, 1, 0, 2)), (2, 3, 4, 7)),
    (pc.ReflectionPad3d((1, 2, 3, 0, 1, 2)), T.ReflectionPad3d((1, 2, 3, 0, 1, 2)), (2, 3, 3, 4, 5)),
    (pc.ReplicationPad1d((9, 1)), T.ReplicationPad1d((9, 1)), (2, 3, 7)),
    (pc.ReplicationPad2d((3, 1, -1, 2)), T.ReplicationPad2d((3, 1, -1, 2)), (2, 3, 4, 7)),
    (pc.ReplicationPad3d((1, 2, 3, 0, 1, 2)), T.ReplicationPad3d((1, 2, 3, 0, 1, 2)), (2, 3, 3, 4, 5)),
    (pc.CircularPad1d((7, 1)), T.CircularPad1d((7, 1)), (2, 3, 7)),
    (pc.CircularPad2d((3, 1, 4, 2)), T.CircularPad2d((3, 1, 4, 2)), (2, 3, 4, 7)),
    (pc.CircularPad3d((1, 2, 3, 0, 1, 2)), T.CircularPad3d((1, 2, 3, 0, 1, 2)), (2, 3, 3, 4, 5)),
    (pc.AdaptiveMaxPool1d(4), T.AdaptiveMaxPool1d(4), (2, 3, 9)),
    (pc.AdaptiveMaxPool2d((None, 3)), T.AdaptiveMaxPool2d((None, 3)), (2, 3, 5, 7)),
    (pc.AdaptiveMaxPool3d((2, 5, 3)), T.AdaptiveMaxPool3d((2, 5, 3)), (2, 3, 3, 4, 5)),
    (pc.LPPool1d(2, 3, 2), T.LPPool1d(2, 3, 2), (2, 3, 9)),
    (pc.LPPool2d(1, (2, 3), (3, 1)), T.LPPool2d(1, (2, 3), (3, 1)), (2, 3, 7, 5)),
    (pc.LPPool2d(4, 2), T.LPPool2d(4, 2), (2, 3, 4, 6)),
    (pc.LPPool2d(2, 3, 2, True), T.LPPool2d(2, 3, 2, True), (2, 3, 6, 8)),
    (pc.LPPool3d(4, (2, 3, 1), 2), T.LPPool3d(4, (2, 3, 1), 2), (2, 3, 4, 5, 3)),
    (pc.Upsample(11), T.Upsample(11), (2, 3, 4)),
    (pc.Upsample(scale_factor=(2, 1.7)), T.Upsample(scale_factor=(2, 1.7)), (2, 3, 4, 7)),
    (pc.Upsample(scale_factor=2), T.Upsample(scale_factor=2), (2, 3, 2, 3, 4)),
    (pc.Upsample(9, mode="linear"), T.Upsample(9, mode="linear"), (2, 3, 4)),
    (
        pc.Upsample((9, 5), mode="bilinear", align_corners=True),
        T.Upsample((9, 5), mode="bilinear", align_corners=True),
        (2, 3, 4, 7),
    ),
    (
        pc.Upsample(scale_factor=1.6, mode="trilinear"),
        T.Upsample(scale_factor=1.6, mode="trilinear"),
        (2, 3, 3, 4, 5),
    ),
]
for _mode in ("reflect", "replicate", "circular"):
    LAYERS += [
        (
            pc.Conv1d(3, 3, 3, 2, 2, padding_mode=_mode),
            T.Conv1d(3, 3, 3, 2, 2, padding_mode=_mode),
            (2, 3, 8),
        ),
        (
            pc.Conv2d(3, 3, (2, 4), padding="same", bias=False, padding_mode=_mode),
            T.Conv2d(3, 3, (2, 4), padding="same", bias=False, padding_mode=_mode),
            (2, 3, 4, 7),
        ),
        (
            pc.Conv3d(3, 3, (1, 3, 2), padding=(0, 2, 1), padding_mode=_mode),
            T.Conv3d(3, 3, (1, 3, 2), padding=(0, 2, 1), padding_mode=_mode),
            (2, 3, 3, 4, 5),
        ),
    ]
CASES = pytest.mark.parametrize(("ours", "theirs", "shape"), LAYERS, ids=lambda value: repr(value)[:60])


def network(layer: Any, of: Any, dims: int, features: int) -> Any:
    """The layer between two convolutions, ours or PyTorch's, so that its input has a gradient."""
    conv = getattr(of, f"Conv{dims}d")
    return of.Sequential(
        conv(3, 3, 1), layer, conv(3, 2, 2, padding=1), of.ReLU(), of.Flatten(), of.Linear(features, 5)
    )


@CASES
@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")  # PyTorch, about its own speed
def test_training_is_pytorchs(ours: Any, theirs: Any, shape: tuple[int, ...]) -> None:
    dims = len(shape) - 2
    with torch.no_grad():
        features = 2 * int(np.prod([size + 1 for size in theirs(torch.zeros(shape)).shape[2:]]))
    other = network(copy.deepcopy(theirs), T, dims, features).double()
    model = network(copy.deepcopy(ours), pc, dims, features).astype("float64")
    trained_alike(model, other, shape)


@CASES
def test_a_recorded_step_is_the_fast_one_and_certified(
    ours: Any, theirs: Any, shape: tuple[int, ...]
) -> None:
    dims = len(shape) - 2
    sizes = pc.summary(copy.deepcopy(ours), shape).rows[-1].output_shape[2:]
    features = 2 * int(np.prod([size + 1 for size in sizes]))
    random = np.random.default_rng(1)
    for dtype in ("float32", "float64"):
        model = network(copy.deepcopy(ours), pc, dims, features).astype(dtype)
        step, x, y = (
            pc.TrainStep(model, pc.SGD(lr=0.1)),
            random.normal(size=shape),
            random.integers(0, 5, shape[0]),
        )
        rec = step.record(x, y)
        certificates = rec.certify()
        assert certificates.certified, str(certificates)
        assert step(x, y) == rec.loss
        assert all(array.tobytes() == rec[f"updated({n})"].tobytes() for n, array in model.named_parameters())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "op",
    [
        lambda x: F.pad(x, (3, 1, -1, 2), "reflect"),
        lambda x: F.pad(x, (1, 2), "constant", 0.3),
        lambda x: F.interpolate(x, (7, 3), mode="bilinear"),
        lambda x: F.interpolate(x, scale_factor=2),
        lambda x: F.lp_pool2d(x, 2, (3, 2), (2, 1), True),
    ],
)
def test_a_changed_number_is_noticed(op: Any, dtype: Any) -> None:
    """Output and gradients, the latter with an earlier one to add to."""
    rec = recording(run(lambda x: op(x) + op(x), abs(normal(2, 3, 4, 5, dtype=dtype)), {}))
    assert rec.certify().certified
    for name in [name for name in rec if name.startswith(("pad", "interpolate", "lp_pool", "grad(input)"))]:
        array = rec._array(name)
        before = array.copy()
        formula = "lp_pool2d.output" in rec  # enclosed, not replayed
        moved = array * dtype(1 + 4096 * np.finfo(dtype).eps) if formula else np.nextafter(array, np.inf)
        array[...] = np.where(array == 0, 1, moved)
        row = {row.name: row for row in rec.certify().arrays}[name]
        assert row.failures == row.checked == array.size
        array[...] = before


def test_texts_of_explanations() -> None:
    rec = recording(run(lambda x: F.pad(x, (1, 2), "constant", 0.5), normal(1, 1, 1, 2), {}))
    trace = rec.explain("pad.output[0,0,0,0]")
    assert (trace.kind, trace.terms[0].factors) == ("select", (("value", 0.5),))
    assert trace.note == "no input element lies here: a constant"
    trace = rec.explain("pad.output[0,0,0,2]")
    assert trace.terms[0].factors[0][0] == "input[0,0,0,1]"
    x = np.array([[[1.0, 3.0]]])
    rec = recording(run(lambda x: F.interpolate(x, 4, mode="linear"), x, {}))
    trace = rec.explain("interpolate.output[0,0,1]")
    assert trace.formula == "output[n,c,y] = Σ_i weight[y,i]·input[n,c,i]"
    assert trace.substituted == "interpolate.output[0,0,1] = 1.0·0.75 + 3.0·0.25"
    assert trace.note == "order: from 0, input positions ascending, one fused multiply–add each"


def test_padding_of_a_convolution_is_a_part_of_the_layer() -> None:
    model = pc.Sequential(pc.Conv2d(1, 2, 3, padding=1, padding_mode="circular"))
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
    rows = pc.summary(model, (1, 1, 4, 5)).rows
    assert [(row.path, row.type, row.output_shape) for row in rows] == [
        ("0.pad", "pad", (1, 1, 6, 7)),
        ("0", "Conv2d", (1, 2, 4, 5)),
    ]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: pc.ZeroPad2d((1, 2)),
            "ZeroPad2d: padding must be an integer, or (before, after) of each axis, the last axis first. "
            "Expected 4 integers. Got padding=(1, 2).",
        ),
        (
            lambda: pc.ReflectionPad1d(1.5),
            "ReflectionPad1d: padding must be an integer, or (before, after) of each axis, the last axis first. "
            "Expected 2 integers. Got padding=1.5.",
        ),
        (
            lambda: pc.ConstantPad1d(1, "grey"),
            "ConstantPad1d: value must be a number in [-inf, inf]. Got value='grey'.",
        ),
        (
            lambda: pc.ReflectionPad1d(3)(np.zeros((1, 2, 3))),
            "pad 'pad': mode='reflect' has only so much to repeat. Expected at most 2. "
            "Got 3 on axis 2 of input (1, 2, 3).",
        ),
        (
            lambda: pc.ZeroPad1d(-2)(np.zeros((1, 2, 3))),
            "pad 'pad': more is cropped than there is. Got pad (-2, -2) on axis 2 of input (1, 2, 3).",
        ),
        (
            lambda: pc.CircularPad2d(1)(np.zeros((1, 2, 3))),
            "CircularPad2d: input must have 4 axes. Got input (1, 2, 3).",
        ),
        (
            lambda: pc.Conv2d(1, 1, 3, padding_mode="mirror"),
            "Conv2d: padding_mode has no such value. Expected one of 'zeros', 'reflect', 'replicate', 'circular'. "
            "Got padding_mode='mirror'.",
        ),
        (
            lambda: pc.LPPool1d(0, 2),
            "LPPool1d: norm_type must not be 0. Got norm_type=0.",
        ),
        (
            lambda: pc.AdaptiveMaxPool2d(0),
            "AdaptiveMaxPool2d: output_size must be an integer, or one integer or None per axis. "
            "Expected 2 values ≥ 1. Got output_size=0.",
        ),
        (
            pc.Upsample,
            "Upsample: give either size or scale_factor. Got size=None, scale_factor=None.",
        ),
        (
            lambda: pc.Upsample(scale_factor=(2, -1)),
            "Upsample: scale_factor must be a number above 0, or one for each axis. Got scale_factor=(2, -1).",
        ),
        (
            lambda: pc.Upsample(2, mode="cubic"),
            "Upsample: mode has no such value. Expected one of 'nearest', 'linear', 'bilinear', 'trilinear'. "
            "Got mode='cubic'.",
        ),
        (
            lambda: pc.Upsample(2, align_corners=True),
            "Upsample: align_corners is True or False, for linear modes alone. "
            "Got align_corners=True, mode='nearest'.",
        ),
        (
            lambda: pc.Upsample(2, mode="bilinear")(np.zeros((1, 2, 3))),
            "interpolate: mode must fit the input's axes. Expected 'nearest' or 'linear'. Got mode='bilinear'.",
        ),
    ],
)
def test_wrong_settings_are_named(make: Any, text: str) -> None:
    with pytest.raises((ArgumentError, ShapeError)) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("ours", "theirs"), [(ours, theirs) for ours, theirs, _ in LAYERS if not isinstance(ours, WINDOWS)]
)
def test_reprs_are_pytorchs(ours: Any, theirs: Any) -> None:
    said = repr(ours).replace("padding=((0, 1), (1, 2))", "padding=same")  # we say what "same" comes to
    assert said == repr(theirs)


def test_reprs_of_windows() -> None:
    assert (
        repr(pc.LPPool2d(2, 3, 2))
        == "LPPool2d(norm_type=2, kernel_size=(3, 3), stride=(2, 2), ceil_mode=False)"
    )
    assert repr(pc.AdaptiveMaxPool2d((None, 2))) == "AdaptiveMaxPool2d(output_size=(None, 2))"


def test_empty_batches_and_other_threads() -> None:
    before, x = pc.get_num_threads(), normal(5, 3, 9, 7)
    try:
        for layer in (pc.CircularPad2d(2), pc.AdaptiveMaxPool2d((4, 3)), pc.Upsample(5, mode="bilinear")):
            assert layer(x[:0]).shape == (0, 3, *layer(x).shape[2:])
            found = []
            for threads in (1, 2, 3):
                pc.set_num_threads(threads)
                found.append(layer(x).tobytes())
            assert found[0] == found[1] == found[2]
    finally:
        pc.set_num_threads(before)


@pytest.mark.parametrize("n", [1, 2, 64])
@pytest.mark.parametrize("pad", [(-2, -3, 1, 1), (1, 1, -2, -2)])
def test_cropping_to_nothing_leaves_an_empty_map(n: int, pad: tuple[int, ...]) -> None:
    x = np.ones((n, 3, 4, 5), np.float32)
    theirs = torch.nn.functional.pad(torch.tensor(x), pad)
    assert pc.Sequential(pc.ZeroPad2d(pad))(x).shape == theirs.shape
    assert pc.Sequential(pc.ZeroPad2d(pad), pc.Flatten())(x).shape == (n, 0)
    assert pc.Sequential(pc.ZeroPad2d(pad), pc.ReLU(), pc.ConstantPad2d(1, 2))(x).shape == theirs.shape[
        :2
    ] + tuple(size + 2 for size in theirs.shape[2:])
