"""Layers and models beside PyTorch's: state dicts, numbers, order of arguments; and tensors where arrays are taken."""

from __future__ import annotations

import copy
from inspect import signature

import numpy as np
import pytest
import torch
from tests.nn.test_nn import evaluate
from tests.support.small_models import INPUTS, SETTINGS
from tests.support.twins import ours_and_pytorchs

import pellucid as pc
from pellucid import nn
from pellucid.bench.twins import twin
from pellucid.errors import ArgumentError
from pellucid.nn.models import MODELS, resnet20


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("settings", [{}, {"in_channels": 2, "num_classes": 7}])
def test_state_dicts_are_those_of_pytorch(name, settings):
    settings = {**SETTINGS.get(name, {}), **settings}
    model, other = MODELS[name](**settings), twin(name, **settings)
    ours, theirs = model.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    assert {key: array.shape for key, array in ours.items()} == {
        key: tuple(t.shape) for key, t in theirs.items()
    }
    assert {key: str(array.dtype) for key, array in ours.items()} == {
        key: str(t.dtype).removeprefix("torch.") for key, t in theirs.items()
    }
    assert [key for key, _ in model.named_parameters()] == [key for key, _ in other.named_parameters()]
    assert [key for key, _ in model.named_buffers()] == [key for key, _ in other.named_buffers()]
    model.load_state_dict(theirs)
    for key, array in model.state_dict().items():
        assert type(array) is np.ndarray
        assert array.flags.c_contiguous
        assert array.flags.owndata
        assert np.array_equal(array, theirs[key].numpy())
    other.load_state_dict({key: torch.from_numpy(array) for key, array in model.state_dict().items()})


@pytest.mark.parametrize("name", MODELS)
def test_models_compute_what_pytorch_computes(name):
    torch.manual_seed(1)
    model, other = ours_and_pytorchs(name, "float64", num_classes=7)
    other.eval()
    for buffer in other.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    model.load_state_dict(other.state_dict())
    x = np.random.default_rng(2).normal(size=(2, *INPUTS[name]))
    with torch.no_grad():
        expected = other(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(evaluate(model, x), expected, rtol=1e-9, atol=1e-12)


T = torch.nn
LAYERS = [
    (nn.Conv1d(3, 4, 3, 2, 1), T.Conv1d(3, 4, 3, 2, 1), (2, 3, 9)),
    (
        nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2, False),
        T.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2, False),
        (2, 4, 7, 8),
    ),
    (nn.Conv2d(2, 3, 4, padding="same"), T.Conv2d(2, 3, 4, padding="same"), (1, 2, 5, 6)),
    (nn.Conv2d(2, 3, 2, padding="valid"), T.Conv2d(2, 3, 2, padding="valid"), (1, 2, 5, 6)),
    (
        nn.Sequential(nn.Conv2d(2, 3, 2, padding=((1, 0), (0, 2)))),
        T.Sequential(T.Conv2d(2, 3, 2)),
        (1, 2, 5, 6),
    ),
    (nn.Conv3d(2, 3, (1, 2, 3)), T.Conv3d(2, 3, (1, 2, 3)), (2, 2, 3, 4, 5)),
    (nn.ConvTranspose1d(4, 3, 4, 2, 1), T.ConvTranspose1d(4, 3, 4, 2, 1), (2, 4, 5)),
    (
        nn.ConvTranspose2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 0), 2, False, (1, 2)),
        T.ConvTranspose2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 0), 2, False, (1, 2)),
        (2, 4, 5, 3),
    ),
    (nn.ConvTranspose3d(2, 3, (1, 2, 3)), T.ConvTranspose3d(2, 3, (1, 2, 3)), (2, 2, 3, 4, 5)),
    (nn.MaxPool1d(3, 2, 1), T.MaxPool1d(3, 2, 1), (2, 3, 9)),
    (
        nn.MaxPool2d((3, 2), (2, 1), 1, 2, ceil_mode=True),
        T.MaxPool2d((3, 2), (2, 1), 1, 2, ceil_mode=True),
        (2, 3, 9, 8),
    ),
    (nn.MaxPool3d(2), T.MaxPool3d(2), (2, 3, 4, 5, 6)),
    (nn.AvgPool1d(3, 2, 1), T.AvgPool1d(3, 2, 1), (2, 3, 9)),
    (nn.AvgPool2d((3, 2), (2, 1), 1, True, False), T.AvgPool2d((3, 2), (2, 1), 1, True, False), (2, 3, 9, 8)),
    (nn.AvgPool3d(2), T.AvgPool3d(2), (2, 3, 4, 5, 6)),
    (nn.AvgPool3d(2, divisor_override=3), T.AvgPool3d(2, divisor_override=3), (2, 3, 4, 5, 6)),
    (nn.AdaptiveAvgPool1d(4), T.AdaptiveAvgPool1d(4), (2, 3, 9)),
    (nn.AdaptiveAvgPool2d((2, 3)), T.AdaptiveAvgPool2d((2, 3)), (2, 3, 5, 7)),
    (nn.AdaptiveAvgPool2d((None, 2)), T.AdaptiveAvgPool2d((None, 2)), (2, 3, 5, 7)),
    (nn.AdaptiveAvgPool3d(2), T.AdaptiveAvgPool3d(2), (2, 3, 4, 5, 6)),
    (nn.BatchNorm1d(3), T.BatchNorm1d(3), (4, 3)),
    (nn.BatchNorm1d(3, eps=0.1), T.BatchNorm1d(3, eps=0.1), (4, 3, 5)),
    (nn.BatchNorm2d(3), T.BatchNorm2d(3), (4, 3, 5, 2)),
    (nn.BatchNorm3d(3), T.BatchNorm3d(3), (2, 3, 4, 5, 6)),
    (nn.GroupNorm(2, 6), T.GroupNorm(2, 6), (4, 6, 5, 3)),
    (nn.GroupNorm(3, 6, 0.1, False), T.GroupNorm(3, 6, 0.1, False), (4, 6)),
    (nn.LayerNorm(5), T.LayerNorm(5), (4, 5)),
    (nn.LayerNorm((3, 5)), T.LayerNorm((3, 5)), (4, 3, 5)),
    (nn.LayerNorm([3, 5, 2], 0.1), T.LayerNorm([3, 5, 2], 0.1), (4, 3, 5, 2)),
    (nn.LayerNorm((3, 2, 4, 5)), T.LayerNorm((3, 2, 4, 5)), (2, 3, 2, 4, 5)),
    (nn.LayerNorm(5), T.LayerNorm(5), (4, 3, 2, 5)),
    (nn.LayerNorm((2, 5)), T.LayerNorm((2, 5)), (4, 3, 2, 5)),
    (nn.LayerNorm((3, 5), 1e-3, False), T.LayerNorm((3, 5), 1e-3, False), (4, 3, 5)),
    (nn.InstanceNorm1d(3), T.InstanceNorm1d(3), (4, 3, 5)),
    (nn.InstanceNorm2d(3, 0.1, affine=True), T.InstanceNorm2d(3, 0.1, affine=True), (4, 3, 5, 2)),
    (nn.InstanceNorm3d(3), T.InstanceNorm3d(3), (2, 3, 4, 5, 6)),
    (nn.LocalResponseNorm(4), T.LocalResponseNorm(4), (2, 7, 4, 5)),
    (nn.LocalResponseNorm(3, 0.5, 0.6, 2.0), T.LocalResponseNorm(3, 0.5, 0.6, 2.0), (2, 7, 4)),
    (nn.Linear(5, 3), T.Linear(5, 3), (4, 5)),
    (nn.Linear(5, 3, bias=False), T.Linear(5, 3, bias=False), (4, 5)),
    (nn.Linear(5, 3), T.Linear(5, 3), (4, 7, 5)),
    (nn.Linear(5, 3, bias=False), T.Linear(5, 3, bias=False), (2, 3, 4, 6, 5)),
    (nn.ReLU(), T.ReLU(), (4, 5)),
    (nn.LeakyReLU(0.2), T.LeakyReLU(0.2), (4, 5)),
    (nn.Sigmoid(), T.Sigmoid(), (4, 5)),
    (nn.Tanh(), T.Tanh(), (4, 5)),
    (nn.GELU(), T.GELU(), (4, 5)),
    (nn.GELU("tanh"), T.GELU("tanh"), (4, 5)),
    (nn.SiLU(), T.SiLU(), (4, 5)),
    (nn.ReLU6(), T.ReLU6(), (4, 5)),
    (nn.Hardtanh(-0.5, 0.7), T.Hardtanh(-0.5, 0.7), (4, 5)),
    (nn.Hardsigmoid(), T.Hardsigmoid(), (4, 5)),
    (nn.Hardswish(), T.Hardswish(), (4, 5)),
    (nn.Threshold(0.1, 20), T.Threshold(0.1, 20), (4, 5)),
    (nn.Softshrink(0.3), T.Softshrink(0.3), (4, 5)),
    (nn.Hardshrink(0.3), T.Hardshrink(0.3), (4, 5)),
    (nn.ELU(0.5), T.ELU(0.5), (4, 5)),
    (nn.SELU(), T.SELU(), (4, 5)),
    (nn.CELU(2.0), T.CELU(2.0), (4, 5)),
    (nn.Mish(), T.Mish(), (4, 5)),
    (nn.Softplus(2.0, 3.0), T.Softplus(2.0, 3.0), (4, 5)),
    (nn.Softsign(), T.Softsign(), (4, 5)),
    (nn.LogSigmoid(), T.LogSigmoid(), (4, 5)),
    (nn.Tanhshrink(), T.Tanhshrink(), (4, 5)),
    (nn.Softmax(), T.Softmax(1), (4, 5, 3)),
    (nn.Softmin(), T.Softmin(1), (4, 5, 3)),
    (nn.PReLU(), T.PReLU(), (4, 5, 3)),
    (nn.GLU(1), T.GLU(1), (4, 6, 3)),
    (nn.PReLU(5, 0.5), T.PReLU(5, 0.5), (4, 5, 3, 2)),
    (nn.LogSoftmax(-1), T.LogSoftmax(-1), (4, 5, 3)),
    (nn.Softmin(0), T.Softmin(0), (4, 5, 3)),
    (nn.Softmax2d(), T.Softmax2d(), (4, 5, 3, 2)),
    (nn.Flatten(), T.Flatten(), (4, 5, 3)),
    (nn.Flatten(2, -2), T.Flatten(2, -2), (4, 5, 3, 2, 6)),
    (nn.Unflatten(1, (2, -1)), T.Unflatten(1, (2, 3)), (4, 6, 5)),
    (nn.PixelShuffle(2), T.PixelShuffle(2), (3, 8, 5, 2)),
    (nn.PixelUnshuffle(3), T.PixelUnshuffle(3), (2, 2, 6, 9)),
    (nn.ChannelShuffle(3), T.ChannelShuffle(3), (2, 6, 5, 4)),
]


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")  # PyTorch, about its own speed
@pytest.mark.parametrize(("ours", "theirs", "shape"), LAYERS, ids=lambda value: type(value).__name__)
def test_layers_compute_what_pytorch_computes(ours, theirs, shape):
    ours, theirs = copy.deepcopy(ours).astype("float64"), copy.deepcopy(theirs).double().eval()
    generator = torch.Generator().manual_seed(0)
    for array in (*theirs.parameters(), *theirs.buffers()):
        if array.is_floating_point():
            array.data.uniform_(0.5, 1.5, generator=generator)
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=shape)
    given = torch.from_numpy(x)
    if "(1, 0), (0, 2)" in repr(ours):  # PyTorch pads asymmetrically only beforehand, last axis first
        given = torch.nn.functional.pad(given, (0, 2, 1, 0))
    with torch.no_grad():
        expected = theirs(given).numpy()
    np.testing.assert_allclose(evaluate(ours, x), expected, rtol=1e-10, atol=1e-12)


def test_layers_take_their_arguments_in_pytorchs_order() -> None:
    layers = {
        n: getattr(pc, n) for n in dir(pc) if hasattr(torch.nn, n) and n not in ("Parameter", "Sequential")
    }
    names = [name for name, layer in layers.items() if isinstance(layer, type)]
    compared = 0
    for name in names:
        ours, torchs = (list(signature(getattr(home, name)).parameters) for home in (pc, torch.nn))
        both = [argument for argument in torchs if argument in ours]
        assert [argument for argument in ours if argument in both] == both, name
        compared += len(both)
    assert compared > 150


def test_a_tensor_is_taken_for_a_parameter_unless_it_belongs_to_a_graph():
    layer = nn.Linear(3, 2)
    before, tensor = layer.weight.copy(), torch.nn.Linear(3, 2).weight
    with pytest.raises(ArgumentError):
        layer.weight = tensor
    assert np.array_equal(layer.weight, before)
    layer.weight = tensor.detach()
    assert np.array_equal(layer.weight, tensor.detach().numpy())


def test_a_tensor_is_taken_for_images():
    images = np.arange(24, dtype=np.float32).reshape(2, 1, 3, 4)
    layer = nn.Conv2d(1, 2, 1)
    assert np.array_equal(layer(torch.from_numpy(images)), layer(images))


def test_a_summary_counts_pytorchs_parameters():
    table = nn.summary(resnet20(num_classes=7), (2, 3, 32, 32))
    other = twin("resnet20", num_classes=7)
    assert table.parameters == sum(parameter.numel() for parameter in other.parameters())
