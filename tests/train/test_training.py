"""Training against itself: other threads, other runs, in the open."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.small_models import INPUTS, SETTINGS

import pellucid as pc
from pellucid import functional as F
from pellucid.nn.models import MODELS

OPTIMIZERS = {"sgd": lambda: pc.SGD(lr=0.02, momentum=0.9), "adam": lambda: pc.Adam(lr=1e-3)}


@pytest.fixture(autouse=True)
def _threads():
    before = pc.get_num_threads()
    yield
    pc.set_num_threads(before)


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
    step = pc.TrainStep(make(), OPTIMIZERS[optimizer](), seed=5)
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_what_a_forward_returns_is_not_fused_with_a_relu():
    pc.seed(0)
    model = LeavesARelu()
    x = np.random.default_rng(0).standard_normal((2, 1, 5, 6)).astype(np.float32)
    expected = F.conv2d(x, np.asarray(model.conv.weight), np.asarray(model.conv.bias))
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)
    assert model(x).min() < 0
