"""Fused loops do what their steps do, bit for bit: fast plans against recordings, and any subset of the rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from tests.support.branches import BRANCHED
from tests.support.markdown import DOCS
from tests.support.recorded import normal, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine import inference, training
from pellucid.engine.compose import plan_of
from pellucid.engine.fusion import Rule
from pellucid.engine.fusion_rules import RULES
from pellucid.engine.program import Program
from pellucid.kernels.tape import get_num_threads, set_num_threads

DROPPED = 60  # subsets of the rules for each network
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
    """A convolution whose input has another reader, so that it cannot mask the gradient of a ReLU before it."""
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


def sum_of_a_sum(n: Layers, x: Any) -> Any:
    """A batch norm takes in one sum, not the next one."""
    return F.relu(F.relu(n.block(0, x) + x + n.conv(1, x)))


def norm_read_twice(n: Layers, x: Any) -> Any:
    out = n.block(0, x)
    return read_twice(n, F.relu(out + x)) + out


def shortcut_of_a_shortcut(n: Layers, x: Any) -> Any:
    x = n.conv(0, x)
    return read_twice(n, F.relu(n.block(1, x) + x)) + x


def relu_of_the_input(n: Layers, x: Any) -> Any:
    return read_twice(n, n.block(0, F.relu(x)))


# Each network, and how many loops of sums, ReLUs and their gradients its fast plan has by themselves.
NETWORKS: list[tuple[Callable[[Layers, Any], Any], dict[str, int]]] = [
    (plain, {}),
    (plain_read_twice, {"add": 1}),
    (identity, {}),
    (identity_read_twice, {"add": 1}),
    (downsample, {}),
    (sum_without_relu, {}),
    (late_shortcut, {"add": 2, "relu_gradient": 1}),
    (doubled, {"add": 3, "relu_gradient": 1}),
    (sum_of_a_sum, {"add": 1, "relu": 1, "relu_gradient": 2}),
    (norm_read_twice, {"add": 4, "relu_gradient": 1}),
    (shortcut_of_a_shortcut, {"add": 3, "relu_gradient": 1}),
    (relu_of_the_input, {"add": 1, "relu": 1}),
]


def bits(program: Program) -> dict[str, bytes]:
    """The output and the gradients of all parameters."""
    plan = program.plan
    gradients = {
        symbol.name: block.array().tobytes()
        for symbol, block in plan.gradients.items()
        if symbol in plan.graph.arrays
    }
    return {"output": plan.value(plan.graph.output).array().tobytes(), **gradients}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("network", "alone"), NETWORKS, ids=[network.__name__ for network, _ in NETWORKS])
def test_fused_is_composed(network: Any, alone: dict[str, int], dtype: Any, training: bool) -> None:
    channels, shape = 5, (3, 5, 9, 7)
    assert_fused_is_composed(network, alone, channels, shape, dtype, training)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape", [(19, 70, 9, 7), (37, 16, 33), (2, 3, 4, 5, 7), (5, 64, 5, 8), (3, 130, 4, 3)]
)
def test_fused_is_composed_for_every_shape(shape: tuple[int, ...]) -> None:
    for network, alone in ((identity_read_twice, {"add": 1}), (downsample, {})):
        assert_fused_is_composed(network, alone, shape[1], shape, np.float32, True)


def assert_fused_is_composed(
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
    loops = Counter(loop.kernel.name for loop in fast.plan.loops)
    found = {name: loops[name] for name in ("add", "relu", "relu_gradient") if loops[name]}
    assert found == alone


def test_winograd_s_input_gradient_adds_to_a_shortcut_s_and_masks_the_sum() -> None:
    made = arrays(20, 2, np.float32)
    x = normal(9, 20, 9, 8)
    fast = run(
        lambda x, **parameters: identity_read_twice(Layers(parameters, True), x), x, made, keep=False
    ).plan
    relus = [node.output for node in fast.graph.nodes if node.op.name == "relu"]
    assert len(relus) == 3
    assert not any(output in fast.gradients for output in relus)  # no loop is left with one to mask


@pytest.mark.parametrize("cut", [lambda x: x, F.relu], ids=["plain", "relu"])
def test_a_norm_behind_a_pooling_that_a_convolution_carries_makes_its_own_gradient(cut: Any) -> None:
    def function(x: Any, **parameters: Any) -> Any:
        n = Layers(parameters, True)
        return n.conv(2, F.relu(n.norm(1, F.max_pool2d(cut(n.conv(0, x)), 2))))

    made, x = arrays(17, 2, np.float32), normal(5, 17, 11, 9)
    fast = run(function, x, made, keep=False)
    assert bits(fast) == bits(run(function, x, made))
    rules = [rule for step in fast.plan.steps.order for rule in step.rules]
    assert rules.count("max pooling in convolution") == 2  # forward and backward
    assert "batch norm in transforms" not in rules


class Everything(pc.Module):
    """Every rule finds something here."""

    def __init__(self) -> None:
        self.first, self.beside = pc.Conv2d(3, 8, 3, padding=1), pc.Conv2d(3, 8, 1)
        self.second = pc.Conv2d(16, 16, 3, padding=1, bias=False)
        self.third = pc.Conv2d(16, 16, 3, padding=1, bias=False)
        self.fourth = pc.Conv2d(16, 16, 1, bias=False)
        self.up = [pc.ConvTranspose2d(16, 3, 2), pc.ConvTranspose2d(16, 2, 2)]
        self.norms = [pc.BatchNorm2d(16), pc.BatchNorm2d(16), pc.BatchNorm2d(16)]
        self.linear = [pc.Linear(5 * 3 * 3, 24), pc.Linear(24, 10)]

    def forward(self, x: Any) -> Any:
        x = F.cat([F.max_pool2d(F.relu(self.first(x)), 2), F.max_pool2d(F.gelu(self.beside(x)), 2)], 1)
        inner = F.relu(self.norms[0](self.second(x)))
        x = F.leaky_relu(F.relu(self.norms[1](self.third(inner)) + self.norms[2](self.fourth(x))))
        pooled, indices = F.max_pool2d(x, 2, return_indices=True)
        x = F.max_unpool2d(F.relu(pooled), indices, 2, output_size=(5, 5))
        x = F.cat([F.relu(up(x)) for up in self.up], 1)
        x = F.cat([F.relu(part) for part in x.split([3, 2], 1)], 1)
        x = F.relu(F.max_pool2d(x, 3, 2, 1))
        return self.linear[1](F.relu(self.linear[0](F.flatten(x, 1))))


class Deeper(pc.Module):
    """A parameter with two uses, a frozen layer, sums of what is there twice."""

    def __init__(self) -> None:
        self.twice = pc.Conv2d(8, 8, 3, padding=1)
        self.norm = pc.BatchNorm2d(8)
        self.frozen = pc.Conv2d(3, 8, 3, padding=1).requires_grad_(False)
        self.out = pc.Linear(8, 10)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.norm(self.frozen(x)))
        x = F.relu(self.twice(F.relu(self.twice(x))) + x)
        return self.out(F.flatten(F.adaptive_avg_pool2d(x + x, 1), 1))


def step_bits(model: pc.Module, rules: Sequence[Rule], optimizer: Any) -> tuple[dict[str, bytes], set[str]]:
    """All that two steps change, with the losses and what the model gives then; and the rules that found something."""
    used = set()

    def ruled(*args: Any, **kwargs: Any) -> Any:
        plan = plan_of(*args, **kwargs, rules=rules)
        used.update(rule for step in plan.steps.order for rule in step.rules)
        return plan

    images = 16 if isinstance(model, Everything | Smooth) else 6  # as many as whole images need
    x, y = normal(images, 3, 10, 10), np.arange(images) % 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "plan_of", ruled)
        patch.setattr(inference, "plan_of", ruled)
        step = pc.TrainStep(model, optimizer)
        losses = {f"loss {i}": np.float64(step(x, y)).tobytes() for i in range(2)}
        output = model(x).tobytes()
    return {**{k: v.tobytes() for k, v in model.state_dict().items()}, **losses, "output": output}, used


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["auto", "winograd"])
@pytest.mark.parametrize("optimizer", [pc.SGD(0.1, momentum=0.9), pc.Adam(0.01)], ids=["sgd", "adam"])
@pytest.mark.parametrize("network", [Everything, Deeper, *BRANCHED])
def test_any_subset_of_the_rules_gives_the_same_bits(network: Any, optimizer: Any, algorithm: str) -> None:
    def made(rules: Sequence[Rule]) -> tuple[dict[str, bytes], set[str]]:
        pc.seed(3)
        with pc.algorithm(algorithm):
            return step_bits(network(), rules, optimizer)

    expected, used = made(RULES)
    if network is Everything and algorithm == "winograd":
        assert used == {rule.name for rule in RULES}
    dice = np.random.default_rng(len(f"{network} {algorithm} {optimizer}"))
    drawn = (np.flatnonzero(dice.random(len(RULES)) < 0.6) for _ in range(DROPPED))
    subsets = {(), *(tuple(rules.tolist()) for rules in drawn)}
    for subset in subsets:
        rules = [RULES[i] for i in subset]
        assert made(rules)[0] == expected, [rule.name for rule in rules]


class Smooth(pc.Module):
    """Smooth activations behind convolutions: before a halo, in a concatenation, behind a norm in inference."""

    def __init__(self) -> None:
        self.first, self.depthwise = pc.Conv2d(3, 4, 5), pc.Conv2d(4, 4, 3, padding=1, groups=4)
        self.wide, self.narrow = pc.Conv2d(4, 37, 1, bias=False), pc.Conv2d(4, 5, 3, padding=1)
        self.norm, self.last = pc.BatchNorm2d(37), pc.Linear(42, 10)

    def forward(self, x: Any) -> Any:
        x = F.gelu(self.depthwise(F.silu(self.first(x))))
        x = F.cat([F.gelu(self.norm(self.wide(x))), F.tanh(self.narrow(x))], 1)
        return self.last(F.flatten(F.sigmoid(F.adaptive_avg_pool2d(x, 1)), 1))


@pytest.mark.parametrize("algorithm", ["direct", "auto"])
def test_activations_in_convolutions_have_the_bits_of_those_apart(algorithm: str) -> None:
    def made(rules: Sequence[Rule]) -> tuple[dict[str, bytes], set[str]]:
        pc.seed(4)
        with pc.algorithm(algorithm):
            return step_bits(Smooth(), rules, pc.SGD(0.1))

    expected, used = made(RULES)
    assert "activation in convolution" in used
    assert made([rule for rule in RULES if rule.name != "activation in convolution"])[0] == expected
    assert made(())[0] == expected


def test_the_page_about_fusion_has_every_rule() -> None:
    page = (DOCS / "internals/fusion.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (forward|backward|update) \|", page, flags=re.MULTILINE)
    assert rows == [(rule.name, rule.way) for rule in RULES]
