"""What training cannot obey is refused before anything has changed, and what it says is true of what has happened."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pc
from pellucid import nn

X = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
Y = np.array([0, 1, 2, 0])


def model():
    pc.seed(0)
    return pc.Sequential(pc.Linear(2, 3))


def fit(network=None, **settings):
    return pc.fit(
        network or model(), (X, Y), **{"optimizer": pc.SGD(lr=0.01), "epochs": 1, "batch_size": 2} | settings
    )


def said(call):
    with pytest.raises(pc.PellucidError) as caught:
        call()
    return str(caught.value)


# Optimisers


@pytest.mark.parametrize("kind", [pc.Adam, pc.AdamW])
@pytest.mark.parametrize("betas", [[0.5, 0.75], (0.5, 0.75), (np.float32(0.5), np.float64(0.75)), [0, 0.75]])
def test_an_optimizer_keeps_nothing_of_the_callers(kind, betas):
    optimizer, same = kind(betas=betas), kind(betas=tuple(float(beta) for beta in betas))
    assert repr(optimizer) == repr(same)
    if isinstance(betas, list):
        betas[0] = 0.9
    assert optimizer.rule == same.rule
    step, other = pc.TrainStep(model(), optimizer), pc.TrainStep(model(), same)
    assert [step(X, Y) for _ in range(3)] == [other(X, Y) for _ in range(3)]


@pytest.mark.parametrize("value", [1, None, "yes", [True], 0.0])
def test_nesterov_is_true_or_false(value):
    got = f"Got nesterov={value!r}."
    assert said(lambda: pc.SGD(0.1, 0.9, nesterov=value)) == f"sgd: nesterov must be True or False. {got}"


# Callbacks


@pytest.mark.parametrize(
    ("callbacks", "got"),
    [
        (None, "None"),
        ([1], "[1]"),
        (5, "5"),
        ([len, None], "[<built-in function len>, None]"),
        ("print", "'print'"),
        (len, "<built-in function len>"),
    ],
)
def test_callbacks_are_looked_at_before_the_first_update(callbacks, got):
    network = model()
    before = network.state_dict()
    rule = "fit: callbacks must be a list of functions."
    assert said(lambda: fit(network, callbacks=callbacks)) == (
        f"{rule} Got callbacks={got}. Hint: callbacks=[print]."
    )
    assert all((before[name] == array).all() for name, array in network.state_dict().items())


@pytest.mark.parametrize("made", [list, tuple, iter, dict.fromkeys])
def test_every_event_is_told_to_every_callback(made):
    first, second = [], []
    fit(epochs=2, callbacks=made([first.append, second.append]))
    assert len(first) == len(second) == 2 * (2 + 1)


# Losses


@pytest.mark.parametrize(
    "network",
    [
        model,
        lambda: pc.Sequential(pc.Linear(2, 1)),
        lambda: pc.Sequential(pc.Linear(2, 4), pc.Dropout(0.5)),
        lambda: pc.Sequential(pc.Linear(2, 4), pc.ReLU()),
        lambda: pc.Sequential(pc.Linear(2, 2), pc.Flatten()),
    ],
)
def test_labels_are_classes(network):
    made = network()
    before = made.state_dict()
    assert said(lambda: fit(made, loss="mse_loss", validation=(X, Y))) == (
        "fit: labels are classes, so the loss must be cross_entropy. Got 'mse_loss'. "
        "Hint: use TrainStep for other targets."
    )
    assert all((before[name] == array).all() for name, array in made.state_dict().items())


def test_a_loss_without_such_a_name():
    tail = "TrainStep: loss has no such name. Expected cross_entropy or mse_loss. Got 'bogus'."
    assert said(lambda: fit(loss="bogus")) == tail


@pytest.mark.parametrize(
    ("settings", "got"),
    [
        ({"optimizer": pc.SGD(0.1)}, "an optimizer and no y"),
        ({"optimizer": pc.Adam(), "loss": "mse_loss"}, "an optimizer and no y"),
        ({"optimizer": "sgd"}, "an optimizer and no y"),
        ({"loss": "bogus"}, "loss='bogus' and no y"),
        ({"loss": "mse_loss"}, "loss='mse_loss' and no y"),
        ({"loss": None}, "loss=None and no y"),
    ],
)
def test_a_recording_without_targets_has_no_training_settings(settings, got):
    assert said(lambda: pc.record(model(), X, **settings)) == (
        f"record: optimizer and loss need targets. Got {got}. "
        "Hint: pellucid.record(model, x, y, optimizer=…) records a training step."
    )


# Numbers that were not finite before


@pytest.mark.parametrize(("value", "got"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize("place", ["weight", "bias"])
def test_weights_that_were_never_finite_are_no_fault_of_the_rate(place, value, got):
    network = model()
    array = getattr(network[0], place)
    array[-1, ...] = value
    index = "2,0" if place == "weight" else "2"
    assert said(lambda: fit(network)) == (
        f"fit: the model's numbers must be finite before training. Got {got} in 0.{place}[{index}]. "
        "Hint: mend them, or make the model anew."
    )


def test_a_loss_that_is_too_large_before_any_update():
    network = model()
    network[0].weight[...] = [[3e38, 3e38], [-3e38, -3e38], [0, 0]]
    data = np.full((4, 2), 2, np.float32), Y
    said_first = said(lambda: pc.fit(network, data, optimizer=pc.SGD(1e-9), epochs=1, batch_size=4))
    assert said_first == (
        "fit: the loss is not finite before any update. Got nan in epoch 1, batch 1. "
        "Hint: before training, pellucid.record(model, x).overview() shows where the first NaN or infinity is."
    )


# Channels that stand last


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (lambda m: nn.Conv2d(3, 6, 3, padding="same", padding_mode=m), (4, 28, 28, 3), "(0, 3, 1, 2)"),
        (lambda m: nn.Conv2d(3, 6, 3, padding=(0, 2), padding_mode=m), (4, 11, 13, 3), "(0, 3, 1, 2)"),
        (lambda m: nn.Conv1d(2, 4, 5, padding=2, padding_mode=m), (3, 17, 2), "(0, 2, 1)"),
        (lambda m: nn.Conv3d(2, 4, 3, padding=1, padding_mode=m), (3, 5, 6, 7, 2), "(0, 4, 1, 2, 3)"),
        (lambda m: nn.Conv2d(4, 6, 3, groups=2, padding=1, padding_mode=m), (2, 9, 8, 4), "(0, 3, 1, 2)"),
    ],
)
def test_a_layer_that_pads_tells_of_the_input_that_it_was_given(mode, layer, shape, expected):
    message = said(lambda: pc.Sequential(layer(mode))(np.ones(shape)))
    assert message.endswith(
        f"Got C={shape[1]} from input {shape}. Hint: move the channel axis: x.transpose{expected}."
    )


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_other_faults_of_the_input_are_told_of_it_as_well(mode):
    network = pc.Sequential(nn.Conv2d(3, 6, 9, padding=2, padding_mode=mode))
    assert said(lambda: network(np.ones((2, 5, 28, 28)))).endswith(
        "Got C=5 from input (2, 5, 28, 28). Hint: set in_channels=5."
    )
    assert said(lambda: network(np.ones((2, 3, 28)))).endswith(
        "Got input (2, 3, 28). Hint: add the batch axis, x[None]."
    )
    assert said(lambda: network(np.ones((2, 3, 28, 4)))).endswith(
        "Got 9 (kernel 9, dilation 1) on input 4 with padding 2+2. "
        "Hint: use a smaller kernel_size or more padding."
    )
