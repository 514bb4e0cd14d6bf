"""Unfold, fold and max unpooling inside of networks: PyTorch is the oracle, and small whole numbers by hand."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.beside_torch import trained_alike
from tests.support.dice import Dice, Draw
from tests.support.last_stays import last_stays
from tests.support.one_op import run_op
from tests.support.random_calls import families
from tests.support.recorded import looked_up, normal, recording, replaced, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.graph import apply
from pellucid.errors import ArgumentError, FormatError, ShapeError
from pellucid.explain import Recording
from pellucid.ops.max_indices import MaxPoolIndices

T = torch.nn
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Where windows overlap, the last of several values stays; PyTorch's threads would race for which one that is."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Patches:
    """A convolution by columns, and the columns added up again; asymmetric windows that overlap and leave gaps."""

    input = (3, 2, 7, 9)

    def __init__(self) -> None:
        super().__init__()
        of: Any = self.of
        self.conv = of.Conv2d(2, 3, 3, padding=1)
        self.unfold = of.Unfold((3, 2), (1, 2), (1, 0), (2, 3))
        self.mix = of.Conv1d(18, 8, 3, padding=1)
        self.fold = of.Fold((7, 11), (2, 1), (2, 1), (1, 0), (2, 4))
        self.flat, self.fc = of.Flatten(), of.Linear(4 * 77, 5)

    def forward(self, x: Any) -> Any:
        x = self.unfold(self.conv(x))
        return self.fc(self.flat(self.fold(self.mix(x))))


class Unpooled:
    """A pooling whose choices a later unpooling takes, with other values, and the pooled tensor read twice."""

    dims: int
    kernel: Any
    stride: Any
    padding: Any
    pooled: type

    def __init__(self) -> None:
        super().__init__()
        of, d = self.of, self.dims
        self.conv = getattr(of, f"Conv{d}d")(2, 3, 3, padding=1)
        self.pool = self.pooling(of)
        self.mid = getattr(of, f"Conv{d}d")(3, 3, 3, padding=1)
        self.unpool = getattr(of, f"MaxUnpool{d}d")(self.kernel, self.stride, self.padding)
        self.flat = of.Flatten()
        self.fc = of.Linear(3 * int(np.prod(self.input[2:])), 5)

    def pooling(self, of: Any) -> Any:
        return getattr(of, f"MaxPool{self.dims}d")(
            self.kernel, self.stride, self.padding, return_indices=True
        )

    def forward(self, x: Any) -> Any:
        x = self.conv(x)
        values, indices = self.pool(x)
        found = last_stays(self.mid(values) + values, indices, self.dims)
        back = self.unpool(found, indices, output_size=x.shape)
        return self.fc(self.flat(back + x))


class Unpooled1d(Unpooled):
    input, dims, kernel, stride, padding = (4, 2, 11), 1, 3, 2, 1


class Unpooled2d(Unpooled):
    input, dims, kernel, stride, padding = (3, 2, 7, 9), 2, (3, 2), (1, 2), (1, 0)


class Unpooled3d(Unpooled):
    input, dims, kernel, stride, padding = (2, 2, 4, 5, 6), 3, 2, (2, 1, 2), 0


class Adaptive(Unpooled):
    """The windows of adaptive pooling; unpooling is told sizes that come to the same."""

    input, dims, kernel, stride, padding = (3, 2, 7, 9), 2, (3, 5), (2, 2), 0

    def pooling(self, of: Any) -> Any:
        return of.AdaptiveMaxPool2d((3, 3), return_indices=True)


NETWORKS = pytest.mark.parametrize("network", [Patches, Unpooled1d, Unpooled2d, Unpooled3d, Adaptive])


def made(network: type, of: Any) -> Any:
    """The network of our layers or of PyTorch's."""
    return type(network.__name__, (network, of.Module), {"of": of})()


@NETWORKS
def test_training_is_pytorchs(network: Any) -> None:
    other, model = made(network, T).double(), made(network, pc).astype("float64")
    trained_alike(model, other, network.input)


@NETWORKS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_recorded_step_is_the_fast_one_and_certified(network: Any, dtype: str, tmp_path: Path) -> None:
    model = made(network, pc).astype(dtype)
    random, step = np.random.default_rng(1), pc.TrainStep(model, pc.SGD(lr=0.1))
    x, y = random.normal(size=network.input), random.integers(0, 5, network.input[0])
    rec = step.record(x, y)
    certificates = rec.certify()
    assert certificates.certified, str(certificates)
    assert not any(array.replay_mismatches for array in certificates.arrays)
    rec.save(tmp_path / "step.safetensors")
    loaded = pc.load_recording(tmp_path / "step.safetensors")
    assert loaded.certify() == certificates
    for name in rec:
        np.testing.assert_array_equal(loaded[name], rec[name])
    assert step(x, y) == rec.loss
    assert all(array.tobytes() == rec[f"updated({n})"].tobytes() for n, array in model.named_parameters())


def batched(family: str, dice: Dice) -> Draw:
    """A call of a family whose input has images."""
    while True:
        case = families()[family](dice)
        dims = 4 if family == "unfold" else 3
        if case.operands[0].ndim == dims and len(case.operands[0]) and case.reference is None:
            try:
                getattr(F, family)(*case.operands, **case.settings)
            except ShapeError:
                continue
            return case


@pytest.mark.parametrize("family", ["unfold", "fold"])
def test_kernels_on_random_windows(family: str) -> None:
    """Against PyTorch, with an earlier gradient to add to, and with zeros around every tensor."""
    dice = Dice(zlib.crc32(family.encode()) + 7)
    for number in range(40):
        case = batched(family, dice)
        (x,) = case.operands
        tensor = torch.tensor(x, requires_grad=True)
        want = getattr(T.functional, family)(tensor, **case.settings)
        grad, base = dice.floats(*want.shape), dice.floats(*x.shape)
        (slope,) = torch.autograd.grad(want, tensor, torch.tensor(grad))
        op = getattr(F, family).__wrapped__(x, **case.settings).op
        for dtype in (np.float32, np.float64):  # multiples of 1/64: all sums are exact
            operands = {"grad": grad.astype(dtype), "base": base.astype(dtype)}
            result = run_op(op, x.astype(dtype), **operands, halo=number % 2 == 0)
            np.testing.assert_array_equal(result.output, want.detach(), str(case))
            np.testing.assert_array_equal(result.gradients["input"], slope.numpy() + base, str(case))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpooling_of_random_windows(dims: int) -> None:
    """Windows that overlap choose the same element; then the last value stays, and no other has a gradient."""
    dice, overlaps = Dice(dims), 0
    for _ in range(12):
        kernel = tuple(dice.upto(1, 4) for _ in range(dims))
        stride = tuple(dice.upto(1, 3) for _ in range(dims))
        padding = tuple(dice.upto(0, k // 2) for k in kernel)
        sizes = tuple(k + dice.upto(0, 6) for k in kernel)
        x, w = dice.ties(dice.upto(1, 3), 3, *sizes), dice.floats(3, 3, *(3,) * dims)
        settings = {"kernel_size": kernel, "stride": stride, "padding": padding}

        network = partial(pooled_and_unpooled, settings, sizes)
        rec = recording(run(partial(network, F), x, {"w": w}))
        tensors = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
        want = network(T.functional, *tensors)
        name = f"max_unpool{dims}d.output"
        np.testing.assert_allclose(rec[name], want.detach(), rtol=1e-10, atol=1e-10)
        slopes = torch.autograd.grad(want, tensors, torch.tensor(rec[f"grad({name})"]))
        for argument, slope in zip(("input", "w"), slopes, strict=True):
            np.testing.assert_allclose(rec[f"grad({argument})"], slope, rtol=1e-10, atol=1e-10)
        indices = rec["indices.output"].reshape(3 * len(x), -1)
        overlaps += any(len(set(row)) < len(row) for row in indices.tolist())
        assert rec.certify().certified
    assert overlaps


def pooled_and_unpooled(settings: dict[str, Any], sizes: tuple[int, ...], of: Any, x: Any, w: Any) -> Any:
    """Other values than the pooling's go where it has found its own."""
    dims = len(sizes)
    pool, conv, unpool = (getattr(of, f"{name}{dims}d") for name in ("max_pool", "conv", "max_unpool"))
    values, indices = pool(x, **settings, return_indices=True)
    found = last_stays(conv(values, w, padding=1), indices, dims)
    return unpool(found, indices, **settings, output_size=sizes)


@DTYPES
def test_by_hand(dtype: Any) -> None:
    image = np.array([[[[1, 2, 3], [4, 5, 6]]]], dtype)
    assert pc.Unfold(2)(image).tolist() == [[[1, 2], [2, 3], [4, 5], [5, 6]]]
    columns = np.array([[[1, 2], [2, 3], [4, 5], [5, 6]]], dtype)
    assert pc.Fold((2, 3), 2)(columns).tolist() == [[[[1, 4, 3], [4, 10, 6]]]]
    two = np.concatenate([image, 10 * image], axis=1)  # channels before kernel positions
    assert pc.Unfold((1, 2), padding=(0, 1))(two)[0, :, 0].tolist() == [0, 1, 0, 10]
    row = np.array([[[1, 5, 2, 4, 4]]], dtype)
    rec = recording(run(lambda x: unpooled(x, 3, 1), row, {}))
    assert rec["indices.output"].tolist() == [[[1, 1, 3]]]
    assert rec["indices.output"].dtype == np.int64
    assert rec["max_unpool1d.output"].tolist() == [[[0, 5, 0, 4, 0]]]
    grad = rec["grad(max_unpool1d.output)"][0, 0]
    assert rec["grad(max_pool1d.output)"].tolist() == [[[0, grad[1], grad[3]]]]
    assert rec["grad(input)"].tolist() == [[[0, grad[1], 0, grad[3], 0]]]


SHARED = {
    "one later": ([4, 2, 3, 2], [10, 20, 30, 40, 50, 60, 70, 80], [50, 0, 40, 30]),
    "neighbours": ([4, 4, 3, 2], [10, 20, 30, 40, 50, 60, 70, 80], [0, 50, 40, 30]),
    "three": ([1, 1, 0, 1], [10, 20, 30, 40, 50, 60, 70, 80], [0, 0, 10, 20]),
    "all": ([7, 7, 7, 7], [10, 20, 30, 40, 50, 60, 70, 80], [0, 0, 0, 80]),
    "two pairs": ([0, 5, 5, 0], [10, 20, 30, 40, 50, 60, 70, 80], [0, 0, 60, 10]),
    "none": ([6, 1, 4, 2], [10, 20, 30, 40, 50, 60, 70, 80], [70, 20, 50, 30]),
    "not finite": ([2, 2, 3, 3], [10, 20, np.inf, np.nan, 50, 60, 70, 80], [0, np.inf, 0, np.nan]),
}


@pytest.mark.parametrize("name", SHARED)
def test_an_element_that_was_overwritten_has_no_gradient(name: str) -> None:
    indices, grad, expected = (np.array(each) for each in SHARED[name])
    (found,) = F.max_unpool1d_backward(grad[None], np.ones((1, 4)), indices[None], 2)
    np.testing.assert_array_equal(found, expected[None].astype(float))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_gradient_of_unpooling_is_its_transpose(dims: int) -> None:
    """Unpooling is linear: element y moves the output as it does alone, and other places share indices."""
    random = np.random.default_rng(dims)
    unpool, backward = (getattr(F, f"max_unpool{dims}d{what}") for what in ("", "_backward"))
    for _ in range(5):
        x = random.integers(-9, 10, (2, 3, *(1, 2, 3)[:dims])).astype(float)
        indices = random.integers(0, x[0, 0].size * 2**dims // 2 + 1, x.shape)
        grad = random.integers(-9, 10, unpool(x, indices, 2).shape).astype(float)
        (found,) = backward(grad, x, indices, 2)
        for place in np.ndindex(x.shape):
            alone = np.zeros_like(x)
            alone[place] = 1
            assert found[place] == (unpool(alone, indices, 2) * grad).sum()


@DTYPES
def test_a_convolution_is_a_product_with_columns(dtype: Any) -> None:
    random = np.random.default_rng(2)
    x, weight = random.integers(-9, 10, (2, 3, 7, 6)).astype(dtype), random.integers(-9, 10, (4, 3, 3, 2))
    layer = pc.Conv1d(18, 4, 1, bias=False).astype(dtype)
    layer.weight = weight.reshape(4, 18, 1).astype(dtype)
    product = pc.Sequential(pc.Unfold((3, 2), (2, 1), 1, (1, 2)), layer)(x)
    conv = F.conv2d(x, weight, stride=(1, 2), padding=1, dilation=(2, 1))
    np.testing.assert_array_equal(product.reshape(conv.shape), conv)


def unpooled(x: Any, kernel: Any, stride: Any = None, **settings: Any) -> Any:
    """Max pooling undone, as far as it goes."""
    values, indices = F.max_pool1d(x, kernel, stride, return_indices=True)
    return F.max_unpool1d(values, indices, kernel, stride, **settings)


def test_layers_take_arrays_too() -> None:
    x = normal(2, 3, 7, 5)
    pool, unpool = pc.MaxPool2d((2, 3), 2, return_indices=True), pc.MaxUnpool2d((2, 3), 2)
    values, indices = pool(x)
    want = T.functional.max_pool2d(torch.tensor(x), (2, 3), 2, return_indices=True)
    for ours, theirs in zip((values, indices), want, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    back = T.MaxUnpool2d((2, 3), 2)(*want, output_size=x.shape)
    np.testing.assert_array_equal(unpool(values, indices, output_size=x.shape), back)
    values, indices = pc.AdaptiveMaxPool2d(3, return_indices=True)(x)
    want = T.functional.adaptive_max_pool2d(torch.tensor(x), 3, return_indices=True)
    np.testing.assert_array_equal(values, want[0])
    np.testing.assert_array_equal(indices, want[1])


def test_unpooling_may_leave_out_what_no_window_held() -> None:
    """Indices are numbers in the plane: fewer rows of the same length still have all that pooling found."""
    x = normal(2, 3, 5, 4)

    def network(of: Any, x: Any) -> Any:
        values, indices = of.max_pool2d(x, 2, return_indices=True)
        return of.max_unpool2d(values, indices, 2)

    rec = recording(run(lambda x: network(F, x), x, {}))
    np.testing.assert_array_equal(rec["max_unpool2d.output"], network(T.functional, torch.tensor(x)))


def test_large_windows_have_wide_routes() -> None:
    x = normal(2, 3, 19, 23)

    def network(of: Any, x: Any) -> Any:
        values, indices = of.max_pool2d(x, 17, 2, return_indices=True)
        return of.max_unpool2d(values, indices, 17, 2, output_size=x.shape)

    rec = recording(run(lambda x: network(F, x), x, {}))
    np.testing.assert_array_equal(rec["max_unpool2d.output"], network(T.functional, torch.tensor(x)))


def test_the_choice_is_made_once() -> None:
    """Indices are read from the routes of the pooling beside them; alone, they pool for themselves."""
    both = run(lambda x: unpooled(x, 3), normal(2, 3, 9), {})
    other = run(lambda x: F.max_unpool1d(F.avg_pool1d(x, 3), unpooled_at(x), 3), normal(2, 3, 9), {})
    labels = [[loop.name for loop in program.loops if "largest" in loop.name] for program in (both, other)]
    assert labels == [[], ["max_pool1d_indices.largest"]]


def unpooled_at(x: Any) -> Any:
    """Indices without the pooling that they belong to."""
    return apply(MaxPoolIndices(1, 3), (x,))


def test_nan_is_found_and_put_back() -> None:
    x = np.arange(12.0).reshape(1, 2, 6)
    x[0, 0, 2] = x[0, 1, 5] = np.nan
    rec = recording(run(lambda x: unpooled(x, 3), x, {}))
    assert rec["indices.output"].tolist() == [[[2, 5], [2, 5]]]
    assert np.isnan(rec["max_unpool1d.output"][0, [0, 1], [2, 5]]).all()
    assert rec.certify().certified


@DTYPES
@pytest.mark.parametrize("network", ["unfold", "fold", "max_unpool"])
def test_a_changed_number_is_noticed(network: str, dtype: Any) -> None:
    """Output and gradients, the latter with an earlier one to add to."""
    op = {
        "unfold": lambda x: F.unfold(x, (2, 3), padding=1),
        "fold": lambda x: F.fold(x, (4, 3), (3, 2)),
        "max_unpool": lambda x: unpooled(x, 3, 2),
    }[network]
    x = normal(2, 3, 4, 5, dtype=dtype) if network == "unfold" else normal(2, 6, 4, dtype=dtype)
    if network == "max_unpool":
        x = normal(2, 6, 9, dtype=dtype)
    rec = recording(run(lambda x: op(x) + op(x), x, {}))
    assert rec.certify().certified
    for name in [name for name in rec if name.startswith((network, "indices", "grad(input)"))]:
        array = rec._array(name)
        before = array.copy()
        if array.dtype.kind == "f":
            array[...] = np.where(array == 0, 1, np.nextafter(array, np.inf))
        else:
            array[...] = (array + 1) % 9  # still a position
        row = {row.name: row for row in rec.certify().arrays}[name]
        assert row.failures == row.checked == array.size, name
        array[...] = before


def test_texts_of_explanations() -> None:
    x = np.array([[[1.0, 5.0, 2.0, 4.0, 4.0]]])
    rec = recording(run(lambda x: unpooled(x, 3, 1), x, {}))
    trace = rec.explain("indices.output[0,0,2]")
    assert (trace.kind, trace.value, trace.error_bound, trace.certified) == ("select", 3, 0, True)
    assert trace.note == "the number of input[0,0,3], counted row by row from 0 in its channel's 5 positions"
    assert "행 순서로" in rec.explain("indices.output[0,0,2]", lang="ko").note
    trace = rec.explain("max_unpool1d.output[0,0,1]")
    assert trace.formula == "output[n,c,i] = input[n,c,y] where indices[n,c,y] = i, else 0"
    assert trace.terms[0].factors == (("max_pool1d.output[0,0,1]", 5.0),)  # the later one of two
    assert rec.explain("max_unpool1d.output[0,0,0]").note == "no element lies here: 0"
    trace = rec.explain("grad(max_pool1d.output)[0,0,1]")
    assert trace.terms[0].factors[0][0] == "grad(max_unpool1d.output)[0,0,1]"
    trace = rec.explain("grad(max_pool1d.output)[0,0,0]")
    assert (trace.value, trace.certified) == (0, True)
    later = "a later element was put in the same place, so the output does not depend on this one: 0"
    assert trace.note == later
    assert "덮어써져" in rec.explain("grad(max_pool1d.output)[0,0,0]", lang="ko").note
    image = np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])
    rec = recording(run(lambda x: F.unfold(x, 2, padding=1), image, {}))
    trace = rec.explain("unfold.output[0,2,5]")
    assert (trace.kind, trace.terms[0].factors) == ("select", (("input[0,0,1,0]", 4.0),))
    assert rec.explain("unfold.output[0,0,0]").note == "no element lies here: 0"
    trace = rec.explain("grad(input)[0,0,1,2]")
    assert trace.formula == "grad_input[n,c,i] = Σ_{k,y at i} grad_output[n,(c,k),y]"
    assert [term.factors[0][0] for term in trace.terms] == [
        "grad(unfold.output)[0,0,11]",
        "grad(unfold.output)[0,1,10]",
        "grad(unfold.output)[0,2,7]",
        "grad(unfold.output)[0,3,6]",
    ]
    assert trace.note == "order: from 0, kernel positions ascending, one addition each"
    rec = recording(run(lambda x: F.fold(x, (1, 5), (1, 2), stride=(1, 3)), normal(1, 2, 2), {}))
    assert rec.explain("fold.output[0,0,0,2]").note == "no window reaches this element"


def test_what_reads_what() -> None:
    x = np.array([[[1.0, 5.0, 2.0, 4.0, 4.0]]])
    rec = recording(run(lambda x: unpooled(x, 3, 1), x, {}))
    assert fed(rec, "max_pool1d.output[0,0,0]", "max_unpool1d.output") == []  # a later one has its place
    assert fed(rec, "max_pool1d.output[0,0,1]", "max_unpool1d.output") == [[0, 0, 1]]
    assert fed(rec, "grad(max_unpool1d.output)[0,0,1]", "grad(max_pool1d.output)") == [[0, 0, 1]]
    assert fed(rec, "input[0,0,2]", "indices.output") == [[0, 0, 0], [0, 0, 1], [0, 0, 2]]
    field = rec.field("max_unpool1d.output[0,0,1]")
    assert field["indices.output"].positions.tolist() == [[0, 0, 1]]
    assert field["input"].positions.tolist() == [[0, 0, 1], [0, 0, 2], [0, 0, 3]]
    rec = recording(run(lambda x: F.fold(F.unfold(x, 2), (2, 3), 2), normal(1, 1, 2, 3), {}))
    assert fed(rec, "input[0,0,0,1]", "unfold.output") == [[0, 0, 1], [0, 1, 0]]
    assert fed(rec, "unfold.output[0,0,1]", "fold.output") == [[0, 0, 0, 1]]


def fed(rec: Recording, address: str, name: str) -> list[list[int]]:
    """The elements of an array that read the one at an address."""
    uses = [use for use in rec.uses(address).groups if use.region.name == name]
    return uses[0].region.positions.tolist() if uses else []


def test_every_term_is_a_recorded_number() -> None:
    rec = recording(run(lambda x: F.fold(x, (4, 3), (3, 2), padding=(0, 1)), normal(2, 6, 8), {}))
    for name in ("fold.output", "grad(input)"):
        for index in np.ndindex(*rec[name].shape):
            trace = rec.explain(f"{name}[{','.join(map(str, index))}]")
            total = sum(looked_up(rec, label) for t in trace.terms for label, _ in t.factors if "[" in label)
            assert trace.value == pytest.approx(total, rel=1e-6, abs=1e-9)


def test_summaries_have_sizes_and_formulas() -> None:
    rows = {row.path: row for row in pc.summary(made(Unpooled2d, pc), (1, 2, 7, 9)).rows}
    pool, indices, back = rows["pool"], rows["pool.indices"], rows["unpool"]
    assert (pool.type, indices.type, back.type) == ("MaxPool2d", "max_pool2d_indices", "MaxUnpool2d")
    assert pool.output_shape == indices.output_shape == (1, 3, 7, 4)
    assert indices.activation_formula == "7·4·3 · 8 = 672"
    assert back.formulas == ("(7 − 1)·1 − 2·1 + 1·(3−1) + 1 = 7", "(4 − 1)·2 − 2·0 + 1·(2−1) + 1 + 1 = 9")
    rows = {row.path: row for row in pc.summary(made(Patches, pc), (1, 2, 7, 9)).rows}
    assert rows["unfold"].output_shape == (1, 18, 12)
    assert rows["unfold"].formulas == (
        "floor((7 + 2·1 − 1·(3−1) − 1)/2) + 1 = 4",
        "floor((9 + 2·0 − 2·(2−1) − 1)/3) + 1 = 3",
    )
    assert rows["fold"].output_shape == (1, 4, 7, 11)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (pc.Unfold(3, 1, (1, 2), 2), T.Unfold(3, 1, (1, 2), 2)),
        (pc.Fold((4, 5), (3, 2), padding=1), T.Fold((4, 5), (3, 2), padding=1)),
        (pc.MaxUnpool1d(3, 2, 1), None),
        (pc.MaxUnpool2d((3, 2)), T.MaxUnpool2d((3, 2), padding=(0, 0))),
        (pc.MaxUnpool3d(2, 1), T.MaxUnpool3d(2, 1)),
    ],
)
def test_reprs_are_pytorchs(ours: Any, theirs: Any) -> None:
    said = "MaxUnpool1d(kernel_size=(3,), stride=(2,), padding=(1,))" if theirs is None else repr(theirs)
    assert repr(ours) == said


class Wrong(pc.Module):
    """A forward of one line."""

    def __init__(self, forward: Any) -> None:
        self.line, self.pool = forward, pc.MaxPool2d(2, return_indices=True)
        self.unpool = pc.MaxUnpool2d(2)

    def forward(self, x: Any) -> Any:
        return self.line(self, x)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: pc.Unfold((2, 0)),
            "Unfold: kernel_size must be an integer, or one integer per axis. Expected 2 values ≥ 1. "
            "Got kernel_size=(2, 0).",
        ),
        (
            lambda: pc.Fold(4, 2, padding=-1),
            "Fold: padding must be an integer, or one integer per axis. Expected 2 values ≥ 0. Got padding=-1.",
        ),
        (
            lambda: pc.MaxUnpool3d((2, 2)),
            "MaxUnpool3d: kernel_size must be an integer, or one integer per axis. Expected 3 values ≥ 1. "
            "Got kernel_size=(2, 2).",
        ),
        (
            lambda: pc.MaxPool2d(2, return_indices=1),
            "MaxPool2d: return_indices must be True or False. Got return_indices=1.",
        ),
        (
            lambda: pc.Unfold(3)(np.zeros((1, 2, 2, 5))),
            "unfold 'unfold': the window must not be larger than the padded input. "
            "Expected at most 2 positions along H. Got 3 (kernel 3, dilation 1) on input 2 with padding 0+0. "
            "Hint: use a smaller kernel_size or more padding.",
        ),
        (
            lambda: pc.Fold((4, 5), 2)(np.zeros((2, 8, 11))),
            "fold 'fold': columns must be the windows of the output. Expected a multiple of 4 rows and 12 columns. "
            "Got input (2, 8, 11).",
        ),
        (
            lambda: Wrong(lambda self, x: self.unpool(*self.pool(x)))(np.zeros((1, 2, 4, 5))),
            "max_unpool2d 'unpool': the output must have every position that max pooling may find. "
            "Expected 0 to 18 of (4, 5), the sizes of 'input'. Got (4, 4). Hint: pass output_size=(4, 5).",
        ),
        (
            lambda: Wrong(lambda self, x: self.unpool(self.pool(x)[0], x))(np.zeros((1, 2, 4, 4))),
            "max_unpool2d 'unpool': indices must be integers. Got 'input' of dtype float64.",
        ),
        (
            lambda: Wrong(lambda self, x: F.relu(self.pool(x)[1]))(np.zeros((1, 2, 4, 4))),
            "relu 'relu': input must be floats. Got 'pool.indices.output' of dtype int64.",
        ),
        (
            lambda: Wrong(lambda self, x: self.unpool(self.pool(x[0])[0], x[1]))(
                (np.zeros((1, 2, 4, 4)), np.zeros((1, 2, 2, 2), int))
            ),
            "max_unpool2d 'unpool': in a network indices come from a max pooling of it. Got 'x.1'.",
        ),
        (
            lambda: pc.MaxUnpool2d(2)(np.zeros((1, 2, 2, 2)), np.full((1, 2, 2, 2), 16)),
            "max_unpool2d: every index must be a position of the output's plane. Expected 0 to 15. Got 16.",
        ),
    ],
)
def test_wrong_calls_are_named(call: Any, text: str) -> None:
    with pytest.raises((ArgumentError, ShapeError)) as caught:
        call()
    assert str(caught.value) == text


def test_a_file_with_indices_out_of_the_plane_is_refused(tmp_path: Path) -> None:
    rec = recording(run(lambda x: unpooled(x, 2), normal(1, 2, 6), {}))
    for wrong, said in ((6, "indices are positions, 0 to 5"), (-1, "indices are positions, 0 to 5")):
        indices = rec["indices.output"]
        indices[0, 1, 2] = wrong
        replaced(rec, "indices.output", indices).save(tmp_path / "wrong.safetensors")
        with pytest.raises(FormatError, match=said):
            pc.load_recording(tmp_path / "wrong.safetensors")
    floats = replaced(rec, "indices.output", rec["indices.output"].astype(np.float32))
    floats.save(tmp_path / "floats.safetensors")
    with pytest.raises(FormatError, match=r"'indices.output': type must be .* Expected int64. Got float32"):
        pc.load_recording(tmp_path / "floats.safetensors")


@NETWORKS
def test_empty_batches_and_other_threads(network: Any) -> None:
    model, before = made(network, pc), pc.get_num_threads()
    x = normal(19, *network.input[1:])
    try:
        assert model(x[:0]).shape == (0, 5)
        found = []
        for threads in (1, 2, 3):
            pc.set_num_threads(threads)
            step = pc.TrainStep(made_alike(network), pc.SGD(lr=0.1))
            loss = step(x, np.arange(19) % 5)
            found.append((loss, *(array.tobytes() for _, array in step.model.named_parameters())))
        assert found[0] == found[1] == found[2]
    finally:
        pc.set_num_threads(before)


def made_alike(network: type) -> Any:
    pc.seed(3)
    return made(network, pc)
