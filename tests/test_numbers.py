"""What callers give as arrays: taken as it is, or refused in one line that says what to do."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import scipy.sparse
import torch

import pellucid as pc
from pellucid import functional as F
from pellucid import nn
from pellucid.errors import ArgumentError, DataError, NonFiniteError, ShapeError
from pellucid.numbers import as_array

pytestmark = pytest.mark.filterwarnings("ignore:Sparse")  # some of PyTorch's are of beta quality

TEN = np.arange(16.0).reshape(1, 1, 4, 4)
LABELS = np.array([1])
GENERIC = " Hint: pass a NumPy array or nested lists of numbers."


def said(call, kind=ArgumentError):
    with pytest.raises(kind) as found:
        call()
    assert type(found.value) is kind
    assert "\n" not in str(found.value)
    return str(found.value)


def classifier():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 3))


def fit(images, labels=LABELS):
    pc.fit(classifier(), (images, labels), optimizer=pc.SGD(0.1), epochs=1)


# Every way in: the name of the function, that of the argument, and how to call it with an array

WAYS = {
    "relu input": F.relu,
    "conv2d input": lambda a: F.conv2d(a, np.ones((1, 1, 2, 2))),
    "conv2d weight": lambda a: F.conv2d(TEN, a),
    "conv2d_backward grad_output": lambda a: F.conv2d_backward(a, TEN, np.ones((1, 1, 1, 1))),
    "cross_entropy input": lambda a: F.cross_entropy(a, LABELS),
    "batch_norm running_mean": lambda a: F.batch_norm(TEN, a, np.ones(1)),
    "interpolate input": lambda a: F.interpolate(a, scale_factor=2),
    "instance_norm input": F.instance_norm,
    "Sequential input": classifier(),
    "TrainStep x": lambda a: pc.TrainStep(classifier(), pc.SGD(0.1))(a, LABELS),
    "TrainStep y": lambda a: pc.TrainStep(classifier(), pc.SGD(0.1))(TEN, a),
    "record x": lambda a: pc.record(classifier(), a),
    "record x (and labels)": lambda a: pc.record(classifier(), a, LABELS, optimizer=pc.SGD(0.1)),
    "record y": lambda a: pc.record(classifier(), TEN, a, optimizer=pc.SGD(0.1)),
    "relu_backward grad_output": lambda a: F.relu_backward(a, TEN),
    "relu_backward input": lambda a: F.relu_backward(TEN, a),
    "linear_backward weight": lambda a: F.linear_backward(TEN, TEN, a),
    "instance_norm_backward running_mean": lambda a: F.instance_norm_backward(
        TEN, TEN, a, np.ones(1), use_input_stats=False
    ),
    "Dataset images": lambda a: pc.Dataset(a, LABELS),
    "Dataset labels": lambda a: pc.Dataset(TEN, a),
    "Dataset images (fit)": fit,
    "Dataset images (evaluate)": lambda a: pc.evaluate(classifier(), (a, LABELS)),
    "predict images": lambda a: pc.predict(classifier(), a),
    "Parameter array": nn.Parameter,
    "Linear.weight the value": lambda a: setattr(nn.Linear(4, 4), "weight", a),
    "convolve f": lambda a: pc.signal.convolve(a, [1, 2]),
    "correlate g": lambda a: pc.signal.correlate([1, 2], a),
    "filter_image image": lambda a: pc.signal.filter_image(a, "box"),
    "filter_image kernel": lambda a: pc.signal.filter_image(TEN[0, 0], a),
    "conv_matrix weight": lambda a: pc.signal.conv_matrix(a, (4, 4)),
    "matrix_form weight": lambda a: pc.signal.matrix_form(a, (4, 4)),
    "channels_as_depth input": lambda a: pc.signal.channels_as_depth(a, TEN),
    "check_gradient input x": lambda a: pc.check_gradient(lambda x: x, lambda g, x: g, (a,)),
    "slide input": lambda a: pc.figures.slide(a, [[1, 0], [0, 1]]),
}  # fmt: skip


def error_of(way):
    return DataError if way.startswith("Dataset") else ArgumentError


@pytest.mark.parametrize("way", WAYS)
def test_masked_numbers_are_refused(way):
    where, _, name = way.partition(" (")[0].partition(" ")
    masked = np.ma.masked_equal(np.where(np.arange(16) % 7 == 5, 9.0, 1.0).reshape(4, 4), 9.0)
    word = name.rpartition(" ")[2]
    assert said(lambda: WAYS[way](masked), error_of(way)) == (
        f"{where}: {name} must have no masked numbers. Got 2 masked of 16, the first at [1, 1]. "
        f"Hint: use {word}.filled(0), or another number in their place."
    )


@pytest.mark.parametrize("way", WAYS)
def test_tensors_of_an_autograd_graph_are_refused(way):
    where, _, name = way.partition(" (")[0].partition(" ")
    word = name.rpartition(" ")[2]
    assert said(lambda: WAYS[way](torch.ones(4, 4, requires_grad=True)), error_of(way)) == (
        f"{where}: {name} must be an array of real numbers. Got Tensor that NumPy cannot read (RuntimeError: Can't "
        "call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead). "
        f"Hint: use {word}.detach().numpy()."
    )


@pytest.mark.parametrize("way", WAYS)
def test_other_float_types_are_refused_with_a_reason(way):
    where, _, name = way.partition(" (")[0].partition(" ")
    word = name.rpartition(" ")[2]
    assert said(lambda: WAYS[way](np.ones((4, 4), ml_dtypes.bfloat16)), error_of(way)) == (
        f"{where}: {name} must be an array of real numbers. Expected float16, float32, float64, whole numbers or truth "
        f"values. Got ndarray of dtype bfloat16. Hint: use {word}.astype(np.float32)."
    )


class Raising:
    """What some object's conversion may do."""

    def __array__(self, *_, **__):
        raise KeyError("no\nreason")


class Tensor:
    """As PyTorch's on another device."""

    requires_grad, layout, dtype = True, "torch.strided", "torch.float32"
    device = torch.device("cuda", 0)

    def detach(self):
        return self

    def numpy(self):
        return None

    def __array__(self, *_, **__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy.")


TENSOR = "Got Tensor that NumPy cannot read "


@pytest.mark.parametrize(
    ("value", "tail"),
    [
        (torch.ones(2, dtype=torch.bfloat16), "Expected float16, float32, float64, whole numbers or truth values. "
         f"{TENSOR}(TypeError: Got unsupported ScalarType BFloat16). Hint: use input.float().numpy()."),
        (torch.eye(2).to_sparse(), f"{TENSOR}(TypeError: can't convert Sparse layout tensor to numpy. "
         "Use Tensor.to_dense() first). Hint: use input.to_dense().numpy()."),
        (Tensor(), f"{TENSOR}(TypeError: can't convert cuda:0 device type tensor to numpy). "
         "Hint: use input.detach().cpu().numpy()."),
        (torch.ones(2, dtype=torch.complex64), "Got Tensor of dtype complex64. Hint: use input.real.numpy()."),
        ([torch.ones(2, requires_grad=True)] * 2, "Got list that NumPy cannot read (RuntimeError: Can't call numpy() "
         "on Tensor that requires grad. Use tensor.detach().numpy() instead). "
         "Hint: use t.detach().numpy() for each t in input."),
        (scipy.sparse.eye_array(2), "Got dia_array of dtype object. Hint: use input.toarray()."),
        (Raising(), f"Got Raising that NumPy cannot read (KeyError: 'no\\nreason').{GENERIC}"),
        ([Raising()], f"Got list that NumPy cannot read (KeyError: 'no\\nreason').{GENERIC}"),
        (1j, "Got complex. Hint: use input.real, or abs(input)."),
        (np.ones(2, complex), "Got ndarray of dtype complex128. Hint: use input.real, or abs(input)."),
        ([1, None], f"Got list.{GENERIC}"),
        ("picture.png", f"Got str.{GENERIC}"),
        (b"\x00", f"Got bytes.{GENERIC}"),
        (np.ones(2, [("a", "f4")]), f"Got ndarray of dtype [('a', '<f4')].{GENERIC}"),
        (np.array(["2020-01-01"], "datetime64[D]"), f"Got ndarray of dtype datetime64[D].{GENERIC}"),
        ([[1, 2], [3]], f"Got list with rows of different lengths.{GENERIC}"),
        ((i for i in range(3)), f"Got generator.{GENERIC}"),
        ([10**30], f"Got list.{GENERIC}"),
    ],
)  # fmt: skip
def test_what_else_is_no_array(value, tail):
    assert said(lambda: F.relu(value)) == f"relu: input must be an array of real numbers. {tail}"


@pytest.mark.parametrize(
    ("value", "tail"),
    [
        ([np.ma.masked_equal([1.0, 2.0], 2.0)] * 2, "Got 1 masked of 2, the first at [1]. "
         "Hint: use t.filled(0) for each t in input, or another number in their place."),
        ([1.0, np.ma.masked], "Got a masked number. Hint: put another number in its place."),
        ([[1.0], [np.ma.masked]], "Got a masked number. Hint: put another number in its place."),
        (np.ma.masked, "Got a masked number. Hint: put another number in its place."),
        (np.ma.masked_all((2, 3), np.int64), "Got 6 masked of 6, the first at [0, 0]. "
         "Hint: use input.filled(0), or another number in their place."),
        (np.ma.masked_invalid([[1.0, np.nan]]), "Got 1 masked of 2, the first at [0, 1]. "
         "Hint: use input.filled(0), or another number in their place."),
    ],
)  # fmt: skip
def test_masks_of_every_kind(value, tail):
    assert said(lambda: F.relu(value)) == f"relu: input must have no masked numbers. {tail}"


class Lying(np.ndarray):
    """A subclass as other packages have them."""


@pytest.mark.parametrize(
    "value",
    [
        np.ma.array([1.0, 2.0]),  # a mask that hides nothing
        np.ma.array([1.0, 2.0], mask=[False, False]),
        torch.tensor([1.0, 2.0]),
        [torch.tensor(1.0), torch.tensor(2.0)],
        np.array([1.0, 2.0]).view(Lying),
        np.array([1, 2], ">f4"),
        np.array([1, 2], np.float16),
        np.array([1, 2], np.longdouble),
        nn.Parameter([1.0, 2.0]),
        range(1, 3),
        (1, 2),
    ],
)
def test_what_holds_real_numbers_is_taken(value):
    array = as_array("relu", "input", value)
    assert type(array) is np.ndarray
    assert array.tolist() == [1, 2]
    assert np.asarray(F.relu(value)).tolist() == [1, 2]


def test_an_array_itself_is_not_copied():
    array = np.ones(3)
    assert as_array("relu", "input", array) is array


def test_state_dicts_say_it_too():
    layer, theirs = nn.Linear(2, 2), torch.nn.Linear(2, 2)
    layer.load_state_dict(theirs.state_dict())
    assert (layer.weight == theirs.weight.detach().numpy()).all()
    assert (
        "unfit: weight: the value must be an array of real numbers. Got Parameter that NumPy cannot read"
        in said(lambda: layer.load_state_dict(dict(theirs.named_parameters())))
    )
    half = {name: array.to(torch.bfloat16) for name, array in theirs.state_dict().items()}
    layer.load_state_dict(half)
    assert (layer.weight == half["weight"].float().numpy()).all()


# Pictures with their channels last


@pytest.mark.parametrize(
    ("layer", "shape", "hint"),
    [
        (nn.Conv2d(3, 4, 3), (5, 28, 27, 3), "move the channel axis: x.transpose(0, 3, 1, 2)"),
        (nn.Conv2d(1, 4, 3), (5, 28, 27, 1), "move the channel axis: x.transpose(0, 3, 1, 2)"),
        (nn.Conv2d(3, 4, 3), (1, 28, 27, 3), "move the channel axis: np.moveaxis(x, -1, -3)"),
        (nn.Conv2d(3, 4, 3), (28, 27, 3), "move the channel axis and add the batch axis, x.transpose(2, 0, 1)[None]"),
        (nn.Conv1d(3, 4, 3), (5, 28, 3), "move the channel axis: x.transpose(0, 2, 1)"),
        (nn.Conv3d(3, 4, 3), (5, 8, 9, 7, 3), "move the channel axis: x.transpose(0, 4, 1, 2, 3)"),
        (nn.Conv2d(4, 4, 3, groups=2), (5, 28, 27, 4), "move the channel axis: x.transpose(0, 3, 1, 2)"),
        (nn.ConvTranspose2d(3, 4, 3), (5, 28, 27, 3), "move the channel axis: x.transpose(0, 3, 1, 2)"),
        (nn.GroupNorm(1, 3), (5, 28, 27, 3), "move the channel axis: x.transpose(0, 3, 1, 2)"),
        (nn.InstanceNorm2d(3), (5, 28, 27, 3), "move the channel axis: x.transpose(0, 3, 1, 2)"),
        (nn.Conv2d(3, 4, 3), (5, 4, 28, 27), "set in_channels=4"),
        (nn.Conv2d(3, 4, 3), (5, 28, 27, 4), "set in_channels=28"),
    ],
)  # fmt: skip
def test_channels_that_stand_last(layer, shape, hint):
    assert said(lambda: layer(np.ones(shape)), ShapeError).endswith(f"Hint: {hint}.")
    if "transpose" in hint or "moveaxis" in hint:
        x = np.ones(shape)
        x = x.transpose(2, 0, 1)[None] if "batch" in hint else np.moveaxis(x, -1, 1)
        assert layer(x).shape[0] == x.shape[0]


def test_training_says_it_before_the_first_step():
    data = np.ones((4, 28, 27, 1), np.uint8), np.arange(4)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(1300, 4))
    for call in (
        lambda: pc.fit(model, data, optimizer=pc.SGD(0.1), epochs=1),
        lambda: pc.evaluate(model, data),
        lambda: pc.predict(model, data[0]),
        lambda: pc.TrainStep(model, pc.SGD(0.1))(data[0] / 255, data[1]),
        lambda: pc.record(model, data[0] / 255),
        lambda: pc.summary(model, data[0].shape),
    ):
        assert said(call, ShapeError).endswith(
            "Got C=28 from input (4, 28, 27, 1). Hint: move the channel axis: x.transpose(0, 3, 1, 2)."
        )


def test_the_hint_serves_a_picture_without_a_batch_as_well():
    x = np.ones((9, 8, 3))
    weight = np.ones((2, 3, 3, 3))
    assert said(lambda: F.conv2d(x, weight), ShapeError).endswith("np.moveaxis(x, -1, -3).")
    assert F.conv2d(np.moveaxis(x, -1, -3), weight).shape == (2, 7, 6)


# Data that are not finite


def images(place, value, dtype=np.float32):
    data = np.ones((300, 1, 4, 4), dtype)
    data[place] = value
    return data, np.arange(300) % 3


FINITE = "must be finite numbers of float32. Got {} at [{}]. Hint: mend these images, or leave them out."


@pytest.mark.parametrize(
    ("place", "value", "dtype", "got"),
    [
        ((0, 0, 0, 0), np.nan, np.float32, "nan"),
        ((299, 0, 3, 2), np.nan, np.float64, "nan"),
        ((257, 0, 1, 3), np.inf, np.float32, "inf"),
        ((17, 0, 0, 1), -np.inf, np.float16, "-inf"),
        ((256, 0, 2, 0), 1e300, np.float64, "1e+300"),
    ],
)
def test_data_that_are_not_finite_are_named(place, value, dtype, got):
    data = images(place, value, dtype)
    good = images((0, 0, 0, 0), 0.5)
    at = ", ".join(map(str, place))
    model = classifier()
    before = model.state_dict()
    tail = FINITE.format(got, at)
    settings = {"optimizer": pc.SGD(0.1), "epochs": 1, "batch_size": 300}
    assert said(lambda: pc.fit(model, data, **settings), DataError) == f"fit: images {tail}"
    assert all((before[name] == array).all() for name, array in model.state_dict().items())
    if value == 1e300:  # which a batch makes infinity of
        tail = tail.replace(got, "inf")
    assert said(lambda: pc.evaluate(model, data), DataError) == f"evaluate: images {tail}"
    assert said(lambda: pc.fit(model, good, data, **settings), DataError) == f"evaluate: images {tail}"
    if value != 1e300:
        assert said(lambda: pc.predict(model, data[0]), DataError) == f"predict: images {tail}"


def test_a_learning_rate_that_is_too_large_is_still_told():
    data = np.random.default_rng(0).normal(size=(64, 1, 4, 4)).astype(np.float32) * 1e18, np.arange(64) % 3
    message = said(
        lambda: pc.fit(classifier(), data, optimizer=pc.SGD(1e30), epochs=3, batch_size=8), NonFiniteError
    )
    assert message.endswith("Hint: use a smaller learning rate.")


# Labels


@pytest.mark.parametrize(
    ("labels", "got", "hint"),
    [
        (np.eye(3), "float64 (3, 3)", " Hint: use labels.argmax(axis=1) for one-hot rows."),
        (np.eye(3, dtype=np.float32), "float32 (3, 3)", " Hint: use labels.argmax(axis=1) for one-hot rows."),
        (np.eye(3, dtype=int), "int64 (3, 3)", " Hint: use labels.argmax(axis=1) for one-hot rows."),
        (np.eye(3, dtype=bool), "bool (3, 3)", " Hint: use labels.argmax(axis=1) for one-hot rows."),
        (np.array([[0], [2], [1]]), "int64 (3, 1)", " Hint: use labels.reshape(-1)."),
        (np.array([[0.0], [2], [1]]), "float64 (3, 1)", " Hint: use labels.reshape(-1).astype(np.int64)."),
        (np.array([0.0, 2, 1]), "float64 (3,)", " Hint: use labels.astype(np.int64)."),
        (np.array([True, False, True]), "bool (3,)", " Hint: use labels.astype(np.int64)."),
        (np.array([0.5, 2, 1]), "float64 (3,)", ""),
        (np.array([np.nan, 2, 1]), "float64 (3,)", ""),
    ],
)  # fmt: skip
def test_labels_that_are_no_whole_numbers(labels, got, hint):
    rule = "Dataset: labels must be one whole number per image. Expected whole numbers (3,)."
    x = np.zeros((3, 1, 4, 4), np.float32)
    assert said(lambda: pc.Dataset(x, labels), DataError) == f"{rule} Got {got}.{hint}"
    step = pc.TrainStep(classifier(), pc.SGD(0.1))
    if labels.dtype.kind == "f" and labels.shape == (3, 3):
        return  # a step takes floating one-hot rows as probabilities
    kind = ShapeError if labels.dtype.kind == "i" else ArgumentError
    assert said(lambda: step(x, labels), kind).partition(" Hint: ")[2] == hint.partition(" Hint: ")[
        2
    ].replace("labels", "y")


# The gradient doctor


@pytest.mark.parametrize(
    ("inputs", "got", "name"),
    [
        (([[1, 2], [3, 4]],), "x: int64 (2, 2)", "x"),
        ((np.arange(3),), "x: int64 (3,)", "x"),
        (([True, False],), "x: bool (2,)", "x"),
        ((range(3),), "x: int64 (3,)", "x"),
        ({"a": [1, 2]}, "a: int64 (2,)", "a"),
        ((3,), "x: int64 ()", "x"),
    ],
)  # fmt: skip
def test_whole_numbers_alone_have_no_gradient(inputs, got, name):
    def check(given):
        return pc.check_gradient(np.square, lambda g, x: 2 * g * x, given)

    assert said(lambda: check(inputs)) == (
        "check_gradient: there must be an input with floating numbers, since only these are differentiated. "
        f"Got {got}. Hint: for {name} to be one, pass np.asarray({name}, float)."
    )
    values = inputs.values() if isinstance(inputs, dict) else inputs
    assert check(tuple(np.asarray(value, float) for value in values)).ok


def test_lists_of_floats_and_lists_of_labels_are_taken():
    report = pc.check_gradient(
        lambda x, labels: x[np.arange(2), labels],
        lambda g, x, labels: np.eye(2)[labels] * g[:, None],
        ([[1.0, 2], [3, 4]], [1, 0]),
    )
    assert report.ok


@pytest.mark.parametrize("shape", [(), (4,)])
def test_predict_wants_a_batch(shape):
    assert said(lambda: pc.predict(classifier(), np.ones(shape)), ShapeError) == (
        f"predict: images must have a batch axis and channels. Expected (N,C,…). Got {shape}."
    )


def test_a_tensor_whose_sign_is_put_off():
    text = said(lambda: F.relu(torch.tensor([1 + 2j]).conj().imag))
    assert text.endswith("Hint: use input.resolve_neg().numpy().")
    assert F.relu(torch.tensor([1 + 2j]).conj().imag.resolve_neg().numpy()).tolist() == [0.0]


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2"])
def test_matrices_of_other_byte_orders(dtype):
    weight = np.arange(3).reshape(1, 1, 3)
    for make in (pc.signal.conv_matrix, pc.signal.matrix_form):
        found = make(weight.astype(dtype), (1, 5))
        matrix = found if make is pc.signal.conv_matrix else found.matrix
        assert matrix.toarray().tolist() == [[0, 1, 2, 0, 0], [0, 0, 1, 2, 0], [0, 0, 0, 1, 2]]
