"""What PyTorch's modules can: containers, modes, look-ups, buffers, options of batch norms."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
import torch
from tests.support.recorded import normal

import pellucid as pc
from pellucid import functional as F

T = torch.nn


def named(model):
    """The names and kinds of all modules."""
    return [(name, type(module).__name__) for name, module in model.named_modules()]


def both(build):
    """The same with each library."""
    return build(pc), build(T)


def sequences(nn):
    row = nn.Sequential(OrderedDict(one=nn.Linear(4, 4), act=nn.ReLU(), two=nn.Linear(4, 2)))
    cut = row[1:]
    numbered = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    numbered.append(nn.Linear(4, 3)).insert(1, nn.Tanh()).extend([nn.Sigmoid(), nn.Flatten()])
    del numbered[2]
    numbered[-1] = nn.Identity()
    some = nn.ModuleList([nn.Linear(2, 2)]).__add__([nn.ReLU()])
    some += [nn.Linear(2, 3), nn.Tanh()]
    del some[1]
    some.insert(0, nn.Sigmoid())
    words = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.ReLU()})
    words["c"] = nn.Tanh()
    words.pop("b")
    words.update([("d", nn.Linear(1, 1))])
    return row, cut, numbered, numbered[::2], some, some[1:], words


def test_containers_have_pytorch_s_names():
    for ours, theirs in zip(*both(sequences), strict=True):
        assert named(ours) == named(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        assert len(ours) == len(theirs)
    row, cut = sequences(pc)[:2]
    assert cut[1] is row[2]
    words = sequences(pc)[-1]
    assert list(words) == list(words.keys()) == ["a", "c", "d"]
    assert dict(words.items())["c"] is list(words.values())[1] is words["c"]
    words.clear()
    assert len(words) == 0


class Heads(pc.Module):
    """Layers in a list, heads by name."""

    def __init__(self):
        self.layers = pc.ModuleList([pc.Linear(4, 4), pc.Linear(4, 4)])
        self.heads = pc.ModuleDict({"big": pc.Linear(4, 3), "small": pc.Linear(4, 2)})

    def forward(self, x, head="big"):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.heads[head](x)


def test_containers_train_and_what_is_put_in_later_counts():
    pc.seed(0)
    model, x = Heads(), normal(6, 4)
    step = pc.TrainStep(model, pc.SGD(0.1))
    step(x, np.arange(6) % 3)
    assert step.unreached == ("heads.small.weight", "heads.small.bias")
    assert model(x, head="small").shape == (6, 2)
    model.layers.append(pc.Linear(4, 4))
    before = model.layers[2].weight.copy()
    step(x, np.arange(6) % 3)
    assert (model.layers[2].weight != before).any()
    assert named(model)[1:5] == [(f"layers{end}", kind) for end, kind in (
        ("", "ModuleList"), (".0", "Linear"), (".1", "Linear"), (".2", "Linear"))]  # fmt: skip


def test_modules_are_looked_up_as_in_pytorch():
    def build(nn):
        shared = nn.ReLU()
        return nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), shared), nn.BatchNorm2d(2), shared)

    ours, theirs = both(build)
    for found in (lambda m: m.named_children(), lambda m: m.get_submodule("0").named_children()):
        kinds = [[(name, type(child).__name__) for name, child in found(model)] for model in (ours, theirs)]
        assert kinds[0] == kinds[1]
    assert len(list(ours.children())) == len(list(theirs.children()))
    assert ours.get_submodule("") is ours
    assert ours.get_parameter("0.0.bias") is ours[0][0].bias
    assert ours.get_buffer("1.running_var") is ours[1].running_var
    assert [b.shape for b in ours.buffers()] == [tuple(b.shape) for b in theirs.buffers()]
    orders = []
    for model in (ours, theirs):
        seen: list[str] = []
        assert model.apply(lambda module, seen=seen: seen.append(type(module).__name__)) is model
        orders.append(seen)
    assert orders[0] == orders[1]
    for wrong, said in {
        lambda: ours.get_submodule("0.7"): "Sequential: there is no module '0.7'. Got 0, 0.0, 0.1, 1, 2.",
        lambda: ours.get_parameter("1.running_var"): "Sequential: there is no parameter '1.running_var'.",
        lambda: ours.get_buffer("1.weight"): "Sequential: there is no buffer '1.weight'.",
        lambda: pc.ModuleDict({"a.b": pc.ReLU()}): (
            "ModuleDict: a module's name is text without dots, and no method's. Got 'a.b'."
        ),
        lambda: pc.ModuleList([3]): "ModuleList: every layer must be a module. Got int at position 0.",
    }.items():
        with pytest.raises(pc.PellucidError) as caught:
            wrong()
        assert str(caught.value) == said


def test_modes_are_pytorch_s():
    def build(nn):
        return nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(nn.Dropout(0.5), nn.ReLU()))

    for model in both(build):
        assert model.training
        assert model.eval() is model
        assert not any(module.training for module in model.modules())
        model[1].train()
        assert [module.training for module in model.modules()] == [False, False, True, True, True]
        model.training = True
        assert [module.training for module in model.modules()] == [True, False, True, True, True]
        assert all(module.training for module in model.train().modules())


def test_what_is_in_eval_mode_does_in_training_as_in_inference():
    def build(nn):
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(24, 5)
        )

    ours, theirs = both(build)
    ours.astype("float64").load_state_dict({n: v.numpy() for n, v in theirs.double().state_dict().items()})
    for model in (ours, theirs):
        model[1].running_mean[:] = 0.25
        model[1].eval()
        model[4].eval()
    x, y = normal(4, 3, 4, 5, dtype=np.float64), np.array([0, 1, 2, 4])
    step, optimizer = pc.TrainStep(ours, pc.SGD(0.1)), torch.optim.SGD(theirs.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        loss = T.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        loss.backward()
        optimizer.step()
        assert step(x, y) == pytest.approx(loss.item(), rel=1e-12)
    for name, value in theirs.state_dict().items():
        assert np.allclose(ours.state_dict()[name], value.numpy(), rtol=0, atol=1e-12)
    assert step.record(x, y).certify(sample=50).certified
    assert ours[1].num_batches_tracked == 0
    ours.train()
    step(x, y)
    assert (ours[1].running_mean != 0.25).all()
    assert ours[1].num_batches_tracked == 1


def test_a_forward_may_ask_for_its_mode():
    class Aux(pc.Module):
        def __init__(self):
            self.fc, self.aux = pc.Linear(4, 3), pc.Linear(4, 3)

        def forward(self, x):
            return (self.fc(x), self.aux(x)) if self.training else self.fc(x)

    model, x = Aux(), normal(2, 4)
    assert model(x).shape == (2, 3)
    step = pc.TrainStep(model, pc.SGD(0.1), lambda o, y: F.cross_entropy(o[0], y) + F.cross_entropy(o[1], y))
    step(x, np.array([0, 2]))
    assert step.unreached == ()


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norms_without_running_statistics(affine, tmp_path):
    def build(nn):
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=affine, track_running_stats=False))

    ours, theirs = both(build)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    x = normal(20, 3, 6, 5)
    for count in (20, 19, 17):  # never filled up with zeros
        expected = theirs.eval()(torch.tensor(x[:count])).detach().numpy()
        assert np.allclose(ours(x[:count]), expected, atol=2e-6)
    rec = pc.record(ours, x)
    assert rec.certify(sample=50).certified
    rec.save(tmp_path / "rec.safetensors")
    assert pc.load_recording(tmp_path / "rec.safetensors").certify(sample=20).certified


def test_buffers_belong_to_state_dicts_unless_they_are_not_to():
    class Scaled(pc.Module):
        def __init__(self):
            self.register_buffer("scale", np.array([2.0, 3.0]))
            self.register_buffer("shift", [1.0, 1.0], persistent=False)
            self.register_buffer("nothing", None)
            self.register_buffer("steps", np.array(4))
            self.register_parameter("weight", pc.Parameter([1.0, 1.0]))
            self.add_module("fc", pc.Linear(2, 1))

        def forward(self, x):
            return self.fc(x * self.scale * self.weight + self.shift)

    model = Scaled()
    assert list(model.state_dict()) == ["weight", "scale", "steps", "fc.weight", "fc.bias"]
    assert model.state_dict()["steps"].dtype == np.int64
    x = normal(3, 2)
    assert np.allclose(model(x), model.fc(x * [2, 3] + 1), atol=1e-6)
    step = pc.TrainStep(model, pc.SGD(0.1), "mse_loss")
    step(x, np.zeros((3, 1)))
    assert model.scale.tolist() == [2, 3]
    model.scale[0] = 5
    assert np.allclose(model(x), model.fc(x * [5, 3] * np.asarray(model.weight) + 1), atol=1e-6)
