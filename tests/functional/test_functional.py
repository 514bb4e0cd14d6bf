"""What the functions accept, what they hand out and what they say when they refuse."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pellucid import functional as F
from pellucid.engine.graph import trace
from pellucid.errors import ArgumentError, ShapeError
from pellucid.ops.adam import Adam
from pellucid.ops.sgd import SGD

IMAGE = np.zeros((2, 3, 6, 5))
WEIGHT = np.zeros((4, 3, 3, 3))


def fixed(value: float) -> Any:
    """Three equal numbers that nobody can change."""
    array = np.full(3, value)
    array.flags.writeable = False
    return array


REFUSED: list[tuple[Callable[[], Any], type, str]] = [
    (
        lambda: F.conv2d(IMAGE[:, :2], WEIGHT),
        ShapeError,
        "conv2d: input channels must equal weight channels × groups. Expected C=3 from weight (4, "
        "3, 3, 3), groups=1. "
        "Got C=2 from input (2, 2, 6, 5). Hint: set in_channels=2.",
    ),
    (
        lambda: F.conv2d(IMAGE, np.zeros((4, 2, 3, 3)), groups=2),  # no in_channels can mend this
        ShapeError,
        "conv2d: input channels must equal weight channels × groups. Expected C=4 from weight (4, "
        "2, 3, 3), groups=2. Got C=3 from input (2, 3, 6, 5).",
    ),
    (
        lambda: F.conv2d(IMAGE, WEIGHT, np.zeros(3)),
        ShapeError,
        "conv2d: bias must have one value per output channel. Expected (4,). Got (3,).",
    ),
    (
        lambda: F.conv2d(IMAGE, WEIGHT, stride=0),
        ArgumentError,
        "conv2d: stride must be an integer, or one integer per axis. Expected 2 values ≥ 1. Got stride=0.",
    ),
    (
        lambda: F.conv2d("an image", WEIGHT),
        ArgumentError,
        "conv2d: input must be an array of real numbers. Got str. Hint: pass a NumPy array or "
        "nested lists of numbers.",
    ),
    (
        lambda: F.conv2d(IMAGE, None),
        ArgumentError,
        "conv2d: weight must be given. Expected an array of real numbers. Got None.",
    ),
    (
        lambda: F.relu([[1, 2], [3]]),
        ArgumentError,
        "relu: input must be an array of real numbers. Got list with rows of different lengths. "
        "Hint: pass a NumPy array or nested lists of numbers.",
    ),
    (
        lambda: F.relu(np.zeros(2, complex)),
        ArgumentError,
        "relu: input must be an array of real numbers. Got ndarray of dtype complex128. "
        "Hint: use input.real, or abs(input).",
    ),
    (
        lambda: F.conv2d_backward(IMAGE, IMAGE, WEIGHT),
        ShapeError,
        "conv2d_backward: grad_output must have the output's shape. Expected (2, 4, 4, 3). Got (2, 3, 6, 5).",
    ),
    (
        lambda: F.max_pool2d(IMAGE[0, 0], 2),
        ShapeError,
        "max_pool2d: input must have 4 axes, or 3 without a batch. Got input (6, 5).",
    ),
    (
        lambda: F.max_pool2d(IMAGE, 3, padding=(1, 2)),
        ArgumentError,
        "max_pool2d: padding must be at most half of kernel_size. Expected at most (1, 1). "
        "Got padding=(1, 2), kernel_size=3.",
    ),
    (
        lambda: F.max_pool1d(np.zeros((1, 2)), 2, 1, 1, 3),
        ArgumentError,
        "max_pool1d: every window must hold an input element. Got dilation=3, padding=1 on input (1, 1, 2).",
    ),
    (
        lambda: F.avg_pool2d(IMAGE, 7),
        ShapeError,
        "avg_pool2d: the window must not be larger than the padded input. Expected at most 6 "
        "positions along H. "
        "Got 7 (kernel 7, dilation 1) on input 6 with padding 0+0. Hint: use a smaller kernel_size "
        "or more padding.",
    ),
    (
        lambda: F.avg_pool2d(IMAGE, 2, divisor_override=0),
        ArgumentError,
        "avg_pool2d: divisor_override must be an integer other than 0. Got 0.",
    ),
    (
        lambda: F.adaptive_avg_pool2d(IMAGE, (1, 0)),
        ArgumentError,
        "adaptive_avg_pool2d: output_size must be an integer, or one integer or None per axis. "
        "Expected 2 values ≥ 1. "
        "Got output_size=(1, 0).",
    ),
    (
        lambda: F.linear(IMAGE, np.zeros((4, 6))),
        ShapeError,
        "linear: the input's last axis must equal in_features. Expected 6 from weight (4, 6). "
        "Got 5 from input (2, 3, 6, 5). Hint: put Flatten before the layer.",
    ),
    (
        lambda: F.leaky_relu(IMAGE, float("nan")),
        ArgumentError,
        "leaky_relu: negative_slope must be a number in (-inf, inf). Got negative_slope=nan.",
    ),
    (
        lambda: F.gelu(IMAGE, approximate="erf"),
        ArgumentError,
        "gelu: approximate has no such value. Expected one of 'none', 'tanh'. Got approximate='erf'.",
    ),
    (
        lambda: F.sum(IMAGE, (1, -3)),
        ArgumentError,
        "sum: dim must not name an axis twice. Got dim=(1, -3).",
    ),
    (
        lambda: F.mean(IMAGE, 1.5),
        ArgumentError,
        "mean: dim must be None, an integer or a tuple of integers. Got dim=1.5.",
    ),
    (
        lambda: F.amax(np.zeros((2, 0)), 1),
        ShapeError,
        "amax: there must be numbers along the axes of which one is chosen. Got input (2, 0), dim=(1,).",
    ),
    (
        lambda: F.var(IMAGE, 1, unbiased=True, correction=0),
        ArgumentError,
        "var: correction and unbiased say the same: give one of them. Got correction=0, unbiased=True.",
    ),
    (
        lambda: F.cosine_similarity(np.zeros((2, 3)), np.zeros((2, 1))),
        ShapeError,
        "cosine_similarity: vectors must have one length. Got x1 (2, 3), x2 (2, 1), dim=1.",
    ),
    (
        lambda: F.dropout1d(np.zeros(3)),
        ShapeError,
        "dropout1d: input must have 2 or 3 axes. Got input (3,).",
    ),
    (
        lambda: F.stochastic_depth(IMAGE, 0.5, "column"),
        ArgumentError,
        "stochastic_depth: mode has no such value. Expected one of 'batch', 'row'. Got mode='column'.",
    ),
    (
        lambda: F.softmax(IMAGE, 4),
        ArgumentError,
        "softmax: dim must name an axis of the input. Expected an integer from -4 to 3. Got dim=4.",
    ),
    (
        lambda: F.batch_norm(IMAGE[:1, :, :1, :1], None, None, training=True),
        ShapeError,
        "batch_norm: training needs more than 1 value per channel. Got input (1, 3, 1, 1). "
        "Hint: use a larger batch, or inference mode.",
    ),
    (
        lambda: F.batch_norm(IMAGE, np.zeros(3), None),
        ArgumentError,
        "batch_norm: running_mean and running_var are given together, and always in inference. "
        "Got running_mean=an array and running_var=None.",
    ),
    (
        lambda: F.batch_norm(IMAGE, np.zeros(3), np.ones(3), np.ones(2)),
        ShapeError,
        "batch_norm: weight must have one value per channel. Expected (3,). Got weight (2,) for "
        "input (2, 3, 6, 5).",
    ),
    (
        lambda: F.batch_norm(IMAGE, [0, 0, 0], np.ones(3), training=True),
        ArgumentError,
        "batch_norm: running_mean must be an array of floats, because training updates it in place. "
        "Got list.",
    ),
    *(
        (
            lambda function=function, at=at, settings=settings: function(
                IMAGE, *(fixed(1.0) if i == at else np.ones(3) for i in range(2)), **settings
            ),
            ArgumentError,
            f"{function.__name__}: {name} must be writeable, because training updates it in place. "
            f"Got a read-only array. Hint: use {name}.copy().",
        )
        for function, settings in ((F.batch_norm, {"training": True}), (F.instance_norm, {}))
        for at, name in enumerate(("running_mean", "running_var"))
    ),
    (
        lambda: F.flatten(IMAGE, 2, 1),
        ArgumentError,
        "flatten: start_dim must not come after end_dim. Got start_dim=2, end_dim=1 for input (2, 3, 6, 5).",
    ),
    (
        lambda: F.dropout(IMAGE, 1.5, training=False),
        ArgumentError,
        "dropout: p must be a number in [0, 1]. Got p=1.5.",
    ),
    (
        lambda: F.dropout(IMAGE, seed=0.5),
        ArgumentError,
        "dropout: seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=0.5.",
    ),
    (
        lambda: F.cross_entropy(np.zeros((2, 3)), [0, 3]),
        ArgumentError,
        "cross_entropy: every target must be a class number or ignore_index. Expected 0 ≤ target < "
        "3, or -100. "
        "Got target[1] = 3.",
    ),
    (
        lambda: F.cross_entropy(np.zeros((2, 3)), [0.0, 1.0]),
        ArgumentError,
        "cross_entropy: target must hold integer class numbers. Expected an integer dtype. Got float64. "
        "Hint: use target.astype(np.int64).",
    ),
    (
        lambda: F.cross_entropy(np.zeros((2, 3)), [0, 1, 2]),
        ShapeError,
        "cross_entropy: target must have the input's shape without the classes. "
        "Expected target (2,) for input (2, 3). Got target (3,).",
    ),
    (
        lambda: F.mse_loss([1.0], [1.0], reduction="average"),
        ArgumentError,
        "mse_loss: reduction has no such value. Expected one of 'mean', 'sum', 'none'. Got "
        "reduction='average'.",
    ),
    (
        lambda: F.add(IMAGE, IMAGE[:, :2]),
        ShapeError,
        "add: the shapes must broadcast: from the last axis on, sizes must be equal or 1. "
        "Got (2, 3, 6, 5) and (2, 2, 6, 5). "
        "Hint: give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution.",
    ),
    (
        lambda: SGD(nesterov=True),
        ArgumentError,
        "sgd: nesterov needs momentum. Expected momentum > 0. Got momentum=0.",
    ),
    (
        lambda: SGD().update(IMAGE, IMAGE, {}, lr=-0.1, step=1),
        ArgumentError,
        "sgd: lr must be a number in [0, inf). Got lr=-0.1.",
    ),
    (
        lambda: Adam(betas=(0.9, 1.0), decoupled=True),
        ArgumentError,
        "adamw: betas[1] must be a number in [0, 1). Got betas[1]=1.0.",
    ),
    (lambda: Adam(betas=0.9), ArgumentError, "adam: betas must be two numbers. Got betas=0.9."),
    (
        lambda: Adam().update(IMAGE, IMAGE, {}, 0.1, 0),
        ArgumentError,
        "adam: step counts updates from 1. Got step=0.",
    ),
]


@pytest.mark.parametrize("kind", [int, bool, np.uint8])
def test_one_hot_targets_are_told_what_to_do(kind: Any) -> None:
    rows = np.eye(4, 3).astype(kind)
    for input, target, axis in (
        (np.zeros((4, 3)), rows, 1),
        (np.zeros(3), rows[0], 0),
        (np.zeros((2, 3, 5)), np.ones((2, 3, 5), kind), 1),
    ):
        for call in (F.cross_entropy, lambda x, y: F.cross_entropy_backward(1.0, x, y)):
            with pytest.raises(ShapeError) as caught:
                call(input, target)
            hint = f"Hint: use target.argmax(axis={axis}) for one-hot targets."
            assert str(caught.value).endswith(f"Got target {target.shape}. {hint}")
    with pytest.raises(ShapeError, match=r"Got target \(4, 1\)\. Hint: use target\.reshape\(-1\)\.$"):
        F.cross_entropy(np.zeros((4, 3)), rows[:, :1])


def test_probabilities_have_no_class_to_ignore() -> None:
    for call in (F.cross_entropy, lambda x, y, **s: F.cross_entropy_backward(1.0, x, y, **s)):
        with pytest.raises(ArgumentError) as caught:
            call(np.zeros((2, 3)), np.ones((2, 3)), ignore_index=2)
        rule = "class probabilities have no class to ignore. Expected ignore_index=-100. Got ignore_index=2."
        assert str(caught.value).partition(": ")[2] == rule
    assert F.cross_entropy(np.zeros((2, 3)), np.ones((2, 3)), ignore_index=-1) == pytest.approx(3 * np.log(3))
    with pytest.raises(ShapeError, match=r"weight must have one value per class\. Expected \(3,\)\."):
        F.cross_entropy(np.zeros((2, 3)), np.ones((2, 3)), np.ones(2))


def test_types_of_probabilities_and_logits_are_promoted() -> None:
    logits, target = np.zeros((2, 3), np.float32), np.full((2, 3), 1 / 3)
    assert F.cross_entropy(logits, target).dtype == np.float64
    assert F.cross_entropy(logits, target.astype(np.float16)).dtype == np.float32
    assert [g.dtype for g in F.cross_entropy_backward(1.0, logits, target.astype(np.float32))] == [
        "float32"
    ] * 2


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ([0.0, 2.0], " Hint: use target.astype(np.int64)."),
        ([True, False], " Hint: use target.astype(np.int64)."),
        (np.zeros(2, np.float16), " Hint: use target.astype(np.int64)."),
        ([0.0, 0.5], ""),
        ([np.nan, 1.0], ""),
        ([1.0, np.inf], ""),
        (np.array([0.25, 0.75], np.float32), ""),
    ],
)
def test_targets_that_cannot_be_cast_are_not_told_to_be(target: Any, hint: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        F.cross_entropy(np.zeros((2, 3)), target)
    rule = "cross_entropy: target must hold integer class numbers. Expected an integer dtype."
    assert str(caught.value) == f"{rule} Got {np.asarray(target).dtype}.{hint}"


def test_targets_of_feature_maps_are_told_the_same() -> None:
    with pytest.raises(ArgumentError, match=r"Got float64\. Hint: use target\.astype\(np\.int64\)\.$"):
        F.cross_entropy(np.zeros((2, 3, 4)), np.ones((2, 4)))


def test_gradients_say_their_own_name() -> None:
    calls = {
        "relu_backward: grad_output must have the output's shape.": lambda: F.relu_backward(
            [1, 2, 3], [1, 2]
        ),
        "conv2d_backward: stride is too large.": lambda: F.conv2d_backward(
            0, IMAGE, np.ones((1, 3, 1, 1)), stride=2**40
        ),
        "linear_backward: weight must be an array": lambda: F.linear_backward(0, [[1.0]], "text"),
        "max_pool2d_backward: ": lambda: F.max_pool2d_backward(0, IMAGE, 9),
        "adaptive_avg_pool2d_backward: ": lambda: F.adaptive_avg_pool2d_backward(0, IMAGE, 0),
        "group_norm_backward: num_groups must": lambda: F.group_norm_backward(0, IMAGE, None),
        "layer_norm_backward: normalized_shape must": lambda: F.layer_norm_backward(0, IMAGE, 5),
    }
    for begins, call in calls.items():
        with pytest.raises((ArgumentError, ShapeError)) as caught:
            call()
        assert str(caught.value).startswith(begins)


@pytest.mark.parametrize(("call", "error", "text"), REFUSED, ids=[text[:60] for _, _, text in REFUSED])
def test_refusals_say_what_is_wrong(call: Callable[[], Any], error: type, text: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()


def test_lists_and_whole_numbers_become_float64() -> None:
    assert F.relu([[-1, 2]]).dtype == np.float64
    assert F.max_pool1d(np.arange(4, dtype=np.uint8).reshape(1, 4), 2).tolist() == [[1, 3]]


def test_whole_numbers_join_the_type_of_the_floats() -> None:
    output = F.linear(np.ones((1, 2), np.float32), [[1, 2]], [3])
    assert output.dtype == np.float32
    assert output.tolist() == [[6]]


def test_results_are_independent_of_the_operands() -> None:
    x = np.ones((2, 3))
    results = [F.relu(x), F.flatten(x), F.dropout(x, training=False), F.flatten_backward(np.ones(6), x)[0]]
    x[...] = 5
    assert all((result == 1).all() for result in results)


def test_inference_leaves_running_statistics_alone() -> None:
    mean, var = np.zeros(3), np.ones(3)
    F.batch_norm(IMAGE + 1, mean, var)
    F.batch_norm_backward(IMAGE, IMAGE + 1, mean, var, training=True)
    assert (mean == 0).all()
    assert (var == 1).all()


def test_gradients_of_absent_optional_arguments_are_none() -> None:
    assert F.linear_backward([[1.0]], [[1.0, 2.0]], [[3.0, 4.0]])[2] is None
    assert F.batch_norm_backward(IMAGE, IMAGE, None, None, training=True)[1:] == (None, None)
    assert len(F.cross_entropy_backward(1.0, np.zeros((1, 2)), [0], [1.0, 1.0])) == 1
    assert len(F.mse_loss_backward(1.0, [1.0], [2.0])) == 2


COMPARISONS = {"eq", "ge", "gt", "le", "lt", "ne"}  # have no gradient
FUNCTIONS = [name for name in F.__all__ if not name.endswith("_backward") and name not in COMPARISONS]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_take_the_same_arguments(name: str) -> None:
    function, gradient = getattr(F, name), getattr(F, f"{name}_backward")
    assert list(inspect.signature(gradient).parameters) == [
        "grad_output",
        *inspect.signature(function).parameters,
    ]
    assert f"`{name}`" in gradient.__doc__


# PyTorch's other functions are built in or take any arguments, so they cannot be asked.


def test_symbols_join_the_graph() -> None:
    running, weight = (np.zeros(3), np.ones(3)), np.zeros((4, 60))

    def network(x: Any) -> Any:
        x = F.batch_norm(x, *running, training=True)
        x = F.add(F.relu(x), F.dropout(x, 0.5, training=False))
        x = F.dropout(F.flatten(F.max_pool2d(x, 2, 1), 1), 0.5)
        return F.log_softmax(F.linear(x, weight), 1)

    arrays = {"mean": running[0], "var": running[1], "weight": weight}
    graph = trace(network, {"input": ((2, 3, 6, 5), np.float64)}, arrays, training=True)
    names = "batch_norm relu add max_pool2d flatten dropout linear log_softmax"
    assert [node.op.name for node in graph.nodes] == names.split()
    assert graph.output.shape == (2, 4)
    assert (running[0] == 0).all()


def test_a_traced_loss_has_three_operands() -> None:
    graph = trace(
        F.cross_entropy,
        {"input": ((5, 3), np.float32), "target": ((5,), np.int64)},
        {},
        training=True,
    )
    logits, target, weight = graph.nodes[0].operands
    assert (logits, target, weight) == (graph.inputs["input"], graph.inputs["target"], None)
    assert graph.output.shape == ()


def test_indices_are_an_op_of_their_own() -> None:
    graph = trace(
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
        {"input": ((1, 1, 4, 4), np.float32)},
        {},
        training=False,
    )
    pool, indices, unpool = graph.nodes
    assert [node.op.name for node in graph.nodes] == ["max_pool2d", "max_pool2d_indices", "max_unpool2d"]
    assert pool.operands == indices.operands
    assert (pool.output.dtype, indices.output.dtype, unpool.output.dtype) == (
        np.float32,
        np.int64,
        np.float32,
    )
    assert unpool.operands == (pool.output, indices.output)
