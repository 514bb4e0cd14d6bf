"""Sizes, parameters, costs and receptive fields: against figures worked out by hand and PyTorch."""

from __future__ import annotations

import itertools
import json
import math
import random

import numpy as np
import pytest
import torch

import pellucid as pc
from pellucid import functional as F
from pellucid import memory, nn
from pellucid.bench.twins import twin
from pellucid.errors import PellucidError
from pellucid.geometry import Axis
from pellucid.nn.line import WORDS, described
from pellucid.nn.models import input_shape
from pellucid.nn.receptive import ReceptiveField


def summary(line):
    network, shape = described(line)
    return nn.summary(network, (1, *shape))


# Sizes


@pytest.mark.parametrize(
    ("line", "shape", "formula"),
    [
        ("input 1x28x28; conv 8 k3", (8, 26, 26), "floor((28 + 2·0 − 1·(3−1) − 1)/1) + 1 = 26"),
        ("input 1x28x28; conv 8 k5 p2", (8, 28, 28), "floor((28 + 2·2 − 1·(5−1) − 1)/1) + 1 = 28"),
        ("input 3x227x227; conv 96 k11 s4", (96, 55, 55), "floor((227 + 2·0 − 1·(11−1) − 1)/4) + 1 = 55"),
        ("input 2x9x9; conv 3 k3 d2", (3, 5, 5), "floor((9 + 2·0 − 2·(3−1) − 1)/1) + 1 = 5"),
        ("input 96x55x55; pool k3 s2", (96, 27, 27), "floor((55 + 2·0 − 1·(3−1) − 1)/2) + 1 = 27"),
        ("input 4x9; avgpool k2", (4, 4), "floor((9 + 2·0 − 1·(2−1) − 1)/2) + 1 = 4"),
        ("input 2x7x7; convt 3 k4 s2 p1", (3, 14, 14), "(7 − 1)·2 − 2·1 + 1·(4−1) + 1 = 14"),
        ("input 2x5x5x5; conv 3 k3", (3, 3, 3, 3), "floor((5 + 2·0 − 1·(3−1) − 1)/1) + 1 = 3"),
        ("input 6x8x8; globalpool", (6, 1, 1), "floor((8 + 2·0 − 1·(8−1) − 1)/8) + 1 = 1"),
    ],
)
def test_output_sizes(line, shape, formula):
    (row,) = summary(line).rows
    assert row.output_shape == (1, *shape)
    assert row.formulas == (formula,) * (len(shape) - 1)


def test_every_axis_has_its_own_size():
    (row,) = summary("input 2x9x14; conv 3 k3x4 s2x1 p1x0 d1x2").rows
    assert row.output_shape == (1, 3, 5, 8)
    assert row.formulas[1] == "floor((14 + 2·0 − 2·(4−1) − 1)/1) + 1 = 8"


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("s", [1, 2, 3])
@pytest.mark.parametrize("p", [0, 1])
def test_the_formula_of_a_transposed_convolution(k, s, p):
    for more in range(s):
        layer = nn.ConvTranspose2d(2, 3, k, s, p, more)
        (row,) = nn.summary(layer, (1, 2, 5, 6)).rows
        size = torch.nn.ConvTranspose2d(2, 3, k, s, p, more)(torch.zeros(1, 2, 5, 6)).shape[2:]
        assert row.output_shape[2:] == size
        for formula, expected in zip(row.formulas, size, strict=True):
            left, _, right = formula.replace("·", "*").replace("−", "-").partition(" = ")
            assert eval(left) == int(right) == expected


def test_padding_that_differs_on_both_sides_is_written_out():
    assert Axis(9, 3, 2, before=0, after=2).input_formula == "(5 − 1)·2 − (0 + 2) + 1·(3−1) + 1 = 9"
    assert Axis(8, 3, 2, before=1, after=0).input_formula == "(4 − 1)·2 − 2·1 + 1·(3−1) + 1 + 1 = 8"


@pytest.mark.parametrize("mode", [False, True])
def test_every_formula_gives_the_size(mode):
    """Also where ceil mode leaves out a window that would start behind the input: pooling as PyTorch's."""
    for size, kernel, stride, dilation in itertools.product(range(1, 9), (1, 2, 3), (1, 2, 3, 4), (1, 2)):
        if size < dilation * (kernel - 1) + 1:
            continue
        for padding in range(kernel // 2 + 1):
            pool = torch.nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=mode)
            axis = Axis(size, kernel, stride, dilation, padding, padding, mode)
            assert axis.output == pool(torch.zeros(1, 1, size)).shape[2]
            left, _, right = axis.formula.replace("·", "*").replace("−", "-").partition(" = ")
            assert eval(left, {"ceil": math.ceil, "floor": math.floor}) == int(right) == axis.output


def test_padding_alone_and_upsampling_say_their_own_sizes():
    model = nn.Sequential(
        nn.ReflectionPad2d((1, 2, 3, -1)), nn.Upsample(scale_factor=2), nn.Upsample(size=(7, 72))
    )
    rows = nn.summary(model, (1, 3, 9, 9)).rows
    assert rows[0].formulas == ("9 + 3 − 1 = 11", "9 + 1 + 2 = 12")
    assert rows[1].formulas == ("11·2 = 22", "12·2 = 24")
    assert rows[2].formulas == ()  # 7 is no multiple of 22


def test_a_summary_prints_as_a_table_with_its_formulas():
    table = summary("input 1x6x6; conv 2 k3; relu")
    assert table.text("en").splitlines() == [
        "layer  type    output  parameters  MACs  bytes  field  stride",
        "conv1  Conv2d  2×4×4           20   288    128      3       1",
        "relu1  ReLU    2×4×4                       128      3       1",
        "total                          20   288    256",
    ]
    assert table.text("ko").startswith("층")
    assert "  parameters  3·3·1·2 + 2 = 18 + 2 = 20" in table.formulas("en").splitlines()
    assert "  매개변수   3·3·1·2 + 2 = 18 + 2 = 20" in table.formulas("ko").splitlines()


# Parameters and costs


def test_the_lecture_s_alexnet():
    rows = {row.path: row for row in summary("alexnet-lecture").rows if row.parameters}
    weights = [row.parameters - row.biases for row in rows.values()]
    by_hand = [
        11 * 11 * 3 * 48 * 2,
        5 * 5 * 48 * 128 * 2,
        3 * 3 * 256 * 384,
        3 * 3 * 192 * 192 * 2,
        3 * 3 * 192 * 128 * 2,
        13 * 13 * 128 * 2 * 2048 * 2,
        4096 * 4096,
        4096 * 1000,
    ]
    assert weights == by_hand
    assert [round(n / 1e3) for n in by_hand[:5]] == [35, 307, 885, 664, 442]
    assert [round(n / 1e5) for n in by_hand[5:]] == [1772, 168, 41]
    assert rows["conv2"].parameter_formula == "5·5·48·128·2 + 256 = 307,200 + 256 = 307,456"
    assert rows["conv2"].macs_formula == "27·27 · 5·5·48·128·2 = 223,948,800"
    assert rows["dense1"].macs_formula == "13·13·256·4096 = 177,209,344"


def test_the_published_alexnet_pools_once_more():
    table = summary("alexnet-published")
    rows = {row.path: row for row in table.rows}
    assert rows["pool3"].output_shape == (1, 256, 6, 6)
    assert rows["dense1"].parameters - rows["dense1"].biases == 37_748_736
    assert table.parameters == 60_965_224
    assert [
        rows[name].receptive_field for name in ("conv1", "pool1", "conv2", "conv5", "pool3", "dense1")
    ] == [(n, n) for n in (11, 19, 51, 163, 195, 355)]


@pytest.mark.parametrize("name", ["resnet20", "vgg_small", "lenet5", "mnist_cnn"])
def test_totals_are_pytorch_s(name):
    model = pc.models.__dict__[name]()
    other = twin(name)
    table = nn.summary(model, (1, *input_shape(model)))
    counts = {key: p.numel() for key, p in other.named_parameters()}
    assert table.parameters == sum(counts.values())
    products = [m for m in other.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert table.biases == sum(m.bias.numel() for m in products if m.bias is not None)
    macs = 0

    def count(module, args, output):
        nonlocal macs
        macs += output.numel() * module.weight[0].numel()

    for module in products:
        module.register_forward_hook(count)
    other(torch.zeros(1, *input_shape(model)))
    assert table.macs == macs


def test_costs_by_hand():
    first, _, norm, up = summary("input 3x9x7; conv 8 k3x1 g1; relu; bn; convt 6 k2 s2 g2").rows
    assert (first.parameters, first.biases, first.macs) == (3 * 3 * 8 + 8, 8, 7 * 7 * 3 * 3 * 8)
    assert first.parameter_formula == "3·1·3·8 + 8 = 72 + 8 = 80"
    assert (first.activation_bytes, first.activation_formula) == (8 * 7 * 7 * 4, "7·7·8 · 4 = 1,568")
    assert (first.dense_weights, first.dense_formula) == (
        3 * 9 * 7 * 8 * 7 * 7,
        "9·7·3 · 7·7·8 = 74,088",
    )
    assert (norm.parameters, norm.biases, norm.macs) == (16, 0, 0)
    assert norm.parameter_formula == "8 + 8 = 16"
    assert up.parameter_formula == "2·2·4·3·2 + 6 = 96 + 6 = 102"
    assert (up.macs, up.macs_formula) == (7 * 7 * 96, "7·7 · 2·2·4·3·2 = 4,704")


def test_what_scales_is_no_sum_of_products():
    class Net(nn.Module):
        def __init__(self):
            self.weight, self.bias = nn.Parameter(np.ones((3, 4, 5))), nn.Parameter(np.zeros((3, 4, 5)))

        def forward(self, x):
            return F.layer_norm(x, (3, 4, 5), self.weight, self.bias)

    (row,) = nn.summary(Net(), (2, 3, 4, 5)).rows
    assert (row.parameters, row.biases, row.macs, row.macs_formula) == (120, 0, 0, "")
    assert row.parameter_formula == "3·4·5 + 3·4·5 = 120"


def test_a_batch_multiplies_work_and_memory_but_not_parameters():
    network, _ = described("input 3x8x8; conv 4 k3; flatten; dense 2")
    one, five = nn.summary(network, (1, 3, 8, 8)), nn.summary(network.astype("float64"), (5, 3, 8, 8))
    assert five.parameters == one.parameters
    assert five.macs == 5 * one.macs
    assert five.activation_bytes == 2 * 5 * one.activation_bytes
    assert five.rows[0].macs_formula == "5·6·6 · 3·3·3·4 = 19,440"
    assert five.rows[2].macs_formula == "5 · 6·6·4·2 = 1,440"
    assert five.rows[0].activation_formula == "5·6·6·4 · 8 = 5,760"
    assert five.rows[0].receptive_field == one.rows[0].receptive_field


# Receptive fields


def _layers(seed):
    """A few convolutions and transposed ones along one axis: the field, and PyTorch's layers."""
    r, field, size, layers = random.Random(seed), ReceptiveField(), 121, []
    for _ in range(r.randint(1, 4)):
        k, s, p = r.randint(1, 4), r.randint(1, 3), r.randint(0, 2)
        if r.random() < 0.4:
            d, more = r.randint(1, 4), r.randint(0, s - 1)
            p = min(p, d * (k - 1))
            layers.append(
                torch.nn.ConvTranspose1d(1, 1, k, s, p, more, bias=False, dilation=d, dtype=torch.float64)
            )
            axis = Axis((size - 1) * s - 2 * p + d * (k - 1) + 1 + more, k, s, d, p, p - more)
            field, size = field.back_through(axis), axis.input
        else:
            d = r.randint(1, 2)
            layers.append(torch.nn.Conv1d(1, 1, k, s, p, d, bias=False, dtype=torch.float64))
            axis = Axis(size, k, s, d, p, p)
            field, size = field.through(axis), axis.output
        layers[-1].weight.data.fill_(1)
    return field, torch.nn.Sequential(*layers)


@pytest.mark.parametrize("seed", range(60))
def test_fields_are_where_pytorch_s_gradients_are(seed):
    field, network = _layers(seed)
    x = torch.ones(1, 1, 121, dtype=torch.float64, requires_grad=True)
    y = network(x)[0, 0]
    period, widest = len(field.spans), 0
    for i in range(max(0, len(y) // 2 - period), min(len(y), len(y) // 2 + period)):  # far from the borders
        (grad,) = torch.autograd.grad(y[i], x, retain_graph=True)
        seen = grad[0, 0].nonzero().flatten().tolist()
        if not seen or (seen[0] >= 24 and seen[-1] < 121 - 24):
            span = field.at(i)
            assert span == ((seen[0], seen[-1]) if seen else None)
            widest = max(widest, seen[-1] - seen[0] + 1 if seen else 0)
    assert widest <= field.size
    assert field.formula == "0" if field.size == 0 else field.formula.endswith(f" = {field.size}")


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
def test_fields_of_upsampling_are_where_pytorch_s_gradients_are(mode, factor):
    ours = nn.Sequential(nn.Conv1d(1, 1, 3), nn.Upsample(scale_factor=factor, mode=mode), nn.Conv1d(1, 1, 4))
    rows = nn.summary(ours, (1, 1, 31)).rows
    x = torch.ones(1, 1, 31, dtype=torch.float64, requires_grad=True)
    theirs = (
        torch.nn.Conv1d(1, 1, 3),
        torch.nn.Upsample(scale_factor=factor, mode=mode),
        torch.nn.Conv1d(1, 1, 4),
    )
    y, widest = x, []
    for layer in theirs:
        y = layer.double()(y)
        middle = range(y.shape[2] // 2 - factor, y.shape[2] // 2 + factor)
        grads = [torch.autograd.grad(y[0, 0, i], x, retain_graph=True)[0][0, 0].nonzero() for i in middle]
        widest.append(max(int(grad.max() - grad.min()) + 1 for grad in grads))
    assert [row.receptive_field for row in rows] == [(size,) for size in widest]
    assert rows[2].jump == (1 / factor,)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Upsample(scale_factor=2.1),  # 6 of 3, but not at multiples of ½
        nn.Upsample(scale_factor=1.5),
        nn.Upsample(scale_factor=2, mode="linear", align_corners=True),
    ],
)
def test_other_upsampling_claims_no_field(layer):
    assert nn.summary(layer, (1, 1, 3)).rows[0].receptive_field is None


def test_fields_agree_with_those_of_a_recording():
    model = pc.models.resnet20()
    table = {row.path: row for row in nn.summary(model, (1, 3, 32, 32)).rows}
    recording = pc.record(model, np.zeros((1, 3, 32, 32), np.float32))
    for name in ("layer1.0.conv2", "layer1.2.add", "layer2.0.conv1", "layer2.0.add"):
        middle = recording[f"{name}.output"].shape[2] // 2
        box = recording.field(f"{name}.output[0,0,{middle},{middle}]").input.box
        assert tuple(last - first + 1 for first, last in box[2:]) == table[name].receptive_field


def test_where_paths_meet_a_field_holds_both():
    class Net(nn.Module):
        def __init__(self):
            self.wide, self.narrow = nn.Conv1d(1, 1, 5, padding=4), nn.Conv1d(1, 1, 1)
            self.behind = nn.Conv1d(1, 1, 3)

        def forward(self, x):
            return self.behind(self.wide(x) + F.pad(self.narrow(x), (7, -3)))

    rows = {row.path: row for row in nn.summary(Net(), (1, 1, 9)).rows}
    assert rows["wide"].receptive_field == (5,)
    assert rows["pad"].receptive_field == (1,)
    assert rows["add"].receptive_field == (8,)  # −7 and −4…0
    assert rows["behind"].receptive_field == (10,)
    assert rows["behind"].field_formulas == ("8 + 1·(3−1)·1 = 10",)


@pytest.mark.parametrize(
    ("line", "fields", "formulas"),
    [  # worked out by hand: which kernel positions share a phase depends on gcd(d, s)
        ("convt 1 k4 s2 p2 d3", [4], ["1 + 3·floor((4−1)/2)·1 = 4"]),
        ("convt 1 k4 s2 d2", [4], ["1 + 1·floor((4−1)/1)·1 = 4"]),
        ("convt 1 k5 s4 d6", [7], ["1 + 3·floor((5−1)/2)·1 = 7"]),
        ("convt 1 k3 s2 d4", [5], ["1 + 2·floor((3−1)/1)·1 = 5"]),
        ("convt 1 k3 s6 d4", [1], [""]),
        ("convt 1 k1 s3", [1], [""]),
        ("convt 1 k2 s3; conv 1 k2", [1, 1], ["", ""]),
        ("convt 1 k1 s3; conv 1 k4", [1, 2], ["", "1 − 0 + 1 = 2"]),
        ("conv 1 k3 s2; convt 1 k4 s2 d3", [3, 9], ["1 + 1·(3−1)·1 = 3", "3 + 3·floor((4−1)/2)·2 = 9"]),
        ("convt 1 k4 s2 d3; conv 1 k2", [4, 6], ["1 + 3·floor((4−1)/2)·1 = 4", "1 − (−4) + 1 = 6"]),
    ],
)
def test_fields_of_dilated_transposed_convolutions(line, fields, formulas):
    rows = summary(f"input 1x61; {line}").rows
    assert [row.receptive_field for row in rows] == [(size,) for size in fields]
    assert [",".join(row.field_formulas) for row in rows] == formulas


def test_where_windows_lie_apart_nothing_is_seen_between_them():
    field = ReceptiveField().back_through(Axis(9, 1, stride=3))
    assert (field.spans, field.size) == (((0, 0), None, None), 1)
    between = field.through(Axis(9, 1, stride=3, before=1))
    assert (between.spans, between.size, between.formula) == ((None,), 0, "0")


def test_adaptive_windows_of_two_sizes():
    (row,) = nn.summary(nn.AdaptiveAvgPool2d((3, 2)), (1, 2, 8, 5)).rows  # 0…2, 2…5, 5…7 and 0…2, 2…4
    assert (row.receptive_field, row.jump) == ((4, 3), (8 / 3, 2.5))
    assert row.field_formulas == ("5 − 2 + 1 = 4", "2 − 0 + 1 = 3")


def test_softmax_over_flattened_features_sees_all_positions():
    rows = nn.summary(
        nn.Sequential(nn.Conv1d(2, 3, 3), nn.Softmax(1), nn.Flatten(), nn.Softmax(1)), (1, 2, 9)
    ).rows
    assert [row.receptive_field for row in rows] == [(3,), (3,), (3,), (9,)]


def test_what_chooses_positions_claims_no_field():
    class Net(nn.Module):
        def __init__(self):
            self.pool, self.unpool = nn.MaxPool1d(3, 1, 1, return_indices=True), nn.MaxUnpool1d(3, 1, 1)

        def forward(self, x):
            return self.unpool(*self.pool(x))

    rows = {row.path: row.receptive_field for row in nn.summary(Net(), (1, 1, 7)).rows}
    assert (rows["pool"], rows["unpool"]) == ((3,), None)


def test_the_widest_of_several_fields_is_written_out():
    rows = summary("input 3x32x32; convt 8 k4 s2 p1; conv 8 k3").rows
    assert rows[0].field_formulas == ("1 + 1·floor((4−1)/2)·1 = 2",) * 2
    assert rows[1].field_formulas == ("1 − (−1) + 1 = 3",) * 2
    assert rows[1].jump == (0.5, 0.5)


def test_a_dense_layer_and_a_global_pooling_see_everything():
    rows = {
        row.path: row
        for row in summary("input 2x9x9; conv 3 k3 s2; globalpool; flatten; dense 4; dense 2").rows
    }
    assert rows["conv1"].jump == (2, 2)
    assert rows["globalpool1"].field_formulas == ("3 + 1·(4−1)·2 = 9",) * 2
    for name in ("globalpool1", "flatten1", "dense1", "dense2"):
        assert (rows[name].receptive_field, rows[name].jump) == ((9, 9), (0, 0))
    assert rows["dense1"].field_formulas == ()
    table = nn.summary(nn.Linear(5, 2), (1, 5))
    assert table.rows[0].receptive_field == ()


def test_a_field_is_not_claimed_where_it_is_not_known():
    rows = summary("input 1x2; convt 1 k1 s999999; convt 1 k1 s999999").rows
    assert [row.receptive_field for row in rows] == [None, None]
    (row,) = nn.summary(nn.Unfold(2), (1, 2, 5, 7)).rows
    assert (row.receptive_field, row.jump) == (None, None)
    json.dumps(nn.summary(nn.Unfold(2), (1, 2, 5, 7)).to_dict())


# Lines


def test_all_words_and_spaces():
    line = (
        " input 4x12x12 ;conv 8 k3 p1;bn;relu;  convt   4 k2 s2; pool k2;avgpool k3 s1 p1;sigmoid;tanh;gelu;silu;"
        "softmax2d;globalpool;flatten;dense 6;glu;softmax "
    )
    line += "".join(f"; {word}" for word in WORDS if word not in line)
    network, shape = described(line)
    assert shape == (4, 12, 12)
    assert {name.rstrip("1") for name, _ in network.named_modules() if name} == set(WORDS)
    assert nn.summary(network, (1, *shape)).rows[-1].output_shape == (1, 3)


LAYERS = ", ".join(WORDS)
FIRST = "a line begins with the input's sizes, each from 1 to 999999. Expected such as input 3x227x227. Got"
NAMED = "Hint: the lines that have names are alexnet-lecture, alexnet-published."
MISTAKES = {
    "alexnet": f"shape 'piece 1': {FIRST} 'alexnet'. {NAMED}",
    "": f"shape 'piece 1': {FIRST} ''. {NAMED}",
    "conv 3 k3": f"shape 'piece 1': {FIRST} 'conv 3 k3'. {NAMED}",
    "input 3x0x4; relu": f"shape 'piece 1': {FIRST} 'input 3x0x4'. {NAMED}",
    "input 3x1000000x4; relu": f"shape 'piece 1': {FIRST} 'input 3x1000000x4'. {NAMED}",
    "input 1x2x3x4x5; relu": f"shape 'piece 1': {FIRST} 'input 1x2x3x4x5'. {NAMED}",
    "input 3x8x8": "shape: a network needs a layer. Expected input 3x8x8; conv 16 k3; ….",
    "input 3x8x8; relu;": "shape 'piece 3': a piece is empty. Expected a layer between two semicolons.",
    "input 3x8x8; konv 8 k3": (
        f"shape 'piece 2, konv 8 k3': there is no such layer. Expected one of {LAYERS}. Got 'konv'."
    ),
    "input 3x8x8; conv k3": (
        "shape 'piece 2, conv k3': conv needs a number of outputs. Expected such as conv 16. Got 'k3'."
    ),
    "input 3x8x8; conv 0 k3": (
        "shape 'piece 2, conv 0 k3': conv needs a number of outputs. Expected such as conv 16. Got '0'."
    ),
    "input 3x8x8; conv 16": "shape 'piece 2, conv 16': conv needs a window. Expected such as k3.",
    "input 3x8x8; conv 16 k3 q4": (
        "shape 'piece 2, conv 16 k3 q4': conv has no such option. Expected k (kernel_size), s (stride), p (padding), "
        "d (dilation), g (groups), each with a number, such as k3. Got 'q4'."
    ),
    "input 3x8x8; avgpool k2 d2": (
        "shape 'piece 2, avgpool k2 d2': avgpool has no such option. Expected k (kernel_size), s (stride), "
        "p (padding), each with a number, such as k3. Got 'd2'."
    ),
    "input 3x8x8; conv 16 k3 g1x1": (
        "shape 'piece 2, conv 16 k3 g1x1': conv has no such option. Expected k (kernel_size), s (stride), "
        "p (padding), d (dilation), g (groups), each with a number, such as k3. Got 'g1x1'."
    ),
    "input 3x8x8; relu 3": "shape 'piece 2, relu 3': relu has no such option. Expected no option. Got '3'.",
    "input 3x8x8; conv 16 k3 k5": "shape 'piece 2, conv 16 k3 k5': an option is given once. Got 'k5'.",
    "input 3x8x8; relu; conv 16 k9": (
        "shape 'piece 3, conv 16 k9': the window must not be larger than the padded input. Expected at most 8 "
        "positions along H. Got 9 (kernel 9, dilation 1) on input 8 with padding 0+0. Hint: use a smaller "
        "kernel_size or more padding."
    ),
    "input 3x8x8; conv 16 k3 g2": (
        "shape 'piece 2, conv 16 k3 g2': in_channels must be a multiple of groups. Got in_channels=3, groups=2."
    ),
    "input 3x8x8; conv 8 k3x3x3": (
        "shape 'piece 2, conv 8 k3x3x3': kernel_size must be an integer, or one integer per axis. "
        "Expected 2 values ≥ 1. Got kernel_size=(3, 3, 3)."
    ),
    "input 3x8x8; pool k3 p2": (
        "shape 'piece 2, pool k3 p2': padding must be at most half of kernel_size. Got padding=2 for kernel_size=3."
    ),
    "input 3x8x8; dense 10": (
        "shape 'piece 2, dense 10': dense needs its inputs in one axis. Got 3×8×8. Hint: put flatten before it."
    ),
    "input 3x8x8; flatten; conv 8 k3": (
        "shape 'piece 3, conv 8 k3': conv needs an input with spatial axes. Got 192 numbers. "
        "Hint: put it before flatten."
    ),
    "input 3x8x8; conv 999999 k999999 p999999": (
        "shape 'piece 2, conv 999999 k999999 p999999': the array must fit in memory. "
        "Expected at most 5,000 bytes, which are available. "
        "Got (999999, 999999, 3, 999999), 11,999,964,000,035,999,988 bytes. Hint: use a smaller batch or input."
    ),
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_names_its_piece(run, line, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 5_000)
    assert run("shape", line) == (2, "", f"error: {MISTAKES[line]}\n")
    with pytest.raises(PellucidError) as caught:
        described(line)
    assert str(caught.value) == MISTAKES[line]


# The command line


def test_shape_in_json(run):
    code, out, err = run("shape", "input 3x8x8; conv 4 k3", "alexnet-published", "--json")
    first, second = json.loads(out)["networks"]
    assert (code, err, first["line"], first["input"]) == (0, "", "input 3x8x8; conv 4 k3", [3, 8, 8])
    assert (first["parameters"], first["biases"], second["parameters"]) == (112, 4, 60_965_224)
    assert first["rows"][0]["receptive_field"] == [3, 3]
    assert first["rows"][0]["parameter_formula"] == "3·3·3·4 + 4 = 108 + 4 = 112"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            ["before the last pooling", "177,209,344", "37,748,736", "See pellucid shape alexnet-published"],
        ),
        ("ko", ["마지막 풀링 앞의", "177,209,344", "37,748,736", "참고: pellucid shape alexnet-published"]),
    ],
)
def test_the_lecture_s_count_is_explained(run, lang, said):
    code, out, err = run("shape", "alexnet-lecture", "--lang", lang)
    assert (code, err) == (0, "")
    assert all(text in out for text in said)
    _, out, _ = run("shape", "alexnet-published", "--lang", lang)
    assert all(text in out for text in ("177,209,344", "37,748,736", "pellucid shape alexnet-lecture"))


def test_one_line_twice_is_compared_with_itself(run):
    _, out, _ = run("shape", "input 4; dense 2", "input 4; dense 2")
    assert out.count("×1") == 6


def test_summary_with_formulas_in_both_languages(run):
    _, plain, _ = run("summary", "lenet5")
    _, out, _ = run("summary", "lenet5", "--formulas")
    assert out.startswith(plain)
    assert "  parameters  5·5·6·16 + 16 = 2,400 + 16 = 2,416\n" in out
    _, out, _ = run("summary", "lenet5", "--formulas", "--lang", "ko")
    assert "  매개변수   5·5·6·16 + 16 = 2,400 + 16 = 2,416\n" in out
    assert "합계" in out
    assert run("summary", "lenet5", "--lang", "fr")[0] == 2
