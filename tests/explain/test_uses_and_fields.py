"""Which numbers a number feeds, and fields: against terms, changed numbers and NaN going through the specification."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import AddressError, ArgumentError
from pellucid.explain import Recording, Trace
from pellucid.explain.ops.explainers import explained
from pellucid.explain.paths.path import addresses_in
from pellucid.explain.paths.reads import readings
from pellucid.explain.paths.region import Region
from pellucid.explain.source import Entry, Source
from pellucid.explain.terms import Term
from pellucid.geometry import Axis
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Op
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.flatten import Flatten
from pellucid.ops.fold import Fold
from pellucid.ops.gelu import GELU
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.linear import Linear
from pellucid.ops.local_response_norm import LocalResponseNorm
from pellucid.ops.log_softmax import AlongAxis, LogSoftmax
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.matmul import MatMul
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.pad import Pad
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.sgd import SGD
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy
from pellucid.ops.softmax import Softmax
from pellucid.ops.unfold import Unfold

Array = np.ndarray[Any, np.dtype[Any]]


@pytest.mark.parametrize(
    "axis",
    [
        Axis(5, 3, 2, 1, 1, 1),
        Axis(7, 2, 3, 2),
        Axis(4, 3, 1, 2, 3, 0),
        Axis(2, 5, 1, 1, 9, 9),
        Axis(6, 3, 2, 1, 1, 1, True),
        Axis(1, 1, 4),
    ],
)
def test_meetings_are_the_relation(axis: Axis) -> None:
    found = {
        (y, meeting["k"].start, i)
        for meeting in axis.meetings
        for y, i in zip(range(axis.output)[meeting["y"]], range(axis.input)[meeting["i"]], strict=True)
    }
    assert found == {(y, k, i) for y in range(axis.output) for k, i in axis.taps(y)}
    assert all(meeting["k"].stop == meeting["k"].start + 1 for meeting in axis.meetings)


def relations(op: Any, of: str, arrays: dict[str, Array], shape: tuple[int, ...]) -> dict[str, Any]:
    """What a result of an op reads, by argument."""
    entry = Entry("result", shape, Source(op, of, {argument: argument for argument in arrays}))
    found = readings(entry, lambda name: arrays[name].shape, arrays.__getitem__)
    return {argument: relation for argument, _, relation in found}


def changed(f: Callable[[], Array], array: Array, at: tuple[int, ...], value: float) -> Array:
    """Where a result differs when one element of an operand is another."""
    before = np.array(f())
    kept, array[at] = array[at], value
    after = np.array(f())
    array[at] = kept
    return ~((before == after) | (np.isnan(before) & np.isnan(after)))


OPS = {
    "conv2d": (Conv(2, (2, 1), ((1, 0), (2, 1)), (1, 2), 2), ((2, 4, 5, 7), (6, 2, 3, 2), (6,))),
    "conv1d far padding": (Conv(1, 3, 4), ((2, 3, 6), (2, 3, 2), None)),
    "conv3d": (Conv(3, 1, 1), ((1, 2, 3, 2, 4), (3, 2, 2, 3, 1), (3,))),
    "conv2d flip": (Conv(2, (2, 1), ((1, 0), (2, 1)), (1, 2), 2, True), ((2, 4, 5, 7), (6, 2, 3, 2), (6,))),
    "conv_transpose2d": (
        ConvTranspose(2, (2, 3), ((1, 0), (1, 1)), (1, 0), 2, (1, 2)),
        ((2, 4, 3, 2), (4, 3, 3, 2), (6,)),
    ),
    "linear": (Linear(), ((3, 2, 5), (4, 5), (4,))),
    "matmul": (MatMul(), ((2, 1, 4, 5), (3, 5, 2))),
    "matmul row": (MatMul(), ((5,), (3, 5, 2))),
    "avg_pool": (AvgPool(2, 3, 2, 1), ((2, 3, 6, 5),)),
    "adaptive": (AdaptiveAvgPool(2, (3, 4)), ((2, 3, 7, 5),)),
    "pad": (Pad((2, -1, 1, 2), "reflect"), ((2, 3, 4, 5),)),
    "pad channels": (Pad((1, 2, 0, 1, 1, 1), "replicate"), ((2, 3, 4),)),
    "pad constant": (Pad((1, 2), "constant", 2.0), ((2, 3, 4, 5),)),
    "nearest": (Interpolate(1, (7,)), ((2, 3, 4),)),
    "bilinear": (Interpolate(2, (3, 7), True), ((2, 3, 4, 5),)),
    "lp_pool": (LpPool(2, 2.0, (3, 2), 2), ((2, 3, 6, 5),)),
    "unfold": (Unfold((3, 2), (1, 2), ((1, 0), (2, 1)), (2, 3)), ((2, 3, 4, 5),)),
    "fold": (Fold((3, 2), (1, 2), ((1, 0), (2, 1)), (2, 3), (4, 5)), ((2, 18, 4),)),
    "add": (Add(), ((2, 3), (2, 3))),
    "flatten": (Flatten(), ((2, 3, 2),)),
    "gelu": (GELU(), ((2, 5),)),
    "local_response_norm": (LocalResponseNorm(3, 0.5), ((2, 5, 2),)),
    "local_response_norm even": (LocalResponseNorm(4, 0.5), ((2, 6, 2),)),
    "local_response_norm wide": (LocalResponseNorm(9, 0.5), ((2, 3, 2),)),
    "softmax": (Softmax(1), ((2, 3, 4),)),
    "log_softmax": (LogSoftmax(-1), ((2, 3, 4),)),
    "mse": (MSELoss(), ((2, 3), (2, 3))),
    "mse none": (MSELoss("none"), ((2, 3), (2, 3))),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", OPS)
def test_what_is_read_is_what_changes_the_result(case: str) -> None:
    op, shapes = OPS[case]
    random = np.random.default_rng(7)
    operands = [None if shape is None else random.uniform(0.5, 1.5, shape) for shape in shapes]
    arrays = {name: x for name, x in zip(op.arguments, operands, strict=True) if x is not None}
    output = op.forward(*operands)
    arrays["grad_output"] = np.asarray(random.uniform(0.5, 1.5, output.shape))
    results: dict[str, Callable[[], Array]] = {"output": lambda: np.asarray(op.forward(*operands))}
    if isinstance(op, AlongAxis):  # their gradients read what the forward rounded
        arrays["output"] = np.array(output)
        results["grad_input"] = lambda: op.gradient(arrays["grad_output"], arrays["output"])
    else:
        for number, argument in enumerate(op.differentiable):
            if argument in arrays:
                results[f"grad_{argument}"] = lambda number=number: op.backward(
                    arrays["grad_output"], *operands
                )[number]
    if isinstance(op, MSELoss) and op.is_reduced:  # what is summed is recorded
        single = MSELoss("none")
        arrays["losses"] = single.forward(*operands)
        results["losses"] = lambda: single.forward(*operands)
        results["output"] = lambda: np.asarray(arrays["losses"].mean())
    compared = 0
    for of, result in results.items():
        given = {k: v for k, v in arrays.items() if of != "output" or k not in ("grad_output", "output")}
        found = relations(op, of, given, result().shape)
        for argument, array in arrays.items():
            for index in np.ndindex(*array.shape):
                mask = np.zeros(array.shape, np.bool_)
                mask[index] = True
                expected = changed(result, array, index, 2.5)
                reads = np.zeros(expected.shape, np.bool_)
                if argument in found:
                    reads = found[argument].readers(mask).reshape(expected.shape)
                np.testing.assert_array_equal(reads, expected, err_msg=f"{of} reads {argument}{index}")
                compared += expected.any()
    assert compared


NORMS = [
    (BatchNorm(True), (2, 3, 4), (3,)),
    (BatchNorm(False), (2, 3, 4), (3,)),
    (GroupNorm(3), (2, 6, 2), (6,)),
    (GroupNorm(None), (2, 3, 4), (3,)),
    (LayerNorm((3, 2)), (4, 3, 2), (3, 2)),
    (LayerNorm((3,)), (4, 3), (3,)),
    (LayerNorm((3,)), (2, 3, 3), (3,)),
]


@pytest.mark.parametrize(("op", "shape", "weights"), NORMS, ids=str)
def test_a_norm_reads_its_input_through_its_statistics(
    op: Any, shape: tuple[int, ...], weights: tuple[int, ...]
) -> None:
    random = np.random.default_rng(2)
    arrays = {name: random.uniform(0.5, 1.5, weights) for name in op.arguments}
    x = arrays["input"] = random.uniform(0.5, 1.5, shape)
    arrays["grad_output"] = random.uniform(0.5, 1.5, shape)
    statistics = {name: np.zeros(found) for name, found in op.statistics({"input": shape}).items()}
    names = arrays | statistics

    def shape_of(of: str) -> tuple[int, ...]:
        return x.shape if of in ("output", "grad_input") else names[of.removeprefix("grad_")].shape

    def reached(of: str, argument: str, mask: Array) -> Array:
        """The elements of a result that read an operand by itself or through what is computed on the way."""
        reads = np.zeros(shape_of(of), np.bool_)
        for operand, relation in relations(op, of, names, reads.shape).items():
            if operand == argument:
                reads |= relation.readers(mask).reshape(reads.shape)
            elif operand not in arrays:
                reads |= relation.readers(reached(operand, argument, mask)).reshape(reads.shape)
        return reads

    for of, number in (("output", None), ("grad_input", 0), ("grad_weight", 1), ("grad_bias", 2)):

        def result(number: int | None = number) -> Array:
            operands = [arrays[argument] for argument in op.arguments]
            return (
                op.forward(*operands)
                if number is None
                else op.backward(arrays["grad_output"], *operands)[number]
            )

        for argument in arrays:
            if argument == "grad_output" and of == "output":
                continue
            for index in np.ndindex(*arrays[argument].shape):
                mask = np.zeros(arrays[argument].shape, np.bool_)
                mask[index] = True
                expected = changed(result, arrays[argument], index, 2.5)
                np.testing.assert_array_equal(
                    reached(of, argument, mask), expected, err_msg=f"{of} {argument}"
                )


@pytest.mark.slow
@pytest.mark.parametrize(
    "op",
    [
        *(MaxPool(2, 3, 2, 1), MaxPool(2, (2, 3), 1, 0, (2, 1)), MaxPool(2, 2, 2, 0, 1, True)),
        AdaptiveMaxPool(2, (3, 9)),
    ],
    ids=repr,
)
def test_a_maximum_reads_its_window_and_a_gradient_its_winners(op: MaxPool | AdaptiveMaxPool) -> None:
    x = np.random.default_rng(3).integers(0, 4, (2, 1, 5, 7)).astype(float)  # with ties
    grad_output = np.random.default_rng(4).uniform(1, 2, op.infer(x.shape))
    forward = relations(op, "output", {"input": x}, grad_output.shape)["input"]
    backward = relations(op, "grad_input", {"input": x, "grad_output": grad_output}, x.shape)
    for index in np.ndindex(*x.shape):
        mask = np.zeros(x.shape, np.bool_)
        mask[index] = True
        expected = changed(lambda: op.forward(x), x, index, np.nan)
        np.testing.assert_array_equal(forward.readers(mask).reshape(expected.shape), expected)
        moved = changed(lambda: op.backward(grad_output, x)[0], x, index, 9.0)
        reads = backward["input"].readers(mask).reshape(x.shape)
        assert not (moved & ~reads).any()  # a new winner takes from those that share a window
        np.testing.assert_array_equal(reads, backward["input"].read(mask).reshape(x.shape))
    for index in np.ndindex(*grad_output.shape):
        mask = np.zeros(grad_output.shape, np.bool_)
        mask[index] = True
        expected = changed(lambda: op.backward(grad_output, x)[0], grad_output, index, 9.0)
        assert expected.sum() == 1
        np.testing.assert_array_equal(backward["grad_output"].readers(mask), expected)
        assert backward["grad_output"].read(expected)[index]


def test_cross_entropy_and_its_parts() -> None:
    op = CrossEntropy()
    x, target = normal(3, 4, 2), np.zeros((3, 2), np.int64)
    arrays = {"input": x, "target": target, "losses": np.zeros((3, 2)), "count": np.zeros(())}
    grad = relations(op, "grad_input", arrays, x.shape)
    assert set(grad) == {"input", "target", "count"}
    mask = np.zeros(x.shape, np.bool_)
    mask[1, 2, 0] = True
    assert np.argwhere(grad["input"].readers(mask).reshape(x.shape)).tolist() == [[1, c, 0] for c in range(4)]
    assert np.argwhere(relations(op, "losses", arrays, (3, 2))["input"].readers(mask)).tolist() == [[1, 0]]
    assert set(relations(op, "output", arrays, ())) == {"losses", "count"}
    assert set(relations(op, "count", arrays, ())) == {"target"}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_losses_of_probabilities_read_what_changes_them(smoothing: float) -> None:
    op, random = SoftCrossEntropy("none", smoothing), np.random.default_rng(7)
    operands = [random.uniform(0.5, 1.5, shape) for shape in ((2, 3, 2), (2, 3, 2), (3,))]
    arrays = dict(zip(op.arguments, operands, strict=True)) | {"losses": op.forward(*operands)}
    grad_output = arrays["grad_output"] = random.uniform(0.5, 1.5, (2, 2))
    results: dict[str, Callable[[], Array]] = {
        "losses": lambda: op.forward(*operands),
        "grad_input": lambda: op.backward(grad_output, *operands)[0],
        "grad_target": lambda: op.backward(grad_output, *operands)[1],
    }
    for of, result in results.items():
        found = relations(op, of, arrays, result().shape)
        assert set(found) == set(op.reads(of))
        for argument, relation in found.items():
            for index in np.ndindex(*arrays[argument].shape):
                mask = np.zeros(arrays[argument].shape, np.bool_)
                mask[index] = True
                reads = relation.readers(mask).reshape(result().shape)
                expected = changed(result, arrays[argument], index, 2.5)
                np.testing.assert_array_equal(reads, expected, err_msg=f"{of} reads {argument}{index}")
    assert set(relations(op, "output", arrays, (2, 2))) == {"losses"}


@pytest.mark.parametrize(
    ("rule", "of", "reads"),
    [
        (SGD(), "parameter", {"parameter", "gradient"}),
        (SGD(weight_decay=0.1, momentum=0.9), "velocity", {"velocity before", "gradient", "parameter"}),
        (SGD(momentum=0.9), "velocity", {"velocity before", "gradient"}),
        (SGD(weight_decay=0.1, momentum=0.9), "parameter", {"parameter", "velocity"}),
        (SGD(momentum=0.9, nesterov=True), "parameter", {"parameter", "gradient", "velocity"}),
        (Adam(), "parameter", {"parameter", "mean", "variance"}),
        (Adam(weight_decay=0.1), "variance", {"variance before", "gradient", "parameter"}),
        (Adam(weight_decay=0.1, decoupled=True), "mean", {"mean before", "gradient"}),
    ],
)
def test_what_an_update_reads(rule: SGD | Adam, of: str, reads: set[str]) -> None:
    names = ["parameter", "gradient", "velocity", "velocity before"]
    names += [f"{key}{when}" for key in ("mean", "variance") for when in ("", " before")]
    assert set(relations(rule, of, {name: np.zeros((2, 3)) for name in names}, (2, 3))) == reads


def branches(s: Any, w1: Any, b1: Any, w2: Any, w3: Any, w4: Any) -> Any:
    """A network with stride, dilation, overlapping pools, a residual sum, and a parameter that two layers use."""
    s = F.relu(F.conv2d(s, w1, b1, stride=(2, 1), padding=((1, 0), (2, 1)), dilation=(1, 2)))
    side = F.conv2d(s, w2, padding=1, groups=2)
    s = F.conv2d(F.relu(side), w2, padding=1, groups=2) + s
    s = F.max_pool2d(s, 3, 2, 1, ceil_mode=True)
    s = F.avg_pool2d(F.conv2d(s, w3), (1, 2), 1)
    return F.linear(F.flatten(s, 1), w4)


def fed(trace: Trace) -> list[Term]:
    """The start and the terms. Where a factor meets padding it feeds nothing."""
    terms = [*trace.terms, *([trace.start] if trace.start else [])]
    return [term for term in terms if not any(name.endswith(" (padding)") for name, _ in term.factors)]


def arrays(dtype: Any = np.float32) -> dict[str, Array]:
    random = np.random.default_rng(5)
    shapes = {"w1": (4, 3, 3, 2), "b1": (4,), "w2": (4, 2, 3, 3), "w3": (2, 4, 2, 1), "w4": (3, 16)}
    return {name: random.uniform(0.1, 1, shape).astype(dtype) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def rec() -> Recording:
    return recording(run(branches, normal(2, 3, 9, 7), arrays()))


@pytest.mark.slow
def test_uses_are_the_terms_of_all_explanations(rec: Recording) -> None:
    """Every number that has an explanation names its factors: the other way round, these are the uses."""
    used: dict[str, set[str]] = {}
    arrays_seen = set()
    for name, entry in rec.entries.items():
        if entry.source is None or not (entry.source.parts or isinstance(entry.source.op, Conv | Linear)):
            continue
        arrays_seen.add(name)
        for index in np.ndindex(*entry.shape):
            address = f"{name}[{','.join(map(str, index))}]"
            trace = rec.explain(address)
            for term in fed(trace):
                for factor, _ in term.factors:
                    used.setdefault(factor, set()).add(address)
    random = np.random.default_rng(0)
    some = [*random.choice(sorted(used), 400, replace=False), "b1[2]"]
    assert {name.split("[")[0] for name in some} >= {
        "input",
        "w1",
        "b1",
        "w2",
        "w3",
        "w4",
        "grad(conv2d.output)",
    }
    for factor in some:
        found = {
            f"{use.region.name}[{','.join(map(str, index))}]"
            for use in rec.uses(factor)
            if use.region.name in arrays_seen
            for index in use.region.positions
        }
        assert found == used[factor], factor
    assert len(used) > 1000


@pytest.mark.slow
def test_fields_are_where_nan_comes_from_and_goes_to(rec: Recording) -> None:
    parameters = arrays()
    x = normal(2, 3, 9, 7)
    reached = {}
    for index in np.ndindex(*x.shape):
        kept, x[index] = x[index], np.nan
        reached[index] = np.isnan(branches(x, *parameters.values()))
        x[index] = kept
    for index in list(reached)[::7]:
        field = rec.field(f"input[{','.join(map(str, index))}]")
        found = [region.mask for region in field.projective if region.name == "linear.output"]
        np.testing.assert_array_equal(found[0] if found else np.zeros((2, 3), np.bool_), reached[index])
        assert field.receptive[0] is field.input
        assert (field.input.name, len(field.input)) == ("input", 1)
    for index in np.ndindex(2, 3):
        field = rec.field(f"linear.output[{index[0]},{index[1]}]")
        seen = np.array([reached[i][index] for i in np.ndindex(*x.shape)]).reshape(x.shape)
        np.testing.assert_array_equal(field.input.mask, seen)
    middle = rec.field("conv2d#4.output[1,0,1,3]")
    assert middle.input.mask.any()
    assert not middle.input.mask.all()
    assert middle.input.box[0] == (1, 1)
    # a field seen from the pixel and from the activation is the same relation
    for index in middle.input.positions[::5]:
        assert (1, 0, 1, 3) in rec.field(f"input[{','.join(map(str, index))}]")["conv2d#4.output"]


def test_a_field_with_gaps_and_its_text() -> None:
    def net(s: Any, w: Any) -> Any:
        return F.relu(F.conv1d(s, w, dilation=3, padding=1))

    rec = recording(run(net, normal(2, 1, 9), {"w": normal(2, 1, 2)}))
    field = rec.field("relu.output[1,0,-2]")
    assert field.input.positions.tolist() == [[1, 0, 5], [1, 0, 8]]
    assert (field.input.full, field.input.box) == (False, ((1, 1), (0, 0), (5, 8)))
    assert str(field) == (
        "relu.output[1,0,6]\n"
        "  receptive field: depends on\n"
        "    input[1, 0, 5…8]: 2 of 18, not all of the box's 4\n"
        "    conv1d.output[1, 0, 6]: 1 of 32"
    )
    seen = rec.field("input[0,0,0]")
    assert str(seen) == (
        "input[0,0,0]\n"
        "  projective field: reaches\n"
        "    conv1d.output[0, 0…1, 1]: 2 of 32\n"
        "    relu.output[0, 0…1, 1]: 2 of 32"
    )
    assert json.loads(json.dumps(field.to_dict()))["receptive"][0] == {
        "name": "input", "shape": [2, 1, 9], "elements": 2, "box": [[1, 1], [0, 0], [5, 8]],
        "full": False, "addresses": ["input[1,0,5]", "input[1,0,8]"],
    }  # fmt: skip
    for address in ("w[0,0,0]", "grad(input)[0,0,0]"):
        with pytest.raises(ArgumentError) as caught:
            rec.field(address)
        assert str(caught.value) == (
            "field: fields are of activations. Expected the network's input, or an output of a layer. "
            f"Got '{address.split('[')[0]}'. Hint: uses() lists what any number feeds."
        )
    with pytest.raises(AddressError, match=r"^field: index 9 lies outside axis 2 of 'input'"):
        rec.field("input[0,0,9]")
    with pytest.raises(KeyError):
        field["w"]


@pytest.mark.parametrize(
    ("layer", "shape", "address"),
    [
        (pc.ConvTranspose1d(1, 1, 1, stride=3), (1, 1, 4), "0.output[0,0,1]"),
        (pc.ConvTranspose1d(1, 2, 2, stride=4), (2, 1, 3), "0.output[1,1,6]"),
        (pc.ConvTranspose2d(1, 1, 1, stride=2), (1, 1, 2, 3), "0.output[0,0,0,1]"),
        (pc.ConvTranspose2d(2, 1, 2, stride=1, dilation=3), (1, 2, 1, 1), "0.output[0,0,1,2]"),
        (pc.Conv1d(1, 1, 1, padding=2), (1, 1, 3), "0.output[0,0,1]"),
        (pc.ZeroPad2d(2), (1, 1, 3, 3), "0.output[0,0,1,1]"),
    ],
)
def test_a_number_that_sees_nothing_of_the_input(layer: Any, shape: Any, address: str) -> None:
    rec = pc.record(pc.Sequential(layer, pc.ReLU()), np.ones(shape, np.float32))
    field = rec.field(address)
    size = int(np.prod(shape))
    assert (field.input.name, len(field.input), field.input.box) == ("input", 0, ())
    assert field.input.shape == shape
    assert [region.name for region in field.receptive] == ["input", "0.output"]
    assert field.text("en").startswith(
        f"{address}\n  receptive field: depends on\n    input: none of {size}\n  projective field: reaches\n"
    )
    assert f"    input: {size}개 중 없음\n" in field.text("ko")
    assert repr(field) == f"Field({address}, 1 arrays before it, 2 behind it)"
    assert field.to_dict()["receptive"][0] == {
        "name": "input", "shape": list(shape), "elements": 0, "box": [], "full": True, "addresses": [],
    }  # fmt: skip
    behind = rec.field(address.replace("0.output", "1.output"))
    assert [(region.name, len(region)) for region in behind.receptive] == [
        ("input", 0), ("0.output", 1), ("1.output", 1),
    ]  # fmt: skip


def test_uses_of_a_step_by_hand() -> None:
    model = pc.Sequential(pc.Conv1d(1, 2, 2), pc.Flatten(), pc.Linear(4, 2))
    step = pc.TrainStep(model, pc.SGD(lr=0.5, momentum=0.5))
    rec = step.record(np.ones((1, 1, 3), np.float32), np.array([1]))
    assert str(rec.uses("0.weight[1,0,0]")) == (
        "0.weight[1,0,0] feeds 5 numbers\n"
        "  forward\n"
        "    0.output[0, 1, 0…1]: 2 of 4, as weight\n"
        "  backward\n"
        "    grad(input)[0, 0, 0…1]: 2 of 3, as weight\n"
        "  update\n"
        "    updated(0.weight)[1, 0, 0]: 1 of 4, as parameter"
    )
    uses = rec.uses("grad(0.weight)[1,0,0]")
    assert [(use.direction, use.region.addresses) for use in uses] == [
        ("backward", ["grad_norm"]),
        ("update", ["velocity(0.weight)[1,0,0]"]),
    ]
    assert (len(uses), uses.count, uses["velocity(0.weight)"].box) == (2, 2, ((1, 1), (0, 0), (0, 0)))
    with pytest.raises(KeyError):
        uses["loss"]
    assert str(rec.uses("updated(0.weight)[0,0,0]")) == "updated(0.weight)[0,0,0] feeds no other number"
    assert "feeds 1 number\n" in str(rec.uses("velocity(0.weight)[1,0,0]"))
    logit = rec.uses("2.output[0,1]")
    assert [use.region.name for use in logit] == ["cross_entropy.losses", "grad(2.output)"]
    assert json.loads(json.dumps(logit.to_dict()))["groups"][0] == {
        "direction": "forward", "arguments": ["input"], "name": "cross_entropy.losses", "shape": [1], "elements": 1,
        "box": [[0, 0]], "full": True, "addresses": ["cross_entropy.losses[0]"],
    }  # fmt: skip
    assert rec.field("2.output[0,1]").projective[-1].name == "loss"
    with pytest.raises(AddressError, match=r"^uses: the recording holds no such name"):
        rec.uses("0.wieght[0]")


def test_one_number_that_is_read_twice() -> None:
    rec = recording(run(lambda s, w: F.linear(s, w) + F.linear(s, w), normal(1, 2), {"w": normal(2, 2)}))
    uses = rec.uses("grad(w) by linear[0,1]")
    assert [(use.arguments, use.region.addresses) for use in uses] == [(("part",), ["grad(w)[0,1]"])]
    both = recording(run(lambda s: F.relu(s) + s, normal(1, 2), {}))
    assert [use.region.addresses for use in both.uses("input[0,1]")] == [
        ["relu.output[0,1]"], ["add.output[0,1]"], ["grad(input)[0,1]"],
    ]  # fmt: skip
    twice = recording(run(lambda s, w: F.linear(s, w) + F.linear(s, w), normal(1, 2), {"w": normal(2, 2)}))
    assert twice.uses("w[0,0]")["grad(input)"].addresses == ["grad(input)[0,0]"]
    doubled = recording(run(lambda s: (lambda t: t + t)(F.relu(s)), normal(1, 2), {}))
    assert [use.arguments for use in doubled.uses("relu.output[0,1]")] == [("input", "other")]


def test_batch_statistics_are_held_in_a_field() -> None:
    model = pc.Sequential(pc.Conv2d(1, 2, 3), pc.BatchNorm2d(2), pc.Flatten(), pc.Linear(8, 2))
    x = np.random.default_rng(0).random((3, 1, 4, 4), np.float32)
    rec = pc.record(model, x, np.array([0, 1, 0]), optimizer=pc.SGD(lr=0.1))
    field = rec.field("1.output[1,0,0,1]")
    assert field.input.box == ((1, 1), (0, 0), (0, 2), (1, 3))
    assert field.statistics == ("1",)
    assert str(field).endswith("\n  with the statistics of 1 held")
    uses = rec.uses("0.output[1,0,0,1]")
    assert [use.region.name for use in uses] == [
        "1.mean", "1.var", "1.output", "grad(1.weight)", "grad(1.istd)", "grad(0.output)",
    ]  # fmt: skip
    assert len(uses["grad(0.output)"]) == 1
    assert len(rec.uses("grad(1.mean)[0]")["grad(0.output)"]) == 12
    inference = pc.record(model, x)
    assert inference.field("1.output[1,0,0,1]").statistics == ()
    assert len(rec.uses("1.weight[1]")["1.output"]) == 12


class Everything(pc.Module):
    """A small network with a layer of each kind, one of them used twice."""

    def __init__(self) -> None:
        self.conv1, self.conv2 = pc.Conv2d(2, 4, 3, 2, 1), pc.Conv2d(4, 4, 3, padding=1, groups=2)
        self.norm, self.leaky, self.gelu = pc.BatchNorm2d(4), pc.LeakyReLU(0.1), pc.GELU()
        self.max, self.average, self.adaptive = (
            pc.MaxPool2d(3, 2, 1),
            pc.AvgPool2d(2, 1),
            pc.AdaptiveAvgPool2d(2),
        )
        self.dropout, self.linear = pc.Dropout(0.3), pc.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        x = self.leaky(self.norm(self.conv1(x)))
        x = self.gelu(self.norm(self.conv2(x))) + x
        return self.linear(F.flatten(self.dropout(self.adaptive(self.average(self.max(F.relu(x))))), 1))


@pytest.mark.parametrize(
    "optimizer", [pc.SGD(lr=0.1, momentum=0.9, nesterov=True), pc.Adam(weight_decay=0.1)]
)
def test_every_factor_of_an_explanation_is_among_what_is_read(optimizer: Any) -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal((3, 2, 13, 11)).astype(np.float32), np.array([0, 2, 1])
    step = pc.TrainStep(Everything(), optimizer)
    step(x, y)
    rec, compared = step.record(x, y), 0
    for name, entry in rec.entries.items():
        if entry.source is None or not explained(entry.source):
            continue
        index = tuple(int(random.integers(size)) for size in entry.shape)
        mask = np.zeros(entry.shape, np.bool_)
        mask[index] = True
        read: dict[str, Array] = {}
        for _, operand, relation in readings(entry, lambda n: rec.entries[n].shape, rec.__getitem__):
            found = relation.read(mask).reshape(rec.entries[operand].shape)
            read[operand] = read.get(operand, np.False_) | found
        trace = rec.explain(f"{name}[{','.join(map(str, index))}]" if index else name)
        for term in fed(trace):
            for factor in (a for label, _ in term.factors for a in addresses_in(label)):
                operand, _, numbers = factor.partition("[")
                if operand in rec.entries and ":" not in numbers:
                    at = tuple(int(i) for i in numbers.rstrip("]").split(",") if i)
                    assert read[operand][at], f"{name}{index} names {factor}"
                    compared += 1
    assert compared > 300


def test_every_op_says_what_meets() -> None:
    class _Strange(Pointwise):
        name = "strange"  # type: ignore[assignment]
        relation = Op.relation
        result = gradient = None  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"abstract method .?relation"):
        _Strange()  # type: ignore[abstract]


def test_regions_of_nothing_and_of_a_single_number() -> None:
    nothing, number = Region("x", np.zeros((2, 3), np.bool_)), Region("loss", np.ones((), np.bool_))
    assert (len(nothing), nothing.box, nothing.addresses, nothing.full) == (0, (), [], True)
    assert (len(number), number.box, number.addresses, number.full) == (1, (), ["loss"], True)
    line = Region("b", np.array([False, True, True, False, True, True, True]))
    assert line.addresses == ["b[1]", "b[2]", "b[4]", "b[5]"]
    assert str(line) == "b[1…6]: 5 of 7, not all of the box's 6"


def test_answers_show_themselves_in_a_line_and_in_a_notebook() -> None:
    rec = pc.record(pc.models.lenet5(), np.ones((1, 1, 28, 28), np.float32))
    answers = {
        "Path(fc2.output[0,1], 4 numbers explained)": rec.why("fc2.output[0,1]", depth=2, top=3),
        "Uses(conv1.weight[3,0,0,0], 676 numbers in 1 arrays)": rec.uses("conv1.weight[3,0,0,0]"),
        "Field(conv2.output[0,4,0,9], 5 arrays before it, 9 behind it)": rec.field("conv2.output[0,4,0,9]"),
        "Certificates(12 arrays, 120 numbers, certified)": rec.certify(sample=10),
        "Certificates(5 arrays, 6,518 numbers, certified)": rec.integer_runs(),
    }
    for line, answer in answers.items():
        assert repr(answer) == line
        page = answer._repr_html_()
        assert page.startswith('<div class="pellucid" lang="en">')
        assert f"<pre>{escape(str(answer))}</pre>" in page
