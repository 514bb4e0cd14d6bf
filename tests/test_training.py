"""Training against PyTorch, and against itself: other threads, other runs, in the open."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from tests.small_models import INPUTS, SETTINGS, ours_and_pytorchs
from torch.nn import functional as TF

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.lowering import update
from pellucid.nn.models import MODELS

LARGE = {"resnet18": 2, "alexnet": 1}  # networks that make only so many steps; the others make 20
BATCH = {"lenet5": 7, "mnist_cnn": 4, "vgg_small": 2, "resnet20": 3, "resnet18": 2, "alexnet": 2}
OPTIMIZERS = {  # ours and PyTorch's with the same settings
    "sgd": (lambda: pc.SGD(lr=0.02, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9)),
    "nesterov": (
        lambda: pc.SGD(lr=0.02, momentum=0.8, weight_decay=1e-3, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.8, weight_decay=1e-3, nesterov=True),
    ),
    "adam": (lambda: pc.Adam(lr=1e-3), lambda p: torch.optim.Adam(p, lr=1e-3)),
    "adamw": (
        lambda: pc.AdamW(lr=1e-3, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.1),
    ),
}
RUNS = [(model, "sgd") for model in MODELS] + [(model, "adam") for model in MODELS if model not in LARGE]
RUNS += [("lenet5", "adamw"), ("lenet5", "nesterov")]


@pytest.fixture(autouse=True)
def _threads():
    before, torch_before = pc.get_num_threads(), torch.get_num_threads()
    torch.set_num_threads(1)  # its threads wait by spinning, which on a busy machine takes ten times as long
    yield
    pc.set_num_threads(before)
    torch.set_num_threads(torch_before)


def batches(name, dtype, steps=20):
    rng = np.random.default_rng(7)
    for _ in range(LARGE.get(name, steps)):
        yield rng.normal(size=(BATCH[name], *INPUTS[name])).astype(dtype), rng.integers(0, 10, BATCH[name])


def pair(name, optimizer, dtype):
    """The same network twice, with the same weights: ours with its step, PyTorch's with its optimiser."""
    ours, theirs = ours_and_pytorchs(name, dtype)
    mine, other = OPTIMIZERS[optimizer]
    return pc.TrainStep(ours, mine()), theirs, other(theirs.parameters())


def torch_loss(theirs, x, y):
    """PyTorch's loss of a batch; its gradients are left in the parameters."""
    theirs.zero_grad(set_to_none=True)
    loss = TF.cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(y))
    loss.backward()
    return loss.item()


@pytest.mark.parametrize(("name", "optimizer"), RUNS)
def test_twenty_steps_run_with_pytorch_in_float64(name, optimizer):
    step, theirs, rule = pair(name, optimizer, "float64")
    ours, expected = [], []
    for x, y in batches(name, "float64"):
        ours.append(step(x, y))
        expected.append(torch_loss(theirs, x, y))
        rule.step()
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=0)


@contextmanager
def our_side_of_every_kink(recording, model):
    """Let PyTorch pass the same elements through ReLU and max pooling as the recorded step did.

    Rounding decides on which side of zero a ReLU's input of 1e-8 lies, and which of two nearly equal elements wins a
    window; one other decision moves a gradient by as much as 1 %, so it would hide what is compared here.
    """
    layers = {f"{path}.output" for path, layer in model.named_modules() if isinstance(layer, pc.ReLU)}
    names = [n for n in recording.names() if n in layers or re.search(r"^[^(]*\brelu(#\d+)?\.output$", n)]
    outputs = iter([torch.from_numpy(recording[name]) for name in names])
    last = None

    def relu(x, *_, **__):
        nonlocal last
        last = next(outputs)
        return x * (last > 0)

    def max_pool2d(x, *window, **_):
        _, winners = TF.max_pool2d_with_indices(last, *window[:4])  # in these models pooling follows a ReLU
        return x.flatten(2).gather(2, winners.flatten(2)).view(winners.shape)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TF, "relu", relu)
        patch.setattr(TF, "max_pool2d", max_pool2d)
        yield
    assert next(outputs, None) is None


@pytest.mark.parametrize(("name", "optimizer"), RUNS)
def test_every_float32_step_is_pytorchs(name, optimizer):
    """Weights are made equal before every step: loss and gradients are compared, not their consequences."""
    step, theirs, rule = pair(name, optimizer, "float32")
    for x, y in batches(name, "float32"):
        step.model.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
        recording = step.record(x, y)
        recording.commit()
        with our_side_of_every_kink(recording, step.model):
            expected = torch_loss(theirs, x, y)
        rule.step()
        assert float(recording["loss"]) == pytest.approx(expected, rel=1e-5)
        for parameter, tensor in theirs.named_parameters():
            gradient = tensor.grad.numpy()
            error = np.linalg.norm(recording[f"grad({parameter})"] - gradient) / np.linalg.norm(gradient)
            assert error < 1e-4, parameter


class SmallResNet(pc.Module):
    """A residual network with batch normalisation, dropout and sizes that differ on every axis."""

    def __init__(self):
        self.stem = pc.Conv2d(2, 5, 3, padding=1, bias=False)
        self.bn1 = pc.BatchNorm2d(5)
        self.conv = pc.Conv2d(5, 5, (3, 5), padding=(1, 2))
        self.bn2 = pc.BatchNorm2d(5)
        self.pool = pc.MaxPool2d(3, stride=2)
        self.drop = pc.Dropout(0.3)
        self.fc = pc.Linear(5 * 4 * 3, 7)

    def forward(self, x):
        x = F.relu(self.bn1(self.stem(x)))
        x = self.pool(F.relu(self.bn2(self.conv(x)) + x))
        return self.fc(F.flatten(self.drop(x), 1))


NETWORKS = {  # a network, its input, its classes
    "lenet5": (pc.models.lenet5, (4, 1, 28, 28), 10),
    "small resnet": (SmallResNet, (6, 2, 9, 7), 7),
}


def fifty_steps(network, optimizer, threads, *, recorded=False):
    """All that 50 steps come to, as bytes: losses, the next step's gradients, the state dict."""
    make, shape, classes = NETWORKS[network]
    pc.set_num_threads(threads)
    pc.seed(11)
    step = pc.TrainStep(make(), OPTIMIZERS[optimizer][0](), seed=5)
    rng = np.random.default_rng(2)
    losses = []
    for _ in range(50):
        x, y = rng.normal(size=shape), rng.integers(0, classes, shape[0])
        if recorded:
            recording = step.record(x, y)
            recording.commit()
            losses.append(float(recording["loss"]))
        else:
            losses.append(step(x, y))
    last = step.record(x, y)
    gradients = {name: last[name].tobytes() for name in last.names() if name.startswith("grad(")}
    weights = {name: array.tobytes() for name, array in step.model.state_dict().items()}
    return [loss.hex() for loss in losses], gradients, weights


@pytest.mark.parametrize(("network", "optimizer"), [("lenet5", "sgd"), ("small resnet", "adam")])
def test_bits_do_not_depend_on_threads_runs_or_recording(network, optimizer):
    losses, gradients, weights = fifty_steps(network, optimizer, 1)
    assert len(set(losses)) == 50
    variants = {"again": {"threads": 1}, "2 threads": {"threads": 2}, "3 threads": {"threads": 3}}
    variants["recorded"] = {"threads": 2, "recorded": True}
    for variant, settings in variants.items():
        others = fifty_steps(network, optimizer, **settings)
        assert others[0] == losses, variant
        assert others[1] == gradients, variant
        assert others[2] == weights, variant


def test_dropout_depends_on_the_seed():
    def loss(seed):
        pc.seed(0)
        step = pc.TrainStep(SmallResNet(), pc.SGD(lr=0.1), seed=seed)
        return step(np.ones((6, 2, 9, 7)), np.arange(6))

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)


def test_recording_alone_changes_nothing():
    pc.seed(0)
    step = pc.TrainStep(SmallResNet(), pc.Adam())
    x, y = np.random.default_rng(0).normal(size=(6, 2, 9, 7)), np.arange(6)
    step(x, y)
    before = step.model.state_dict()
    first, second = step.record(x, y), step.record(x, y)
    assert all(np.array_equal(before[name], array) for name, array in step.model.state_dict().items())
    assert float(first["loss"]) == float(second["loss"]) == step(x, y)


@pytest.mark.parametrize("name", [*MODELS, "small resnet"])
def test_an_image_does_not_depend_on_its_batch_mates(name):
    pc.seed(4)
    model = SmallResNet() if name == "small resnet" else MODELS[name](**SETTINGS.get(name, {}))
    rng = np.random.default_rng(1)
    for key, value in model.named_buffers():  # statistics as training leaves them
        value[...] = rng.uniform(0.5, 2, value.shape) if key.endswith("_var") else value
    x = rng.normal(size=(7, *((2, 9, 7) if name == "small resnet" else INPUTS[name])))
    together = model(x)
    for i in range(len(x)):
        assert model(x[i : i + 1]).tobytes() == together[i : i + 1].tobytes()
    assert model(x[2:6]).tobytes() == together[2:6].tobytes()


def test_flush_to_zero_stays_inside():
    """Compiled code turns denormal numbers into zero; NumPy, before and after a step on 3 threads, does not."""
    pc.set_num_threads(3)
    tiny = np.full(1000, np.finfo(np.float32).tiny)
    step = pc.TrainStep(pc.models.lenet5(), pc.SGD(lr=0.1))
    step(np.ones((2, 1, 28, 28), np.float32), np.array([1, 2]))
    assert (tiny / 2 > 0).all()
    assert (tiny.astype(np.float64) * 0.5 > 0).all()
    layer = pc.Sequential(pc.Linear(1, 1, bias=False))
    layer[0].weight = [[0.5]]
    assert layer(tiny[:1, None]) == 0
    assert tiny[0] / 2 > 0


def test_a_batch_of_another_shape_shares_parameters_and_state():
    """20 steps that alternate between two batch sizes are PyTorch's as well."""
    step, theirs, rule = pair("lenet5", "sgd", "float64")
    for number, (x, y) in enumerate(batches("lenet5", "float64", 10)):
        x, y = (x[:3], y[:3]) if number % 2 else (x, y)
        expected = torch_loss(theirs, x, y)
        rule.step()
        assert step(x, y) == pytest.approx(expected, rel=1e-9)


def test_mean_squared_error_runs_with_pytorch():
    pc.seed(1)
    ours = pc.Sequential(pc.Conv2d(2, 3, 3), pc.Tanh(), pc.Flatten(), pc.Linear(3 * 3 * 5, 4)).astype(
        "float64"
    )
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(3 * 3 * 5, 4)
    ).double()
    theirs.load_state_dict({key: torch.from_numpy(value) for key, value in ours.state_dict().items()})
    step, rule = pc.TrainStep(ours, pc.Adam(), loss="mse_loss"), torch.optim.Adam(theirs.parameters())
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.normal(size=(5, 2, 5, 7)), rng.normal(size=(5, 4))
        rule.zero_grad()
        loss = TF.mse_loss(theirs(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        rule.step()
        assert step(x, y) == pytest.approx(loss.item(), rel=1e-9)
    weights = ours.state_dict()
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_allclose(weights[name], tensor.numpy(), rtol=1e-7, atol=1e-12)


class Twice(pc.Module):
    """One batch norm at two places: its statistics move twice in a step."""

    def __init__(self):
        self.first, self.second = pc.Conv2d(3, 4, 3, padding=1), pc.Conv2d(4, 4, 3, padding=1)
        self.norm, self.head = pc.BatchNorm2d(4), pc.Linear(4 * 6 * 5, 5)

    def forward(self, x):
        return self.head(F.flatten(self.norm(self.second(self.norm(self.first(x)))), 1))


class TorchTwice(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.head = torch.nn.BatchNorm2d(4), torch.nn.Linear(4 * 6 * 5, 5)

    def forward(self, x):
        return self.head(self.norm(self.second(self.norm(self.first(x)))).flatten(1))


def test_a_batch_norm_used_twice_moves_twice():
    pc.seed(0)
    ours, theirs = Twice().astype("float64"), TorchTwice().double()
    theirs.load_state_dict({name: torch.tensor(array) for name, array in ours.state_dict().items()})
    random = np.random.default_rng(0)
    x, y = random.standard_normal((7, 3, 6, 5)), random.integers(0, 5, 7)
    step = pc.TrainStep(ours, pc.SGD(lr=0.1, momentum=0.9))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        step(x, y)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
    for name, array in theirs.state_dict().items():
        np.testing.assert_allclose(
            ours.state_dict()[name], array.numpy(), rtol=1e-10, atol=1e-12, err_msg=name
        )


def test_inference_of_no_images_is_an_empty_array():
    assert pc.models.lenet5()(np.zeros((0, 1, 28, 28), np.float32)).shape == (0, 10)


class Frozen(pc.Module):
    """A network one of whose weights is a buffer: it takes part, and training leaves it alone."""

    def __init__(self):
        self.conv, self.head = pc.Conv2d(1, 4, 3), pc.Linear(4 * 6 * 5, 5)
        self.mix = pc.Buffer(np.random.default_rng(0).standard_normal((4, 4, 1, 1)))

    def forward(self, x):
        return self.head(F.flatten(F.conv2d(self.conv(x), self.mix), 1))


def test_a_buffer_as_weight_stays_and_pairs_of_arrays_are_data():
    pc.seed(0)
    model, random = Frozen(), np.random.default_rng(1)
    images, labels = random.random((6, 1, 8, 7), np.float32), np.arange(6) % 5
    mix, before = model.mix.copy(), pc.evaluate(model, (images, labels))["loss"]
    pc.fit(model, (images, labels), optimizer=pc.SGD(lr=0.1), epochs=5)
    assert (model.mix == mix).all()
    assert pc.evaluate(model, (images, labels))["loss"] < before


def test_other_modules_leave_a_steps_programs_alone():
    step = pc.TrainStep(pc.models.lenet5(), pc.SGD(lr=0.1))
    x, y = np.zeros((2, 1, 28, 28), np.float32), [0, 1]
    step(x, y)
    made = list(step._programs.values())
    pc.Linear(2, 2)
    step(x, y)
    assert list(step._programs.values()) == made
    step.model.conv1.padding = 1  # now the map is smaller than fc1 expects
    with pytest.raises(pc.ShapeError, match="linear 'fc1'"):
        step(x, y)


def test_a_recording_holds_the_statistics_that_its_commit_writes():
    step = pc.TrainStep(pc.models.resnet20(), pc.SGD(lr=0.1))
    recording = step.record(np.random.default_rng(0).random((3, 3, 8, 8)), [0, 1, 2])
    name = "layer1.0.bn1.running_mean"
    predicted, before = recording[f"updated({name})"], recording[name]
    assert (step.model.state_dict()[name] == before).all()
    recording.commit()
    assert (step.model.state_dict()[name] == predicted).all()
    assert (predicted != before).any()


class LeavesARelu(pc.Module):
    """A forward that computes a ReLU and returns what went into it."""

    def __init__(self):
        self.conv = pc.Conv2d(1, 2, 3)

    def forward(self, x):
        y = self.conv(x)
        F.relu(y)
        return y


def test_what_a_forward_returns_is_not_joined_with_a_relu():
    pc.seed(0)
    model = LeavesARelu()
    x = np.random.default_rng(0).standard_normal((2, 1, 5, 6)).astype(np.float32)
    expected = F.conv2d(x, np.asarray(model.conv.weight), np.asarray(model.conv.bias))
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)
    assert model(x).min() < 0


@pytest.mark.parametrize("rule", [pc.SGD(lr=0.1, momentum=0.9), pc.AdamW()], ids=["sgd", "adamw"])
def test_large_parameters_are_updated_as_soon_as_their_gradients_are_there(rule, monkeypatch):
    """No bit changes, and the memory of their gradients is free for others."""

    class Net(pc.Module):
        def __init__(self):
            self.first, self.twice, self.last = (
                pc.Conv2d(3, 24, 3),
                pc.Conv2d(24, 24, 3, padding=1),
                pc.Linear(24, 5),
            )
            self.norm = pc.BatchNorm2d(24)

        def forward(self, x):
            x = self.norm(F.relu(self.twice(F.relu(self.twice(F.relu(self.first(x)))))))
            return self.last(F.flatten(F.avg_pool2d(x, 3), 1))

    x, y = np.random.default_rng(0).random((4, 3, 5, 5)), np.arange(4)
    results, sizes = [], []
    for least in (1, 1 << 40):
        monkeypatch.setattr(update, "_LARGE", least)
        pc.seed(0)
        step = pc.TrainStep(Net(), rule)
        losses = [step(x, y) for _ in range(3)]
        results.append((losses, {name: array.tobytes() for name, array in step.model.state_dict().items()}))
        (training,) = step._programs.values()
        sizes.append(training.program.arena.size)
    assert results[0] == results[1]
    assert sizes[0] < sizes[1]
