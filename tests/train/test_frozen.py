"""Frozen parameters: nothing changes them, nothing else changes because of them, and everybody says so."""

from __future__ import annotations

import copy
import pickle
import random
from itertools import product

import numpy as np
import pytest
import torch

import pellucid as pc
from pellucid import nn
from pellucid.errors import AddressError, ArgumentError

X = np.random.default_rng(0).normal(size=(3, 2, 9, 7)).astype(np.float32)
Y = np.array([0, 2, 1])


class Net(nn.Module):
    """A layer of every kind that has parameters; convolutions by both algorithms."""

    def __init__(self):
        self.conv, self.norm = nn.Conv2d(2, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.winograd, self.norm2 = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.groups, self.back = nn.GroupNorm(4, 16), nn.ConvTranspose2d(16, 4, 3, stride=2)
        self.biased, self.true = nn.Conv2d(4, 16, 3), nn.Conv2d(16, 16, 3, flip=True)
        self.fc = nn.Linear(16 * 15 * 11, 3)

    def forward(self, x):
        x = nn.ReLU()(self.norm(self.conv(x)))
        x = self.norm2(self.winograd(x)) + x
        x = self.biased(self.back(self.groups(x)))
        return self.fc(nn.Flatten()(nn.MaxPool2d(1)(self.true(x))))


def network():
    pc.seed(1)
    return Net()


def step_of(model, rule=None):
    return pc.TrainStep(model, rule or pc.SGD(lr=0.05, momentum=0.9, weight_decay=0.1))


NAMES = [name for name, _ in network().named_parameters()]


def frozen(names):
    model = network()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name not in names
    return model


SETS = [
    *({name} for name in NAMES),
    {name for name in NAMES if name.endswith("weight")},
    {name for name in NAMES if name.endswith("bias")},
    {name for name in NAMES if name.startswith(("conv", "norm", "winograd"))},
    {name for name in NAMES if not name.startswith("fc")},
    {name for name in NAMES if not name.startswith("conv.")},
    {name for name in NAMES if not name.startswith("groups.")},
]


@pytest.fixture(scope="module")
def free():
    """What the first step makes of everything when nothing is frozen."""
    model = network()
    return step_of(model)(X, Y), model.state_dict(), step_of(network()).record(X, Y)


@pytest.mark.parametrize("names", SETS, ids=lambda names: "+".join(sorted(names))[:40])
def test_a_step_leaves_what_is_frozen_and_does_the_same_to_all_else(names, free):
    loss, after, _ = free
    model = frozen(names)
    before, step = model.state_dict(), step_of(model)
    assert step(X, Y) == loss
    for name, array in model.state_dict().items():
        assert array.tobytes() == (before if name in names else after)[name].tobytes(), name


def fused():
    """Winograd's algorithm with a pooling, a batch norm and a stride fused with it; a large linear weight."""
    layers = (
        *(
            nn.Conv2d(4, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ),
        *(nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 4, 10)),
    )
    return nn.Sequential(*layers)


def wide():
    """So many channels that threads share these out."""
    layers = (nn.Conv2d(4, 272, 1), nn.Conv2d(272, 272, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(272 * 16, 10))


@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [fused, wide])
def test_loops_that_do_several_things_obey(make, seed, images):
    x = np.random.default_rng(0).normal(size=(images, 4, 8, 8)).astype(np.float32)
    y, draw, afters = np.arange(images), random.Random(seed), []
    names = [name for name, _ in make().named_parameters()]
    chosen = set(draw.sample(names, draw.randint(1, len(names) - 1)))
    for frozen in (set(), chosen):
        pc.seed(0)
        model = make()
        before = model.state_dict()
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name not in frozen
        afters.append((step_of(model)(x, y), model.state_dict()))
    assert afters[0][0] == afters[1][0]
    for name, array in afters[1][1].items():
        assert array.tobytes() == (before if name in chosen else afters[0][1])[name].tobytes(), name


@pytest.mark.parametrize("names", SETS[:2] + SETS[-6:], ids=lambda names: "+".join(sorted(names))[:40])
def test_a_recording_holds_the_other_gradients_alone(names, free):
    _, _, whole = free
    step = step_of(frozen(names))
    recording = step.record(X, Y)
    missing = [name for name in whole.names() if name not in recording]
    touched = {
        f"{kind}({name}){when}"
        for kind, when in (("grad", ""), ("updated", ""), ("velocity", ""), ("velocity", " before"))
        for name in names
    }
    assert set(missing) == touched
    assert recording["grad_norm"] <= whole["grad_norm"]
    for name in {*recording.names()} - {"grad_norm"}:
        assert recording[name].tobytes() == whole[name].tobytes(), name
    assert recording.certify(sample=20).certified
    recording.commit()
    twin = step_of(frozen(names))
    twin(X, Y)
    assert pickle.dumps(twin.model.state_dict()) == pickle.dumps(step.model.state_dict())


def test_a_saved_recording_is_read_as_it_was(tmp_path):
    recording = step_of(frozen({"conv.bias", "fc.weight", "groups.weight"})).record(X, Y)
    recording.save(tmp_path / "run.safetensors")
    loaded = pc.load_recording(tmp_path / "run.safetensors")
    assert loaded.names() == recording.names()
    assert loaded.certify(sample=5).certified


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("grad(conv.weight)[0,0,0,0]", "grad(conv.weight)"),
        ("updated(conv.weight)[0,0,0,0]", "updated(conv.weight)"),
        ("velocity(conv.weight)", "velocity(conv.weight)"),
        ("velocity(conv.weight) before", "velocity(conv.weight) before"),
        ("conv.weight.grad[0,0,0,0]", "conv.weight.grad"),
        ("grad_conv.weight", "grad_conv.weight"),
    ],
)
def test_explanations_say_that_it_is_frozen(address, name):
    recording = step_of(frozen({"conv.weight"})).record(X, Y)
    with pytest.raises(AddressError) as found:
        recording.explain(address)
    assert str(found.value) == (
        f"explain: 'conv.weight' was frozen, so it has no gradient and no update. Got '{name}'. "
        "Hint: set its requires_grad = True and record again."
    )
    assert "conv.output" in str(recording.uses("conv.weight[0,0,0,0]"))
    with pytest.raises(AddressError, match="holds no such name"):
        recording.explain("grad(norm.running_mean)[0]")


@pytest.mark.parametrize(
    "rule", [pc.SGD(0.1), pc.SGD(0.1, 0.9, 0.1, True), pc.Adam(0.1, weight_decay=0.1), pc.AdamW(0.1)]
)
def test_it_is_what_pytorch_does(rule):
    """Freezing between steps, and training again: the optimiser's state goes on from where it was."""
    kinds = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}
    settings = {"lr": rule.lr, "weight_decay": rule.rule.weight_decay}
    if isinstance(rule, pc.SGD):
        settings |= {"momentum": rule.rule.momentum, "nesterov": rule.rule.nesterov}
    pc.seed(3)
    ours = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).astype("float64")
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)).double()
    theirs.load_state_dict({name: torch.tensor(array) for name, array in ours.state_dict().items()})
    optimizer, step = kinds[type(rule).__name__](theirs.parameters(), **settings), step_of(ours, rule)
    x, y = np.random.default_rng(1).normal(size=(6, 5)), np.array([0, 1, 2, 0, 1, 2])
    turns = [(), ("0.weight",), ("0.weight", "2.bias"), (), ("0.weight", "0.bias"), ("2.weight",), ()]
    if not isinstance(rule, pc.SGD):  # PyTorch counts Adam's steps for each parameter by itself
        turns = [("0.weight", "2.bias")] * 4
    for names in turns:
        for model in (ours, theirs):
            for name, parameter in model.named_parameters():
                parameter.requires_grad = name not in names
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        loss.backward()
        optimizer.step()
        assert step(x, y) == pytest.approx(loss.item(), rel=1e-12)
        for name, array in ours.state_dict().items():
            np.testing.assert_allclose(array, theirs.state_dict()[name].numpy(), rtol=1e-10)


def test_requires_grad_of_a_module_and_of_a_parameter():
    model = network()
    assert model.requires_grad_(False) is model
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.fc.weight.requires_grad_() is model.fc.weight
    assert [name for name, p in model.named_parameters() if p.requires_grad] == ["fc.weight"]
    model.conv.weight = np.ones((16, 2, 3, 3))  # numbers are taken over; the parameter is the same
    assert not model.conv.weight.requires_grad
    model.conv.weight = nn.Parameter(np.ones((16, 2, 3, 3)))
    assert model.conv.weight.requires_grad
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    model.load_state_dict(network().state_dict())
    assert not model.conv.bias.requires_grad


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), lambda m: m.astype("float64")]
)
def test_copies_stay_frozen(copied):
    model = copied(frozen({"conv.weight", "fc.bias"}))
    assert {name for name, p in model.named_parameters() if not p.requires_grad} == {"conv.weight", "fc.bias"}
    step = copied(step_of(model)) if copied is copy.deepcopy else step_of(model)
    before = step.model.state_dict()
    step(X, Y)
    assert (step.model.state_dict()["fc.bias"] == before["fc.bias"]).all()


def test_a_saved_model_is_trained_whole(tmp_path):
    model = pc.models.lenet5().requires_grad_(False)
    pc.save_model(tmp_path / "m.safetensors", "lenet5", {}, model)
    loaded = pc.load_model(tmp_path / "m.safetensors")
    loaded = loaded[0] if isinstance(loaded, tuple) else loaded
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_a_model_that_is_frozen_whole_is_refused():
    model = network().requires_grad_(False)
    step = step_of(model)
    said = (
        "the model must have parameters to train. Got Net whose parameters are all frozen. "
        "Hint: set requires_grad = True for those to train."
    )
    for where, call in (
        ("TrainStep", lambda: step(X, Y)),
        ("TrainStep", lambda: step.record(X, Y)),
        ("fit", lambda: pc.fit(model, (X, Y), optimizer=pc.SGD(0.1), epochs=1)),
    ):
        with pytest.raises(ArgumentError) as found:
            call()
        assert str(found.value) == f"{where}: {said}"
    before = model.state_dict()
    model.fc.bias.requires_grad = True
    step(X, Y)
    assert [
        name for name, array in model.state_dict().items() if array.tobytes() != before[name].tobytes()
    ] == [
        *(
            f"{norm}.{name}"
            for norm, name in product(
                ("norm", "norm2"), ("running_mean", "running_var", "num_batches_tracked")
            )
        ),
        "fc.bias",
    ]


def test_a_commit_is_refused_once_something_has_been_frozen():
    model = network()
    recording = step_of(model).record(X, Y)
    model.fc.bias.requires_grad = False
    with pytest.raises(ArgumentError, match="commit: the model has moved on since this step was recorded"):
        recording.commit()


def test_what_is_frozen_may_be_read_only_or_idle():
    class Idle(nn.Module):
        def __init__(self):
            self.fc, self.idle = nn.Linear(126, 3), nn.Linear(2, 2)

        def forward(self, x):
            return self.fc(nn.Flatten()(x))

    model = Idle()
    step = step_of(model)
    step(X, Y)
    assert step.unreached == ("idle.weight", "idle.bias")
    model.idle.requires_grad_(False)
    model.fc.bias.requires_grad = model.fc.bias.flags.writeable = False
    before = model.state_dict()
    step_of(model)(X, Y)
    assert (model.fc.weight != before["fc.weight"]).any()


def test_a_parameter_that_several_layers_share():
    class Twice(nn.Module):
        def __init__(self):
            self.first, self.second = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
            self.second.weight = self.first.weight
            self.fc = nn.Linear(126, 3)

        def forward(self, x):
            return self.fc(nn.Flatten()(self.second(self.first(x))))

    model = Twice()
    model.second.weight.requires_grad = False
    before = model.state_dict()
    step_of(model)(X, Y)
    changed = [name for name, array in model.state_dict().items() if (array != before[name]).any()]
    assert changed == ["first.bias", "second.bias", "fc.weight", "fc.bias"]


def test_fit_obeys():
    model = frozen({"conv.weight", "fc.weight"})
    before = model.state_dict()
    pc.fit(model, (X, Y), optimizer=pc.Adam(weight_decay=0.1), epochs=2, batch_size=2)
    after = model.state_dict()
    assert {name for name in NAMES if (before[name] == after[name]).all()} == {"conv.weight", "fc.weight"}


def test_gradients_nobody_wants_are_not_made():
    model = network().requires_grad_(False)
    model.fc.requires_grad_()
    plan = step_of(model)
    launches = [loop.name for loop in plan._training(plan._batch(X, Y)).program.plan.loops]
    assert not [
        label
        for label in launches
        if label.startswith("grad(") and "fc" not in label and "loss" not in label and "cross" not in label
    ]


def test_the_summary_counts_what_is_trained():
    model = pc.models.lenet5()
    table = nn.summary(model, (1, 1, 28, 28))
    assert (table.parameters, table.trainable) == (61706, 61706)
    assert "to train" not in str(table)
    model.fc1.requires_grad_(False)
    table = nn.summary(model, (1, 1, 28, 28))
    assert (table.parameters, table.trainable) == (61706, 61706 - 48120)
    assert {row.path: row.trainable for row in table.rows if row.parameters}["fc1"] == 0
    assert str(table).splitlines()[-1].split() == ["of", "these", "to", "train", "13,586"]
    assert table.text("ko").splitlines()[-1].split() == ["그중", "학습", "대상", "13,586"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda m: setattr(m.fc.weight, "requires_grad", 0),
            "Parameter: requires_grad must be True or False. Got requires_grad=0.",
        ),
        (
            lambda m: setattr(m.fc.weight, "requires_grad", None),
            "Parameter: requires_grad must be True or False. Got requires_grad=None.",
        ),
        (
            lambda m: m.requires_grad_("no"),
            "Parameter: requires_grad must be True or False. Got requires_grad='no'.",
        ),
        (
            lambda m: setattr(m.fc.weight[0], "requires_grad", False),
            "Parameter: a part of a parameter cannot be frozen by itself. Got a view of shape (2640,). "
            "Hint: freeze the whole parameter.",
        ),
        (
            lambda m: setattr(m.norm.running_mean, "requires_grad", True),
            "Buffer: a buffer has no gradient. Got requires_grad=True. Hint: make it a Parameter.",
        ),
        (
            lambda m: setattr(m.fc, "requires_grad", False),
            "Linear: an attribute 'requires_grad' would change nothing. Got requires_grad = False. "
            "Hint: use requires_grad_(False) or requires_grad_(True).",
        ),
        (
            lambda m: setattr(m.fc.weight, "trainable", False),
            "Parameter: an array of a model has no such setting. Expected requires_grad. Got trainable = False.",
        ),
        (
            lambda m: setattr(m.fc.weight, "require_grad", False),
            "Parameter: an array of a model has no such setting. Expected requires_grad. Got require_grad = False.",
        ),
    ],
)
def test_settings_that_are_not_taken_are_refused(change, said):
    with pytest.raises(ArgumentError) as found:
        change(network())
    assert str(found.value) == said
