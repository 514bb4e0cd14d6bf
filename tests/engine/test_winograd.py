"""Winograd's algorithm against the direct sum: odd sizes, borders, every way of sharing out the work, certificates."""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_int64
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.inference import Inference
from pellucid.engine.lowering import (
    winograd_conv,
    winograd_single,
    winograd_weight,
    winograd_weight_channels,
    winograd_weight_parts,
)
from pellucid.engine.lowering.choice import by_winograd
from pellucid.engine.program import Program
from pellucid.explain import Recording
from pellucid.kernels import simd
from pellucid.kernels.simd.winograd import Transform
from pellucid.nn.models.resnet import BasicBlock
from pellucid.ops.conv import Conv
from pellucid.winograd import MATRICES, Kind, divisors

# N, C, H, W, O, padding, stride, and True for true convolution: no two sizes alike; images that are no multiple of a
# tile; padding wider than a window
CASES = [
    (2, 3, 7, 5, 4, 1, 1),
    (1, 1, 3, 3, 2, 0, 1),
    (3, 17, 9, 6, 18, ((0, 2), (1, 0)), 1),
    (5, 16, 4, 4, 33, 1, 1),
    (2, 40, 13, 10, 7, 2, 1),
    (9, 20, 8, 12, 21, 1, 1),
    (2, 130, 5, 4, 140, 1, 1),
    (3, 5, 1, 1, 6, 1, 1),
    (7, 16, 26, 23, 19, 0, 1),
    (2, 2, 6, 5, 3, (3, 4), 1),
    (1, 258, 5, 3, 34, 1, 1),
    (2, 3, 7, 5, 4, 1, 2),
    (1, 1, 3, 4, 2, 0, 2),
    (3, 17, 9, 6, 18, ((0, 2), (1, 0)), 2),
    (5, 16, 8, 15, 33, 1, 2),
    (2, 40, 26, 19, 7, 2, 2),
    (9, 20, 16, 24, 21, 1, 2),
    (2, 130, 5, 8, 260, 1, 2),
    (3, 5, 1, 2, 6, 1, 2),
    (7, 16, 37, 46, 19, 0, 2),
    (2, 2, 6, 5, 3, (3, 4), 2),
    (1, 520, 5, 3, 34, 1, 2),
    (3, 17, 9, 6, 18, ((0, 2), (1, 0)), 1, True),
    (7, 16, 37, 46, 19, 0, 2, True),
]


def winograd_nodes(plan: Any) -> list[Any]:
    """The convolutions that Winograd's algorithm computes."""
    return [s.node for s in plan.steps.order if s.way == "forward" and by_winograd(s, plan.setting)]


def both(case: Any, dtype: Any) -> dict[str, Recording]:
    """The same convolution, forward and backward, by either algorithm."""
    n, c, h, w, o, padding, stride, *flip = case
    arrays = {"w": normal(o, c, 3, 3, dtype=dtype, seed=2), "b": normal(o, dtype=dtype, seed=3)}
    result = {}
    for name in ("direct", "winograd"):
        with pc.algorithm(name):
            program = run(
                lambda s, w, b: F.conv2d(s, w, b, stride, padding, flip=bool(flip)),
                normal(n, c, h, w, dtype=dtype),
                arrays,
            )
        assert bool(winograd_nodes(program.plan)) == (name == "winograd")
        result[name] = recording(program)
    return result


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_directions_agree_with_the_direct_sum(case: Any, dtype: Any) -> None:
    recordings = both(case, dtype)
    for name in recordings["direct"]:
        direct = recordings["direct"][name]
        error = np.abs(direct - recordings["winograd"][name]).max()
        assert error <= (3e-5 if dtype == np.float32 else 1e-12) * np.abs(direct).max(), name


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("groups", [5, 1000])
@pytest.mark.parametrize("case", [CASES[5], CASES[16]])
def test_every_way_of_sharing_out_the_work(monkeypatch: Any, case: Any, shared: bool, groups: int) -> None:
    """Few or many tiles at a time, all channels or a few, one pass of the batch or several: the same forward bits."""
    for module in (winograd_conv, winograd_single):
        monkeypatch.setattr(module, "PART", 7)
    expected = both(case, np.float32)
    monkeypatch.setattr(winograd_conv, "_MANY_TILES", 1 << 40 if shared else 1)
    monkeypatch.setattr(winograd_conv, "_TILES", groups)
    monkeypatch.setattr(winograd_weight, "_MANY_CHANNELS", dict.fromkeys((1, 2), 1 if shared else 1 << 40))
    monkeypatch.setattr(winograd_weight_parts, "_UNIT_NUMBERS", groups * 36 * 41)
    monkeypatch.setattr(winograd_weight_channels, "_TRANSFORMED", groups * 36 * 41)
    monkeypatch.setattr(winograd_weight_channels, "_BLOCK", (9, 16))
    monkeypatch.setattr(winograd_weight, "_RUN", 4)
    found = both(case, np.float32)["winograd"]
    for name in ("conv2d.output", "grad(input)"):
        assert found[name].tobytes() == expected["winograd"][name].tobytes()
    for name in ("grad(w)", "grad(b)"):
        np.testing.assert_allclose(found[name], expected["direct"][name], rtol=0, atol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_certified_by_the_algorithm_s_own_bound(case: Any, dtype: Any) -> None:
    rec, random = both(case, dtype)["winograd"], np.random.default_rng(7)
    for name in ("conv2d.output", "grad(input)", "grad(w)", "grad(b)"):
        for _ in range(6):
            index = ",".join(str(random.integers(size)) for size in rec[name].shape)
            trace = rec.explain(f"{name}[{index}]")
            assert trace.certified, str(trace)
            assert (trace.replay is None) == (name != "grad(b)")
            assert ("Winograd" in trace.note) == (name != "grad(b)")
            assert trace.to_dict()["certified"]
            assert trace.error_bound < (10 if dtype == np.float32 else 1e-8)


def test_a_wrong_number_is_noticed() -> None:
    with pc.algorithm("winograd"):
        program = run(lambda s, w: F.conv2d(s, w, padding=1), normal(1, 8, 6, 5), {"w": normal(3, 8, 3, 3)})
    block = next(b for s, b in program.plan.values.items() if s.name == "conv2d.output")
    block.memory[0, 0, 4, 2, 1] += 1e-1
    assert not recording(program).explain("conv2d.output[0,1,4,2]").certified
    assert recording(program).explain("conv2d.output[0,1,4,3]").certified


def test_whole_weights_that_stay_whole_give_exact_outputs() -> None:
    """Multiples of 576 lose nothing in the weight's transform."""
    random = np.random.default_rng(3)
    x = random.integers(-3, 4, (2, 5, 7, 6)).astype(np.float32)
    weight = 576 * random.integers(-3, 4, (4, 5, 3, 3)).astype(np.float32)
    with pc.algorithm("winograd"):
        rec = recording(run(lambda s, w: F.conv2d(s, w, padding=1), x, {"w": weight}))
    expected = F.conv2d(x.astype(np.int64), weight.astype(np.int64), padding=1)
    assert (rec["conv2d.output"] == expected).all()


@pytest.mark.slow
@pytest.mark.parametrize("padding", [0, 1, 2, ((0, 1), (3, 2))])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_numbers_stay_whole_at_stride_2(padding: Any, dtype: Any) -> None:
    """Its matrices are whole, and dividing multiples of 36 by 36 is exact."""
    random = np.random.default_rng(3)
    x = random.integers(-9, 10, (2, 5, 19, 14)).astype(dtype)
    weight = random.integers(-9, 10, (4, 5, 3, 3)).astype(dtype)
    with pc.algorithm("winograd"):
        program = run(lambda s, w: F.conv2d(s, w, stride=2, padding=padding), x, {"w": weight})
    grad_output = next(b for s, b in program.plan.gradients.items() if s.name == "conv2d.output")
    g = random.integers(-9, 10, grad_output.memory.shape)
    grad_output.memory[...] = g
    program.run(program.plan.graph.output, input=x)
    rec, op = recording(program), Conv(2, stride=2, padding=padding)
    whole = x.astype(np.int64), weight.astype(np.int64)
    assert (rec["conv2d.output"] == op.forward(*whole, None)).all()
    gradients = op.backward(np.moveaxis(g[:, 0], -1, 1), *whole, None)
    assert (rec["grad(input)"] == gradients[0]).all()
    assert (rec["grad(w)"] == gradients[1]).all()


def matrix_of(kind: Kind) -> Any:
    return np.array(MATRICES[kind]) / np.array(divisors(kind))[:, None]


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [(kind, kind) for kind in MATRICES] + [("input_2", "input_1")])
@pytest.mark.parametrize("channels", [1, 16, 37])
def test_transforms(kinds: Any, channels: int) -> None:
    """M·X·Nᵀ for three tiles side by side."""
    m, n = map(matrix_of, kinds)
    x = normal(3, m.shape[1], n.shape[1], channels)
    out = np.full((3, len(m), len(n), channels), np.nan, np.float32)
    steps, out_steps = (n.shape[1] * channels, channels), (len(n) * channels, channels)
    code = Transform(32, kinds, channels, steps, out_steps, (x[0].size, out[0].size, 0))
    call = CFUNCTYPE(None, *[c_int64] * 6)(simd.address(code))
    call(x.ctypes.data, 0, out.ctypes.data, 0, 0, 3)
    np.testing.assert_allclose(out, np.einsum("pi,tijc,qj->tpqc", m, x, n), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_threads_and_recordings_change_no_bit() -> None:
    results = []
    for threads in (1, 2, 3):
        before = pc.get_num_threads()
        pc.set_num_threads(threads)
        try:
            pc.seed(1)
            layers = pc.Conv2d(3, 16, 3, padding=1), pc.ReLU(), pc.Conv2d(16, 32, 3, padding=1), pc.ReLU()
            layers += pc.Conv2d(32, 36, 3, stride=2, padding=1), pc.ReLU(), pc.MaxPool2d(2), pc.Flatten()
            model = pc.Sequential(*layers, pc.Linear(36 * 16, 5))
            step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.05, momentum=0.9))
            x, y = normal(6, 3, 16, 17), np.arange(6) % 5
            losses = [step(x, y), step(x, y)]
            rec = step.record(x, y)
            losses += [rec.loss, step(x, y)]
            updated = rec["updated(2.weight)"].tobytes()
            assert updated == np.ascontiguousarray(model.state_dict()["2.weight"]).tobytes()
            results.append((losses, updated))
        finally:
            pc.set_num_threads(before)
    assert results[0] == results[1] == results[2]
    assert results[0][0][2] == results[0][0][3]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "outputs", "images", "shared"),
    [(20, 18, 12, "weight"), (190, 18, 12, "weight"), (190, 180, 12, "weight"), (190, 180, 9, "input")],
)
def test_gradients_that_share_a_transform_equal_those_that_do_not(
    channels: int, outputs: int, images: int, shared: str
) -> None:
    """The first layer's input gradient is wanted by the recording alone: the fast step makes its weight's by itself."""
    pc.seed(1)
    layers = [pc.Conv2d(16, channels, 3, padding=1), pc.ReLU(), pc.Conv2d(channels, outputs, 3)]
    model = pc.Sequential(*layers, pc.Flatten(), pc.Linear(outputs * 14 * 15, 5))
    step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.01))
    x, y = normal(images, 16, 16, 17), np.arange(images) % 5
    rec = step.record(x, y)
    assert step(x, y) == rec.loss
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, rec[f"updated({name})"], name)
    plan = next(iter(step._programs.values())).program.plan
    transforms = [loop.name for loop in plan.loops if loop.name.startswith("grad(0.output) by 2,")]
    assert transforms == [f"grad(0.output) by 2, {shared} at the points"]


@pytest.mark.slow
@pytest.mark.parametrize("size", [(16, 15), (31, 32)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stride_2_between_batch_norms_and_beside_a_shortcut(size: Any, dtype: str) -> None:
    """The fast step normalises, adds and masks while it transforms; the recorded one does not."""
    pc.seed(1)
    first = [pc.Conv2d(3, 32, 3, padding=1, bias=False), pc.BatchNorm2d(32), pc.ReLU()]
    layers = [*first, BasicBlock(32, 40, 2), BasicBlock(40, 33, 2), pc.Flatten()]
    features = pc.Sequential(*layers)(normal(1, 3, *size)).shape[1]
    model = pc.Sequential(*layers, pc.Linear(features, 5)).astype(dtype)
    step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.05, momentum=0.9))
    x, y = normal(6, 3, *size), np.arange(6) % 5
    for _ in range(2):
        rec = step.record(x, y)
        assert step(x, y) == rec.loss
        for name, array in model.state_dict().items():
            if f"updated({name})" in rec:
                np.testing.assert_array_equal(array, rec[f"updated({name})"], name)
    plan = next(iter(step._programs.values())).program.plan
    assert (
        sum(isinstance(node.op, Conv) and node.op.stride in (2, (2, 2)) for node in winograd_nodes(plan)) == 2
    )


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (pc.Sequential(pc.Conv2d(16, 32, 3, padding=1), pc.ReLU(), pc.Conv2d(32, 1100, 3)), (7, 16, 9, 10)),
        (pc.Sequential(pc.Conv2d(520, 34, 3, stride=2, padding=1)), (60, 520, 15, 16)),
    ],
)
def test_an_image_never_depends_on_its_batch_mates(model: Any, shape: Any) -> None:
    x = normal(*shape)
    assert True in algorithms(model, x)
    assert model(x)[3].tobytes() == model(x[3:4])[0].tobytes() == model(x[2:5])[1].tobytes()


def algorithms(model: Any, x: Any) -> list[bool]:
    """Which convolutions Winograd's algorithm computes in inference."""
    plan = program(model, x).plan
    return [node in winograd_nodes(plan) for node in plan.graph.nodes if node.op.name.startswith("conv")]


def program(model: Any, x: Any) -> Program:
    return Inference(model.trace_forward, dict(model.named_arrays())).program(input=x)


def test_the_setting_chooses_and_is_captured_by_a_plan() -> None:
    strides = [pc.Conv2d(16, 32, 3, stride=2), pc.Conv2d(32, 32, 3, stride=2, padding=1)]
    model = pc.Sequential(pc.Conv2d(3, 16, 3), pc.Conv2d(16, 16, 3), *strides)
    x = normal(2, 3, 19, 19)
    assert algorithms(model, x) == [False, True, False, True]
    with pc.algorithm("direct"):
        assert algorithms(model, x) == [False] * 4
        direct = model(x)
        with pc.algorithm("winograd"):
            assert algorithms(model, x) == [True] * 4
    automatic = model(x)
    assert (direct != automatic).any()
    with pc.algorithm("direct"):
        assert model(x).tobytes() == direct.tobytes()
    with pytest.raises(pc.ArgumentError) as error, pc.algorithm("fast"):
        pass
    assert str(error.value) == (
        "algorithm: there is no such algorithm. Expected 'auto' or 'direct' or 'winograd'. Got 'fast'."
    )


def test_an_empty_batch() -> None:
    assert pc.Conv2d(16, 16, 3)(normal(0, 16, 8, 8)).shape == (0, 16, 6, 6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("size", "padding", "relu"),
    [((8, 8), 1, True), ((9, 7), 1, True), ((13, 10), 0, True), ((11, 16), 2, True), ((10, 9), 1, False)],
)
def test_pooling_in_the_convolution_s_end_equals_its_parts(
    size: Any, padding: int, relu: bool, dtype: str
) -> None:
    """The fast step, where convolution, ReLU and pooling are one loop, against the recorded one, where they are not."""
    pc.seed(1)
    second = [pc.Conv2d(17, 20, 3, padding=padding), *[pc.ReLU()] * relu, pc.MaxPool2d(2)]
    layers = [pc.Conv2d(3, 17, 3, padding=1), pc.ReLU(), *second, pc.Conv2d(20, 18, 3, padding=1), pc.ReLU()]
    layers += [pc.MaxPool2d(2), pc.Flatten()]
    x = normal(6, 3, *size)
    x[1, :, 2:6, 3:5] = 0.0  # ties
    x[2, 0, 4, 4] = np.nan
    features = pc.Sequential(*layers)(x).shape[1]
    model = pc.Sequential(*layers, pc.Linear(features, 5)).astype(dtype)
    step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.05, momentum=0.9))
    clean, y = np.nan_to_num(x), np.arange(6) % 5
    for _ in range(2):
        rec = step.record(clean, y)
        assert step(clean, y) == rec.loss
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, rec[f"updated({name})"], name)
    inferred = pc.record(model, x)
    np.testing.assert_array_equal(model(x), inferred[list(inferred)[-1]])
    with pytest.raises(pc.NumericError):
        step(x, y)
    plan = next(iter(step._programs.values())).program.plan
    assert sum("max pooling in convolution" in step.rules for step in plan.steps.order) == 4


@pytest.mark.parametrize(
    "shape", [(5, 16, 9, 7, 20), (30, 16, 17, 15, 33), (3, 190, 5, 4, 180), (1, 17, 4, 3, 16)]
)
@pytest.mark.parametrize("offset", [0, 1000])
def test_a_batch_norm_s_statistics_from_the_last_transform(shape: Any, offset: float) -> None:
    n, c, h, w, o = shape
    arrays = {"w": normal(o, c, 3, 3, seed=2), "b": normal(o, seed=3) + np.float32(offset)}
    program = run(
        lambda s, w, b: F.batch_norm(F.conv2d(s, w, b, padding=1), None, None, training=True),
        normal(n, c, h, w),
        arrays,
    )
    kernels = [loop.kernel.name for loop in program.plan.loops]
    assert "batch_statistics" in kernels
    assert "moments" not in kernels
    rec = recording(program)
    x = rec["conv2d.output"].astype(np.float64)
    expected = F.batch_norm(x, None, None, training=True)
    unit = 2.0**-24 * (np.abs(expected).max() + offset / x.std(axis=(0, 2, 3)).min())
    assert np.abs(rec["batch_norm.output"] - expected).max() <= 3 * unit


@pytest.mark.parametrize("stride", [1, 2])
def test_it_overflows_earlier_than_the_direct_sum(stride):
    """As the documentation of `pc.algorithm` says."""
    pc.seed(0)
    layer = pc.Conv2d(32, 32, 3, stride=stride, padding=1)
    signs = np.random.default_rng(0).choice(np.float32([-1, 1]), (1, 32, 16, 16))
    finite = {
        (name, size): bool(np.isfinite(in_algorithm(name, layer, signs * np.float32(size))).all())
        for name in ("direct", "winograd")
        for size in (2e36, 4e36)
    }
    assert finite == {
        ("direct", 2e36): True,
        ("direct", 4e36): True,
        ("winograd", 2e36): True,
        ("winograd", 4e36): False,
    }


def in_algorithm(name, layer, x):
    with pc.algorithm(name):
        return layer(x)
