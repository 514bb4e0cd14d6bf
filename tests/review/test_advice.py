"""A run that goes nowhere says so, by the name of what is wrong; one that learns hears nothing."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import pellucid as pc
from pellucid.review.looks import course, guess, probe
from pellucid.train import Epoch, History
from pellucid.train.losses import LOSSES

RNG = np.random.default_rng(0)
CLASSES = 5


def digits(count=480, scale=1.0, shuffled=False, seed=1):
    """Images with a bright bar in the row that is their class, in some noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    x = rng.normal(size=(count, 1, 10, 10))
    x[np.arange(count), 0, 2 * labels] += 3
    return (scale * x).astype(np.float32), rng.permutation(labels) if shuffled else labels


def network():
    pc.seed(3)
    return pc.Sequential(
        pc.Conv2d(1, 8, 3),
        pc.ReLU(),
        pc.MaxPool2d(2),
        pc.Flatten(),
        pc.Linear(8 * 4 * 4, 32),
        pc.ReLU(),
        pc.Linear(32, CLASSES),
    )


def trained(model, data, optimizer, epochs=2, **settings):
    return pc.fit(model, data, optimizer=optimizer, epochs=epochs, batch_size=8, **settings)


def sick(kind):
    """A model after its training, its data, and how it was trained."""
    model, data, optimizer = network(), digits(), pc.SGD(0.01, momentum=0.9)
    if kind == "rate too high":
        optimizer.lr = 1
    elif kind == "rate too low":
        optimizer.lr = 1e-6
    elif kind == "Adam too low":
        optimizer = pc.Adam(1e-8)
    elif kind == "negative biases":
        for layer in (model[0], model[4]):
            layer.bias[...] = -10
    elif kind == "zeros":
        for parameter in model.parameters():
            parameter[...] = 0
    elif kind == "shuffled labels":
        data = digits(shuffled=True)
    elif kind == "not normalised":
        data = digits(scale=255)
    elif kind == "nearly nothing":
        data, optimizer = digits(scale=1 / 255), pc.SGD(0.01)
    elif kind == "rate 0":
        optimizer.lr = 0
    return model, data, {"optimizer": optimizer, "history": trained(model, data, optimizer)}


SICK = {
    "rate too high": {"dead", "one_class", "guessing"},
    "rate too low": {"update_small", "log_classes"},
    "Adam too low": {"update_small", "log_classes"},
    "negative biases": {"dead", "one_class", "guessing", "log_classes"},
    "zeros": {"constant", "one_class", "guessing", "log_classes"},
    "shuffled labels": {"log_classes"},
    "not normalised": {"inputs"},
    "nearly nothing": {"inputs", "log_classes"},
    "rate 0": {"standing"},
}


@pytest.mark.parametrize("kind", SICK)
def test_every_sick_run_is_named(kind) -> None:
    model, data, how = sick(kind)
    found = pc.advice(model, data, **how)
    assert {finding.kind for finding in found} >= SICK[kind]
    if kind == "shuffled labels":
        assert {finding.kind for finding in found} <= {"log_classes", "guessing"}
    layers = {finding.kind: finding.layer for finding in found}
    assert layers.get("constant", "0.weight") == "0.weight"
    assert layers.get("dead", "1") in ("1", "5")
    assert layers.get("update_small", "4.weight") in ("0.weight", "4.weight", "6.weight")
    korean = pc.advice(model, *data, **how, lang="ko")
    assert [finding.kind for finding in korean] == [finding.kind for finding in found]
    for finding, other in zip(found, korean, strict=True):
        assert str(finding) == finding.text
        assert len(re.findall(r"[.:] [A-Z]|: choose", finding.text)) >= 1  # what is seen, then what to try
        assert re.search("[가-힣]", other.text)
        assert not re.search("[가-힣]", finding.text)


def test_what_the_sentences_say() -> None:
    model, data, how = sick("negative biases")
    dead, one, guessing, loss = (finding.text for finding in pc.advice(model, data, **how))
    assert dead == (
        "100% of the 8 units of 1, which reads 0.output, are 0 for all images, so that no gradient passes them. Make "
        "the model anew, with a smaller learning rate and without large negative biases."
    )
    assert re.match(r"All 480 images are taken for class \d\. ", one)
    assert guessing == (
        "No better than guessing: 20.00% of 480 images are right, and 20.00% would be if all were taken for the most "
        "frequent class. Try a smaller learning rate: lr below 0.01."
    )
    assert re.match(r"The loss is 1\.6\d\d, about log 5 = 1\.609, ", loss)


@pytest.mark.parametrize(
    "optimizer", [pc.SGD(0.01, momentum=0.9), pc.SGD(0.05), pc.Adam(), pc.AdamW()], ids=str
)
@pytest.mark.parametrize("epochs", [1, 4])
def test_nothing_is_said_of_a_run_that_learns(optimizer, epochs) -> None:
    model, data = network(), digits(1200)
    history = trained(model, data, optimizer, epochs)
    assert pc.advice(model, data, optimizer=optimizer, history=history) == ()
    assert pc.advice(model, digits(200, seed=2), optimizer=optimizer, history=history) == ()
    assert pc.advice(model, data) == ()


def test_training_goes_on_with_the_same_bits() -> None:
    model, data, how = sick("shuffled labels")
    before, rate = model.state_dict(), how["optimizer"].lr
    pc.advice(model, data, **how)
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())
    assert how["optimizer"].lr == rate


def test_a_step_that_would_end_in_infinity() -> None:
    model, (x, y) = network(), digits()
    model[6].weight[...] *= 1e18
    found = pc.advice(model, x, y, optimizer=pc.SGD(1e25))
    kinds = [finding.kind for finding in found]
    assert kinds[0] == "not_finite"
    assert "loss_high" in kinds
    assert re.search(r"end in NaN or infinity: -?inf in .*\. Try .* lr below 1e\+25\.", found[0].text)


def test_updates_that_are_too_large() -> None:
    model, (x, y) = network(), digits(shuffled=True)
    found = pc.advice(model, x, y, optimizer=pc.AdamW(0.3))
    assert "update_large" in [finding.kind for finding in found]


def test_a_network_that_has_learned_by_heart() -> None:
    model, data = network(), digits(40, shuffled=True)
    history = trained(model, data, pc.Adam(3e-3), 60)
    assert history.epochs[-1].loss < 0.3
    x, y = digits(300, seed=5)
    y[:] = 0  # which it names for some only
    y[:10] = 1
    (finding,) = pc.advice(model, x, y, optimizer=pc.Adam(), history=history)
    assert finding.kind == "guessing"
    assert finding.text.endswith("or check that each has its own label.")


def test_losses_of_numbers() -> None:
    pc.seed(0)
    model = pc.Sequential(pc.Linear(3, 2))
    x = RNG.normal(size=(64, 3))
    data = pc.Dataset(x, targets=x[:, :2])
    how = {"optimizer": pc.SGD(0.1), "loss": "mse_loss"}
    good = pc.fit(model, data, epochs=4, **how)
    assert pc.advice(model, data, history=good, **how) == ()
    grown = History([Epoch(0, 3.0, 1.0)], [1.0, 2.0, 3.0, 4.0, 5.0], [0.1] * 5)
    assert [finding.kind for finding in pc.advice(model, data, history=grown, **how)] == ["loss_high"]


def test_figures_by_hand() -> None:
    pc.seed(0)
    model = pc.Sequential(pc.Flatten(), pc.Linear(2, 3, bias=False))
    model[1].weight[...] = [[1, 0], [0, 1], [0, 0]]
    x = np.array([[[1.0, 0]], [[0, 1]], [[2, 0]], [[0, 0]]], np.float32)
    found = guess(model, pc.Dataset(x, [0, 1, 1, 0]), LOSSES["cross_entropy"])
    losses = [math.log(math.e + 2) - 1] * 2 + [math.log(math.e**2 + 2), math.log(3)]
    assert (found.images, found.accuracy, found.chance, found.named, found.classes) == (4, 0.75, 0.5, None, 3)
    assert found.loss == pytest.approx(sum(losses) / 4)
    assert found.entropy == pytest.approx(math.log(2))
    seen = probe(model, pc.Dataset(x, [0, 1, 1, 0]), pc.SGD(0.0), LOSSES["cross_entropy"], None)
    assert seen.size == pytest.approx(math.sqrt(6 / 8))
    assert (seen.dead, seen.ratios, seen.constant) == ((), {"1.weight": 0.0}, {})
    steps = History([Epoch(0, 1, 1), Epoch(1, 1, 1)], [float(i) for i in range(100, 0, -1)], [1.0] * 100)
    gone = course(steps)  # the last fifth of 50 steps an epoch, and a tenth of so many at the beginning
    assert (gone.first, gone.recent) == (100.0, 5.5)
    assert course(None) is course(History()) is None


def test_a_loss_that_smoothing_keeps_high_is_no_bad_run() -> None:
    model, data, optimizer = network(), digits(1200), pc.SGD(0.01, momentum=0.9)
    loss = pc.CrossEntropyLoss(label_smoothing=0.3)
    history = trained(model, data, optimizer, loss=loss)
    assert pc.evaluate(model, data)["accuracy"] == 1
    assert course(history).recent > 0.5 * math.log(CLASSES)
    assert pc.advice(model, data, optimizer=optimizer, history=history, loss=loss) == ()


def test_a_loss_that_mixed_images_keep_high_is_no_bad_run() -> None:
    model, data = network(), digits(480, scale=255)  # of which something would be said
    optimizer = pc.SGD(1e-5, momentum=0.9)
    trained(model, data, optimizer, 4)
    assert pc.evaluate(model, data)["accuracy"] > 0.9
    mixed = History([Epoch(0, 1.0, 1.0)], [1.0] * 60, [1e-5] * 60)
    for loss in ("cross_entropy", pc.CrossEntropyLoss(label_smoothing=0.3)):
        assert pc.advice(model, data, optimizer=optimizer, history=mixed, loss=loss) == ()


def test_class_weights_make_no_run_good() -> None:
    model, data = network(), digits(480, scale=255)
    trained(model, data, pc.SGD(1e-5, momentum=0.9), 4)
    model[6].weight[...] *= 1e-4  # the right class is still the largest one, by nearly nothing
    low = History([Epoch(0, 0.01, 1.0)], [0.01] * 60, [1e-5] * 60)
    weighted = pc.CrossEntropyLoss(weight=[1, 1e-9, 1e-9, 1e-9, 1e-9])
    model[6].bias[...] = 0
    assert [f.kind for f in pc.advice(model, data, history=low, loss=weighted)] == ["inputs"]
    assert pc.advice(model, data, history=low) == ()


def test_labels_that_fit_ignores_are_ignored() -> None:
    model, (x, y) = network(), digits()
    y = np.where(np.arange(len(y)) % 7 == 0, -100, y)
    optimizer = pc.SGD(0.01, momentum=0.9)
    history = trained(model, (x, y), optimizer, 4)
    assert pc.advice(model, x, y, optimizer=optimizer, history=history) == ()


def test_no_memory_is_not_taken_for_infinity(monkeypatch) -> None:
    model, data = network(), digits(shuffled=True)

    def refused(*_):
        raise MemoryError("Unable to allocate 8.00 EiB for an array with shape (2,) and data type float64")

    monkeypatch.setattr("pellucid.train.step.loss_graph", refused)
    with pytest.raises(pc.NumericError) as error:
        pc.advice(model, data, optimizer=pc.SGD(0.01))
    assert str(error.value) == (
        "advice: the arrays must fit in memory. Got unable to allocate 8.00 EiB for an array with shape (2,) and "
        "data type float64. Hint: use a smaller batch or input."
    )


def test_labels_that_are_ignored_and_only_one_class() -> None:
    model, (x, y) = network(), digits(60)
    y[::2] = -100
    loss = pc.CrossEntropyLoss(ignore_index=-100)
    assert guess(model, pc.Dataset(x, y), loss).images == 30
    assert "guessing" not in [f.kind for f in pc.advice(model, x, np.full(60, 2), optimizer=pc.SGD(0.01))]


def test_what_is_refused() -> None:
    model, data = network(), digits(10)
    calls = [
        ((3, data), {}, "advice: model must be a pellucid Module. Got int."),
        ((model, 3), {}, "advice: data must be a Dataset or a pair (images, labels). Got int."),
        (
            (model, data),
            {"history": 3},
            "advice: history must be what fit returns. Expected a History. Got int.",
        ),
        (
            (model, digits(10)[0], np.arange(10)),
            {},
            "advice: a label must be a class of the network. Expected 0 to 4. Got labels[5] = 5.",
        ),
        ((model, digits(0)), {}, "advice: there is nothing to evaluate on. Got 0 images."),
        (
            (model, digits(10, shuffled=True)),
            {"optimizer": 3},
            "advice: optimizer must be an SGD, Adam or AdamW of pellucid. Got int. "
            "Hint: optimizer=pellucid.SGD(lr=0.05).",
        ),
    ]
    for arguments, settings, said in calls:
        with pytest.raises(pc.PellucidError) as error:
            pc.advice(*arguments, **settings)
        assert str(error.value) == said
