"""Single images: the bits are those of any batch, of any number of threads and of a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.kernels.test_targets import EVERY_TARGET, call, running
from tests.support.recorded import normal

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import trace
from pellucid.engine.inference import Inference
from pellucid.engine.lowering import winograd_single
from pellucid.engine.program import Program
from pellucid.kernels import simd
from pellucid.kernels.simd.few import INPUTS, FewTiles, most_tiles
from pellucid.winograd import MATRICES, Plane, Scheme, divisors, output

Network = Callable[..., Any]

# C, H, W, O: one tile, a handful, more; channels that fill vectors and blocks, or do not; many output channels
SIZES = [
    (16, 4, 4, 16),
    (48, 3, 2, 160),
    (32, 8, 8, 64),
    (32, 5, 7, 48),
    (16, 9, 11, 33),
    (17, 4, 4, 300),
    (64, 13, 6, 16),
    (272, 4, 3, 32),
    (512, 4, 4, 16),
    (16, 30, 30, 40),
]


def plain(x: Any, a: dict[str, Any]) -> Any:
    return F.conv2d(x, a["w"], padding=1)


def biased(x: Any, a: dict[str, Any]) -> Any:
    return F.relu(F.conv2d(x, a["w"], a["b"], padding=((1, 0), (0, 2))))


def strided(x: Any, a: dict[str, Any]) -> Any:
    return F.relu(F.conv2d(x, a["w"], a["b"], stride=2, padding=1))


def pooled(x: Any, a: dict[str, Any]) -> Any:
    return F.max_pool2d(F.relu(F.conv2d(x, a["w"], a["b"], padding=2)), 2)


def norm(x: Any, a: dict[str, Any], name: str = "") -> Any:
    statistics = (a[f"{part}{name}"] for part in ("mean", "var", "weight", "bias"))
    return F.batch_norm(x, *statistics, training=False)


def normed(x: Any, a: dict[str, Any]) -> Any:
    return F.relu(norm(F.conv2d(x, a["w"], padding=1), a))


def normed_and_pooled(x: Any, a: dict[str, Any]) -> Any:
    return F.max_pool2d(F.relu(norm(F.conv2d(x, a["w"], padding=1), a)), 2)


def arrays(c: int, o: int, dtype: Any) -> dict[str, Any]:
    made = {"w": normal(o, c, 3, 3, dtype=dtype, seed=2), "b": normal(o, dtype=dtype, seed=3)}
    for i, name in enumerate(("mean", "var", "weight", "bias")):
        made[name] = abs(normal(o, dtype=dtype, seed=4 + i)) + dtype(0.1)
    return made


def inference(network: Network, given: dict[str, Any]) -> Inference:
    parameters = {name: pc.Parameter(array, array.dtype) for name, array in given.items()}
    return Inference(lambda x: network(x, parameters), parameters)


def recorded(network: Network, given: dict[str, Any], x: Any) -> Any:
    """The output where every op is a launch of its own."""
    parameters = {name: pc.Parameter(array, array.dtype) for name, array in given.items()}
    graph = trace(lambda x: network(x, parameters), {"input": (x.shape, x.dtype)}, parameters, training=False)
    program = Program(lower(plan_of(graph, x.dtype, keep=True)))
    program.owners = parameters
    return program.run(graph.output, input=x)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("network", [plain, biased, strided, pooled, normed, normed_and_pooled])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_image_alone_has_the_bits_it_has_in_a_batch(size: Any, network: Network, dtype: Any) -> None:
    c, h, w, o = size
    given = arrays(c, o, dtype)
    x = normal(40, c, h, w, dtype=dtype)
    with pc.algorithm("winograd"):
        infer = inference(network, given)
        batch = infer(input=x)
        assert batch.tobytes() == recorded(network, given, x).tobytes()
        for first, count in ((0, 1), (39, 1), (5, 2), (7, 3), (9, 4), (20, 9)):
            part = np.ascontiguousarray(x[first : first + count])
            assert infer(input=part).tobytes() == batch[first : first + count].tobytes()


@pytest.mark.parametrize("size", SIZES)
def test_threads_and_shares_change_no_bit(size: Any, monkeypatch: Any) -> None:
    c, h, w, o = size
    x, results = normal(1, c, h, w), set()
    before = pc.get_num_threads()
    try:
        for threads, numbers, panels, shares in ((1, 1 << 12, 4, 2), (3, 0, 4, 2), (2, 1 << 40, 1, 5)):
            pc.set_num_threads(threads)
            monkeypatch.setattr(winograd_single, "_NUMBERS", numbers)
            monkeypatch.setattr(winograd_single, "_PANELS", panels)
            monkeypatch.setattr(winograd_single, "_SHARES", shares)
            with pc.algorithm("winograd"):
                both = (
                    inference(network, arrays(c, o, np.float32))(input=x).tobytes()
                    for network in (biased, strided)
                )
                results.add(tuple(both))
    finally:
        pc.set_num_threads(before)
    assert len(results) == 1


@EVERY_TARGET
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("stride", [1, 2])
def test_few_tiles_on_every_target(name: str, bits: int, stride: int) -> None:
    """Sums of products of points, pair by pair of the weight's phases, with the weight's rows apart."""
    along = output(stride, 1)
    scheme, dtype, inputs, outputs = Scheme(along, along), np.dtype(f"f{bits // 8}"), 2 * INPUTS, 40
    weight, steps = normal(3, 3, inputs, outputs, dtype=dtype), (3 * inputs * outputs, inputs * outputs)
    points = at_points(scheme.right, weight)
    with running(name):
        columns = 2 * simd.vector_lanes(bits)
        for tiles in range(1, most_tiles(bits) + 1):
            values = normal(scheme.left.points**2, tiles, inputs, dtype=dtype)
            out = np.full((scheme.result.points**2, tiles, columns), np.nan, dtype)
            a_steps, out_steps = (tiles * inputs, inputs), (tiles * columns, columns)
            for i, pair in enumerate(scheme.right.pairs):
                code = FewTiles(
                    bits,
                    columns,
                    inputs,
                    tiles,
                    pair.kinds,
                    winograd_single.products_of(scheme, pair),
                    (*pair.steps(steps), outputs),
                    a_steps,
                    out_steps,
                    0 if i else len(out),
                )
                here = weight.ravel()[pair.offset(steps) :]
                call(code, values, here, out, np.zeros(2 * code.room, dtype))
            for point, factors in enumerate(scheme.products):
                expected = sum(values[left] @ points[right][:, :columns] for left, right in factors)
                np.testing.assert_allclose(out[point], expected, rtol=0, atol=1e-4 if bits == 32 else 1e-12)


def at_points(plane: Plane, x: Any) -> Any:
    """All points of a factor whose positions are the first two axes."""
    result = np.zeros((plane.points**2, *x.shape[2:]), x.dtype)
    for pair in plane.pairs:
        m, n = (np.array(MATRICES[k]) / np.array(divisors(k))[:, None] for k in pair.kinds)
        part = np.einsum("pi,ij...,qj->pq...", m, x[np.ix_(pair.h.positions, pair.w.positions)], n)
        for i, row in enumerate(part):
            first = pair.point + i * plane.points
            result[first : first + len(row)] = row
    return result


# ------------------------------------------------------------------------------------------------ what is fused


def with_shortcut(x: Any, a: dict[str, Any]) -> Any:
    """A sum whose other operand is there already."""
    return F.relu(norm(F.conv2d(x, a["w"], padding=1), a) + x)


def with_later_shortcut(x: Any, a: dict[str, Any]) -> Any:
    """A sum whose other operand comes later, from a convolution that does not go by Winograd's algorithm."""
    out = norm(F.conv2d(x, a["w"], padding=1), a)
    return F.relu(out + norm(F.conv2d(x, a["w1"]), a))


def direct(x: Any, a: dict[str, Any]) -> Any:
    return F.relu(norm(F.conv2d(x, a["w"], stride=2, dilation=2, padding=2), a))


def deep(x: Any, a: dict[str, Any]) -> Any:
    """So long a sum that it is cut into stretches."""
    return F.relu(norm(F.conv2d(x, a["w5"], padding=2), a))


def behind_a_bias(x: Any, a: dict[str, Any]) -> Any:
    return F.relu(norm(F.conv2d(x, a["w"], a["b"], padding=1), a))


def without_affine(x: Any, a: dict[str, Any]) -> Any:
    return F.batch_norm(F.conv2d(x, a["w"], padding=1), a["mean"], a["var"], training=False)


def read_twice(x: Any, a: dict[str, Any]) -> Any:
    y = F.conv2d(x, a["w"], padding=1)
    return norm(y, a) + y


def added_to_itself(x: Any, a: dict[str, Any]) -> Any:
    y = norm(F.conv2d(x, a["w"], padding=1), a)
    return y + y


NETWORKS = [
    with_shortcut,
    with_later_shortcut,
    direct,
    deep,
    behind_a_bias,
    without_affine,
    read_twice,
    added_to_itself,
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("channels", [5, 16, 34])
@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
def test_a_fused_batch_norm_changes_no_bit(network: Network, channels: int, algorithm: Any) -> None:
    given = arrays(channels, channels, np.float32)
    given["w1"], given["w5"] = normal(channels, channels, 1, 1), normal(channels, channels, 5, 5)
    for images in (1, 6):
        x = normal(images, channels, 9, 7)
        with pc.algorithm(algorithm):
            assert inference(network, given)(input=x).tobytes() == recorded(network, given, x).tobytes()


def test_inference_normalises_in_the_convolution() -> None:
    """Changed statistics count at the next call, and no pass over the numbers is left."""
    pc.seed(0)
    model = pc.Sequential(pc.Conv2d(3, 16, 3, padding=1, bias=False), pc.BatchNorm2d(16), pc.ReLU())
    x = normal(2, 3, 8, 8)
    before = model(x)
    (run,) = model._program[2]._forms.values()
    program = next(iter(run._programs.values()))
    assert "walk_rows" not in {loop.kernel.name for loop in program.plan.loops}
    norm_ = next(m for m in model.modules() if isinstance(m, pc.BatchNorm2d))
    norm_.running_mean[...] += 1
    assert (model(x) <= before).all()
    assert (model(x) != before).any()


@pytest.mark.parametrize("channels", [16, 80])
def test_the_sums_of_an_image_belong_to_one_thread(channels: int) -> None:
    """A batch norm in training has its statistics from the transforms of a few tiles, however they are shared out."""
    x, y, results = normal(2, 16, 12, 9), np.array([1, 0]), set()
    before = pc.get_num_threads()
    try:
        for threads in (1, 2, 3):
            pc.set_num_threads(threads)
            pc.seed(0)
            conv = pc.Conv2d(16, channels, 3, padding=1, bias=False)
            head = pc.Flatten(), pc.Linear(channels * 108, 2)
            step = pc.TrainStep(
                pc.Sequential(conv, pc.BatchNorm2d(channels), *head), optimizer=pc.SGD(lr=0.1)
            )
            results.add(tuple(step(x, y) for _ in range(3)))
    finally:
        pc.set_num_threads(before)
    assert len(results) == 1
