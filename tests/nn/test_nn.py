"""Modules, layers, initial values and models."""

from __future__ import annotations

import copy
import pickle
import re
import sys
import types

import numpy as np
import pytest

from pellucid import functional as F
from pellucid import nn
from pellucid.engine import graph
from pellucid.errors import ArgumentError, ShapeError
from pellucid.nn.models import MODELS, lenet5, resnet20


def trace(model, shape, training=False):
    arrays = dict(model.named_arrays())
    return graph.trace(model.trace_forward, {"input": (shape, model.dtype)}, arrays, training=training)


def evaluate(model, x):
    """What the model computes by the ops' definitions: its graph, node by node."""
    traced = trace(model, x.shape)
    values = {**traced.arrays, traced.inputs["input"]: x}
    for node in traced.nodes:
        operands = (None if symbol is None else np.asarray(values[symbol]) for symbol in node.operands)
        values[node.output] = node.op.forward(*operands)
    return values[traced.output]


class Definition:
    """Stands for the engine's Inference: the same interface, numbers by definition."""

    made = 0

    def __init__(self, function, arrays):
        self.function, self.arrays = function, arrays
        Definition.made += 1

    def __call__(self, input):
        self.seen = input
        graph.trace(self.function, {"input": (input.shape, input.dtype)}, self.arrays, training=False)
        return input


@pytest.fixture
def engine(monkeypatch):
    module = types.ModuleType("pellucid.engine.inference")
    module.Inference = Definition
    monkeypatch.setitem(sys.modules, "pellucid.engine.inference", module)
    Definition.made = 0


def message(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


# Parameters


@pytest.mark.parametrize(
    ("shape", "memory"),
    [
        ((), ()),
        ((7,), (7,)),
        ((5, 3), (3, 5)),
        ((5, 3, 2), (2, 3, 5)),
        ((5, 3, 2, 4), (2, 4, 3, 5)),
        ((5, 3, 2, 4, 6), (2, 4, 6, 3, 5)),
        ((0, 3, 2, 2), (2, 2, 3, 0)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameter_memory(shape, memory, dtype):
    values = np.random.default_rng(0).normal(size=shape)
    parameter = nn.Parameter(values, dtype)
    assert parameter.shape == shape
    assert parameter.dtype == dtype
    assert parameter.memory.shape == memory
    assert type(parameter.memory) is np.ndarray
    assert parameter.memory.flags.c_contiguous
    assert parameter.size == 0 or parameter.memory.ctypes.data % 64 == 0
    assert np.array_equal(parameter, values.astype(dtype))
    parameter.memory[...] = 3
    assert (parameter == 3).all()


def test_results_on_a_parameter_are_plain_arrays():
    weight = nn.Parameter(np.ones((2, 3)))
    for result in (weight + 1, 1 - weight, np.exp(weight), weight @ weight.T, weight.sum(0), weight > 0):
        assert type(result) is np.ndarray
    assert type(weight.sum()) is np.float32
    same = weight
    same *= 2
    assert same is weight
    assert (np.asarray(weight) == 2).all()


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda array: pickle.loads(pickle.dumps(array))])
def test_clones_of_a_parameter_keep_the_memory_order(clone):
    weight = nn.Parameter(np.arange(120).reshape(2, 3, 4, 5), "float64")
    other = clone(weight)
    assert type(other) is nn.Parameter
    assert other.dtype == np.float64
    assert np.array_equal(other, weight)
    assert other.memory.flags.c_contiguous
    assert not np.shares_memory(other, weight)


@pytest.mark.parametrize("values", [None, "weights", [1j], [[1], [2, 3]], object(), {1: 2}, [None]])
def test_a_parameter_takes_real_numbers_only(values):
    said = message(ArgumentError, lambda: nn.Parameter(values))
    assert re.match(r"Parameter: array must be (given|an array of real numbers)\.", said)


def test_ragged_values_are_named():
    assert message(ArgumentError, lambda: nn.Parameter([[1], [2, 3]])) == (
        "Parameter: array must be an array of real numbers. Got list with rows of different lengths. "
        "Hint: pass a NumPy array or nested lists of numbers."
    )


# Attributes


def test_assignment_copies_into_the_memory():
    layer = nn.Linear(3, 2)
    weight = layer.weight
    layer.weight = np.arange(6).reshape(2, 3)
    layer.weight += 1
    assert layer.weight is weight
    assert weight.tolist() == [[1, 2, 3], [4, 5, 6]]
    text = message(ShapeError, lambda: setattr(layer, "weight", np.zeros((3, 2))))
    assert text == "Linear.weight: the shape must stay. Expected (2, 3). Got (3, 2)."
    assert message(ArgumentError, lambda: setattr(layer, "bias", "no")).startswith(
        "Linear.bias: the value must be an array of real numbers. Got str."
    )
    layer.bias = weight[:, 0].copy()  # a copy of a parameter is no parameter
    assert layer.bias.owned
    batch_norm = nn.BatchNorm2d(2)
    batch_norm.num_batches_tracked = 7
    assert batch_norm.state_dict()["num_batches_tracked"] == 7
    assert "the kind of number must fit" in message(
        ArgumentError, lambda: setattr(batch_norm, "num_batches_tracked", 0.5)
    )


def test_a_new_parameter_takes_the_place_and_can_be_shared():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    second.bias = None
    model = nn.Sequential(first, second)
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight"]
    model.astype("float64")
    assert first.weight is second.weight
    assert first.weight.dtype == np.float64
    assert copy.deepcopy(model)[0].weight.dtype == np.float64
    assert evaluate(model, np.ones((2, 3))).shape == (2, 3)


class Tree(nn.Module):
    """Modules in a list, one with two names, one that contains itself, and things that are no modules."""

    def __init__(self):
        self.blocks = [nn.Linear(3, 3), (nn.BatchNorm1d(3), nn.ReLU())]
        self.first = self.blocks[0]
        self.me = self
        self.label = "tree"
        self.copy = self.first.weight.copy()
        self.scale = nn.Parameter([2.0])

    def forward(self, x):
        for layer in (self.first, *self.blocks[1], self.first, nn.ReLU()):
            x = layer(x)
        return F.relu(x)


def test_traversal_of_lists_shared_modules_and_cycles():
    model = Tree()
    assert [path for path, _ in model.named_modules()] == ["", "blocks.0", "blocks.1.0", "blocks.1.1"]
    assert [type(module).__name__ for module in model.modules()] == ["Tree", "Linear", "BatchNorm1d", "ReLU"]
    batch_norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = ["scale", "blocks.0.weight", "blocks.0.bias", *(f"blocks.1.0.{name}" for name in batch_norm)]
    assert [name for name, _ in model.named_arrays()] == names
    assert [name for name, _ in model.named_parameters()] == names[:5]
    assert [name for name, _ in model.named_buffers()] == names[5:]
    assert list(model.state_dict()) == [*names, "first.weight", "first.bias"]
    assert "(me): …" in repr(model)
    assert "(blocks.1.1): ReLU()" in repr(model)


def test_paths_of_a_trace():
    paths = [node.path for node in trace(Tree(), (4, 3)).nodes]
    assert paths == ["blocks.0", "blocks.1.0", "blocks.1.1", "blocks.0#2", "relu", "relu#2"]
    names = [node.path for node in trace(resnet20(), (1, 3, 8, 8)).nodes]
    assert names[:6] == ["conv1", "bn1", "relu", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu"]
    assert names[6:9] == ["layer1.0.conv2", "layer1.0.bn2", "layer1.0.add"]
    assert "layer2.0.downsample.0" in names
    assert names[-3:] == ["avgpool", "flatten", "fc"]
    assert [node.path for node in trace(nn.Conv2d(1, 1, 1), (1, 1, 2, 2)).nodes] == ["conv2d"]
    text = message(ShapeError, lambda: trace(resnet20(), (1, 3, 2, 2, 2)))
    assert text.startswith("conv2d 'conv1': input must have 4 axes")
    arrays = dict(resnet20().named_arrays())  # a module is itself a callable that can be traced
    layer = nn.ReLU()
    assert graph.trace(layer, {"x": ((1, 2), "float32")}, arrays, training=False).nodes[0].path == "relu"


def test_a_trace_knows_training():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.25), nn.Dropout(0))
    assert [node.op.name for node in trace(model, (2, 3)).nodes] == ["linear", "batch_norm"]
    nodes = trace(model, (2, 3), training=True).nodes
    assert [(node.path, node.op.name) for node in nodes] == [
        ("0", "linear"),
        ("1", "batch_norm"),
        ("2", "dropout"),
    ]
    assert nodes[1].op.training
    assert nodes[2].op.p == 0.25


def test_what_forward_may_not_do():
    class Empty(nn.Module):
        pass

    text = message(ArgumentError, lambda: trace(Empty(), (1, 2)))
    assert text == "Empty: forward is not written. Hint: add `def forward(self, x)` to Empty."
    assert message(ArgumentError, lambda: nn.Sequential(nn.ReLU(), max)) == (
        "Sequential: every layer must be a module. Got builtin_function_or_method at position 1. "
        "Hint: write Sequential(layer, layer, …); Sequential(*layers) for a list."
    )


def test_sequential_is_a_sequence():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    assert len(model) == 2
    assert model[-1] is list(model)[1]
    assert repr(model) == (
        "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n  (1): ReLU()\n)"
    )


# State


def test_a_state_dict_that_does_not_fit_changes_nothing():
    model = lenet5()
    before = model.state_dict()
    state = {**model.state_dict(), "fc4.weight": np.zeros(3), "fc1.bias": np.zeros(7), "fc2.bias": "x"}
    del state["conv1.weight"], state["fc3.bias"]
    state["conv2.weight"] = np.zeros((16, 6, 5, 5))
    assert message(ArgumentError, lambda: model.load_state_dict(state)) == (
        "LeNet5.load_state_dict: names and shapes must be those of the model; nothing was loaded. "
        "Got missing: conv1.weight, fc3.bias; unexpected: fc4.weight; "
        "unfit: fc1.bias: the shape must stay. Expected (120,). Got (7,), "
        "fc2.bias: the value must be an array of real numbers. Got str. "
        "Hint: pass a NumPy array or nested lists of numbers."
    )
    assert all(np.array_equal(array, before[key]) for key, array in model.state_dict().items())
    with pytest.raises(ShapeError, match=r"unfit: fc1.bias"):
        model.load_state_dict({**before, "fc1.bias": np.zeros(7)})
    assert "and 5 more" in message(ArgumentError, lambda: model.load_state_dict({}))
    assert "Got list." in message(ArgumentError, lambda: model.load_state_dict([]))
    before["fc1.bias"][3] = np.nan
    model.load_state_dict(before)
    assert np.isnan(model.fc1.bias[3])


def test_astype_works_in_place():
    model = resnet20()
    before = model.state_dict()
    assert model.dtype == np.float32
    assert model.astype("float64") is model
    assert model.dtype == np.float64
    after = model.state_dict()
    assert {str(array.dtype) for array in after.values()} == {"float64", "int64"}
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert model.layer1[0].conv1.weight.memory.flags.c_contiguous
    assert model.astype(np.float32).dtype == np.float32
    for wrong in ("float16", "int64", None, "nonsense", 3):
        text = message(ArgumentError, lambda wrong=wrong: model.astype(wrong))
        assert text == f"ResNet.astype: dtype has two choices. Expected float32 or float64. Got {wrong!r}."
    assert nn.ReLU().astype("float64").dtype == np.float32


# Calls on arrays


def test_inputs_are_converted_once(engine):
    model = nn.Sequential(nn.Conv2d(1, 2, 1))
    images = np.arange(24).reshape(2, 1, 3, 4)
    assert np.array_equal(model(images), images)
    assert model(images).dtype == np.int64  # the network says what it takes them for
    for x in (images.astype(float).tolist(), images.astype(">f4"), images[::-1, :, :, ::2] > 3):
        seen = model(x)
        assert seen.flags.c_contiguous
        assert seen.dtype == np.float32
        assert seen.dtype.isnative
    assert model.astype("float64")(images.astype("f4")).dtype == np.float64
    double = np.ones((2, 3))
    assert nn.ReLU()(double).dtype == np.float64
    assert nn.ReLU()(double.astype(">f8")).dtype.isnative
    assert nn.ReLU()([True, False]).dtype == np.float32
    text = message(ArgumentError, lambda: model("x"))
    assert text == (
        "Sequential: input must be an array of real numbers. Got str. "
        "Hint: pass a NumPy array or nested lists of numbers."
    )
    for wrong in (None, object(), np.zeros(2, complex), [[1], [1, 2]]):
        with pytest.raises(ArgumentError, match=r"^Sequential: input must be (given|an array)"):
            model(wrong)
    with pytest.raises(ArgumentError, match=r"too many positional arguments\. Expected input"):
        model(images, images)


@pytest.mark.parametrize("layer", [nn.Identity(), nn.Dropout(0.5)])
def test_passing_layers_return_a_copy(layer):
    x = np.arange(6.0).reshape(2, 3)
    y = layer(x)
    assert np.array_equal(y, x)
    assert not np.shares_memory(y, x)
    assert layer([1, 2]).dtype == np.int64


def test_a_program_is_kept_until_the_model_changes(engine):
    model, x = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)), np.ones((2, 3))
    model(x)
    model(x)
    model[0].weight = np.zeros((3, 3))
    model.load_state_dict(model.state_dict())
    model(x)
    assert Definition.made == 1
    model[0].bias = None
    model(x)
    model.astype("float64")
    model(x)
    assert Definition.made == 3
    model(x[:1])
    model[1](x)
    assert Definition.made == 4
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        other[1].weight = np.full((3, 3), 9)
        assert not (model[1].weight == 9).any()
        assert list(other.state_dict()) == ["0.weight", "1.weight", "1.bias"]
        made = Definition.made
        other(x)
        assert Definition.made == made + 1


# Initial values


def test_batch_norm_starts_neutral():
    state = nn.BatchNorm2d(3).state_dict()
    assert {key: array.tolist() for key, array in state.items()} == {
        "weight": [1, 1, 1],
        "bias": [0, 0, 0],
        "running_mean": [0, 0, 0],
        "running_var": [1, 1, 1],
        "num_batches_tracked": 0,
    }


# Layers


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: nn.Conv2d(0, 3, 3),
            "Conv2d: in_channels must be a whole number. Expected in_channels ≥ 1. Got in_channels=0.",
        ),
        (
            lambda: nn.Conv2d(3, 2.5, 3),
            "Conv2d: out_channels must be a whole number. Expected out_channels ≥ 1. Got out_channels=2.5.",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            "Conv2d: in_channels must be a multiple of groups. Got in_channels=3, groups=2.",
        ),
        (
            lambda: nn.Conv2d(4, 3, 3, groups=2),
            "Conv2d: out_channels must be a multiple of groups. Got out_channels=3, groups=2.",
        ),
        (lambda: nn.Conv2d(1, 1, 3, 2, "same"), "Conv2d: padding='same' needs stride 1. Got stride=(2, 2)."),
        (
            lambda: nn.Conv2d(1, 1, 3, padding="full"),
            "Conv2d: padding has no such name. Expected 'valid' or 'same'. Got 'full'.",
        ),
        (
            lambda: nn.Conv3d(1, 1, (3, 3)),
            "Conv3d: kernel_size must be an integer, or one integer per axis. Expected 3 values ≥ 1. "
            "Got kernel_size=(3, 3).",
        ),
        (
            lambda: nn.Conv1d(1, 1, 3, bias=np.zeros(1)),
            "Conv1d: bias must be True or False. Got bias=array([0.]).",
        ),
        (
            lambda: nn.MaxPool2d(0),
            "MaxPool2d: kernel_size must be an integer, or one integer per axis. "
            "Expected 2 values ≥ 1. Got kernel_size=0.",
        ),
        (
            lambda: nn.AvgPool2d(2, padding=2),
            "AvgPool2d: padding must be at most half of kernel_size. Got padding=2 for kernel_size=2.",
        ),
        (
            lambda: nn.MaxPool1d(2, ceil_mode=1),
            "MaxPool1d: ceil_mode must be True or False. Got ceil_mode=1.",
        ),
        (
            lambda: nn.AvgPool2d(2, divisor_override=0),
            "AvgPool2d: divisor_override must be an integer other than 0. Got divisor_override=0.",
        ),
        (
            lambda: nn.AdaptiveAvgPool2d((1, 0)),
            "AdaptiveAvgPool2d: output_size must be an integer, or one integer or None per axis. "
            "Expected 2 values ≥ 1. Got output_size=(1, 0).",
        ),
        (
            lambda: nn.BatchNorm2d(True),
            "BatchNorm2d: num_features must be a whole number. Expected num_features ≥ 1. "
            "Got num_features=True.",
        ),
        (lambda: nn.BatchNorm2d(3, eps=-1), "BatchNorm2d: eps must be a number in [0, inf). Got eps=-1."),
        (
            lambda: nn.BatchNorm2d(3, momentum=None),
            "BatchNorm2d: momentum must be a number in [0, 1]. Got momentum=None.",
        ),
        (
            lambda: nn.Linear(3, -1),
            "Linear: out_features must be a whole number. Expected out_features ≥ 1. Got out_features=-1.",
        ),
        (lambda: nn.Dropout(1.5), "Dropout: p must be a number in [0, 1]. Got p=1.5."),
        (
            lambda: nn.LeakyReLU("steep"),
            "LeakyReLU: negative_slope must be a number in (-inf, inf). Got negative_slope='steep'.",
        ),
        (
            lambda: nn.GELU("fast"),
            "GELU: approximate has no such value. Expected one of 'none', 'tanh'. Got approximate='fast'.",
        ),
        (lambda: nn.Softmax(None), "Softmax: dim must be the number of an axis. Got dim=None."),
        (
            lambda: MODELS["vgg_small"](image_size=7),
            "vgg_small: image_size must be a whole number. Expected image_size ≥ 8. Got image_size=7.",
        ),
        (
            lambda: nn.GroupNorm(2, 5),
            "GroupNorm: num_channels must be a multiple of num_groups. Got num_channels=5, num_groups=2.",
        ),
        (
            lambda: nn.GroupNorm(0, 5),
            "GroupNorm: num_groups must be a whole number. Expected num_groups ≥ 1. Got num_groups=0.",
        ),
        (
            lambda: trace(nn.Sequential(nn.GroupNorm(2, 4, affine=False)), (2, 6, 3)),
            "GroupNorm '0': input must have num_channels channels. Expected C=4. Got input (2, 6, 3). "
            "Hint: set num_channels=6.",
        ),
        (lambda: nn.GroupNorm(1, 2, affine=1), "GroupNorm: affine must be True or False. Got affine=1."),
        (
            lambda: nn.LayerNorm((3, -1)),
            "LayerNorm: normalized_shape must be a whole number. Expected normalized_shape ≥ 1. "
            "Got normalized_shape=-1.",
        ),
        (
            lambda: nn.LayerNorm(()),
            "LayerNorm: normalized_shape must have at least one size. Got normalized_shape=().",
        ),
        (
            lambda: trace(nn.Sequential(nn.LayerNorm((3, 4))), (2, 3, 5)),
            "layer_norm '0': the input's last axes must be normalized_shape. Expected (…, 3, 4). "
            "Got input (2, 3, 5).",
        ),
        (
            lambda: nn.InstanceNorm2d(3, track_running_stats=True),
            "InstanceNorm2d: an image is normalised by its own statistics, never by running ones. "
            "Expected track_running_stats=False. Got track_running_stats=True.",
        ),
        (
            lambda: trace(nn.Sequential(nn.InstanceNorm1d(3)), (2, 3)),
            "InstanceNorm1d '0': input must have axes (N,C,W). Got input (2, 3).",
        ),
        (
            lambda: trace(nn.Sequential(nn.InstanceNorm1d(3)), (2, 4, 5)),
            "InstanceNorm1d '0': input must have num_features channels. Expected C=3. Got input (2, 4, 5). "
            "Hint: set num_features=4.",
        ),
        (
            lambda: trace(nn.Sequential(nn.InstanceNorm2d(3)), (2, 3, 1, 1)),
            "instance_norm '0': an image's own statistics need more than 1 value per channel. "
            "Got input (2, 3, 1, 1).",
        ),
        (
            lambda: nn.LocalResponseNorm(0),
            "LocalResponseNorm: size must be a whole number. Expected size ≥ 1. Got size=0.",
        ),
        (
            lambda: nn.LocalResponseNorm(5, alpha="much"),
            "LocalResponseNorm: alpha must be a number in (-inf, inf). Got alpha='much'.",
        ),
        (
            lambda: trace(nn.Sequential(nn.LocalResponseNorm(2)), (2, 3)),
            "local_response_norm '0': input must have at least 3 axes (N, C, …). Got input (2, 3).",
        ),
        (
            lambda: trace(nn.Sequential(nn.BatchNorm2d(3)), (2, 3)),
            "BatchNorm2d '0': input must have axes (N,C,H,W). Got input (2, 3).",
        ),
    ],
)
def test_wrong_settings_are_named(make, text):
    assert message((ArgumentError, ShapeError), make) == text


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (
            nn.Conv2d(2, 4, 3, padding=(1, 2), dilation=2, groups=2, bias=False),
            "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 2), "
            "dilation=(2, 2), groups=2, bias=False)",
        ),
        (nn.BatchNorm1d(3), "BatchNorm1d(3, eps=1e-05, momentum=0.1)"),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)"),
        (nn.LayerNorm(4), "LayerNorm((4,), eps=1e-05, elementwise_affine=True)"),
        (
            nn.InstanceNorm2d(3, affine=True),
            "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=False)",
        ),
        (nn.LocalResponseNorm(5), "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)"),
        (nn.AdaptiveAvgPool1d(3), "AdaptiveAvgPool1d(output_size=(3,))"),
        (nn.AdaptiveAvgPool2d((None, 2)), "AdaptiveAvgPool2d(output_size=(None, 2))"),
        (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Softmax(), "Softmax(dim=1)"),
        (nn.Dropout(), "Dropout(p=0.5)"),
        (nn.Identity(), "Identity()"),
        (nn.AvgPool2d(2), "AvgPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"),
        (
            nn.AvgPool2d(2, divisor_override=3),
            "AvgPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0), divisor_override=3)",
        ),
    ],
)
def test_reprs(layer, text):
    assert repr(layer) == text


# Summary


def test_summary_counts():
    table = nn.summary(resnet20(num_classes=7), (2, 3, 32, 32))
    assert table.macs == 2 * (40_813_184 - 3 * 64)
    rows = {row.path: row for row in table.rows}
    row = rows["layer2.0.conv1"]
    assert (row.type, row.output_shape) == ("Conv2d", (2, 32, 16, 16))
    assert row.formulas == ("floor((32 + 2·1 − 1·(3−1) − 1)/2) + 1 = 16",) * 2
    assert (row.parameters, row.macs) == (32 * 16 * 9, 2 * 32 * 16 * 16 * 16 * 9)
    assert rows["layer2.0.add"].type == "add"
    assert rows["bn1"].parameters == 32
    assert rows["fc"].macs == 2 * 64 * 7


def test_summary_counts_a_shared_layer_once():
    first, second = nn.summary(Tree(), (4, 3)).rows[0], nn.summary(Tree(), (4, 3)).rows[3]
    assert (first.parameters, second.parameters) == (12, 0)
    assert first.macs == second.macs == 36
    assert second.type == "Linear"


@pytest.mark.parametrize("shape", [(), (1, 0), (1, 2.5), "ab", 5, None])
def test_summary_needs_a_shape(shape):
    with pytest.raises(ArgumentError, match="an input shape has sizes ≥ 1"):
        nn.summary(lenet5(), shape)
    with pytest.raises(ArgumentError, match="summary: model must be a Module"):
        nn.summary(lenet5, (1, 1, 28, 28))


def test_truth_values_of_numpy_are_settings_like_pythons():
    assert nn.Conv2d(1, 2, 3, bias=np.False_).bias is None
    assert nn.MaxPool2d(2, ceil_mode=np.True_).ceil_mode is True
    parameter = nn.Parameter([1.0])
    parameter.requires_grad = np.False_
    assert parameter.requires_grad is False
    with pytest.raises(ArgumentError, match=r"bias must be True or False\. Got bias=1"):
        nn.Conv2d(1, 2, 3, bias=1)
