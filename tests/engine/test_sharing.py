"""A batch runs in the plan of a slightly larger one where that gives the same bits, and nowhere else."""

import copy

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.data import Dataset
from pellucid.engine.graph import trace
from pellucid.engine.sharing import is_part
from pellucid.functions.sums import total


def bits(array):
    return array.shape, array.dtype, array.tobytes()


def programs(model):
    """The different programs that a model has made for inference."""
    (inference,) = model._program[2]._forms.values()
    return {id(program) for program in inference._programs.values()}


def of(forward, *layers):
    """A network of layers that `forward` takes before the input."""

    class Net(pc.Module):
        def __init__(self):
            self.layers = list(layers)

        def forward(self, x):
            return forward(x, *self.layers)

    return Net()


def everything():
    """Layers of most kinds, on 6×7 pixels of 3 channels."""
    return pc.Sequential(
        pc.Conv2d(3, 8, 3, padding=1, stride=(1, 2)), pc.GroupNorm(2, 8), pc.GELU(), pc.Upsample(scale_factor=2),
        pc.Conv2d(8, 8, 3, groups=8, padding=1), pc.LocalResponseNorm(3), pc.LPPool2d(2, 2), pc.Sigmoid(),
        pc.ConvTranspose2d(8, 4, 2, stride=2), pc.InstanceNorm2d(4), pc.ReflectionPad2d(1), pc.AvgPool2d(3, 2),
        pc.SiLU(), pc.AdaptiveMaxPool2d((2, 3)), pc.Flatten(), pc.LayerNorm(24), pc.Dropout(0.5), pc.Linear(24, 5),
    )  # fmt: skip


MODELS = {
    "lenet5": (pc.models.lenet5, (1, 28, 28)),
    "mnist_cnn": (pc.models.mnist_cnn, (1, 28, 28)),
    "vgg_small": (pc.models.vgg_small, (3, 32, 32)),
    "resnet20": (pc.models.resnet20, (3, 32, 32)),
    "everything": (everything, (3, 6, 7)),
    "line": (lambda: pc.Sequential(pc.Conv1d(3, 16, 3), pc.BatchNorm1d(16), pc.ReLU(), pc.MaxPool1d(2)), (3, 11)),
    "volume": (lambda: pc.Sequential(pc.Conv3d(2, 5, 2), pc.ReLU(), pc.AdaptiveAvgPool3d(1)), (2, 4, 3, 5)),
    "winograd of few tiles": (lambda: pc.Sequential(pc.Conv2d(32, 48, 3, padding=1), pc.ReLU()), (32, 4, 4)),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["auto", "direct", "winograd"])
@pytest.mark.parametrize("name", MODELS)
def test_a_batch_in_a_larger_ones_plan_has_the_bits_of_its_own(name, algorithm):
    make, shape = MODELS[name]
    pc.seed(0)
    model = make()
    x = np.random.default_rng(0).standard_normal((18, *shape)).astype(np.float32)
    x[0], x[1, 0], x[2] = 0, np.inf, 1e-42
    x[3, ..., 0] = np.nan
    with pc.algorithm(algorithm):
        whole = model(x)
        (made,) = programs(model)
        for count in (16, 17):
            shared = model(x[:count])
            assert programs(model) == {made}
            alone = copy.deepcopy(model)
            assert bits(shared) == bits(alone(x[:count])) == bits(whole[:count])
            assert programs(alone) != {made}
            assert shared.base is None
        assert bits(model(x[2:])) == bits(copy.deepcopy(model)(x[2:]))


@pytest.mark.parametrize("count", [0, 1, 7, 15, 19])
def test_a_batch_that_a_plan_does_not_nearly_fit_has_its_own(count):
    model = pc.Sequential(pc.Linear(3, 2), pc.ReLU())
    model(np.ones((18, 3)))
    first = programs(model)
    assert model(np.ones((count, 3))).shape == (count, 2)
    assert len(programs(model) - first) == (count > 0)


WEIGHTS = [np.ones((3, 3), np.float32) for _ in range(2)]
ROW = np.ones(3, np.float32)
FORWARDS = {
    "image by image": (lambda x: F.relu(F.linear(x, WEIGHTS[0])), True),
    "one axis of all": (lambda x: F.flatten(F.relu(x), start_dim=0), False),
    "a sum over images": (lambda x: F.mse_loss(F.relu(x), x), False),
    "softmax over classes": (lambda x: F.softmax(x, 1), True),
    "softmax over images": (lambda x: F.softmax(x, 0), False),
    "a mean of each image": (lambda x: F.mean(x, 1), True),
    "a mean over images": (lambda x: F.mean(x, 0), False),
    "a mean over images that stays": (lambda x: x - F.mean(x, 0, keepdim=True), False),
    "other ops": (lambda x: F.relu(x) if x.shape[0] > 16 else F.gelu(x), False),
    "other settings": (lambda x: F.leaky_relu(x, 1 / x.shape[0]), False),
    "more ops": (lambda x: F.relu(F.relu(x)) if x.shape[0] > 16 else F.relu(x), False),
    "other weights": (lambda x: F.linear(x, WEIGHTS[x.shape[0] > 16]), False),
    "other operands": (lambda x: (y := F.relu(x)) + (x if x.shape[0] > 16 else y), False),
    "no bias": (lambda x: F.linear(x, WEIGHTS[0], ROW if x.shape[0] > 16 else None), False),
    "another output": (lambda x: [F.relu(x), F.relu(x)][x.shape[0] > 16], False),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_what_is_part_of_a_larger_batch(name):
    forward, expected = FORWARDS[name]
    arrays = {f"{i}": array for i, array in enumerate(WEIGHTS)} | {"row": ROW}
    small, large = (
        trace(forward, {"input": ((count, 3), np.float32)}, arrays, training=False) for count in (16, 18)
    )
    assert is_part(small, large) == expected


def test_a_network_that_asks_for_the_size_of_its_batch_is_planned_for_each():
    model = of(lambda x, wide: F.relu(wide(x)) if x.shape[0] > 16 else wide(x), pc.Linear(3, 3))
    x = np.random.default_rng(0).standard_normal((18, 3)).astype(np.float32)
    assert (model(x) >= 0).all()
    assert (model(x[:16]) < 0).any()


def test_a_network_whose_layer_is_replaced_shares_no_old_plan():
    model, x = pc.Sequential(pc.Linear(3, 2), pc.ReLU()), np.ones((18, 3), np.float32)
    model(x)
    setattr(model, "0", pc.Linear(3, 4))
    assert model(x[:17]).shape == (17, 4)


def test_recordings_keep_what_they_were_given():
    model, x = pc.Sequential(pc.Linear(3, 2), pc.ReLU()), np.ones((18, 3), np.float32)
    model(x)
    assert pc.record(model, x[:17])["1.output"].shape == (17, 2)


@pytest.mark.parametrize("count", [255, 257, 300, 513])
def test_evaluation_and_prediction_need_one_plan(count):
    """And give what they give image by image."""
    pc.seed(0)
    model, rng = pc.Sequential(pc.Flatten(), pc.Linear(12, 4)), np.random.default_rng(count)
    data = Dataset(rng.integers(0, 256, (count, 1, 3, 4), np.uint8), rng.integers(0, 4, count))
    scores, probabilities = pc.evaluate(model, data), pc.predict(model, data)
    assert len(programs(model)) == 1
    one_by_one = np.concatenate([pc.predict(model, data.images[i : i + 1]) for i in range(count)])
    assert bits(probabilities) == bits(one_by_one)
    assert scores["accuracy"] == (probabilities.argmax(axis=1) == data.labels).mean()
    logits = np.concatenate([model(x) for x, _ in data.batches(1, shuffle=False)]).astype(np.float64)
    losses = pc.functional.cross_entropy(logits, data.labels, reduction="none")
    assert scores["loss"] == float(total(losses)) / count
