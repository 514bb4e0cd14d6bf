"""Training step by step beside PyTorch: losses, gradients and weights."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from tests.support.small_models import INPUTS
from tests.support.twins import ours_and_pytorchs
from torch.nn import functional as TF

import pellucid as pc
from pellucid import functional as F
from pellucid.nn.models import MODELS

LARGE = {"resnet18": 2, "alexnet": 1, "vgg11": 1}  # networks that make only so many steps; the others make 20
DEEP = {  # so many steps in float64 alone
    "vgg16": 1,
    "resnet50": 2,
    "densenet121": 2,
    "squeezenet": 2,
    "googlenet": 2,
    "mobilenet_v2": 2,
    "mobilenet_v3_small": 2,
    "efficientnet_b0": 2,
    "shufflenet_v2": 2,
    "convnext_tiny": 1,
    "unet": 3,
}
BATCH = {
    "lenet5": 7,
    "mnist_cnn": 4,
    "vgg_small": 2,
    "resnet20": 3,
    "resnet18": 2,
    "alexnet": 2,
    "vgg11": 1,
    "tiny": 5,
    **dict.fromkeys(DEEP, 2),
}
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


def grouped(parameters, weight_decay):
    """Parameters of one axis in a group without weight decay."""
    parameters = list(parameters)
    matrices = {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay}
    return [matrices, {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0}]


OPTIMIZERS["sgd, matrices"] = (
    lambda: pc.SGD(lr=0.02, momentum=0.9, weight_decay=0.1, decay_vectors=False),
    lambda p: torch.optim.SGD(grouped(p, 0.1), lr=0.02, momentum=0.9),
)
OPTIMIZERS["adamw, matrices"] = (
    lambda: pc.AdamW(lr=1e-3, weight_decay=0.3, decay_vectors=False),
    lambda p: torch.optim.AdamW(grouped(p, 0.3), lr=1e-3),
)
SHALLOW = [model for model in MODELS if model not in DEEP]
RUNS = [(model, "sgd") for model in SHALLOW] + [(model, "adam") for model in SHALLOW if model not in LARGE]
RUNS += [("lenet5", optimizer) for optimizer in OPTIMIZERS if optimizer not in ("sgd", "adam")]
RUNS.append(("resnet20", "sgd, matrices"))


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # its threads wait by spinning, which on a busy machine takes ten times as long
    yield
    torch.set_num_threads(before)


def batches(name, dtype, steps=20):
    rng = np.random.default_rng(7)
    for _ in range((LARGE | DEEP).get(name, steps)):
        x = rng.normal(size=(BATCH[name], *INPUTS[name])).astype(dtype)
        if name == "unet":  # a label for each pixel
            yield x, rng.integers(0, 2, (len(x), *x.shape[2:]))
        else:
            yield x, rng.integers(0, 10, len(x))


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


@pytest.mark.parametrize(("name", "optimizer"), [*RUNS, *((model, "sgd") for model in DEEP)])
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


LOSSES = {
    "weights": {"weight": [0.5, 2.0, 0.0, 1.5, 3.0]},
    "smoothing": {"label_smoothing": 0.1},
    "all": {"weight": [0.5, 2.0, 0.1, 1.5, 3.0], "label_smoothing": 0.2, "ignore_index": 3},
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_losses_with_settings_run_with_pytorch(name, pixels, soft):
    """For images and for each pixel, of labels of which some are ignored, and of class probabilities."""
    settings = dict(LOSSES[name])
    if soft:
        settings.pop("ignore_index", None)
    pc.seed(1)
    ends = (pc.Conv2d(6, 5, 1),) if pixels else (pc.Flatten(), pc.Linear(6 * 7 * 3, 5))
    ours = pc.Sequential(pc.Conv2d(2, 6, 3, padding=1), pc.Tanh(), *ends).astype("float64")
    ends = (torch.nn.Conv2d(6, 5, 1),) if pixels else (torch.nn.Flatten(), torch.nn.Linear(6 * 7 * 3, 5))
    theirs = torch.nn.Sequential(torch.nn.Conv2d(2, 6, 3, padding=1), torch.nn.Tanh(), *ends).double()
    theirs.load_state_dict({key: torch.from_numpy(value) for key, value in ours.state_dict().items()})
    step = pc.TrainStep(ours, pc.SGD(lr=0.1, momentum=0.9), pc.CrossEntropyLoss(**settings))
    weight = torch.tensor(settings["weight"], dtype=torch.float64) if "weight" in settings else None
    judge = torch.nn.CrossEntropyLoss(**settings | {"weight": weight})
    rule, rng = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9), np.random.default_rng(0)
    shape = (7, 3) if pixels else ()
    for _ in range(5):
        x = rng.normal(size=(6, 2, 7, 3))
        y = rng.random((6, 5, *shape)) if soft else rng.integers(0, 5, (6, *shape))
        if not soft:
            y.flat[::4] = settings.get("ignore_index", -100)
        rule.zero_grad()
        loss = judge(theirs(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        rule.step()
        assert step(x, y) == pytest.approx(loss.item(), rel=1e-10)
    weights = ours.state_dict()
    for key, tensor in theirs.state_dict().items():
        np.testing.assert_allclose(weights[key], tensor.numpy(), rtol=1e-8, atol=1e-12)


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


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("pixels", [False, True])
def test_evaluation_with_ignored_labels_and_with_probabilities(pixels, soft):
    """300 images, more than one batch."""
    random = np.random.default_rng(11)
    pc.seed(2)
    layer = pc.Conv2d(2, 5, 1) if pixels else pc.Linear(2, 5)
    x = random.normal(size=(300, 2, 3, 4) if pixels else (300, 2)).astype(np.float32)
    logits = torch.from_numpy(layer(x)).double()
    if soft:
        y = random.random(logits.shape).astype(np.float32)
        target, counts, named = torch.from_numpy(y).double(), np.ones((300, *x.shape[2:]), bool), y.argmax(1)
        found = pc.evaluate(layer, pc.Dataset(x, targets=y), loss="cross_entropy")
    else:
        y = random.integers(0, 5, (300, *x.shape[2:]))
        y[random.random(y.shape) < 0.3] = 3  # which is a class as well
        target, counts, named = torch.from_numpy(y), y != 3, y
        found = pc.evaluate(layer, (x, y), ignore_index=3)
    loss = TF.cross_entropy(logits, target, **({} if soft else {"ignore_index": 3})).item()
    accuracy = (logits.numpy().argmax(1) == named)[counts].mean()
    assert found == pytest.approx({"loss": loss, "accuracy": accuracy}, rel=1e-9)


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
