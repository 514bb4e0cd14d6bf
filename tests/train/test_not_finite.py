"""What is not finite is said to be so, and where it began; nothing is printed as nan."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest

import pellucid as pc
from pellucid.formats import save_model

HINT = "Hint: use a smaller learning rate."
OUTPUT = "Hint: pellucid.record(model, x).overview() shows where the first NaN or infinity is."


def digits(count=6):
    rng = np.random.default_rng(0)
    return rng.random((count, 1, 28, 28), np.float32), np.arange(count) % 10


def broken():
    """A network with one weight that is no number."""
    pc.seed(0)
    model = pc.models.lenet5()
    model.conv2.weight[3, 1, 0, 2] = np.nan
    return model


def told(call):
    with pytest.raises(pc.NumericError) as caught:
        call()
    return str(caught.value)


def test_fit_looks_at_the_weights_after_the_last_update():
    pc.seed(0)
    x = np.full((4, 2), 3e19, np.float32)  # a finite loss, and gradients that a large rate takes too far
    model = pc.Sequential(pc.Linear(2, 3))
    model[0].weight[...] = 0

    def fit():
        pc.fit(model, (x, [0, 1, 2, 0]), optimizer=pc.SGD(lr=1e20), epochs=1, batch_size=4)

    rule = r"fit: the weights are not finite any more after epoch 1\. Got (-inf|inf) in 0\.weight\[0,0\]\. "
    assert re.fullmatch(rule + re.escape(HINT), told(fit))


def test_a_buffer_counts_as_well():
    model = pc.Sequential(pc.BatchNorm1d(2), pc.Linear(2, 2))
    model[0].running_var[...] = [1, np.inf]
    x = np.random.default_rng(0).random((8, 2))
    said = told(lambda: pc.fit(model, (x, np.arange(8) % 2), optimizer=pc.SGD(lr=0.1), epochs=1))
    hint = "Hint: mend them, or make the model anew."
    rule = "the model's numbers must be finite before training"
    assert said == f"fit: {rule}. Got inf in 0.running_var[1]. {hint}"


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("where", ["evaluate", "predict"])
def test_images_that_are_not_finite(where, number):
    (x, y), model = digits(300), pc.models.lenet5()
    x[270, 0, 14, 14] = number
    call = {"evaluate": lambda: pc.evaluate(model, (x, y)), "predict": lambda: pc.predict(model, x)}[where]
    with pytest.raises(pc.DataError) as caught:
        call()
    assert str(caught.value) == (
        f"{where}: images must be finite numbers of float32. Got {number} at [270, 0, 14, 14]. "
        "Hint: mend these images, or leave them out."
    )


@pytest.mark.parametrize("where", ["evaluate", "predict"])
def test_outputs_that_are_not_finite(where):
    x, y = digits(300)
    x[270] = 3e38
    call = {"evaluate": lambda: pc.evaluate(model, (x, y)), "predict": lambda: pc.predict(model, x)}[where]
    pc.seed(0)
    model = pc.models.lenet5()
    said = told(call)
    assert re.fullmatch(
        rf"{where}: the network's output must be finite\. Got \[.*(nan|inf).*\] for image 270\. {re.escape(OUTPUT)}",
        said,
    )


def test_a_certificate_of_nan_says_what_it_is_worth():
    rec = pc.record(broken(), *digits(), optimizer=pc.SGD(lr=0.1))
    found = rec.certify(sample=50)
    assert found.certified  # the formula's own value is NaN
    counts = {array.name: array.not_finite for array in found.arrays}
    assert counts["conv1.output"] == 0 < counts["conv2.output"]
    count = f"{sum(counts.values()):,}"
    assert found.findings("en")[1] == (
        f"{count} of them are NaN or infinite, first in conv2.output: certified is how they were made, "
        "not that they are of use"
    )
    assert found.findings("ko")[1].startswith(
        f"그중 {count}개는 NaN이거나 무한대입니다(처음 나온 배열: conv2.output). "
    )
    assert "NaN" not in str(pc.record(pc.models.lenet5(), digits()[0]).certify(sample=5))


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        *(
            "certify {}",
            "certify {} --json",
            "explain {}",
            "explain {} --infer",
            "explain {} --at fc3.output[0,0]",
        ),
        *("predict {} mnist:3", "predict {} mnist:3 --json", "evaluate {}", "evaluate {} --json"),
    ],
)
def test_the_command_line_says_so_and_prints_no_nan(run, tmp_path, line):
    path, model = tmp_path / "large.safetensors", pc.models.lenet5()
    model.fc3.weight[...] = 3e38  # a finite number
    save_model(path, "lenet5", {}, model)
    code, out, err = run(*line.format(path).split())
    assert (code, out) == (2, "")
    command = line.split()[0]
    if command in ("certify", "explain"):
        assert re.fullmatch(
            rf"error: {command}: all numbers of the run must be finite\. Got \S+ in fc3\.output\[\d+,\d+\]\. "
            r"Hint: in Python, pellucid\.record\(…\)\.overview\(\) shows every layer of such a run\.\n",
            err,
        )
    else:
        assert re.fullmatch(
            rf"error: {command}: the network's output must be finite\. Got \[.*(nan|inf).*\] for image 0\. .*\n",
            err,
        )


CLASSES = {
    "train": ({"labels": {4: 10}}, "fit: {} Got labels[4] = 10."),
    "negative": ({"labels": {2: -1, 5: 12}}, "fit: {} Got labels[2] = -1."),
    "validation": ({"validation": {3: 11}}, "fit: {} Got validation labels[3] = 11."),
}


@pytest.mark.parametrize("case", CLASSES)
def test_fit_checks_all_labels_before_the_first_update(case):
    wrong, message = CLASSES[case]
    data = {"labels": digits(), "validation": digits()}
    for which, labels in wrong.items():
        for index, label in labels.items():
            data[which][1][index] = label
    model = pc.models.lenet5()
    before = model.state_dict()
    with pytest.raises(pc.DataError) as caught:
        pc.fit(model, data["labels"], data["validation"], optimizer=pc.SGD(lr=0.1), epochs=1, batch_size=1)
    rule = "a label must be a class of the network. Expected 0 to 9."
    assert str(caught.value) == message.format(rule)
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())


@pytest.mark.parametrize("which", ["labels", "validation labels"])
def test_fit_checks_labels_per_pixel_before_the_first_update(which):
    pc.seed(0)
    model, images = pc.Conv2d(2, 3, 1), np.ones((5, 2, 3, 4), np.float32)
    labels = {"labels": np.zeros((5, 3, 4), np.int64), "validation labels": np.zeros((5, 3, 4), np.int64)}
    labels[which][4, 1, 2] = 3
    before = model.state_dict()
    with pytest.raises(pc.DataError) as caught:
        pc.fit(model, *((images, y) for y in labels.values()), optimizer=pc.SGD(0.1), epochs=1, batch_size=1)
    rule = "a label must be a class of the network. Expected 0 to 2."
    assert str(caught.value) == f"fit: {rule} Got {which}[4,1,2] = 3."
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())


def test_evaluate_names_the_label_s_place_in_the_data():
    x, y = digits(600)
    y[599] = 10
    with pytest.raises(pc.DataError) as caught:
        pc.evaluate(pc.models.lenet5(), (x, y))
    rule = "a label must be a class of the network. Expected 0 to 9."
    assert str(caught.value) == f"evaluate: {rule} Got labels[599] = 10."


class Behind(pc.Module):
    """A function of a convolution that changes nothing."""

    def __init__(self, function):
        self.function, self.conv = function, pc.Conv1d(1, 1, 1, bias=False)
        self.conv.weight[...] = 1

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    ("function", "numbers", "shown"),
    [
        (lambda x: pc.functional.lp_pool1d(x, 0.5, 2, 3), [1, 0, 0, 4, 3], {2: "0.0·inf"}),
        (lambda x: pc.functional.lp_pool1d(x, 3, 1, 2), [1, np.nan, 2, 3], {1: "0.0·nan"}),
        (lambda x: pc.functional.leaky_relu(x, 0.0), [np.nan, 1, -2], {0: "nan·0.0"}),
    ],
)
def test_what_makes_a_gradient_nan_is_shown(function, numbers, shown):
    x = np.array([[numbers]], np.float32)
    model = Behind(function)
    rec = pc.record(model, x, np.ones_like(model(x)), optimizer=pc.SGD(lr=0.1), loss="mse_loss")
    for i, text in shown.items():
        trace = rec.explain(f"grad(conv.output)[0,0,{i}]")
        assert np.isnan(trace.value)
        assert trace.certified
        assert trace.substituted == f"grad(conv.output)[0,0,{i}] = {text}"


RULE = "the loss and the norm of the gradients must be finite; nothing was changed."
SHOWN = "pellucid.record(model, x, y, optimizer=…).overview() shows where the first NaN or infinity is."


def all_bits(step):
    arrays = {**step.model.state_dict(), **step.state_dict()}
    return {name: array.tobytes() for name, array in arrays.items()}


STOPS = {
    "nan": (np.nan, f"{RULE} Got nan in input[0,0,0,0]."),
    "infinity": (np.inf, f"{RULE} Got inf in input[0,0,0,0]."),
}
DATA = "Hint: mend the data, or leave them out."


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("case", STOPS)
def test_a_step_without_a_finite_loss_changes_nothing(case, threads, request):
    number, said = STOPS[case]
    request.addfinalizer(partial(pc.set_num_threads, pc.get_num_threads()))
    pc.set_num_threads(threads)
    pc.seed(0)
    model = pc.Sequential(
        pc.Conv2d(1, 3, (3, 2)), pc.BatchNorm2d(3), pc.ReLU(), pc.Flatten(), pc.Linear(3 * 3 * 4, 5)
    )
    step = pc.TrainStep(model, pc.SGD(0.1, momentum=0.9))
    x, y = np.random.default_rng(0).random((7, 1, 5, 5)), np.arange(7) % 5
    twin = model.state_dict()
    assert told(lambda: step(np.full_like(x, number), y)) == f"TrainStep: {said} {DATA}"
    assert all(np.array_equal(twin[name], array) for name, array in model.state_dict().items())
    assert step.steps == 0
    step(x, y)
    before = all_bits(step)
    assert told(lambda: step(np.full_like(x, number), y)) == f"TrainStep: {said} {DATA}"
    assert all_bits(step) == before
    step(x, y)
    assert step.steps == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_first_gradient_that_is_not_finite_is_named(dtype):
    scale = 1e25 if dtype == "float32" else 1e200
    pc.seed(0)
    model = pc.Sequential(pc.Linear(2, 3, bias=False), pc.Linear(3, 4), pc.Linear(4, 2)).astype(dtype)
    for layer, size in zip(model, (1 / scale, 1 / scale, scale), strict=True):
        layer.weight[...] *= size
    step = pc.TrainStep(model, pc.Adam(), loss="mse_loss")
    x = np.full((5, 2), scale * (1e10 if dtype == "float32" else 1e105))
    step.model[1].bias[...] = 0
    rec = step.record(x, np.zeros((5, 2)))
    assert np.isfinite(rec.loss)
    assert np.isfinite(rec["grad(2.bias)"]).all()
    first = next(name for name in rec if not np.isfinite(rec[name]).all())
    assert first.startswith("grad(")
    before = all_bits(step)
    said = told(lambda: step(x, np.zeros((5, 2))))
    got = rf"Got (nan|-?inf) in {re.escape(first)}\[\d,\d\], the first in step 1, made by linear\."
    assert re.fullmatch(rf"TrainStep: {re.escape(RULE)} {got} Hint: {re.escape(SHOWN)}", said)
    assert all_bits(step) == before
    assert told(rec.commit) == said.replace("TrainStep:", "commit:")
    assert all_bits(step) == before
    assert rec.explain("grad_norm").certified


def test_a_norm_beyond_float64():
    model = pc.Sequential(pc.Linear(1, 1, bias=False)).astype("float64")
    model[0].weight[...] = 0
    step = pc.TrainStep(model, pc.SGD(lr=1e-300), loss="mse_loss")
    said = told(lambda: step(np.full((1, 1), 1e100), np.full((1, 1), -1e100)))
    made = "the first in step 1, made by grad_norm"
    assert said == f"TrainStep: {RULE} Got inf in grad_norm, {made}. Hint: {SHOWN}"
    assert not model[0].weight.any()


def test_what_training_makes_is_named_by_layer_op_and_step():
    model, (x, y) = pc.models.lenet5(), digits()
    step = pc.TrainStep(model, pc.SGD(lr=0.1))
    step(x, y)
    model.conv2.bias[...] = 3e38
    said = told(lambda: step(x, y))
    got = r"Got -?inf in fc1\.output\[0,\d+\], the first in step 2, made by linear\."
    assert re.fullmatch(rf"TrainStep: {re.escape(RULE)} {got} {re.escape(HINT)}", said)
    model.conv2.bias[...] = 0
    model.conv2.weight[3, 1, 0, 2] = np.nan
    assert told(lambda: step(x, y)) == f"TrainStep: {RULE} Got nan in conv2.weight[3,1,0,2]. {HINT}"
    said = told(lambda: pc.TrainStep(model, pc.SGD(lr=0.1))(x, y))
    mend = "Hint: mend them, or make the model anew."
    assert said == f"TrainStep: {RULE} Got nan in conv2.weight[3,1,0,2]. {mend}"


def test_without_memory_for_all_numbers_the_loss_is_named(monkeypatch):
    def exhausted(*_):
        raise MemoryError

    step, (x, y) = pc.TrainStep(broken(), pc.SGD(lr=0.1)), digits()
    monkeypatch.setattr(pc.TrainStep, "_recorded", exhausted)
    assert told(lambda: step(x, y)) == f"TrainStep: {RULE} Got nan in loss. Hint: {SHOWN}"


def given(wrong):
    """What `fit` says of an image or a target that is no number."""
    with pytest.raises(pc.DataError) as caught:
        pc.fit(
            pc.Sequential(pc.Flatten(), pc.Linear(4, 3)),
            wrong[0],
            optimizer=pc.SGD(0.1),
            epochs=1,
            **wrong[1],
        )
    return str(caught.value)


def test_data_are_told_apart_from_training_and_named():
    x, y = np.ones((9, 1, 2, 2), np.float32), np.arange(9) % 3
    x[7, 0, 1, 0] = np.inf
    names = tuple(f"photos/{i}.png" for i in range(9))
    rule, mend = (
        "fit: images must be finite numbers of float32.",
        "Hint: mend these images, or leave them out.",
    )
    at = "Got inf at [7, 0, 1, 0]"
    assert given(((x, y), {})) == f"{rule} {at}. {mend}"
    data = pc.Dataset(x, y, names=names)
    assert given((data, {"batch_size": 2})) == f"{rule} {at} in 'photos/7.png'. {mend}"
    with pytest.raises(pc.DataError, match=r"at \[7, 0, 1, 0\] in 'photos/7\.png'"):
        pc.evaluate(pc.Sequential(pc.Flatten(), pc.Linear(4, 3)), data)
    batches = [(x[:4], y[:4]), (x[4:], y[4:])]
    assert given((batches, {})) == f"{rule} Got inf at [3, 0, 1, 0], in epoch 1, batch 2. {mend}"
    x[7] = 1
    targets = np.zeros((9, 3))
    targets[5, 2] = np.nan
    said = given((pc.Dataset(x, targets=targets, names=names), {"loss": "mse_loss"}))
    rule = "fit: targets must be finite numbers. Got nan in targets[5,2] in 'photos/5.png'."
    assert said == f"{rule} Hint: mend the data, or leave them out."
