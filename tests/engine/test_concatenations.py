"""What is concatenated is made in its place, and its gradient read there: no copies, the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.support.branches import BRANCHED, Fire, Squeezed
from tests.support.recorded import normal, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.buffers import Tensor, Window
from pellucid.engine.fusion_rules import RULES
from pellucid.engine.inference import Inference
from pellucid.engine.listing import listing
from pellucid.engine.program import Program
from pellucid.kernels.tape import get_num_threads, set_num_threads
from pellucid.ops.cat import Cat

LAID = [rule.name for rule in RULES if rule.lays]
CONV = {3: F.conv1d, 4: F.conv2d}


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)


def wide(x: Any, w: dict[str, Any], i: int) -> Any:
    """A convolution with 3 (or 3×3) positions and padding, which needs a halo."""
    return CONV[x.ndim](x, w[f"wide{i}"], w[f"bias{i}"], padding=1)


def small(x: Any, w: dict[str, Any], i: int) -> Any:
    return CONV[x.ndim](x, w[f"small{i}"])


def fire(x: Any, w: dict[str, Any]) -> Any:
    x = F.relu(small(x, w, 0))
    return F.cat([F.relu(small(x, w, 1)), F.relu(wide(x, w, 1))], 1)


def read_with_padding(x: Any, w: dict[str, Any]) -> Any:
    return wide(fire(x, w), w, 4)


def nested(x: Any, w: dict[str, Any]) -> Any:
    inner = F.cat([wide(x, w, 0), F.relu(small(x, w, 0))], 1)
    return small(F.cat([small(x, w, 1), F.cat([inner, wide(x, w, 2)], 1)], 1), w, 5)


def twice(x: Any, w: dict[str, Any]) -> Any:
    x = F.relu(wide(x, w, 0))
    return small(F.cat([x, x], 1), w, 4)


def in_two(x: Any, w: dict[str, Any]) -> Any:
    x, other = F.relu(wide(x, w, 0)), small(x, w, 0)
    return wide(F.cat([x, other], 1), w, 4) + wide(F.cat([other, x], 1), w, 4)


def with_the_input(x: Any, w: dict[str, Any]) -> Any:
    return F.cat([x, wide(x, w, 0)], 1)


def images(x: Any, w: dict[str, Any]) -> Any:
    return wide(F.cat([F.relu(wide(x, w, 0)), small(x, w, 0), x * 2.0], 0), w, 1)


def sums(x: Any, w: dict[str, Any]) -> Any:
    x, y = small(x, w, 0), wide(x, w, 1)
    cat = F.cat([F.relu(x + y), F.tanh(x) * y, y - 0.5, F.leaky_relu(y) ** 2], 1)
    return small(cat, w, 6) + x


def read_by_others(x: Any, w: dict[str, Any]) -> Any:
    """A skip: a pool and another convolution read it before it is read again in the concatenation."""
    skip = F.relu(wide(x, w, 0))
    pool, conv = (F.max_pool2d, 2) if x.ndim == 4 else (F.max_pool1d, 1), wide(F.gelu(skip), w, 1)
    pooled = pool[0](F.relu(skip), 3, 1, 1)
    return wide(F.cat([conv, skip], 1), w, 4) + wide(pooled, w, 2)


def normalised(x: Any, w: dict[str, Any]) -> Any:
    """Batch norms of many and of few channels; a sum in one of them."""
    few, many = small(x, w, 0), small(x, w, 7)
    norms = [F.batch_norm(y, None, None, training=True) for y in (few, many)]
    return F.cat([F.relu(norms[0] + few), F.relu(norms[1] + many), many], 1)


NETWORKS = [
    fire,
    read_with_padding,
    nested,
    twice,
    in_two,
    with_the_input,
    images,
    sums,
    read_by_others,
    normalised,
]
# The input channels of some convolutions, in multiples of those of a branch.
MULTIPLES = {4: 2, 5: 4, 6: 4}


def arrays(channels: int, dims: int, dtype: Any) -> dict[str, Any]:
    made = {}
    for i in range(8):
        inputs = MULTIPLES.get(i, 1) * channels
        outputs = 40 if i == 7 else channels
        for name, size in (("small", 1), ("wide", 3)):
            shape = (outputs, inputs, *(size,) * dims)
            made[f"{name}{i}"] = normal(*shape, dtype=dtype, seed=i) / dtype(channels)
        made[f"bias{i}"] = normal(outputs, dtype=dtype, seed=i)
    return made


def bits(program: Program) -> dict[str, bytes]:
    """The output and the gradients of all parameters."""
    plan = program.plan
    found = {"output": plan.value(plan.graph.output).array().tobytes()}
    for symbol, block in plan.gradients.items():
        if symbol in plan.graph.arrays:
            found[symbol.name] = block.array().tobytes()
    return found


def copies(program: Program) -> int:
    loops = (loop for loop in program.plan.loops if loop.step is not None and isinstance(loop.step.op, Cat))
    return sum(loop.kernel.name == "moved" for loop in loops)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("algorithm", ["auto", "direct", "winograd"])
@pytest.mark.parametrize("shape", [(3, 5, 9, 7), (2, 20, 6, 5), (5, 17, 11)], ids=str)
@pytest.mark.parametrize("network", NETWORKS)
def test_in_place_is_copied(network: Any, shape: tuple[int, ...], algorithm: str, dtype: Any) -> None:
    made = arrays(shape[1], len(shape) - 2, dtype)

    def function(x: Any, **parameters: Any) -> Any:
        return network(x, parameters)

    x = normal(*shape, dtype=dtype)
    with pc.algorithm(algorithm):
        expected = bits(run(function, x, made))
        apart = [rule for rule in RULES if not rule.lays]
        assert bits(run(function, x, made, keep=False, rules=apart)) == expected
        alone = [rule for rule in RULES if rule.lays]
        for threads in (1, 3):
            set_num_threads(threads)
            for rules in (RULES, alone):
                assert bits(run(function, x, made, keep=False, rules=rules)) == expected


# Each network with 20 channels, and how many copies its plan has: forward and backward.
COPIES: list[tuple[Callable[..., Any], int]] = [
    (fire, 0),
    (read_with_padding, 0),
    (nested, 0),
    (twice, 1),  # the second place
    (in_two, 2),  # the second concatenation
    (with_the_input, 1),  # the input, which no step makes
    (images, 0),
    (sums, 0),
    (read_by_others, 0),
    (normalised, 1),  # what the batch norm of few channels makes
]


@pytest.mark.parametrize(("network", "expected"), COPIES, ids=[network.__name__ for network, _ in COPIES])
def test_nothing_is_copied_that_may_lie_apart(network: Any, expected: int) -> None:
    made = arrays(20, 2, np.float32)
    program = run(lambda x, **w: network(x, w), normal(3, 20, 7, 8), made, keep=False)
    assert copies(program) == expected


def inferred(model: pc.Module, x: Any) -> Program:
    return Inference(model.trace_forward, dict(model.named_arrays())).program(input=x)


def test_a_fire_module_copies_nothing() -> None:
    x = normal(3, 3, 13, 11)
    model = pc.Sequential(Fire(3, 16, 24), Fire(48, 16, 24), pc.Flatten(), pc.Linear(48 * 13 * 11, 10))
    assert copies(inferred(model, x)) == 0
    step = pc.TrainStep(model, pc.SGD(0.1))
    plan = step.plan_for(x, np.arange(3))
    assert not any(row.kernel == "moved" and "cat" in row.ops for row in plan.rows)
    for path in ("0.small", "0.large", "1.small", "1.large"):
        (row,) = {row.rules for row in plan.rows if row.path == path and row.way == "forward"}
        assert row == ("ReLU in output", "output in concatenation")
    assert "forward 0.small conv2d + relu (direct, ReLU in output, output in concatenation)" in str(plan)
    assert LAID == ["slice in place", "output in concatenation", "gradient in concatenation"]


@pytest.mark.slow
@pytest.mark.parametrize("network", BRANCHED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("algorithm", ["auto", "direct", "winograd"])
def test_steps_and_inference_are_a_recording_s(network: Any, dtype: str, algorithm: str) -> None:
    x, y = normal(5, 3, 10, 6).astype(dtype), np.arange(5)

    def stepped(threads: int, *, recorded: bool) -> dict[str, bytes]:
        set_num_threads(threads)
        pc.seed(2)
        step = pc.TrainStep(network().astype(dtype), pc.SGD(0.1))
        if recorded:
            step.record(x, y).commit()
        else:
            step(x, y)
        model = step.model
        output = (
            pc.record(model, x)[["out.output", "flatten.output"][network is Squeezed]]
            if recorded
            else model(x)
        )
        arrays = {**model.state_dict(), "output": output}
        return {name: array.tobytes() for name, array in arrays.items()}

    with pc.algorithm(algorithm):
        expected = stepped(2, recorded=True)
        for threads in (1, 3):
            assert stepped(threads, recorded=False) == expected


def test_a_window_is_part_of_its_whole_and_counted_once() -> None:
    x = normal(2, 3, 9, 8)
    program = inferred(pc.Sequential(Fire(3, 16, 24), pc.Conv2d(48, 8, 3, padding=1)), x)
    plan = program.plan
    windows = [block for block in plan.values.values() if isinstance(block, Window)]
    (whole,) = {window.root for window in windows}
    assert isinstance(whole, Tensor)
    assert len(windows) == 2
    assert sum(window.size_bytes for window in windows) == whole.size_bytes - whole.halo_bytes
    assert [window.strides for window in windows] == [whole.strides] * 2
    assert whole.halo == windows[0].halo == [[0, 0], [1, 1], [1, 1]]
    assert np.array_equal(np.concatenate([window.array() for window in windows], 1), whole.array())
    assert windows[1].address - whole.address == 24 * 4
    found = listing(program)
    assert not {window.name for window in windows} & {place.name for place in found.places}
    (place,) = [place for place in found.places if place.name == whole.name]
    assert place.size_bytes == whole.size_bytes
    assert found.block_bytes == sum(place.size_bytes for place in found.places)
    written = {row.writes: (row.written_bytes, row.start) for row in found.rows}
    for window in windows:
        assert written[(window.name,)] == (window.size_bytes, place.start)


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 5), (4, 6, 5, 3), (4, 6, 2, 5, 3)], ids=str)
def test_a_window_along_every_axis(shape: tuple[int, ...]) -> None:
    whole = Tensor("whole", shape, np.float32)
    whole.widen(((0, 1), (2, 0), (1, 1)) if len(shape) == 5 else ((0, 0),) * 2 + ((1, 2),))
    whole.place(np.zeros(whole.size_bytes, np.uint8))
    whole.memory[...] = normal(*whole.inner)
    for axis, size in enumerate(shape):
        part = Window("part", (*shape[:axis], size - 1, *shape[axis + 1 :]), whole, axis, 1)
        assert np.array_equal(part.array(), np.take(whole.array(), range(1, size), axis))
        assert part.address == part.memory.ctypes.data
        assert part.root is whole


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(2, 1, 5), (2, 1, 3, 4), (1, 1, 1, 5), (3, 2, 4, 3)])
@pytest.mark.parametrize(
    "made",
    [
        lambda x: x * 2,
        lambda x: x + x,
        lambda x: x - 1,
        lambda x: 1 / x,
        lambda x: -x,
        lambda x: x**3,
        lambda x: x * x,
        F.relu,
        F.tanh,
        lambda x: x * F.sigmoid(x),
    ],
)
def test_of_one_channel(made: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    """Whose pixels lie apart as those of more do."""

    class Net(pc.Module):
        def __init__(self) -> None:
            self.conv = (pc.Conv1d if len(shape) == 3 else pc.Conv2d)(2 * shape[1], 1, 1)

        def forward(self, x: Any) -> Any:
            return pc.functional.flatten(self.conv(F.cat([made(x), x], 1)), 1)

    model, x = Net(), normal(*shape)
    recorded = pc.record(model, x)
    np.testing.assert_array_equal(model(x), recorded["flatten.output"])
    fast = pc.TrainStep(model, pc.SGD(lr=0.1), loss="mse_loss")
    y = np.zeros_like(model(x))
    again = fast.record(x, y)
    assert fast(x, y) == again.loss
    np.testing.assert_array_equal(model.conv.weight, again["updated(conv.weight)"])
