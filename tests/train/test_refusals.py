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
        "fit: labels are classes, so the loss must be cross_entropy. Got labels and mse_loss. "
        "Hint: targets are floating numbers."
    )
    assert all((before[name] == array).all() for name, array in made.state_dict().items())


def test_a_loss_without_such_a_name():
    rule = "fit: loss has no such name. Expected cross_entropy or mse_loss."
    for loss in ("bogus", None, [1], "CrossEntropy", pc.CrossEntropyLoss):
        assert said(lambda given=loss: fit(loss=given)) == f"{rule} Got {loss!r}."


MODULE = "model must be a pellucid Module. Got"
OPTIMIZER = "optimizer must be an SGD, Adam or AdamW of pellucid. Got"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pc.fit(3, (X, Y), optimizer=pc.SGD(0.1), epochs=1), f"fit: {MODULE} int."),
        (lambda: pc.record(3, X), f"record: {MODULE} int."),
        (
            lambda: pc.record(len, X, Y, optimizer=pc.SGD(0.1)),
            f"record: {MODULE} builtin_function_or_method.",
        ),
        (lambda: pc.evaluate(None, (X, Y)), f"evaluate: {MODULE} NoneType."),
        (lambda: pc.predict("lenet5", X), f"predict: {MODULE} str."),
        (lambda: pc.predict(pc.Linear, X), f"predict: {MODULE} the class pellucid.nn.linear.Linear itself."),
        (lambda: fit(optimizer="sgd"), f"fit: {OPTIMIZER} str. Hint: optimizer=pellucid.SGD(lr=0.05)."),
        (
            lambda: pc.record(model(), X, Y, optimizer=pc.SGD),
            f"record: {OPTIMIZER} the class pellucid.train.optimizers.SGD itself. "
            "Hint: optimizer=pellucid.SGD(lr=0.05).",
        ),
        (
            lambda: pc.record(model(), X, Y, optimizer=pc.SGD(0.1), loss="bogus"),
            "record: loss has no such name. Expected cross_entropy or mse_loss. Got 'bogus'.",
        ),
        (
            lambda: fit(pc.Sequential(pc.ReLU())),
            "fit: the model must have parameters to train. Got Sequential without any.",
        ),
        (
            lambda: fit(model().requires_grad_(False)),
            "fit: the model must have parameters to train. Got Sequential whose parameters are all frozen. "
            "Hint: set requires_grad = True for those to train.",
        ),
        (
            lambda: pc.record(model(), X, Y[:3], optimizer=pc.SGD(0.1)),
            "record: there must be one label per input. Expected y (4,). Got y (3,).",
        ),
        (
            lambda: pc.TrainStep(model(), pc.SGD(0.1)).record(X, Y[:3]),
            "TrainStep: there must be one label per input. Expected y (4,). Got y (3,).",
        ),
    ],
)
def test_messages_name_what_was_called(call, message):
    assert said(call) == message


@pytest.mark.parametrize(("value", "got"), [(1e39, "1e+39"), (-3.5e38, "-3.5e+38"), (1e300, "1e+300")])
def test_no_input_becomes_infinite(value, got):
    x = np.zeros((4, 2))
    x[2, 1] = value
    x[3, 0] = np.inf
    rule = f"must lie within the range of float32. Got {got} at [2, 1]."
    assert said(lambda: model()(x)) == f"Sequential: input {rule}"
    assert said(lambda: model()[0](x.T.copy().T)) == f"Linear: input {rule}"
    assert said(lambda: pc.TrainStep(model(), pc.SGD(0.1))(x, Y)) == f"TrainStep: x {rule}"
    assert said(lambda: pc.record(model(), x)) == f"record: x {rule}"
    assert said(lambda: pc.record(model(), x, Y, optimizer=pc.SGD(0.1))) == f"record: x {rule}"
    targets = np.zeros((4, 3))
    targets[2, 1] = value
    step = pc.TrainStep(model(), pc.SGD(0.1), "mse_loss")
    assert said(lambda: step(X, targets)) == f"TrainStep: y {rule}"
    assert step.steps == 0
    wide = model().astype("float64")
    assert np.isfinite(wide(np.where(np.isfinite(x), x, 0))).all()
    many = np.zeros((300, 2))
    many[270, 1] = value
    assert said(lambda: pc.predict(model(), many)) == (
        f"predict: images must be finite numbers of float32. Got {got} at [270, 1]. "
        "Hint: mend these images, or leave them out."
    )


@pytest.mark.parametrize(
    ("wrapped", "hint"),
    [
        (
            lambda s: {f"module.{k}": v for k, v in s.items()} | {"more": 1},
            "leave out 'module.' at the beginning of the names",
        ),
        (lambda s: {f"net.{k}": v for k, v in s.items()}, "leave out 'net.' at the beginning of the names"),
        (lambda s: {"state_dict": s}, "load its ['state_dict']"),
        (lambda s: {"epoch": 3, "model": s, "optimizer": {"lr": 0.1}}, "load its ['model']"),
        (
            lambda s: {f"_orig_mod.{k}": v for k, v in s.items()} | {"more": 1},
            "leave out '_orig_mod.' at the beginning of the names",
        ),
        (lambda s: {f"{k}.data": v for k, v in s.items()}, None),
        (lambda s: {"module.1.weight": s["0.weight"]}, None),
        (lambda s: {3: 4}, None),
        (lambda s: {}, None),
    ],
)
def test_state_dicts_in_other_wrappings(wrapped, hint):
    network = model()
    message = said(lambda: network.load_state_dict(wrapped(network.state_dict())))
    assert message.startswith(
        "Sequential.load_state_dict: names and shapes must be those of the model; nothing was loaded. "
        "Got missing: 0.weight"
    )
    assert message.partition(" Hint: ")[2] == (f"{hint}." if hint else "")


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
        "fit: the loss and the norm of the gradients must be finite; nothing was changed. Got inf in 0.output[0,0], "
        "the first in step 1, made by linear, in epoch 1, batch 1. "
        "Hint: pellucid.record(model, x, y, optimizer=…).overview() shows where the first NaN or infinity is."
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
