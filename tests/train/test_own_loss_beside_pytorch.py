"""Losses of one's own over several outputs, step by step beside PyTorch, and every number of them certified."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.recorded import normal

import pellucid as pc
from pellucid import functional as F

T = torch.nn.functional
MASK, WEIGHT = normal(4, 6, 5, dtype=np.float64, seed=5), np.array([0.5, 1.0, 2.0])
LEFT, RIGHT = normal(2, 5, 3, 8, 7, dtype=np.float64, seed=6)
Y = {
    "main": np.array([0, 2, 1, 1, 0]),
    "aux": np.array([1, 1, 0, 2, 2]),
    "maps": normal(5, 4, 6, 5, dtype=np.float64, seed=7),
}


def layers(nn):
    """The layers of one library or of the other."""
    convolutions = {"stem": nn.Conv2d(3, 4, 3), "mid": nn.Conv2d(4, 4, 3, padding=1), "bn": nn.BatchNorm2d(4)}
    return convolutions | {"main": nn.Linear(4, 3), "aux": nn.Linear(4, 3), "head": nn.Linear(4, 2)}


def forward(net, left, right, f, mask):
    """Two inputs that share a layer, outputs in a structure, a head that no loss reaches."""
    a = f.relu(net.bn(net.stem(left))) * mask
    b = f.relu(net.stem(right))
    p, q = (f.adaptive_avg_pool2d(maps, 1) for maps in (net.mid(a) + b, a))
    p, q = (x.flatten(1) for x in (p, q))
    return {"main": net.main(p), "others": (net.aux(q), b, net.head(q))}


class Ours(pc.Module):
    def __init__(self):
        vars(self).update(layers(pc))

    def forward(self, left, right):
        return forward(self, left, right, F, MASK)


class Theirs(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for name, layer in layers(torch.nn).items():
            setattr(self, name, layer)

    def forward(self, left, right):
        return forward(self, left, right, T, torch.tensor(MASK))


def loss(output, y, f, weight):
    """As GoogLeNet's: several losses, each with its share."""
    aux, maps, _ = output["others"]
    return (
        f.cross_entropy(output["main"], y["main"], weight)
        + 0.4 * f.cross_entropy(aux, y["aux"])
        + f.mse_loss(maps, y["maps"]) / 10
    )


def test_steps_are_pytorch_s():
    torch.manual_seed(0)
    twin, model = Theirs().double(), Ours().astype("float64")
    model.load_state_dict({name: value.numpy() for name, value in twin.state_dict().items()})
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    step = pc.TrainStep(model, pc.SGD(**settings), lambda output, y: loss(output, y, F, WEIGHT))
    optimizer = torch.optim.SGD(twin.parameters(), **settings)
    y = {name: torch.tensor(array) for name, array in Y.items()}
    for _ in range(5):
        optimizer.zero_grad()
        expected = loss(twin(torch.tensor(LEFT), torch.tensor(RIGHT)), y, T, torch.tensor(WEIGHT))
        expected.backward()
        optimizer.step()
        assert step((LEFT, RIGHT), Y) == pytest.approx(expected.item(), rel=1e-12)
    for name, value in model.state_dict().items():
        assert np.allclose(value, twin.state_dict()[name].numpy(), rtol=0, atol=1e-12)
    assert step.unreached == ("head.weight", "head.bias")


def test_every_number_is_certified_and_recordings_are_the_steps(tmp_path):
    pc.seed(1)
    model = Ours()
    step = pc.TrainStep(model, pc.Adam(), lambda output, y: loss(output, y, F, WEIGHT))
    step((LEFT, RIGHT), Y)
    rec = step.record({"right": RIGHT, "left": LEFT}, Y)
    assert rec.names()[:5] == ["left", "right", "target.main", "target.aux", "target.maps"]
    assert rec.certify().certified
    assert "updated(head.weight)" not in rec.names()
    rec.save(tmp_path / "rec.safetensors")
    assert pc.load_recording(tmp_path / "rec.safetensors").certify(sample=20).certified
    assert step((LEFT, RIGHT), Y) == rec.loss
    for name, parameter in model.named_parameters():
        if name not in step.unreached:
            assert rec[f"updated({name})"].tobytes() == parameter.tobytes()


def test_labels_of_every_loss_are_checked():
    step = pc.TrainStep(Ours(), pc.SGD(0.1), lambda output, y: loss(output, y, F, WEIGHT))
    step((LEFT, RIGHT), Y)
    with pytest.raises(pc.PellucidError, match=r"a label must be a class of the network.*Got y.aux\[1\] = 3"):
        step((LEFT, RIGHT), Y | {"aux": np.array([1, 3, 0, 2, 2])})


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_no_bit(threads):
    before = pc.get_num_threads()
    results = []
    try:
        for count in (2, threads):
            pc.set_num_threads(count)
            pc.seed(3)
            step = pc.TrainStep(Ours(), pc.SGD(0.1), lambda output, y: loss(output, y, F, WEIGHT))
            results.append([step((LEFT, RIGHT), Y) for _ in range(3)])
    finally:
        pc.set_num_threads(before)
    assert results[0] == results[1]


def test_weights_of_a_loss_may_change_between_steps():
    """As when a loss's share grows: the array that the loss uses is read anew."""
    share = np.array(1.0)
    pc.seed(4)
    model = pc.Linear(4, 3)
    step = pc.TrainStep(model, pc.SGD(0.0), lambda output, y: share * F.mse_loss(output, y))
    x, y = normal(2, 4), normal(2, 3)
    one = step(x, y)
    share[...] = 3
    assert step(x, y) == pytest.approx(3 * one, rel=1e-6)


def test_labels_and_targets_may_be_constants():
    """As in a GAN, whose discriminator is told what all images are."""
    pc.seed(5)
    step = pc.TrainStep(
        pc.Linear(4, 2), pc.SGD(0.1), lambda output, y: F.cross_entropy(output, np.ones(3, int))
    )
    first, second = (step(normal(3, 4), ()) for _ in range(2))
    assert second < first
