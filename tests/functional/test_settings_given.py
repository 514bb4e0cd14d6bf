"""Settings: what PyTorch takes is taken and obeyed, or refused by name."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid import nn
from pellucid.errors import ArgumentError, SignatureError

X = np.random.default_rng(0).normal(size=(3, 4, 6, 5)).astype(np.float32)


def said(call, kind=SignatureError):
    with pytest.raises(kind) as found:
        call()
    assert type(found.value) is kind
    return str(found.value)


CONV = "in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, flip"
BACK = "in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode"
CONV2D = "input, weight, bias, stride, padding, dilation, groups, flip"
LINEAR = "in_features, out_features, bias"
NORM = "num_features, eps, momentum, affine, track_running_stats"
POOL = "kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override"
SGD = "lr, momentum, weight_decay, nesterov, decay_vectors"
CPU = " Hint: leave it out: networks run on the CPU."
FLOATS = " Hint: leave it out: model.astype('float64') changes a network's float type."
KEPT = " Hint: leave it out: functions do not change their input."


@pytest.mark.parametrize(
    ("call", "setting", "taken"),
    [
        (lambda: nn.Conv2d(3, 4, 3, device="cpu"), "Conv2d device", CONV + "." + CPU),
        (lambda: nn.Conv2d(3, 4, 3, dtype=np.float64), "Conv2d dtype", CONV + "." + FLOATS),
        (lambda: nn.Conv2d(3, 4, kernel=3), "Conv2d kernel", CONV + "."),
        (
            lambda: nn.ConvTranspose2d(3, 4, 3, flip=True),
            "ConvTranspose2d flip",
            BACK + ".",
        ),
        (lambda: nn.Linear(3, 4, dtype="f8"), "Linear dtype", LINEAR + "." + FLOATS),
        (lambda: nn.Tanh(inplace=True), "Tanh inplace", "no settings." + KEPT),
        (
            lambda: nn.AdaptiveAvgPool2d(3, return_indices=True),
            "AdaptiveAvgPool2d return_indices",
            "output_size.",
        ),
        (lambda: nn.AvgPool2d(2, dilation=2), "AvgPool2d dilation", POOL + "."),
        (
            lambda: nn.Upsample(scale_factor=2, recompute_scale_factor=True),
            "Upsample recompute_scale_factor",
            "size, scale_factor, mode, align_corners.",
        ),
        (lambda: nn.BatchNorm2d(3, device="cuda"), "BatchNorm2d device", NORM + "." + CPU),
        (lambda: nn.LayerNorm(3, bias=False), "LayerNorm bias", "normalized_shape, eps, elementwise_affine."),
        (lambda: F.relu(X, inplace=True), "relu inplace", "input." + KEPT),
        (lambda: F.conv2d(X, X, padding_mode="zeros"), "conv2d padding_mode", CONV2D + "."),
        (lambda: F.conv2d_backward(X, X, X, strides=2), "conv2d_backward strides", CONV2D + "."),
        (lambda: nn.Sequential(nn.ReLU(), device="cpu"), "Sequential device", "layers." + CPU),
        (lambda: pc.SGD(0.1, dampening=0.5), "SGD dampening", SGD + "."),
        (lambda: pc.Adam(amsgrad=True), "Adam amsgrad", "lr, betas, eps, weight_decay, decay_vectors."),
    ],
)
def test_settings_that_are_not_there(call, setting, taken):
    where, name = setting.split()
    assert said(call) == f"{where}: there is no setting '{name}'. Expected {taken}"
    with pytest.raises(TypeError):  # as any function of Python
        call()
    with pytest.raises(ArgumentError):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Conv2d(3, 4), f"Conv2d: kernel_size must be given. Expected {CONV}."),
        (lambda: nn.Linear(3, 4, True, 5), f"Linear: too many positional arguments. Expected {LINEAR}."),
        (
            lambda: nn.Linear(3, 4, in_features=3),
            f"Linear: multiple values for argument 'in_features'. Expected {LINEAR}.",
        ),
        (lambda: nn.Sigmoid(3), "Sigmoid: too many positional arguments. Expected no settings."),
        (lambda: F.conv2d(X), f"conv2d: weight must be given. Expected {CONV2D}."),
        (pc.SGD, f"SGD: lr must be given. Expected {SGD}."),
    ],
)
def test_calls_that_leave_out_or_repeat(call, message):
    assert said(call) == message


def test_an_error_from_within_stays_what_it_is():
    class Broken(nn.ReLU):
        def __init__(self, size):
            super().__init__()
            self.size = size + 1

    with pytest.raises(TypeError, match="can only concatenate str") as found:
        Broken("3")
    assert not isinstance(found.value, SignatureError)
    assert said(Broken) == "Broken: size must be given. Expected size."
    assert Broken(3).size == 4


def test_a_network_trains_to_the_same_bits_with_and_without_in_place():
    after = []
    for inplace in (False, True):
        pc.seed(0)
        layers = (
            nn.Conv2d(4, 4, 3),
            nn.ReLU(inplace),
            nn.Dropout(0.2, inplace),
            nn.Flatten(),
            nn.Linear(48, 3),
        )
        step = pc.TrainStep(nn.Sequential(*layers), pc.SGD(0.1))
        losses = [step(X, np.array([0, 1, 2])) for _ in range(3)]
        after.append((losses, pickle.dumps(step.model.state_dict())))
    assert after[0] == after[1]


@pytest.mark.parametrize(
    "layer", [nn.ReLU, nn.SiLU, lambda i: nn.LeakyReLU(0.1, i), lambda i: nn.Dropout(0.1, i)]
)
@pytest.mark.parametrize("value", [1, "yes", None])
def test_in_place_is_a_truth_value(layer, value):
    assert said(lambda: layer(value), ArgumentError).endswith(
        f": inplace must be True or False. Got inplace={value!r}."
    )


def test_a_transposed_convolution_pads_with_zeros_alone():
    assert nn.ConvTranspose2d(3, 4, 3, padding_mode="zeros").padding_mode == "zeros"
    assert said(lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"), ArgumentError) == (
        "ConvTranspose2d: padding_mode has no such value. Expected one of 'zeros'. Got padding_mode='reflect'."
    )


# State dicts


def network():
    return nn.Sequential(nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()))


@pytest.mark.parametrize("name", ["1.running_mean", "1.running_var", "1.weight", "2.0.bias", "0.weight"])
def test_all_else_is_still_missed(name):
    state = network().state_dict()
    del state[name]
    assert f"Got missing: {name}." in said(lambda: network().load_state_dict(state), ArgumentError)


def test_a_count_that_is_there_must_fit():
    state = {**network().state_dict(), "1.num_batches_tracked": 0.5}
    assert "unfit: 1.num_batches_tracked" in said(lambda: network().load_state_dict(state), ArgumentError)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda: setattr(pc.SGD(0.1), "momentum", 0.9),
            "SGD: 'momentum' is no setting that can change. Expected lr. Got momentum = 0.9. Hint: make another SGD.",
        ),
        (
            lambda: setattr(pc.AdamW(), "weight_decay", 0),
            "AdamW: 'weight_decay' is no setting that can change. Expected lr. Got weight_decay = 0. "
            "Hint: make another AdamW.",
        ),
        (
            lambda: setattr(step(), "lr", 0.5),
            "TrainStep: 'lr' is no setting of a step that can change. Expected optimizer. Got lr = 0.5. "
            "Hint: use step.optimizer.lr.",
        ),
        (
            lambda: setattr(step(), "loss", "mse_loss"),
            "TrainStep: 'loss' is no setting of a step that can change. Expected optimizer. Got loss = 'mse_loss'. "
            "Hint: make another TrainStep.",
        ),
        (
            lambda: setattr(step(), "optimizer", "sgd"),
            "TrainStep: optimizer must be an SGD, Adam or AdamW of pellucid. Got str. "
            "Hint: optimizer=pellucid.SGD(lr=0.05).",
        ),
        (
            lambda: setattr(pc.BatchNorm2d(3), "affine", False),
            "BatchNorm2d: affine stays as the layer was made. Expected True. Got affine = False. "
            "Hint: make another layer in its place.",
        ),
        (
            lambda: setattr(pc.BatchNorm2d(3), "track_running_stats", False),
            "BatchNorm2d: track_running_stats stays as the layer was made. Expected True. "
            "Got track_running_stats = False. Hint: make another layer in its place.",
        ),
        (
            lambda: setattr(pc.Conv2d(3, 5, 2), "in_channels", 4),
            "Conv2d: in_channels stays as the layer was made. Expected 3. Got in_channels = 4. "
            "Hint: make another layer in its place.",
        ),
        (
            lambda: setattr(pc.Linear(3, 5), "out_features", 4),
            "Linear: out_features stays as the layer was made. Expected 5. Got out_features = 4. "
            "Hint: make another layer in its place.",
        ),
        (
            lambda: setattr(pc.models.lenet5(), "training", 0),
            "LeNet5: training must be True or False. Got training=0.",
        ),
    ],
)
def test_settings_changed_later_are_obeyed_or_refused(change, text):
    with pytest.raises(ArgumentError) as found:
        change()
    assert str(found.value) == text


def test_settings_that_can_change_are_obeyed():
    own = step()
    own.optimizer = pc.SGD(lr=0.1, momentum=0.5)
    own.optimizer.lr = 0.25
    layer = pc.Conv2d(3, 5, 2)
    layer.in_channels, layer.stride = 3, (2, 1)
    assert layer(np.zeros((1, 3, 7, 6))).shape == (1, 5, 3, 5)


def step():
    return pc.TrainStep(pc.models.lenet5(), pc.SGD(0.1))
