"""Joined launches do what their parts do, bit for bit: each network's fast plan against its recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.recorded import normal, run

from pellucid import functional as F
from pellucid.engine.plan import Program
from pellucid.kernels.tape import get_num_threads, set_num_threads

CONV = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)


class Layers:
    """What the networks are made of: `conv` and `norm` number `i`, with parameters of their own."""

    def __init__(self, arrays: dict[str, Any], training: bool) -> None:
        self.arrays, self.training = arrays, training

    def conv(self, i: int, x: Any) -> Any:
        return CONV[x.ndim](x, self.arrays[f"conv{i}"], padding=1)

    def norm(self, i: int, x: Any) -> Any:
        mean, var, weight, bias = (self.arrays[f"{name}{i}"] for name in ("mean", "var", "weight", "bias"))
        return F.batch_norm(x, mean, var, weight, bias, training=self.training)

    def block(self, i: int, x: Any) -> Any:
        return self.norm(i, self.conv(i, x))


def arrays(channels: int, dims: int, dtype: Any) -> dict[str, Any]:
    made = {}
    for i in range(4):
        made[f"conv{i}"] = normal(channels, channels, *(3,) * dims, dtype=dtype, seed=i) / dtype(channels)
        for j, name in enumerate(("mean", "var", "weight", "bias")):
            made[f"{name}{i}"] = abs(normal(channels, dtype=dtype, seed=4 * i + j)) + dtype(0.1)
    return made


def read_twice(n: Layers, x: Any) -> Any:
    """A convolution whose input has another reader, so that it cannot gate the gradient of a ReLU before it."""
    return n.conv(3, x) + x


def plain(n: Layers, x: Any) -> Any:
    return n.conv(1, F.relu(n.block(0, x)))


def plain_read_twice(n: Layers, x: Any) -> Any:
    return read_twice(n, F.relu(n.block(0, x)))


def identity(n: Layers, x: Any) -> Any:
    x = n.conv(0, x)
    return n.conv(3, F.relu(n.block(2, F.relu(n.block(1, x))) + x))


def identity_read_twice(n: Layers, x: Any) -> Any:
    x = F.relu(n.block(0, x))
    return read_twice(n, F.relu(x + n.block(2, F.relu(n.block(1, x)))))


def downsample(n: Layers, x: Any) -> Any:
    x = n.conv(0, x)
    out = n.block(2, F.relu(n.block(1, x)))
    return F.relu(out + n.block(3, x))


def sum_without_relu(n: Layers, x: Any) -> Any:
    x = n.conv(0, x)
    return n.conv(2, n.block(1, x) + x)


def late_shortcut(n: Layers, x: Any) -> Any:
    out = n.block(0, x)
    return read_twice(n, F.relu(out + n.conv(1, x)))


def doubled(n: Layers, x: Any) -> Any:
    out = n.block(0, x)
    return read_twice(n, F.relu(out + out))


def norm_read_twice(n: Layers, x: Any) -> Any:
    out = n.block(0, x)
    return read_twice(n, F.relu(out + x)) + out


def shortcut_of_a_shortcut(n: Layers, x: Any) -> Any:
    x = n.conv(0, x)
    return read_twice(n, F.relu(n.block(1, x) + x)) + x


def relu_of_the_input(n: Layers, x: Any) -> Any:
    return read_twice(n, n.block(0, F.relu(x)))


# Each network, and how many launches of sums, ReLUs and their gradients its fast plan has by themselves.
NETWORKS: list[tuple[Callable[[Layers, Any], Any], dict[str, int]]] = [
    (plain, {}),
    (plain_read_twice, {"add": 1}),
    (identity, {}),
    (identity_read_twice, {"add": 1}),
    (downsample, {}),
    (sum_without_relu, {}),
    (late_shortcut, {"add": 2, "relu_gradient": 1}),
    (doubled, {"add": 3, "relu_gradient": 1}),
    (norm_read_twice, {"add": 4, "relu_gradient": 1}),
    (shortcut_of_a_shortcut, {"add": 3, "relu_gradient": 1}),
    (relu_of_the_input, {"add": 1, "relu": 1}),
]


def bits(program: Program) -> dict[str, bytes]:
    """The output and the gradients of all parameters."""
    plan = program.plan
    gradients = {symbol.name: block.array().tobytes() for symbol, block in plan.totals.items()}
    return {"output": plan.values[plan.graph.output].array().tobytes(), **gradients}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("network", "alone"), NETWORKS, ids=[network.__name__ for network, _ in NETWORKS])
def test_joined_is_composed(network: Any, alone: dict[str, int], dtype: Any, training: bool) -> None:
    channels, shape = 5, (3, 5, 9, 7)
    assert_joined_is_composed(network, alone, channels, shape, dtype, training)


@pytest.mark.parametrize(
    "shape", [(19, 70, 9, 7), (37, 16, 33), (2, 3, 4, 5, 7), (5, 64, 5, 8), (3, 130, 4, 3)]
)
def test_joined_is_composed_for_every_shape(shape: tuple[int, ...]) -> None:
    for network, alone in ((identity_read_twice, {"add": 1}), (downsample, {})):
        assert_joined_is_composed(network, alone, shape[1], shape, np.float32, True)


def assert_joined_is_composed(
    network: Any, alone: dict[str, int], channels: int, shape: tuple[int, ...], dtype: Any, training: bool
) -> None:
    def function(x: Any, **parameters: Any) -> Any:
        return network(Layers(parameters, training), x)

    x, made = normal(*shape, dtype=dtype), arrays(channels, len(shape) - 2, dtype)
    set_num_threads(2)
    expected = bits(run(function, x, made))
    for threads in (1, 2, 3):
        set_num_threads(threads)
        fast = run(function, x, made, keep=False)
        assert bits(fast) == expected
    launches = Counter(launch.kernel.name for launch in fast.plan.launches)
    found = {name: launches[name] for name in ("add", "relu", "relu_gradient") if launches[name]}
    assert found == alone


def test_winograd_s_input_gradient_adds_to_a_shortcut_s_and_gates_the_sum() -> None:
    made = arrays(20, 2, np.float32)
    x = normal(9, 20, 9, 8)
    fast = run(
        lambda x, **parameters: identity_read_twice(Layers(parameters, True), x), x, made, keep=False
    ).plan
    relus = [node.output for node in fast.graph.nodes if node.op.name == "relu"]
    assert len(relus) == 3
    assert not any(output in fast.gradients for output in relus)  # no launch is left with one to gate
