"""The gradient doctor: right layers pass, planted mistakes are called by their names, with numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.doctor import student_layers as student

import pellucid as pc


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def ties(*shape: int) -> Any:
    return np.random.default_rng(5).integers(-2, 3, shape).astype(float)


CONV2D = (normal(2, 3, 6, 5), normal(4, 3, 3, 2), normal(4))
CONV1D = (normal(3, 2, 9), normal(4, 2, 3), normal(4))
MASK = (np.random.default_rng(3).random((4, 6)) < 0.5).astype(float)
RIGHT: dict[str, tuple[student.Functions, Any]] = {
    "conv2d": (student.convolution(), CONV2D),
    "conv2d, stride": (student.convolution((2, 3)), CONV2D),
    "conv2d, padding": (student.convolution((2, 1), (1, 2)), CONV2D),
    "conv2d, dilation": (student.convolution((1, 2), (2, 1), (2, 3)), CONV2D),
    "conv2d, groups": (
        student.convolution((1, 1), (1, 0), None, 2),
        (normal(2, 4, 5, 4), normal(6, 2, 3, 2), normal(6)),
    ),
    "conv1d": (student.convolution((2,), (2,)), CONV1D),
    "conv3d": (
        student.convolution((1, 2, 1), (0, 1, 1)),
        (normal(1, 2, 3, 4, 3), normal(2, 2, 2, 3, 2), normal(2)),
    ),
    "transposed convolution": (student.transposed_convolution(), (normal(2, 3, 4), normal(3, 2, 3))),
    "true convolution": (student.true_convolution(), (normal(9), normal(4))),
    "linear": (student.linear(), (normal(5, 4), normal(3, 4), normal(3))),
    "relu": (student.relu(), (normal(2, 3, 4, 5),)),
    "relu at zeros": (student.relu(), (ties(4, 5),)),
    "relu of nothing but zeros": (student.relu(), (np.zeros((3, 4)),)),
    "leaky relu": (student.relu(0.01), (normal(4, 5),)),
    "linear and relu": (student.linear_relu(), (normal(5, 4), normal(4, 3), normal(3))),
    "add and relu": (student.add_relu(), (ties(3, 4), ties(3, 4))),
    "sigmoid": (student.elementwise("sigmoid"), (3 * normal(4, 5),)),
    "tanh": (student.elementwise("tanh"), (normal(4, 5),)),
    "gelu": (student.elementwise("gelu"), (2 * normal(4, 5),)),
    "max pool": (student.max_pool(), (normal(2, 3, 6, 4),)),
    "max pool, overlapping": (student.max_pool(3, 1), (normal(2, 2, 6, 5),)),
    "max pool, ties": (student.max_pool(3, 2), (ties(2, 3, 7, 5),)),
    "max pool of nothing but zeros": (student.max_pool(2, 1), (np.zeros((1, 2, 4, 3)),)),
    "avg pool": (student.avg_pool(), (normal(2, 3, 8),)),
    "avg pool, overlapping": (student.avg_pool(3, 2), (normal(2, 3, 9),)),
    "batch norm": (student.batch_norm(), {"x": normal(4, 3, 2, 5), "weight": normal(3), "bias": normal(3)}),
    "batch norm, little spread": (student.batch_norm(), (2 + 1e-3 * normal(4, 3), normal(3), normal(3))),
    "layer norm": (student.layer_norm(), (normal(3, 4, 6), normal(6), normal(6))),
    "softmax": (student.softmax(), (normal(4, 6),)),
    "cross-entropy": (student.cross_entropy(), (normal(5, 4), np.array([0, 3, 1, 1, 2]))),
    "add": (student.add(), (normal(3, 4), normal(3, 4, seed=1))),
    "dropout": (student.dropout(), (normal(4, 6), MASK)),
    "flatten": (student.flatten(), (normal(2, 3, 4),)),
    "embedding": (student.embedding(), (normal(7, 3), np.array([[1, 5, 1], [0, 1, 6]]))),
    "a class that remembers": (
        (lambda layer: (layer.forward, layer.backward))(student.RememberingLinear()),
        (normal(4, 3), normal(3, 5)),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("label", RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_no_false_alarm(label: str, seed: int) -> None:
    (forward, backward), inputs = RIGHT[label]
    report = pc.check_gradient(forward, backward, inputs, seed=seed)
    assert report.ok, str(report)
    assert not report.wrong
    assert not report.diagnoses


@dataclass(frozen=True)
class Planted:
    """A layer with a mistake, its inputs, and what must be found: the kind for each wrong input."""

    layer: Callable[..., student.Functions]
    settings: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    found: dict[str, str]


def conv(
    mistake: str, stride: tuple[int, ...], padding: tuple[int, ...], *shapes: Any, **found: str
) -> Planted:
    settings = {"stride": stride, "padding": padding, "mistake": mistake}
    return Planted(student.convolution, settings, shapes, found)


def layer(function: Any, mistake: str, *shapes: Any, settings: Any = None, **found: str) -> Planted:
    return Planted(function, {"mistake": mistake, **(settings or {})}, shapes, found)


TWO = ((2, 3, 6, 5), (4, 3, 3, 2), (4,))
SQUARE = ((3, 2, 7, 7), (2, 2, 3, 3), (2,))
LINEAR = ("x", "weight", "bias")
ONE = ((3, 2, 9), (4, 2, 3), (4,))
PLANTED = [
    conv("kernel flipped", (1, 1), (0, 0), *TWO, weight="kernel_flipped"),
    conv("kernel flipped", (2, 2), (1, 1), *SQUARE, weight="kernel_flipped"),
    conv("kernel flipped", (1,), (1,), *ONE, weight="kernel_flipped"),
    conv("kernel not flipped", (1, 1), (0, 0), *TWO, x="kernel_flipped"),
    conv("kernel not flipped", (2, 2), (1, 1), *SQUARE, x="kernel_flipped"),
    conv("kernel not flipped", (1,), (1,), *ONE, x="kernel_flipped"),
    layer(student.true_convolution, "kernel not flipped", (9,), (4,), kernel="kernel_flipped"),
    layer(student.true_convolution, "kernel flipped twice", (8,), (3,), x="kernel_flipped"),
    conv("stride ignored", (2, 3), (0, 0), *TWO, x="stride_ignored", weight="stride_ignored"),
    conv("stride ignored", (2, 2), (1, 1), *SQUARE, x="stride_ignored", weight="stride_ignored"),
    conv("stride ignored", (2,), (0,), *ONE, x="stride_ignored", weight="stride_ignored"),
    conv(
        "stride ignored",
        (2, 2),
        (0, 0),
        (2, 3, 5, 7),
        (4, 3, 1, 1),
        (4,),
        x="stride_ignored",
        weight="stride_ignored",
    ),
    layer(student.max_pool, "stride ignored", (2, 3, 6, 4), x="stride_ignored"),
    layer(student.transposed_convolution, "stride ignored", (2, 3, 5), (3, 2, 3), x="stride_ignored"),
    conv("cropped at the end", (1, 1), (1, 1), *TWO, x="padding_cropped"),
    conv("cropped at the end", (2, 2), (1, 2), *SQUARE, x="padding_cropped"),
    conv("cropped at the end", (1,), (2,), *ONE, x="padding_cropped"),
    conv("cropped at the beginning", (1, 1), (0, 1), *TWO, x="padding_cropped"),
    conv("cropped at the beginning", (2, 2), (1, 1), *SQUARE, x="padding_cropped"),
    conv("cropped at the beginning", (1,), (1,), *ONE, x="padding_cropped"),
    conv("not cropped", (1, 1), (1, 2), *TWO, x="padding_not_cropped"),
    conv("= for the input", (1, 1), (0, 0), *TWO, x="assigned_not_added"),
    conv("= for the input", (2, 2), (1, 1), *SQUARE, x="assigned_not_added"),
    conv("= for the input", (1,), (1,), *ONE, x="assigned_not_added"),
    conv("= for the weight", (1, 1), (0, 0), *TWO, weight="assigned_not_added"),
    layer(student.max_pool, "=", (2, 3, 7, 5), settings={"size": 3, "stride": 1}, x="assigned_not_added"),
    layer(
        student.max_pool,
        "= with zeros",
        (2, 3, 7, 6),
        settings={"size": 3, "stride": 1},
        x="assigned_not_added",
    ),
    layer(student.avg_pool, "=", (2, 3, 9), settings={"size": 3, "stride": 2}, x="assigned_not_added"),
    conv("last image only", (1, 1), (0, 0), *TWO, weight="batch_sum_missing"),
    conv("last image only", (2, 2), (1, 1), *SQUARE, weight="batch_sum_missing"),
    conv("last image only", (1,), (1,), *ONE, weight="batch_sum_missing"),
    layer(student.linear, "last image only", (5, 4), (3, 4), (3,), weight="batch_sum_missing"),
    layer(student.linear, "first image only", (4, 4), (4, 4), (4,), weight="batch_sum_missing"),
    layer(student.linear, "bias not summed", (5, 4), (3, 4), (3,), bias="batch_sum_missing"),
    layer(student.relu, "mask of grad_output", (4, 5), x="relu_mask"),
    layer(student.relu, "mask of grad_output", (2, 3, 4, 5), x="relu_mask"),
    layer(student.relu, "mask of grad_output", (12,), settings={"slope": 0.1}, x="relu_mask"),
    layer(student.relu, "mask inverted", (3, 4), x="relu_mask"),
    layer(student.relu, "no mask", (3, 4), x="relu_mask_missing"),
    layer(
        student.linear_relu, "mask of grad_output", (5, 3), (3, 4), (4,), **dict.fromkeys(LINEAR, "relu_mask")
    ),
    layer(student.linear_relu, "no mask", (5, 3), (3, 4), (4,), **dict.fromkeys(LINEAR, "relu_mask_missing")),
    layer(student.add_relu, "mask of one summand", (3, 4, 5), (3, 4, 5), x="relu_mask", shortcut="relu_mask"),
    layer(student.linear, "mean over the batch", (5, 4), (3, 4), (3,), weight="mean_instead_of_sum"),
    conv(
        "mean over the batch", (1, 1), (0, 0), *TWO, weight="mean_instead_of_sum", bias="mean_instead_of_sum"
    ),
    conv("mean over the batch", (1,), (1,), *ONE, weight="mean_instead_of_sum", bias="mean_instead_of_sum"),
    layer(student.avg_pool, "sum instead of mean", (2, 3, 8), x="sum_instead_of_mean"),
    layer(student.linear, "weight transposed", (5, 4), (4, 4), (4,), x="transposed"),
    layer(student.linear, "gradient transposed", (5, 4), (4, 4), (4,), weight="transposed"),
    layer(student.linear, "gradient transposed", (5, 4), (3, 4), (3,), weight="transposed"),
    conv("weight transposed", (1, 1), (0, 0), *SQUARE, weight="transposed"),
    layer(student.linear, "bias summed to one number", (5, 4), (3, 4), (3,), bias="summed_too_far"),
]


def name(planted: Planted) -> str:
    return f"{planted.layer.__name__}-{planted.settings['mistake']}-{planted.shapes[0]}".replace(" ", "_")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("planted", PLANTED, ids=name)
def test_planted_mistakes_have_names(planted: Planted, seed: int) -> None:
    forward, backward = planted.layer(**planted.settings)
    inputs = tuple(normal(*shape, seed=seed + 10 * i) for i, shape in enumerate(planted.shapes))
    report = pc.check_gradient(forward, backward, inputs, seed=seed)
    assert not report.ok
    assert {diagnosis.input: diagnosis.kind for diagnosis in report.diagnoses} == planted.found, str(report)
    assert {check.input for check in report.checks if not check.ok} == set(planted.found)


def test_one_number_is_no_multiple() -> None:
    """A single winner holds the whole gradient: every wrong number is some multiple of the right one."""
    forward, backward = student.max_pool(2, 1, mistake="=")
    (diagnosis,) = pc.check_gradient(forward, backward, (np.array([[[[1.0, 2, 3], [4, 9, 0]]]]),)).diagnoses
    assert diagnosis.kind == "assigned_not_added"
