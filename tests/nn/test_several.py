"""Networks with several inputs and outputs, and with constants: arrays that are nobody's parameters."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F

Pair = namedtuple("Pair", "maps logits")
LEFT, RIGHT = np.random.default_rng(0).standard_normal((2, 5, 3, 8, 7)).astype(np.float32)


class Net(pc.Module):
    """Layers that a function uses."""

    def __init__(self, function, **layers):
        self._function = function
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, left, right=None, scale=1.0):
        return self._function(self, left, right, scale)


def two(net, left, right, scale):
    maps = net.conv(left) - net.conv(right) * scale
    return {"pair": Pair(maps, net.fc(F.flatten(F.adaptive_avg_pool2d(maps, 1), 1))), "given": [left, None]}


@pytest.fixture
def net():
    pc.seed(0)
    return Net(two, conv=pc.Conv2d(3, 4, 3), fc=pc.Linear(4, 2))


def test_outputs_come_in_the_structure_that_forward_returns(net):
    found = net(LEFT, RIGHT)
    assert list(found) == ["pair", "given"]
    assert type(found["pair"]) is Pair
    assert found["pair"].maps.shape == (5, 4, 6, 5)
    assert found["pair"].logits.shape == (5, 2)
    left, nothing = found["given"]
    assert nothing is None
    assert np.array_equal(left, LEFT)
    assert not np.shares_memory(left, LEFT)
    maps = net.conv(LEFT) - net.conv(RIGHT)
    assert found["pair"].maps.tobytes() == maps.tobytes()


def test_arguments_go_by_place_and_by_name_and_settings_with_them(net):
    assert net(LEFT, right=RIGHT)["pair"].logits.tobytes() == net(LEFT, RIGHT)["pair"].logits.tobytes()
    twice = net(right=RIGHT, left=LEFT, scale=2.0)["pair"].maps
    assert np.array_equal(twice, net.conv(LEFT) - net.conv(RIGHT) * np.float32(2))
    assert np.array_equal(net(LEFT, RIGHT)["pair"].maps, net.conv(LEFT) - net.conv(RIGHT))


def test_inputs_may_be_structures():
    net = Net(
        lambda net, pair, more, _: net.conv(pair[0]) + net.conv(pair[1]["b"]) + more[0],
        conv=pc.Conv2d(3, 4, 3),
    )
    more = np.ones((5, 4, 6, 5), np.float32)
    found = net((LEFT, {"b": RIGHT}), [more])
    assert np.array_equal(found, net.conv(LEFT) + net.conv(RIGHT) + more)
    rec = pc.record(net, {"left": (LEFT, {"b": RIGHT}), "right": [more]})
    assert rec.names()[:3] == ["left.0", "left.1.b", "right.0"]


def test_batches_of_a_few_images_share_plans_and_keep_their_bits(net):
    whole = net(np.concatenate([LEFT] * 4), np.concatenate([RIGHT] * 4))["pair"]
    part = net(np.concatenate([LEFT] * 4)[:19], np.concatenate([RIGHT] * 4)[:19])["pair"]
    assert part.maps.shape == (19, 4, 6, 5)
    assert part.maps.tobytes() == whole.maps[:19].tobytes()
    assert part.logits.tobytes() == whole.logits[:19].tobytes()
    assert len(net._program[2]._forms) == 1


def test_an_empty_batch_has_empty_outputs(net):
    found = net(LEFT[:0], RIGHT[:0])
    assert found["pair"].maps.shape == (0, 4, 6, 5)
    assert found["given"][0].shape == (0, 3, 8, 7)


def test_whole_numbers_are_what_the_network_takes_them_for():
    floats = Net(lambda net, left, right, _: left * 0.5)
    assert floats(np.arange(6).reshape(2, 3)).tolist() == [[0, 0.5, 1], [1.5, 2, 2.5]]
    both = Net(lambda net, left, right, _: (F.relu(left), F.cross_entropy(left, right)))
    values, loss = both(np.zeros((2, 3), np.float32), np.array([1, 2]))
    assert np.isclose(loss, np.log(3))
    assert values.dtype == np.float32
    with pytest.raises(pc.PellucidError, match=r"targets are class numbers, or -100. Got right\[1\] = 3"):
        both(np.zeros((2, 3), np.float32), np.array([1, 3]))


def test_a_call_that_forward_does_not_take_is_told(net):
    for call, said in {
        lambda: net(
            LEFT, RIGHT, 1.0, 2.0
        ): "Net: too many positional arguments. Expected left, right, scale.",
        lambda: net(LEFT, up=RIGHT): "Net: there is no setting 'up'. Expected left, right, scale.",
        lambda: net(right=RIGHT): "Net: left must be given. Expected left, right, scale.",
    }.items():
        with pytest.raises(pc.PellucidError) as caught:
            call()
        assert str(caught.value) == said


# Constants

MEAN = np.array([0.5, -1.0, 2.0]).reshape(3, 1, 1)


def test_a_constant_is_what_the_array_holds_when_the_network_runs():
    mean = MEAN.copy()
    net = Net(lambda net, left, right, _: left - mean)
    assert np.array_equal(net(LEFT), LEFT - MEAN.astype(np.float32))
    mean[0] = 7
    assert np.array_equal(net(LEFT), LEFT - mean.astype(np.float32))
    wide = np.arange(18.0).reshape(6, 3)[::2]  # as it lies: another type, with gaps
    assert np.array_equal(
        Net(lambda net, left, right, _: left * wide)(wide), (wide * wide).astype(np.float32)
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.bool_])
def test_constants_of_every_type_are_numbers_of_the_network(dtype):
    mask = np.array([0, 1, 3], dtype).reshape(3, 1, 1)
    found = Net(lambda net, left, right, _: left * mask)(LEFT)
    assert found.dtype == np.float32
    assert np.array_equal(found, LEFT * mask.astype(np.float32))


def test_constants_are_weights_and_data_as_well():
    sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float64).reshape(1, 1, 3, 3)
    edges = Net(lambda net, left, right, _: F.conv2d(left, sobel, padding=1))
    x = LEFT[:, :1]
    assert np.allclose(edges(x), F.conv2d(x, sobel.astype(np.float32), padding=1), atol=1e-5)
    more = np.random.default_rng(1).standard_normal((5, 2, 8, 7)).astype(np.float32)
    joined = Net(lambda net, left, right, _: F.cat([left, more], 1))
    assert np.array_equal(joined(LEFT), np.concatenate([LEFT, more], 1))


def test_a_parameter_is_data_as_well_and_trained():
    class Prompt(pc.Module):
        def __init__(self):
            self.prompt, self.fc = pc.Parameter(np.ones((4, 2))), pc.Linear(5, 3)

        def forward(self, x):
            return self.fc(F.cat([x, self.prompt], 1))

    pc.seed(1)
    model = Prompt()
    step = pc.TrainStep(model, pc.SGD(lr=0.5))
    rec = step.record(np.ones((4, 3)), np.array([0, 1, 2, 1]))
    assert rec["grad(prompt)"].shape == (4, 2)
    assert rec["grad(prompt)"].any()
    assert rec.certify().certified


def test_constants_are_recorded_explained_and_certified(tmp_path):
    mean = MEAN.copy()
    net = Net(lambda net, left, right, _: net.conv(left - mean), conv=pc.Conv2d(3, 4, 3))
    rec = pc.record(net, LEFT)
    assert np.array_equal(rec["constant"], MEAN.astype(np.float32))
    assert rec.explain("sub.output[1,2,3,4]").certified
    assert rec.certify().certified
    mean[:] = 0
    assert np.array_equal(rec["constant"], MEAN.astype(np.float32))
    rec.save(tmp_path / "rec.safetensors")
    assert pc.load_recording(tmp_path / "rec.safetensors").certify(sample=50).certified


def test_a_part_of_a_parameter_is_no_constant():
    class Cut(pc.Module):
        def __init__(self):
            self.weight = pc.Parameter(np.ones((2, 3)))

        def forward(self, x):
            return F.linear(x, self.weight.reshape(3, 2))

    with pytest.raises(
        pc.ArgumentError, match="operands must be traced tensors, arrays of NumPy or parameters"
    ):
        Cut()(np.ones((1, 2)))


def test_a_constant_too_large_for_the_network_is_told():
    with pytest.raises(pc.ArgumentError, match=r"constant must lie within the range of float32. Got 1e\+39"):
        Net(lambda net, left, right, _: left * np.full((3, 1, 1), 1e39))(LEFT)


def test_a_recording_of_several_outputs_is_whole(net, tmp_path):
    rec = pc.record(net, (LEFT, RIGHT))
    assert rec.names()[:2] == ["left", "right"]
    assert rec["fc.output"].tobytes() == net(LEFT, RIGHT)["pair"].logits.tobytes()
    assert rec.certify().certified
    assert rec.explain("conv#2.output[1,2,3,4]").certified
    rec.save(tmp_path / "rec.safetensors")
    assert pc.load_recording(tmp_path / "rec.safetensors").names() == rec.names()
